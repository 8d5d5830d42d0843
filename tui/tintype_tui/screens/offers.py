"""The current dataset at every provider: is it taken, what does it cost, until when."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tintype.assessment import Assessment
from tintype.dataset import open_dataset
from tintype.errors import TintypeError
from tintype.offers import Offer, compare
from tintype.pricing import load_prices
from tintype.tokens import Detail
from tintype_tui.screens.dialogs import Dialog
from tintype_tui.text import pad, visible
from tintype_tui.widgets.line_list import Line, LineList, item_of
from tintype_tui.words.costs import cost_words, offer_words, verdict_words

_GLYPHS = {"ok": "✓", "warning": "!", "skip": "⊘", "error": "✗"}


class OfferList(LineList):
    """A line for each base model of each provider."""

    offers: tuple[Offer, ...] = ()

    def item(self, index: int, width: int, style: Style) -> Line:
        offer = self.offers[index]
        price, wide = offer.estimate.price, width > 80
        title = pad(offer.profile.title, 22) if wide else pad(offer.profile.provider, 10)
        doubt = "" if wide or price is None or not price.unconfirmed else " ?"
        cost = pad(cost_words(offer.estimate, doubts=False) + doubt, 18)
        end = offer.estimate.shutdown
        until = pad(f"until {end.date:%d %b %y}" if end else "", 17) if width > 100 else ""
        rest = width - len(title) - len(until) - (48 if wide else 38)
        words = f" {title}{pad(visible(offer.estimate.plan.model), max(12, rest))} {cost}{until}"
        glyph = _GLYPHS[offer.summary.status]
        return [Segment(f"{words}{glyph} {verdict_words(offer, doubts=wide)}", style)]


class Offers(Dialog[Offer | None]):
    """Every offer, and what there is to know about the one under the cursor; Enter takes it.

    Each is for the epochs that the provider itself would choose: what was chosen for one says
    nothing about another.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="offers.back"),
    ]

    def __init__(self, found: Assessment, prices: Path | None, *, detail: Detail) -> None:
        super().__init__()
        self._found, self._prices, self._detail = found, prices, detail

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static("Compare providers", classes="dialog-title")
            yield OfferList()
            with VerticalScroll(id="offer"):
                yield Static(id="about")
            yield Static("", classes="hint", id="doing")

    def on_mount(self) -> None:
        self._compare()

    @work(exclusive=True)
    async def _compare(self) -> None:
        doing = self.query_one("#doing", Static)
        try:
            prices = await asyncio.to_thread(load_prices, self._prices)
            async with open_dataset(self._found.file.path) as dataset:
                steps = compare(
                    dataset,
                    prices,
                    detail=self._detail,
                    fetched=self._found.fetched,
                    today=datetime.now(UTC).date(),
                )
                async for step in steps:
                    share = step.bytes_done / max(1, step.size_bytes)
                    doing.update(f"checking by every provider's rules: {share:.0%} · Esc stops")
                    self._show(step.offers)
        except TintypeError as error:
            self.query_one("#about", Static).update(Content(visible(str(error))))
        doing.update("Enter works with this provider · Tab to read on below · Esc goes back")

    def _show(self, offers: tuple[Offer, ...]) -> None:
        found = self.query_one(OfferList)
        found.offers, found.total = offers, len(offers)
        if offers:
            self._tell()

    @on(LineList.Moved)
    def _tell(self) -> None:
        found = self.query_one(OfferList)
        words = offer_words(found.offers[found.cursor])
        self.query_one("#about", Static).update(Content(visible("\n".join(words))))

    @on(LineList.Chosen)
    def _take(self, event: LineList.Chosen) -> None:
        if (offer := item_of(event, self.query_one(OfferList).offers)) is not None:
            self.dismiss(offer)
