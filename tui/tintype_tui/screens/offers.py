"""The dataset in hand at every provider: would it be taken, what does it cost, until when."""

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

from tintype.dataset import open_dataset
from tintype.errors import TintypeError
from tintype.offers import Offer, compare
from tintype.pricing import load_prices
from tintype.tokens import Detail
from tintype_tui.screens.dialogs import Dialog
from tintype_tui.text import pad, visible
from tintype_tui.widgets.line_list import Line, LineList
from tintype_tui.words.costs import cost_words, offer_words, verdict_words

_GLYPHS = {"ok": "✓", "warning": "!", "skip": "⊘", "error": "✗"}


class OfferList(LineList):
    """A line for each base model of each provider."""

    offers: tuple[Offer, ...] = ()

    def item(self, index: int, width: int, style: Style) -> Line:
        offer = self.offers[index]
        title = pad(offer.profile.title, 22) if width > 80 else pad(offer.profile.provider, 10)
        cost = pad(cost_words(offer.estimate, doubts=False), 18)
        model = pad(visible(offer.estimate.plan.model), max(12, width - len(title) - 38))
        words = f" {title}{model} {cost}"
        glyph = _GLYPHS[offer.summary.status]
        return [Segment(f"{words}{glyph} {verdict_words(offer)}", style)]


class Offers(Dialog[None]):
    """Every offer, and what there is to know about the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="offers.back"),
    ]

    def __init__(
        self, path: Path, prices: Path | None, *, epochs: int | None, detail: Detail
    ) -> None:
        super().__init__()
        self._path, self._prices = path, prices
        self._epochs, self._detail = epochs, detail

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
            async with open_dataset(self._path) as dataset:
                steps = compare(
                    dataset,
                    prices,
                    epochs=self._epochs,
                    detail=self._detail,
                    today=datetime.now(UTC).date(),
                )
                async for step in steps:
                    share = step.bytes_done / max(1, step.size_bytes)
                    doing.update(f"checking by every provider's rules: {share:.0%} · Esc stops")
                    self._show(step.offers)
        except TintypeError as error:
            self.query_one("#about", Static).update(Content(visible(str(error))))
        doing.update("↑ ↓ choose · Tab to read on below · Esc goes back")

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
