"""What is kept on this machine, how large and old it is, and removing what may go."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import var
from textual.widgets import Static

from tintype.cleaning import KINDS, StoredItem, remove, survey
from tintype.errors import TintypeError
from tintype_tui.keys import with_keys
from tintype_tui.screens.dialogs import Ask, Confirm, Dialog
from tintype_tui.session import Session, SessionApp
from tintype_tui.text import age, clip, count, one_line, pad, size, visible
from tintype_tui.widgets.line_list import Line, LineList

_HOW = {"free": "It can be made again.", "typed": "It goes by its name.", "kept": "It stays."}


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """A line: a kind that goes or stays as one, or one thing that goes by its name."""

    title: str
    items: tuple[StoredItem, ...]

    @property
    def kind(self) -> str:
        """What it is of, one of `KINDS`."""
        return self.items[0].kind

    @property
    def size_bytes(self) -> int:
        """Of all of it."""
        return sum(one.size_bytes for one in self.items)

    @property
    def loss(self) -> str:
        """Why it stays, or what goes with it."""
        held = [one.held for one in self.items if one.held]
        mode, loss = KINDS[self.kind].mode, KINDS[self.kind].loss
        if held and len(held) == len(self.items):
            return f"It cannot go now. {held[0]}"
        return f"{_HOW[mode]} {loss}"


def entries(items: Sequence[StoredItem]) -> tuple[KeptEntry, ...]:
    """Put what is kept into lines, in the order of `KINDS`."""
    found = []
    for name, kind in KINDS.items():
        of_it = tuple(one for one in items if one.kind == name)
        if kind.mode == "typed":
            found += [KeptEntry(f"{name}/{one.name}", (one,)) for one in of_it]
        elif of_it:
            found.append(KeptEntry(kind.title, of_it))
    return tuple(found)


class KeptList(LineList):
    """A line for each: what, its size, since when."""

    BINDING_GROUP_TITLE = "Kept here"

    entries: var[Sequence[KeptEntry]] = var(())

    def watch_entries(self, entries: Sequence[KeptEntry]) -> None:
        self.total = len(entries)
        self.refresh()

    def item(self, index: int, width: int, style: Style) -> Line:
        entry = self.entries[index]
        times = [one.changed_at for one in entry.items if one.changed_at is not None]
        number = f"{len(entry.items):,}" if len(entry.items) > 1 else ""
        since = age(min(times)) if times else ""
        right = f" {number:>6} {size(entry.size_bytes):>8}  {pad(since, 15)}"
        left = max(10, width - len(right))
        mark = "  " if KINDS[entry.kind].mode == "kept" else "x "
        return [
            Segment(pad(clip(f" {mark}{one_line(entry.title)}", left), left), style),
            Segment(clip(right, max(0, width - left)), style + Style(dim=not style.bold)),
        ]


class CleanUp(Dialog[None]):
    """Everything that is kept; what is marked x may go."""

    app = getters.app(SessionApp)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f8,q", "dismiss", "Back", id="clean.back"),
        Binding("x,delete", "remove", "Remove", id="clean.remove"),
    ]

    list = getters.query_one(KeptList)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static("Kept on this machine", id="kept-title", classes="dialog-title")
            yield KeptList(id="kept")
            yield Static(id="kept-words", classes="hint")
            words = with_keys(self, "{clean.remove} removes what is marked so · Esc goes back")
            yield Static(words, classes="hint")

    def on_mount(self) -> None:
        self.list.empty_text = "Looking …"
        self.list.focus()
        self._look()

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        try:
            items = await kept_here(self.app.session)
        except TintypeError as error:
            self.list.empty_text = visible(str(error))
            return
        self.list.entries = entries(items)
        total = size(sum(one.size_bytes for one in items))
        self.query_one("#kept-title", Static).update(f"Kept on this machine: {total}")
        self._say()

    @on(LineList.Moved)
    def _say(self) -> None:
        here = self._here
        self.query_one("#kept-words", Static).update(Content(visible(here.loss) if here else ""))

    @property
    def _here(self) -> KeptEntry | None:
        found, at = self.list.entries, self.list.cursor
        return found[at] if at < len(found) else None

    @work(exclusive=True, group="remove")
    async def action_remove(self) -> None:
        """Remove what is under the cursor, once that has been confirmed, or its name typed."""
        if (here := self._here) is None or KINDS[here.kind].mode == "kept":
            self.app.bell()
            return
        if all(one.held for one in here.items):  # what holds them is said, if it is there still
            self.app.bell()
            self._look()
            return
        typed = await self._agreed(here)
        if typed is None:
            return
        freed, said = 0, ""
        for item in here.items:
            try:
                folders = self.app.session.settings.folders
                freed += await asyncio.to_thread(remove, item, folders, typed=typed)
            except TintypeError as error:
                said = str(error)
        words = f"{size(freed)} are free. {said}".strip() if freed or not said else said
        self.app.session.say(words)
        self._look()

    async def _agreed(self, here: KeptEntry) -> str | None:
        """What was typed, or nothing where a word was enough; none: it stays."""
        loss = KINDS[here.kind].loss
        if KINDS[here.kind].mode == "typed":
            name = here.items[0].name
            return await self.app.push_screen_wait(
                Ask(f"Type {name} to remove it", hints=(loss, "Esc leaves it."))
            )
        going = [one for one in here.items if not one.held]
        total = size(sum(one.size_bytes for one in going))
        words = f"{count(len(going), 'item')}, {total}. {loss}"
        asked = Confirm(f"Remove {here.title}?", words, yes="Remove", no="Leave", harm=True)
        return "" if await self.app.push_screen_wait(asked) else None


async def kept_here(session: Session) -> tuple[StoredItem, ...]:
    """Look at all that is kept here, archives wherever they are among it.

    Raises:
        StoreError: if the store cannot be read.
    """
    store = await session.store()

    def look() -> tuple[StoredItem, ...]:
        return survey(session.settings.folders, store.archives.read())

    return await asyncio.to_thread(look)
