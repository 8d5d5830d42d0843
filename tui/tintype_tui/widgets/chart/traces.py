"""What a chart draws, as values: curves, each with its look, of one training or of several."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tintype.metrics import Column, Metrics, Series, Timeline, label
from tintype.resources import Checkpoint

LOSSES = ("train_loss", "valid_loss", "full_valid_loss")
"""What a provider reports of the loss."""

SCORE = "evaluation_score"
"""What models of the job scored when they were evaluated, by step."""
ACCURACIES = (
    "train_mean_token_accuracy",
    "valid_mean_token_accuracy",
    "full_valid_mean_token_accuracy",
    "full_valid_mean_iou",
    SCORE,
)
"""What a provider, ours included, reports on a scale from 0 to 1; and what evaluations say."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One curve."""

    series: Series
    name: str
    """What the legend calls it."""
    slot: int = 0
    """Which colour, mark and dash; see `palette`."""
    smoothable: bool = True
    """Whether smoothing applies. An evaluation of all rows once an epoch has no noise to lose."""
    timeline: Timeline = field(default_factory=Timeline)
    """Where its steps lie on the other x-axes."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A trace, cut into the dot columns of a view."""

    number: int
    trace: Trace
    columns: Sequence[Column]
    smoothed: Series | None
    odd: bool
    """Whether a value in view is no drawable number."""
    gap: float
    x0: float
    """Dot column of the last point left of the view; NaN if there is none."""
    x1: float
    """Dot column of the first point right of the view."""
    start: int
    stop: int
    """Numbers of the points in view."""

    def near(self, number: int) -> bool:
        """Whether a point is close enough behind the one before it to be joined to it."""
        return number == 0 or self.trace.series.spacing(number) <= self.gap


@dataclass(frozen=True, slots=True)
class Pin:
    """Something that happened at a step: an epoch's end, a checkpoint, a note."""

    step: int
    name: str


def traces(metrics: Metrics, names: Iterable[str] = LOSSES, run: str = "") -> tuple[Trace, ...]:
    """Curves for those of the named metrics that are there, each always with the same look.

    Args:
        metrics: of one training.
        names: which metrics; their order decides the look.
        run: put before the names in the legend when several trainings share a chart.
    """
    timeline = metrics.timeline
    return tuple(
        Trace(
            series=metrics.series[name],
            name=f"{run} {label(name)}".strip(),
            slot=slot,
            smoothable=not name.startswith(("full_", SCORE)),
            timeline=timeline,
        )
        for slot, name in enumerate(names)
        if name in metrics.series
    )


def pins(metrics: Metrics, checkpoints: Sequence[Checkpoint] = ()) -> tuple[Pin, ...]:
    """The ends of the epochs so far, and the checkpoints where they lie elsewhere."""
    found = {
        step: Pin(step, f"epoch {number}") for number, step in enumerate(metrics.epoch_ends, 1)
    }
    for step in (checkpoint.step for checkpoint in checkpoints):
        if step is not None:
            found.setdefault(step, Pin(step, f"checkpoint {step}"))
    return tuple(found[step] for step in sorted(found))


def with_scores(pins: Sequence[Pin], scores: Series) -> tuple[Pin, ...]:
    """Pins with what the model of their step scores, 0…1: `93% (epoch 2)`."""
    found = {pin.step: pin.name for pin in pins}
    for step, score in scores:
        found[step] = f"{score:.0%} ({found.get(step, f'step {step}')})"
    return tuple(Pin(step, found[step]) for step in sorted(found))


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
