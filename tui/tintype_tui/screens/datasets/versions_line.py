"""Two versions of the dataset: which rows and images were added, are gone, or changed."""

from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from tintype.dataset import Dataset, open_dataset
from tintype.dataset.comparing import VersionDifference, compare_versions
from tintype_tui.held_keys import opens
from tintype_tui.keys import key_of
from tintype_tui.screens.choosing import Choose
from tintype_tui.screens.datasets.part import Words, stop_workers
from tintype_tui.screens.open_path import choose_dataset
from tintype_tui.text import count

MOST_LINES = 12
"""Lines of the other version that are named."""


class VersionsLine(Words):
    """`· comparing with old.jsonl: 240 rows, Esc stops`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "d",
            "versions",
            "Diff with another version",
            id="data.versions",
            show=False,
            tooltip="rows and images added, gone, changed",
        ),
    ]

    def words(self) -> str:
        return ""

    def begun(self) -> None:
        self.doing = ""

    def stop(self) -> bool:
        return stop_workers(self, "versions")

    @opens(group="ask")
    async def action_versions(self) -> None:
        """Ask for the other version, and compare this one with it."""
        if (dataset := self.dataset) is None:
            return
        path = await choose_dataset(self.pane, "Which version was before this one?")
        if path is not None and self.dataset is dataset:
            self._compare(path, dataset)

    @work(exclusive=True, group="versions")
    async def _compare(self, path: Path, dataset: Dataset) -> None:
        found = VersionDifference()
        try:
            with self.pane.reporting("Cannot compare the versions"):
                async with (
                    open_dataset(path) as before,
                    aclosing(compare_versions(before, dataset)) as steps,
                ):
                    async for found in steps:
                        rows = count(found.read, "row")
                        self.doing = f"· comparing with {path.name}: {rows}, Esc stops"
                self.doing = ""
                await self._show(path, dataset, found)
        finally:
            self.doing = ""

    async def _show(self, path: Path, dataset: Dataset, found: VersionDifference) -> None:
        """List what differs; what is in this version can be looked at."""
        if found.is_none:
            self.pane.say(f"No rows differ: {count(found.same, 'row')} in both.")
            return
        kinds = difference_entries(found)
        title = f"{path.name} → {dataset.path.name}: {count(found.same, 'row')} in both"
        chosen = await self.app.push_screen_wait(Choose(title, [words for words, _ in kinds]))
        if chosen is None or self.dataset is not dataset:
            return
        words, lines = kinds[chosen]
        if not lines:
            key = key_of(self, "data.open")
            self.pane.say(f"These are not in this version: {key} opens {path.name}.")
            return
        rows = tuple([await dataset.find_line(line) for line in lines])
        why = f"{words} since {path.name}"
        only = partial(replace, chosen=rows, why=why, query="", order="", found=None)
        self.post_message(self.Arrange(only, from_top=True))


def difference_entries(found: VersionDifference) -> list[tuple[str, tuple[int, ...]]]:
    """What differs, a line each, with the lines of the second version that it names."""
    made: list[tuple[str, tuple[int, ...]]] = []
    if found.added:
        made.append((f"{count(len(found.added), 'row')} added", found.added))
    for what in ("answer", "question"):
        lines = tuple(pair.after for pair in found.changed if pair.what == what)
        if lines:
            made.append((f"{count(len(lines), 'row')} with another {what}", lines))
    if found.gone:
        named = ", ".join(f"{line:,}" for line in found.gone[:MOST_LINES])
        more = f" and {len(found.gone) - MOST_LINES:,} more" * (len(found.gone) > MOST_LINES)
        made.append((f"{count(len(found.gone), 'row')} gone: lines {named}{more} before", ()))
    images = f"{found.images_added:,} images added, {found.images_gone:,} gone"
    return [*made, (images, ())]
