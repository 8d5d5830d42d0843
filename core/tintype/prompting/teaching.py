"""What a tuned model was trained with: the system prompts and the question of its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tintype.errors import DatasetError
from tintype.model_names import parse_model_name
from tintype.store import KeptJob, Store

if TYPE_CHECKING:
    from tintype.dataset import Example

_ROWS = 100
"""Looked at; a dataset that changes its system prompt later than that is rare."""


@dataclass(frozen=True, slots=True)
class Teaching:
    """What the training rows have in common."""

    systems: tuple[str, ...]
    """The system prompts among them, the first first; an empty one where a row has none."""
    question: str = ""
    """The question, if all rows ask the same."""

    def differs(self, messages: Sequence[Mapping[str, Any]]) -> Literal["", "missing", "other"]:
        """How the system prompt of a request differs from those of training: empty if not."""
        sent = _system_of(messages)
        if sent in self.systems:
            return ""
        return "other" if sent else "missing"


def job_of(store: Store, profile: str, model: str) -> KeptJob | None:
    """The job that made a model or a checkpoint, if the store knows it."""
    if not parse_model_name(model).tuned:
        return None
    whole = model.partition(":ckpt-step-")[0]
    for kept in store.jobs.newest(profile=profile):
        if kept.job.fine_tuned_model in (model, whole):
            return kept
        if any(one.model == model for one in store.jobs.checkpoints(profile, kept.job.id)):
            return kept
    return None


async def teaching_of(store: Store, profile: str, model: str) -> Teaching | None:
    """Look at the rows a model was trained with; none if they are not known or no longer there."""
    kept = job_of(store, profile, model)
    source = kept.made_from.training if kept else None
    if source is None:
        return None
    from tintype.dataset import example as read_example
    from tintype.dataset import open_dataset

    systems: dict[str, None] = {}
    questions: dict[str, None] = {}
    try:
        async with open_dataset(Path(source.path)) as dataset:
            async for rows in dataset.rows(0, _ROWS):
                for row in rows:
                    example = read_example(row)
                    systems.setdefault(system_prompt(example))
                    questions.setdefault(question_of(example))
    except DatasetError:
        return None
    return Teaching(tuple(systems), next(iter(questions)) if len(questions) == 1 else "")


def system_prompt(example: "Example") -> str:
    """The first system prompt of a row, or nothing."""
    found = [message.text for message in example.messages if message.role == "system"]
    return found[0] if found else ""


def question_of(example: "Example") -> str:
    """The last question of a row, or nothing."""
    asked = [message.text for message in example.prompt if message.role == "user" and message.text]
    return asked[-1] if asked else ""


def _system_of(messages: Sequence[Mapping[str, Any]]) -> str:
    """The text of the first system message of a request."""
    for message in messages:
        if message.get("role") == "system":
            content = message.get("content")
            if isinstance(content, list):
                return "\n".join(str(part.get("text", "")) for part in content)
            return str(content or "")
    return ""
