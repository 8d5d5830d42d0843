"""The layer with the overview: what the rows are made of, what stands out, against the splits."""

import asyncio
from pathlib import Path

from textual import work
from textual.reactive import var

from tintype.dataset import Dataset, open_dataset
from tintype.dataset.findings import findings, quantities
from tintype.dataset.statistics import Statistics, StatisticsTally
from tintype.dataset.survey import survey
from tintype_tui.screens.datasets.checking import CheckingPane
from tintype_tui.widgets.facet_list import (
    FacetLine,
    balance_lines,
    facet_lines,
    finding_lines,
    spread_lines,
)


class OverviewPane(CheckingPane):
    """Rows counted, and compared with those of the other splits."""

    others: var[dict[str, Statistics]] = var(dict)
    """The other splits, as far as they have been counted."""

    def open(self, path: Path, row: int = 0) -> None:
        self.workers.cancel_group(self, "compare")
        super().open(path, row)

    def begin(self, dataset: Dataset, row: int) -> None:
        self.others = {}
        super().begin(dataset, row)

    def watch_statistics(self, statistics: Statistics | None) -> None:
        self.lay_out()
        if statistics is not None and not self.others:
            self._compare()

    def watch_others(self) -> None:
        self.lay_out()

    def lay_out(self) -> None:
        """Show what is known."""
        self.facet_list.lines = self.overview()

    def overview(self) -> tuple[FacetLine, ...]:
        """The lines of the overview."""
        if (own := self.statistics) is None:
            return ()
        splits = {
            name: own if path == self._path else self.others[name]
            for name, path in self._splits.items()
            if path == self._path or name in self.others
        }
        return (
            *finding_lines(findings(own, self.others)),
            *spread_lines(quantities(own)),
            *balance_lines(splits),
            *facet_lines(own.facets),
        )

    @work(exclusive=True, group="compare")
    async def _compare(self) -> None:
        """Count the other splits: an image that is in two of them has leaked."""
        for name, path in self._splits.items():
            if path == self._path:
                continue
            tally = StatisticsTally()
            try:
                with self.reporting(f"Cannot compare with {name}"):
                    async with open_dataset(path) as other:
                        async for batch in survey(other, fetch=False):
                            await asyncio.to_thread(tally.add, batch)
                            done = batch[-1].row.offset / max(1, other.size_bytes)
                            self.doing = f"comparing with {name} {done:.0%}"
                    counted = await asyncio.to_thread(tally.statistics)
                    self.others = {**self.others, name: counted}
            finally:
                self.doing = ""
