"""Datasets opened lately, one line each."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.segment import Segment
from rich.style import Style
from textual.reactive import var

from tintype.store import RecentDataset
from tintype_tui.text import age, count, one_line, pad, size
from tintype_tui.widgets.line_list import Line, LineList


class DatasetList(LineList):
    """Recent datasets, the last opened first."""

    BINDING_GROUP_TITLE = "Datasets"

    datasets: var[Sequence[RecentDataset]] = var(())
    unknown: var[Mapping[Path, str]] = var({})
    """Why nobody can say whether a dataset is still there, for those where it is so."""

    def watch_datasets(self, datasets: Sequence[RecentDataset]) -> None:
        self.total = len(datasets)
        self.refresh()

    def watch_unknown(self) -> None:
        self.refresh()

    def item(self, index: int, width: int, style: Style) -> Line:
        dataset = self.datasets[index]
        rows = count(dataset.rows, "row") if dataset.rows is not None else ""
        tail = f"{rows:>12} {size(dataset.size_bytes):>8} {age(dataset.opened_at):>15}"
        name = f"{dataset.path.parent.name}/{dataset.path.name}"
        if width < 60:
            tail = f"{rows:>12}"
        if reason := self.unknown.get(dataset.path):
            tail = f"  cannot be read: {one_line(reason)} "
        return [
            Segment(pad(f" {one_line(name)}", max(0, width - len(tail))), style),
            Segment(tail, style + Style(dim=not style.bold)),
        ]
