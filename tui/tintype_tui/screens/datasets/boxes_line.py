"""The boxes of the whole set in another convention, laid over the file."""

from dataclasses import replace
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from tintype.dataset.box_sets import BoxNote, boxed_rows, judge_boxes, rebox
from tintype.dataset.edits import EditedRow
from tintype.detection import Convention
from tintype_tui.held_keys import opens
from tintype_tui.screens.convert_boxes import ConvertBoxes
from tintype_tui.screens.datasets.keeping import keep
from tintype_tui.screens.datasets.opened import Opened
from tintype_tui.screens.datasets.opened_line import OpenedLine
from tintype_tui.screens.datasets.part import Words, is_busy, stop_workers
from tintype_tui.text import count


class BoxesLine(Words):
    """`converting 34 %, Esc stops`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "C",
            "convert",
            "Convert boxes",
            id="data.convert",
            show=False,
            tooltip="of all rows, into what another model writes; before and after are shown",
        ),
    ]

    def words(self) -> str:
        return ""

    def stop(self) -> bool:
        return stop_workers(self, "convert")

    @opens(group="convert")
    async def action_convert(self) -> None:
        """Choose a convention with rows before and after in sight, and convert all rows."""
        if is_busy(self):
            return
        if (opened := self.opened) is None or not opened.complete:
            self.pane.say("The rows are still being read. Try again when that is done.")
            return
        try:
            with self.pane.reporting("Cannot convert the boxes"):
                verdict = await judge_boxes(opened.dataset)
                rows = await boxed_rows(opened.dataset) if verdict is not None else ()
                if verdict is None or not rows:
                    self.pane.say("No row has boxes in its answer and one image.")
                    return
                pair = await self.app.push_screen_wait(ConvertBoxes(verdict, rows))
                if pair is not None:
                    await self._convert(opened, *pair)
        finally:
            self.doing = ""

    async def _convert(self, opened: Opened, source: Convention, to: Convention) -> None:
        edits: list[EditedRow] = []
        notes: list[BoxNote] = []
        async for step in rebox(opened.dataset, source, to):
            edits += [row.edit for row in step.found]
            notes += step.notes
            self.doing = f"· converting {step.read / max(1, opened.rows):.0%}, Esc stops"
        self.doing = ""
        if edits:
            await keep(self, opened.dataset, f"boxes as {to.name}", edits)
        if notes or not edits:
            left = f"{count(len(notes), 'row')} with boxes left as found"
            first = f": line {notes[0].line:,}: {notes[0].message}" if notes else ""
            self.pane.say(f"{left}{first}." if notes else "No row changes.", severity="warning")

    @work(exclusive=True, group="judge")
    async def judge_again(self) -> None:
        """Find out what the boxes are in by now: edits may have written them otherwise."""
        if (opened := self.opened) is not None and opened.complete:
            with self.pane.reporting("Cannot read the boxes"):
                boxes = await judge_boxes(opened.dataset)
                if (now := self.opened) is not None and now.dataset is opened.dataset:
                    self.post_message(OpenedLine.Changed(replace(now, boxes=boxes)))
