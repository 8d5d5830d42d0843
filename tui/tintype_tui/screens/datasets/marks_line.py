"""The marks: how many, kept in the store from session to session, and the keys that change them."""

from datetime import UTC, datetime
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from tintype.dataset.marks import Marks, difference
from tintype_tui.held_keys import opens
from tintype_tui.keys import with_keys
from tintype_tui.screens.datasets.part import Words
from tintype_tui.screens.dialogs import Ask
from tintype_tui.text import count


class MarksLine(Words):
    """`3 marked`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "m",
            "mark_why",
            "Mark, saying why",
            id="data.mark_why",
            show=False,
            tooltip="blurred, wrong, …",
        ),
        Binding(
            "X",
            "mark_all",
            "Mark the filter",
            id="data.mark_all",
            show=False,
            tooltip="every row that a filter shows; again: unmark them",
        ),
        Binding(
            "u", "undo", "Undo", id="data.undo", show=False, tooltip="the last change of marks"
        ),
        Binding("U", "redo", "Redo", id="data.redo", show=False, tooltip="what was undone"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._fingerprint = ""
        """Of the file whose marks are known; empty until they have been read."""
        self._kept = Marks()
        """The marks as the store has them."""

    def on_mount(self) -> None:
        """Rows may be marked in another pane meanwhile."""
        self.app.mode_change_signal.subscribe(self, self._looked_at_again)

    def _looked_at_again(self, mode: str) -> None:
        if self.opened is not None and self.opened.complete and self.pane.is_current:
            self._recall()

    def words(self) -> str:
        return f"· {len(self.marks):,} marked" if self.marks else ""

    def begun(self) -> None:
        self._fingerprint, self._kept = "", Marks()

    def completed(self) -> None:
        self._recall()

    def watch_marks(self) -> None:
        self.say()
        self._keep()

    @work(exclusive=True, group="recall")
    async def _recall(self) -> None:
        """Read the marks that the store has; what has changed here meanwhile lies over them."""
        if (dataset := self.dataset) is None:
            return
        with self.pane.reporting("Cannot read the marks"):
            fingerprint = await dataset.fingerprint()
            store = await self.session.store()
            known, lines = self._kept, store.marks.read(dataset.path, fingerprint)
            kept = {await dataset.find_line(line): why for line, why in lines.items()}

            def joined(now: Marks) -> Marks:
                self._fingerprint, self._kept = fingerprint, Marks(kept)
                return now.over(kept, known)

            self.post_message(self.Remark(joined))
            others = store.marks.of_other_versions(dataset.path, fingerprint)
            if others and not kept:
                self.pane.say(f"{count(others, 'mark')} belong to another version of this file.")

    @work(group="keep")
    async def _keep(self) -> None:
        """Write the marks down as they are made."""
        opened, fingerprint = self.opened, self._fingerprint
        if opened is None or not fingerprint:
            return
        changed, self._kept = difference(self._kept, self.marks), self.marks
        with self.pane.reporting("Cannot keep the marks"):
            store = await self.session.store()
            lines = {opened.dataset.line_of(index): why for index, why in changed.items()}
            store.marks.change(
                opened.path,
                fingerprint,
                marked={line: why for line, why in lines.items() if why is not None},
                unmarked=[line for line, why in lines.items() if why is None],
                at=datetime.now(UTC),
            )

    # ------------------------------------------------------------------ keys

    @opens()
    async def action_mark_why(self) -> None:
        index = self.index
        asked = Ask("Why is it marked?", value=self.marks.latest_reason)
        why = await self.app.push_screen_wait(asked)
        if why is not None:
            self.post_message(self.Remark(lambda marks: marks.explained(index, why)))

    def action_mark_all(self) -> None:
        chosen = self.arrangement.chosen
        if chosen is None:
            words = "search with {data.search}, pick in the overview, or {data.tag} tags lines."
            self.pane.say(with_keys(self, f"This marks the rows of a filter: {words}"))
            return
        new = sum(index not in self.marks for index in chosen)
        self.post_message(self.Remark(lambda marks: marks.toggled_all(chosen)))
        words = "marked" if new else "unmarked"
        undo = with_keys(self, "{data.undo} undoes it.")
        self.pane.say(f"{count(new or len(chosen), 'row')} {words}. {undo}")

    def action_undo(self) -> None:
        if not self.marks.done:
            self.pane.say("There is nothing to undo.")
        self.post_message(self.Remark(Marks.undo))

    def action_redo(self) -> None:
        if not self.marks.undone:
            self.pane.say("There is nothing to redo.")
        self.post_message(self.Remark(Marks.redo))
