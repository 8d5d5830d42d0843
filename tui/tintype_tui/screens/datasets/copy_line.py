"""Copies written: fixed as the provider wants them, or of some rows: marked, not marked, shown.

The dataset itself is never changed.
"""

from collections.abc import Sequence, Set
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType

from tintype import rules
from tintype.dataset.arrangement import written_rows
from tintype.dataset.embed import export
from tintype.dataset.marks import selections
from tintype.dataset.treatment import Treatment
from tintype_tui import requests
from tintype_tui.held_keys import opens
from tintype_tui.keys import with_keys
from tintype_tui.screens.choosing import Choose
from tintype_tui.screens.datasets.opened import Opened
from tintype_tui.screens.datasets.part import Words, is_busy, stop_workers
from tintype_tui.screens.save_as import SaveAs, Target
from tintype_tui.text import count
from tintype_tui.widgets.loop_strip import LoopStrip


class CopyLine(Words):
    """`writing 34 %, Esc stops`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "M",
            "fix",
            "Fixed copy",
            id="data.fix",
            show=False,
            tooltip="write a copy that the provider takes, with every image inside",
        ),
        Binding(
            "W",
            "write_without",
            "Write a copy of some rows",
            id="data.write_without",
            show=False,
            tooltip="without or only the marked ones, or those of a filter",
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.written: set[Path] = set()
        """Copies of this session, fixed as far as can be."""

    def begun(self) -> None:
        """What a fixed copy has left is nothing that another one fixes."""
        if self.opened is not None:
            fixed = self.opened.path in self.written
            trouble = ("data.problems", "open") if fixed else self.pane.NEXT["data trouble"]
            self.pane.query_one(LoopStrip).serving = {**self.pane.NEXT, "data trouble": trouble}

    def words(self) -> str:
        return ""

    def stop(self) -> bool:
        return stop_workers(self, "write")

    @opens(group="write")
    async def action_fix(self) -> None:
        """Write a copy with its images embedded and as the provider takes them; then open it."""
        if (opened := self.opened) is None or is_busy(self):
            return
        marked = self.marks.rows
        option = f"leave out the {count(len(marked), 'marked row')}" if marked else ""

        def hints(leave_out: bool) -> Sequence[str]:
            return (
                self._written_words(opened, marked if leave_out else frozenset()),
                "Images in files go into the rows; other formats and modes become JPEG.",
                "The dataset itself is not changed.",
            )

        proposed = opened.path.with_name(f"{opened.path.stem}-fixed.jsonl")
        dialog = SaveAs("Write a fixed copy into", proposed, hints, option=option, ending=".jsonl")
        if (target := await self.app.push_screen_wait(dialog)) is not None:
            profile = rules.rules_of(self.session.profile.provider)
            left_out = marked if target.with_option else frozenset()
            await self._write(opened, target, rules.fixing(profile), left_out)

    @opens(group="write")
    async def action_write_without(self) -> None:
        """Write a copy without the marked rows, or of them alone or those shown, and open it."""
        if (opened := self.opened) is None or is_busy(self):
            return
        if not self.marks and self.arrangement.chosen is None:
            words = "No row is marked: {data.mark} marks one, {data.mark_all} those of a filter."
            self.pane.say(with_keys(self, words))
            return
        rows = selections(self.marks, opened.rows, self.arrangement.chosen)
        at: int | None = 0
        if len(rows) > 2 or any(self.marks.reasons.values()):
            asked = Choose("Write a copy", [one.words for one in rows])
            at = await self.app.push_screen_wait(asked)
        if at is None:
            return
        left_out = rows[at].left_out
        if not written_rows(opened.rows, left_out, self._no_json):
            self.pane.say("Nothing would be left to write: these rows are none, or no JSON.")
            return
        hints = (
            self._written_words(opened, left_out),
            "Images in files go into the rows. The dataset itself is not changed.",
        )
        proposed = opened.path.with_name(f"{opened.path.stem}-kept.jsonl")
        title = f"Write a copy {rows[at].words}"
        dialog = SaveAs(title, proposed, lambda _: hints, ending=".jsonl")
        if (target := await self.app.push_screen_wait(dialog)) is not None:
            await self._write(opened, target, Treatment(), left_out)

    @property
    def _no_json(self) -> Set[int]:
        """Rows that are no JSON, as far as is known."""
        return self.assessed.figures.no_json if self.assessed else frozenset()

    def _written_words(self, opened: Opened, left_out: Set[int]) -> str:
        """How many rows the copy will have, as far as that is known."""
        flawed = self._no_json - left_out
        kept = written_rows(opened.rows, left_out, self._no_json)
        known = self.assessed is not None and self.assessed.complete
        words = f"{'' if known else 'At most '}{kept:,} of {count(opened.rows, 'row')} are written"
        reasons = [
            f"{len(left_out):,} marked" if left_out else "",
            count(len(flawed), "broken line") if flawed else "",
        ]
        why = " and ".join(filter(None, reasons))
        return f"{words}; {why} left out." if why else f"{words}."

    async def write_fixed(self, opened: Opened, wanted: Treatment, name: str) -> None:
        """Ask where a copy with a fix goes, write it, and open it."""
        hints = (
            self._written_words(opened, frozenset()),
            "Images in files go into the rows. The dataset itself is not changed.",
        )
        proposed = opened.path.with_name(f"{opened.path.stem}-{name}.jsonl")
        dialog = SaveAs("Write a fixed copy into", proposed, lambda _: hints, ending=".jsonl")
        if (target := await self.app.push_screen_wait(dialog)) is not None:
            await self._write(opened, target, wanted, frozenset())

    async def _write(
        self, opened: Opened, target: Target, wanted: Treatment, left_out: Set[int]
    ) -> None:
        notes = 0
        dropped = {opened.dataset.line_of(index) for index in left_out}
        steps = export(opened.dataset, target.path, wanted, drop=dropped, replace=target.replace)
        try:
            with self.pane.reporting("Cannot write the copy"):
                async for done in steps:
                    notes += len(done.notes)
                    share = (done.rows + done.dropped) / max(1, opened.rows)
                    self.doing = f"· writing {share:.0%}, Esc stops"
                    if done.files:
                        left = f", {count(notes, 'thing')} left as found" if notes else ""
                        changed = f", {count(done.images, 'image')} changed"
                        name = f"{target.path.name} {target.written}"
                        self.pane.say(f"{name}: {count(done.rows, 'row')}{changed}{left}.")
                        self.written.update(done.files if wanted.chat else ())
                        self.post_message(requests.open_dataset(done.files[0]))
        finally:
            self.doing = ""
            await steps.aclose()
