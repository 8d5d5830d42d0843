"""The sample datasets, made at a key. Light to import: it is there in the first frame."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tintype.paths import exists, size
from tintype_tui import requests
from tintype_tui.screen import Part, working
from tintype_tui.session import Session
from tintype_tui.text import visible

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from tintype.samples import SampleProgress

    Maker = Callable[[Path], AsyncGenerator[SampleProgress, None]]


MOST = 50
"""Recent datasets on Home."""


def samples_folder(session: Session) -> Path:
    """Return the folder that the samples are drawn into."""
    return session.settings.folders.data / "samples"


class SamplesPart(Part):
    """A line that says how far they are; empty otherwise."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sample", "Samples", id="home.sample", tooltip="make the sample datasets"),
    ]

    class Listed(Message):
        """A sample has become one of the recent datasets."""

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def _say(self, words: str) -> None:
        self.query_one(Static).update(Content(visible(words)))

    @work(exclusive=True, group="sample")
    async def action_sample(self) -> None:
        """Make the samples, unless they are there; the playing cards open as soon as they are."""
        from tintype.samples import make_books, make_cards

        folder = samples_folder(self.session)
        with working(self.pane, "Make the samples", "Cannot make the samples"):
            await self._make("playing cards", make_cards, folder / "cards")
            self.post_message(requests.open_dataset(folder / "cards" / "train.jsonl"))
            await self._make("book covers", make_books, folder / "books")
        self._say("")

    async def _make(self, title: str, make: "Maker", folder: Path) -> None:
        """Draw one of the samples, and list it."""
        from tintype.store import RecentDataset

        train = folder / "train.jsonl"
        if not await asyncio.to_thread(exists, train):
            async for progress in make(folder):
                share = progress.done / max(1, progress.total)
                self._say(f"drawing {title} … {share:.0%}")
        store = await self.session.store()
        if all(one.path != train for one in store.datasets.newest(MOST)):
            size_bytes = await asyncio.to_thread(size, train)
            store.datasets.opened(RecentDataset(train, datetime.now(UTC), size_bytes))
            self.post_message(self.Listed())
