"""Edits: how many rows lie over the file, and the keys that change rows, undo and redo."""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

from textual import work
from textual.app import App
from textual.binding import Binding, BindingType

from tintype import editing
from tintype.dataset import Dataset
from tintype.dataset.query import compile_query, parse_query
from tintype.dataset.rewriting import (
    Change,
    ChangedRow,
    changes,
    prompting,
    relabelling,
    replacing,
)
from tintype.dataset.row_text import read_back, written
from tintype.dataset.row_texts import Where
from tintype.errors import DatasetError
from tintype_tui.held_keys import opens
from tintype_tui.own_editor import edited_outside
from tintype_tui.screens.choosing import Choose
from tintype_tui.screens.datasets.keeping import keep, keep_row, row_to_edit
from tintype_tui.screens.datasets.part import Edited, Words, is_busy, stop_workers
from tintype_tui.screens.dialogs import Ask, Confirm
from tintype_tui.screens.edit_row import EditRow
from tintype_tui.text import count
from tintype_tui.words.editing import edits_state, preview

REPLACE: Sequence[tuple[str, Where]] = (
    ("Find and replace in all texts", "everywhere"),
    ("Find and replace in questions", "questions"),
    ("Find and replace in answers", "answers"),
    ("Find and replace in system prompts", "system"),
)
RELABEL, SET, REMOVE = "Rename a class", "Set the system prompt", "Remove the system prompt"
CHANGES = [*(words for words, _ in REPLACE), RELABEL, SET, REMOVE]


