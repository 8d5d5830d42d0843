"""What a chart draws: a curve with a look of its own, and marks on the way. Plain values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tintype.metrics import Metrics, Series, Timeline, label
from tintype.resources import Checkpoint

LOSSES = ("train_loss", "valid_loss", "full_valid_loss")
"""What a provider reports of the loss."""

ACCURACIES = (
    "train_mean_token_accuracy",
    "valid_mean_token_accuracy",
    "full_valid_mean_token_accuracy",
    "full_valid_mean_iou",
)
"""What a provider, ours included, reports on a scale from 0 to 1."""


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
            smoothable=not name.startswith("full_"),
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
    for checkpoint in checkpoints:
        found.setdefault(checkpoint.step, Pin(checkpoint.step, f"checkpoint {checkpoint.step}"))
    return tuple(found[step] for step in sorted(found))
