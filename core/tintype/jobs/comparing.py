"""What several jobs were given that differs: the settings behind curves drawn over each other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from tintype.store import KeptJob, Source


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that is not the same everywhere."""

    name: str
    values: tuple[str, ...]
    """As many as there are jobs; empty where it is not known."""


def differences(jobs: Sequence[KeptJob]) -> tuple[Difference, ...]:
    """The settings in which jobs differ, in a fixed order; none for fewer than two."""
    found = []
    for name, read in _SETTINGS.items():
        values = tuple(read(kept) for kept in jobs)
        if len(set(values)) > 1:
            found.append(Difference(name, values))
    return tuple(found)


def setting(kept: KeptJob, name: str, value: float | str) -> str:
    """A hyperparameter in words: `3 (auto)` where the provider chose, `3` where it was asked."""
    asked = kept.made_from.request
    for key in ("method", "supervised", "hyperparameters"):
        inner = asked.get(key) if isinstance(asked, Mapping) else None
        asked = inner if isinstance(inner, Mapping) else {}
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{shown} (auto)" if asked.get(name) == "auto" and value != "auto" else shown


def _hyperparameter(name: str) -> Callable[[KeptJob], str]:
    # What was trained with counts, not whether it was asked for.
    return lambda kept: f"{getattr(kept.job.hyperparameters, name)}"


def _file(source: Source | None, id: str | None) -> str:
    """A dataset file by its folder, name and content: two files of one name may differ."""
    if source is None:
        return id or ""
    path = PurePath(source.path)
    return f"{path.parent.name}/{path.name} ({source.digest[:8]})"


def _rows(source: Source | None) -> str:
    return "" if source is None or source.rows is None else f"{source.rows:,}"


_SETTINGS: Mapping[str, Callable[[KeptJob], str]] = {
    "base model": lambda kept: kept.job.model,
    "trained on": lambda kept: _file(kept.made_from.training, kept.job.training_file),
    "rows": lambda kept: _rows(kept.made_from.training),
    "validated on": lambda kept: _file(kept.made_from.validation, kept.job.validation_file),
    "epochs": _hyperparameter("n_epochs"),
    "batch size": _hyperparameter("batch_size"),
    "learning rate ×": _hyperparameter("learning_rate_multiplier"),
    "seed": lambda kept: "" if kept.job.seed is None else str(kept.job.seed),
}
