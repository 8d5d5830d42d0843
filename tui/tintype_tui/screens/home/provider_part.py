"""The provider in use: where it is, whose key, what was spent, and how long it lasts."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import var
from textual.widgets import Static

from tintype.errors import TintypeError
from tintype.jobs import strike_out
from tintype.pricing import load_prices
from tintype.store import Spending
from tintype_tui import requests
from tintype_tui.held_keys import opens
from tintype_tui.keys import key_of, with_keys
from tintype_tui.screen import Part
from tintype_tui.screens.choosing import Choose
from tintype_tui.screens.home.lists_part import Kept
from tintype_tui.text import money, visible
from tintype_tui.words.providers import about, dates, in_doubt_words, spent_lines

MODELS = "\n{go.models} shows what you have, and until when"


class ProviderPart(Part):
    """A text; the key chooses another provider."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("P", "profile", "Provider", id="home.profile", tooltip="choose another"),
        Binding(
            "D",
            "strike_out",
            "Doubts",
            id="home.doubts",
            tooltip="strike out the cost of a job that was never created",
        ),
    ]

    kept: var[Kept | None] = var(None)
    """Read again with it: what was spent, and the key."""

    doubts: var[Sequence[Spending]] = var((), bindings=True)
    """Ledger entries of jobs of which nobody knows whether they were created."""

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Static(id="provider")

    def watch_kept(self, kept: Kept | None) -> None:
        if kept is not None:
            self._show()

    @work(exclusive=True, group="show")
    async def _show(self) -> None:
        settings, profile = self.session.settings, self.session.profile
        lines: list[str] = []
        ends: list[Content] = []
        try:
            lines, notice = await asyncio.to_thread(about, profile, settings.folders)
            if notice:
                self.pane.say(notice, severity="warning")
            store = await self.session.store()
            lines += spent_lines(store, settings.month_limit_usd)
            entries = store.spending.entries()
            self.doubts = [one for one in entries if one.state == "in doubt"]
            if self.doubts:
                lines.append(in_doubt_words(len(self.doubts), key_of(self, "home.doubts")))
            prices = await asyncio.to_thread(load_prices, settings.prices)
            ends = dates(prices, profile, datetime.now(UTC).date())
        except TintypeError as error:
            lines.append(f"✗ {error}")
        self.query_one("#provider", Static).update(
            Content.from_markup("[b]Provider[/]\n")
            + Content("\n".join(map(visible, lines)))
            + (Content.from_markup("\n\n[b]Dates[/]\n") if ends else Content(""))
            + Content("\n").join(ends)
            + Content(with_keys(self, MODELS) if ends else "")
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self.doubts) if action == "strike_out" else True

    @opens()
    async def action_strike_out(self) -> None:
        """Choose a cost that counts although its job may not be there, and count it no more."""
        doubts = self.doubts
        entries = [
            f"{one.at.astimezone():%d %b %H:%M}  {money(one.cost_usd)}  {one.model}, {one.profile}"
            for one in doubts
        ]
        title = "Which job was never created? Its cost is struck out and counts no more."
        chosen = await self.app.push_screen_wait(Choose(title, entries))
        if chosen is not None:
            with self.pane.reporting("Cannot strike it out"):
                strike_out(await self.session.store(), doubts[chosen].subject)
                self.pane.say("Struck out: it counts no more.")
            self._show()

    @opens()
    async def action_profile(self) -> None:
        """Choose the provider to work with from now on."""
        profiles = list(self.session.settings.profiles.values())
        entries = [f"{one.name}  {one.base_url or 'on this machine, free'}" for one in profiles]
        at = profiles.index(self.session.profile)
        dialog = Choose("Work with which provider?", entries, at=at)
        chosen = await self.app.push_screen_wait(dialog)
        if chosen is not None and profiles[chosen] != self.session.profile:
            self.post_message(requests.UseProfile(profiles[chosen].name))
