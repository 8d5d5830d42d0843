"""What was being written when the playground was left, and what of it to take up again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tintype.prompting.lineup import Lineup, beside_base
from tintype.prompting.origins import QuestionOrigin, origin


@dataclass(frozen=True, slots=True)
class Draft:
    """A question as far as it was written, what it is about, and who was to be asked."""

    question: str | None = None
    """None if there was none."""
    origin: QuestionOrigin = field(default_factory=QuestionOrigin)
    models: tuple[str, ...] = ()
    profile: str = ""
    """The provider whose models they are."""

    def kept(self) -> dict[str, Any]:
        """Return it as plain JSON, as `read_draft` reads it."""
        return {
            "question": self.question,
            "origin": str(self.origin),
            "models": list(self.models),
            "profile": self.profile,
        }

    def lineup(self, profile: str, chosen: str, fitting: str) -> Lineup:
        """Whom to ask first.

        Args:
            profile: The provider in use; models of another one are left.
            chosen: The model that was chosen elsewhere in the app; empty if none was.
            fitting: The model that fits the dataset, asked where there is no other.
        """
        kept = self.models if self.profile == profile else ()
        if kept and (not chosen or chosen in kept):
            return Lineup().of(kept)
        wanted = chosen or fitting
        return Lineup(beside_base(wanted)) if wanted else Lineup()

    def place(self, dataset: Path | None) -> QuestionOrigin:
        """What to show again: nothing from the web, and no row of other data.

        Looks for files, so it belongs in a thread.
        """
        here = self.origin
        if here.url or here.path is None:
            return QuestionOrigin()
        if here.line and dataset is not None:
            from tintype.dataset.splits import siblings

            return here if here.path in siblings(dataset).named().values() else QuestionOrigin()
        return here


def read_draft(kept: Any) -> Draft:
    """Read what was kept; whatever is not as it should be is left out."""
    if not isinstance(kept, Mapping):
        return Draft()
    models, question = kept.get("models"), kept.get("question")
    return Draft(
        question if isinstance(question, str) else None,
        origin(str(kept.get("origin") or "")),
        tuple(map(str, models)) if isinstance(models, list) else (),
        str(kept.get("profile") or ""),
    )