class EditsLine(Words):
    """`· 3 edited`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "edit", "Edit", id="data.edit", show=False, tooltip="the row's texts"),
        Binding("E", "editor", "Editor", id="data.editor", show=False, tooltip="in $EDITOR"),
        Binding(
            "H",
            "change",
            "Change rows",
            id="data.change",
            show=False,
            tooltip="replace texts, rename a class, system prompts",
        ),
        # An image that has the focus takes z to be seen whole.
        Binding("z,ctrl+z", "turn(-1)", "Undo an edit", id="data.undo_edit", show=False),
        Binding("Z", "turn(1)", "Redo an edit", id="data.redo_edit", show=False),
    ]

    def on_mount(self) -> None:
        """Rows may be edited in another pane, or by a command, meanwhile."""
        self.app.mode_change_signal.subscribe(self, self._looked_at_again)

    def _looked_at_again(self, mode: str) -> None:
        if self.opened is not None and self.opened.complete and self.pane.is_current:
            self._recall()

    @work(exclusive=True, group="recall")
    async def _recall(self) -> None:
        """Lay over the rows what has been edited elsewhere."""
        if (dataset := self.dataset) is None:
            return
        with self.pane.reporting("Cannot read the edits"):
            edits = await editing.edits_of((await self.session.store()).edits, dataset)
            if edits.version != dataset.edits.version:
                dataset.edits = edits
                self.post_message(Edited())

    def words(self) -> str:
        edits = self.dataset.edits if self.dataset else None
        if edits is None or not (edits.rows or edits.lost):
            return ""
        lost = f", {len(edits.lost):,} lost" if edits.lost else ""
        return f"· {len(edits.rows):,} edited{lost}"

    def begun(self) -> None:
        self.say()

    def completed(self) -> None:
        if (dataset := self.dataset) is not None and dataset.edits.lost:
            words = edits_state(dataset.edits, dataset.path.name)
            self.pane.say(f"{dataset.path.name} has changed. {words}", severity="warning")

    def stop(self) -> bool:
        return stop_workers(self, "edit")

    # ------------------------------------------------------------------ one row

    @opens(group="edit")
    async def action_edit(self) -> None:
        """Edit the texts of the row that is looked at."""
        await self._edit_row(here=True)

    @opens(group="edit")
    async def action_editor(self) -> None:
        """Edit them in an editor of one's own."""
        await self._edit_row(here=False)

    async def _edit_row(self, *, here: bool) -> None:
        if (dataset := self.dataset) is None or not dataset.count or is_busy(self):
            return
        with self.pane.reporting("Cannot edit the row"):
            source, value = await row_to_edit(dataset, self.index)
            title = f"Line {source.row.line:,} of {dataset.path.name}"
            if here:
                new = await self.app.push_screen_wait(EditRow(title, value))
            else:
                new = self._in_editor(value)
            if new is not None:
                await keep_row(self, dataset, source, lambda _: new)

    def _in_editor(self, value: Any) -> Any:
        """The row as it was edited; none if it stays."""
        text, trouble = edited_outside(self.app, written(value).removesuffix("\n"), "row")
        if trouble:
            raise DatasetError(trouble)
        return None if text is None else read_back(text, value)

    # ------------------------------------------------------------------ many rows

    @opens(group="edit")
    async def action_change(self) -> None:
        """Change all rows, or those of a filter, once it has been seen what changes."""
        if (dataset := self.dataset) is None or is_busy(self):
            return
        chosen = self.arrangement.chosen
        rows = "all rows" if chosen is None else f"the {count(len(chosen), 'row')} shown"
        try:
            with self.pane.reporting("Cannot change the rows"):
                kind = await self.app.push_screen_wait(Choose(f"Change {rows}", CHANGES))
                asked = await _asked(self.app, CHANGES[kind]) if kind is not None else None
                if asked is None:
                    return
                what, change = asked
                found = await self._found(dataset, change, chosen)
                if not found:
                    self.pane.say("No row changes.")
                elif await self.app.push_screen_wait(_confirming(what, found)):
                    await keep(self, dataset, what, [row.edit for row in found])
        finally:
            self.doing = ""

    async def _found(
        self, dataset: Dataset, change: Change, chosen: Sequence[int] | None
    ) -> list[ChangedRow]:
        found: list[ChangedRow] = []
        async for step in changes(dataset, change, chosen):
            found += step.found
            self.doing = f"· reading {step.read / max(1, dataset.count):.0%}, Esc stops"
        self.doing = ""
        return found

    # ------------------------------------------------------------------ the store

    @opens(group="edit")
    async def action_turn(self, by: int) -> None:
        """Undo the latest edit, or do again what was undone; in any session."""
        if (dataset := self.dataset) is None or is_busy(self):
            return
        with self.pane.reporting("Cannot undo" if by < 0 else "Cannot redo"):
            table = (await self.session.store()).edits
            what = await (editing.undo if by < 0 else editing.redo)(table, dataset)
            verb, words = ("undo", "Undone") if by < 0 else ("redo", "Done again")
            self.pane.say(f"{words}: {what}." if what else f"There is no edit to {verb}.")
            if what:
                self.post_message(Edited())


def _confirming(what: str, found: Sequence[ChangedRow]) -> Confirm:
    rows = count(len(found), "row")
    words = "\n".join([*preview(found), "", "The file is not written; this can be undone."])
    return Confirm(f"{what[:1].upper()}{what[1:]}?", words, yes=f"Change {rows}")


async def _asked(app: App[Any], kind: str) -> tuple[str, Change] | None:
    """What is to be changed, in words and as a change; none if it was not said."""

    async def ask(title: str, *hints: str) -> str | None:
        return await app.push_screen_wait(Ask(title, hints=hints))

    if kind == REMOVE:
        return "remove the system prompt", prompting("")
    if kind == SET:
        system = await ask(SET, "The text that every row begins with.")
        return (f"set the system prompt to “{system}”", prompting(system)) if system else None
    if kind == RELABEL:
        old = await ask("Which class?", "As it stands in the answers.")
        new = await ask(f"Rename {old} to") if old else None
        return (f"rename {old} to {new}", relabelling(old, new)) if old and new else None
    old = await ask(kind, "/expression/ · ~nearly so", "Then what is put there is asked for.")
    new = await ask(f"Replace “{old}” with", "Empty deletes it.") if old else None
    if not old or new is None:
        return None
    query = parse_query(old)
    pattern = await asyncio.to_thread(compile_query, query)
    change = replacing(pattern, new, dict(REPLACE)[kind], groups=query.is_regex)
    return f"replace “{old}” with “{new}”", change
