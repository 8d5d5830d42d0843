"""Which models are asked side by side, and whose boxes are drawn: one value, replaced whole."""

from dataclasses import dataclass, replace
from typing import Literal

from tintype.model_names import parse_model_name

MOST_MODELS = 4

Shown = Literal["current", "all", "none"]


@dataclass(frozen=True, slots=True)
class Lineup:
    """Up to four models, one of them the current one."""

    models: tuple[str, ...] = ()
    current: int = 0
    """Index into `models`; 0 where there are none."""
    shown: Shown = "current"
    """Whose boxes are drawn: of the current model, of all, of none."""

    @property
    def model(self) -> str:
        """The current model; empty if there is none."""
        return self.models[self.current] if self.models else ""

    @property
    def is_full(self) -> bool:
        """Whether no further model can be added."""
        return len(self.models) >= MOST_MODELS

    def of(self, models: tuple[str, ...]) -> "Lineup":
        """Other models; the current one stays current if it is among them."""
        chosen = tuple(dict.fromkeys(models))[:MOST_MODELS]
        last = max(0, len(chosen) - 1)
        at = chosen.index(self.model) if self.model in chosen else min(self.current, last)
        return replace(self, models=chosen, current=at)

    def replaced(self, model: str) -> "Lineup":
        """Another model in place of the current one."""
        models = list(self.models) or [""]
        models[self.current] = model
        return replace(self, models=tuple(models))

    def added(self, model: str) -> "Lineup":
        """One more model, which becomes the current one."""
        return replace(self, models=(*self.models, model), current=len(self.models))

    def removed(self) -> "Lineup":
        """Without the current model, unless it is the only one; the next one becomes current."""
        if len(self.models) < 2:
            return self
        rest = self.models[: self.current] + self.models[self.current + 1 :]
        return replace(self, models=rest, current=min(self.current, len(rest) - 1))

    def looking_at(self, at: int) -> "Lineup":
        """Model number `at`, counted from 0 and around the end, with its boxes drawn."""
        return replace(self, current=at % max(1, len(self.models)), shown="current")

    def next_boxes(self) -> "Lineup":
        """Go on with the boxes: of each model in turn, then of all, then of none."""
        last = max(0, len(self.models) - 1)
        if self.shown == "none":
            return self.looking_at(0)
        if self.shown == "all":
            return replace(self, shown="none")
        if self.current < last:
            return self.looking_at(self.current + 1)
        return replace(self, shown="all" if last else "none")


def beside_base(model: str) -> tuple[str, ...]:
    """Return a model and the one that it was tuned from."""
    return tuple(dict.fromkeys([model, parse_model_name(model).base]))
