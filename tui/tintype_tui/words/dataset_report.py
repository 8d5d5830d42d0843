"""What a dataset is made of and what is wrong with it, as tables."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tintype_tui.words.tables import Table

if TYPE_CHECKING:
    from tintype.assessment import Assessment
    from tintype.dataset.comparing import VersionDifference
    from tintype.dataset.statistics import Statistics

MOST_VALUES = 20
"""Values of a facet that are listed."""
MOST_LINES = 10
"""Lines that are named of a finding."""


def report_tables(found: "Assessment", others: "Mapping[str, Statistics]") -> list[Table]:
    """Return what was found in a file, with the other splits beside it."""
    from tintype.dataset.findings import findings, quantities

    own, summary = found.statistics, found.summary
    if own is None or summary is None:
        return []
    whole = [
        ("rows", own.rows),
        ("lines that are no JSON", own.flawed),
        ("images", own.images),
        ("different images", own.distinct_images),
        ("tokens a row, likely", sum(found.figures.tokens) // max(1, own.rows)),
    ]
    tables = [
        Table("Whole", ("what", "count"), tuple(whole)),
        Table("Check", ("rule", "rows"), tuple((f"{c.severity}: {c.rule}", c.total)
              for c in summary.counts), bars=True),
        Table("Findings", ("what", "how much", "lines"), tuple(
            (each.name, each.note, _lines(each.lines)) for each in findings(own, others))),
        Table("Quantities", ("of", "lowest", "median", "95 %", "highest"), tuple(
            (name, each.low, each.median, each.p95, each.high)
            for name, each in quantities(own).items())),
        Table("Boxes by label", ("label", "boxes"), _most(own.boxes), bars=True),
    ]  # fmt: skip
    tables += [
        Table(name, ("value", "rows"), _most(values), bars=True)
        for name, values in own.facets.items()
    ]
    return [table for table in tables if table.rows]


def difference_tables(found: "VersionDifference") -> list[Table]:
    """Return what differs between two versions of a dataset."""
    kinds = Counter(pair.what for pair in found.changed)
    counts = [
        ("rows in both", found.same),
        ("rows added", len(found.added)),
        ("rows gone", len(found.gone)),
        ("rows with another answer", kinds["answer"]),
        ("rows with another question", kinds["question"]),
        ("images added", found.images_added),
        ("images gone", found.images_gone),
    ]
    return [Table("Difference", ("what", "count"), tuple(counts))]


def difference_lines(found: "VersionDifference") -> Table:
    """Return each row that differs, by its lines in the two versions."""
    rows = [
        *(("added", "", str(line)) for line in found.added),
        *(("gone", str(line), "") for line in found.gone),
        *((f"another {pair.what}", str(pair.before), str(pair.after)) for pair in found.changed),
    ]
    return Table("Rows", ("what", "before", "after"), tuple(rows))


def _most(values: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    listed = sorted(values.items(), key=lambda item: -item[1])
    rest = sum(times for _, times in listed[MOST_VALUES:])
    more = (("all others", rest),) if rest else ()
    return (*listed[:MOST_VALUES], *more)


def _lines(lines: Sequence[int]) -> str:
    more = len(lines) - MOST_LINES
    shown = ", ".join(map(str, lines[:MOST_LINES]))
    return f"{shown} and {more:,} more" if more > 0 else shown
