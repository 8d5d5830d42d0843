"""The layer that writes copies and images; the dataset itself is never changed."""

from collections.abc import Collection
from pathlib import Path

from textual import work

from tintype import rules
from tintype.dataset import Dataset
from tintype.dataset.annotating import write_annotated
from tintype.dataset.embed import export
from tintype.dataset.treatment import Treatment
from tintype_tui import requests
from tintype_tui.screens.datasets.marking import MarkingPane
from tintype_tui.screens.dialogs import Ask
from tintype_tui.text import count

MENDING = (
    "Images in files go into the rows; other formats and modes become JPEG.",
    "The dataset itself is not changed.",
)


class WritingPane(MarkingPane):
    """Copies of a dataset, mended or without some rows; an image with its boxes."""

    @work(exclusive=True, group="write")
    async def action_mend(self) -> None:
        """Write a copy with its images embedded and as the provider takes them; then open it."""
        if (dataset := self.dataset) is None:
            return
        wanted = rules.fixing(rules.rules_of(self.desk.profile.provider))
        target = await self._target("Write a mended copy into", "mended", MENDING)
        if target is not None:
            await self._copy(dataset, target, wanted, ())

    @work(exclusive=True, group="write")
    async def action_write_without(self) -> None:
        """Write a copy that lacks the marked rows, and open it."""
        if (dataset := self.dataset) is None:
            return
        if not self.marks:
            self.say("No row is marked: x marks one, X those of a filter.")
            return
        flawed = self.statistics.flawed if self.statistics else 0
        kept = self.count - len(self.marks)
        if not kept:
            self.say("Every row is marked: nothing would be left to write.")
            return
        words = [
            f"{kept:,} of {count(self.count, 'row')} are written; "
            f"the {len(self.marks):,} marked are left out.",
            f"Lines that are no JSON ({flawed:,}) are left out too." if flawed else "",
            "Images in files go into the rows. The dataset itself is not changed.",
        ]
        target = await self._target("Write a copy without the marked rows", "kept", words)
        if target is not None:
            dropped = {dataset.line_of(index) for index in self.marks}
            await self._copy(dataset, target, Treatment(), dropped)

    async def _target(self, title: str, word: str, hints: Collection[str]) -> Path | None:
        assert self.dataset is not None
        path = self.dataset.path
        proposed = path.with_name(f"{path.stem}-{word}.jsonl")
        shown = [hint for hint in hints if hint]
        answer = await self.app.push_screen_wait(Ask(title, value=str(proposed), hints=shown))
        return _path(answer) if answer else None

    async def _copy(
        self, dataset: Dataset, target: Path, wanted: Treatment, dropped: Collection[int]
    ) -> None:
        notes = 0
        try:
            with self.reporting("Cannot write the copy"):
                async for done in export(dataset, target, wanted, drop=dropped):
                    notes += len(done.notes)
                    share = (done.rows + done.dropped) / max(1, dataset.count)
                    self.doing = f"writing {share:.0%}, Esc stops"
                    if done.files:
                        left = f", {count(notes, 'thing')} left as found" if notes else ""
                        changed = f", {count(done.images, 'image')} changed"
                        self.say(f"{count(done.rows, 'row')} written{changed}{left}.")
                        self.post_message(requests.OpenDataset(done.files[0]))
        finally:
            self.doing = ""

    @work(exclusive=True, group="write")
    async def action_write_image(self) -> None:
        """Write the image shown, with the answer's boxes, to a file."""
        view = self.row_view
        if (dataset := self.dataset) is None or (data := view.image.data) is None:
            self.say("There is no image here to write.")
            return
        line = dataset.line_of(self.index)
        proposed = f"{dataset.path.stem}-{line}.png"
        truth = view.boxes if view.with_boxes else ()
        hints = [f"A PNG with {count(len(truth), 'box', 'boxes')} drawn on it; b leaves them out."]
        answer = await self.app.push_screen_wait(
            Ask("Write the image into", value=proposed, hints=hints if truth else ())
        )
        if answer:
            with self.reporting("Cannot write the image"):
                written = await write_annotated(_path(answer), data, truth)
                self.say(f"{written} written.")


def _path(typed: str) -> Path:
    return Path(typed).expanduser()
