"""Several trainings in one chart: which metrics can be drawn together, and each run's own look."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tintype.metrics import Metrics, label
from tintype_tui.widgets.chart.trace import ACCURACIES, LOSSES, Trace, traces

Group = tuple[str, ...]
"""Names of metrics that share a chart."""


@dataclass(frozen=True, slots=True)
class Run:
    """One training among those that are drawn."""

    id: str
    name: str
    """What the legend calls it."""
    metrics: Metrics
    slot: int = 0
    """Its colour, mark and dash as long as it is drawn."""


def groups(runs: Sequence[Run]) -> Mapping[str, Group]:
    """Titles of charts and what each draws, of what there is.

    One run has its losses in one chart and its accuracies in another. Several have one metric in a
    chart, or nobody could tell them apart.
    """
    there = list(dict.fromkeys(name for run in runs for name in run.metrics.series))
    known = [name for name in (*LOSSES, *ACCURACIES) if name in there]
    others = [name for name in there if name not in known]
    if len(runs) > 1:
        return {label(name): (name,) for name in (*known, *others)}
    found: dict[str, Group] = {"loss": LOSSES, "accuracy": ACCURACIES}
    found = {title: names for title, names in found.items() if any(n in there for n in names)}
    return found | {label(name): (name,) for name in others}


def curves(runs: Sequence[Run], names: Group) -> tuple[Trace, ...]:
    """The curves of a chart."""
    if len(runs) == 1:
        return traces(runs[0].metrics, names)
    return tuple(
        replace(trace, name=run.name, slot=run.slot)
        for run in runs
        for trace in traces(run.metrics, names[:1])
    )


def free_slot(taken: Iterable[int]) -> int:
    """The first look that no run has."""
    used = set(taken)
    return next(slot for slot in range(len(used) + 1) if slot not in used)


def told_apart(runs: Sequence[Run]) -> list[Run]:
    """The runs with the end of their ids where they have the same name."""
    names = [run.name for run in runs]
    return [
        replace(run, name=f"{run.name} {run.id[-4:]}") if names.count(run.name) > 1 else run
        for run in runs
    ]
