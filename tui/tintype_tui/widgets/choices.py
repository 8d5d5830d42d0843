"""What is chosen of a plan: as it is proposed, kept, and compared with a job that is repeated."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tintype.resources import Hyperparameters, Job, extra_words, read_extra
from tintype.tokens import DETAILS, Detail


@dataclass(frozen=True, slots=True)
class Choices:
    """What the form says."""

    model: str = ""
    epochs: int | None = None
    """None: the provider chooses; likewise the next two."""
    batch_size: int | None = None
    learning_rate_multiplier: float | None = None
    extra: str = ""
    """Hyperparameters that only this base model knows, as typed."""
    detail: Detail = "as is"
    suffix: str = ""
    seed: int | None = None
    validation: Path | None = None
    validate: bool = True
    """Whether the validation file is used."""

    @property
    def hyperparameters(self) -> Hyperparameters:
        """As a job wants them."""
        return Hyperparameters(
            self.epochs or "auto",
            self.batch_size or "auto",
            self.learning_rate_multiplier or "auto",
            read_extra(self.extra),
        )

    def kept(self) -> dict[str, Any]:
        """As plain JSON, without the file that lies beside the dataset."""
        return {name: value for name, value in asdict(self).items() if name != "validation"}


def read_choices(kept: Any, otherwise: Choices, models: Sequence[str]) -> Choices:
    """Choices as they were kept; whatever is not as it should be is as it is otherwise."""
    found = kept if isinstance(kept, dict) else {}
    types: dict[str, tuple[type, ...]] = {
        "epochs": (int, type(None)),
        "batch_size": (int, type(None)),
        "learning_rate_multiplier": (float, int, type(None)),
        "extra": (str,),
        "suffix": (str,),
        "seed": (int, type(None)),
        "validate": (bool,),
    }
    kept_well: dict[str, Any] = {
        name: found[name]
        for name, kinds in types.items()
        if isinstance(found.get(name, ...), kinds)
    }
    if found.get("model") in models:
        kept_well["model"] = found["model"]
    if found.get("detail") in DETAILS:
        kept_well["detail"] = found["detail"]
    return replace(otherwise, **kept_well)


def proposed(path: Path, model: str, validation: Path | None, *, like: Job | None) -> Choices:
    """What to begin with: a suffix after the dataset's folder; the settings of a job to repeat."""
    suffix = re.sub(r"[^\w-]+", "-", path.parent.name).strip("-")[:18]
    choices = Choices(model=model, suffix=suffix, validation=validation)
    if like is None:
        return choices
    asked = like.hyperparameters
    return replace(
        choices,
        validate=like.validation_file is not None,
        model=like.model,
        suffix=like.suffix or "",
        seed=like.seed,
        epochs=None if asked.n_epochs == "auto" else asked.n_epochs,
        batch_size=None if asked.batch_size == "auto" else asked.batch_size,
        learning_rate_multiplier=None
        if asked.learning_rate_multiplier == "auto"
        else asked.learning_rate_multiplier,
        extra=extra_words(asked.extra),
    )


LABELS = {
    "model": "model",
    "epochs": "epochs",
    "detail": "detail",
    "batch_size": "batch size",
    "learning_rate_multiplier": "LR multiplier",
    "extra": "extras",
    "suffix": "suffix",
    "seed": "seed",
    "validate": "validation",
}
"""What the fields are called, by what they choose."""


def changed(before: Choices, now: Choices) -> dict[str, tuple[str, str]]:
    """What is chosen otherwise than before: by field, both values in words."""
    return {
        name: (_value_words(before, name), _value_words(now, name))
        for name in LABELS
        if getattr(before, name) != getattr(now, name)
    }


def _value_words(choices: Choices, name: str) -> str:
    value = getattr(choices, name)
    if value is None:
        return "random" if name == "seed" else "auto"
    if isinstance(value, bool):
        return "used" if value else "not used"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"
