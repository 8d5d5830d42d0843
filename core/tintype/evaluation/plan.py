"""What is to be evaluated, as a value: rows × models × parameters × scorers.

A plan says everything that shapes the answers and their scores. Two runs are compared only where
these parts are the same (`unlike`); how fast is asked is not among them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from tintype.errors import EvaluationError
from tintype.evaluation.judging import GRADES, RUBRIC
from tintype.evaluation.log import canonical
from tintype.evaluation.shots import Shots
from tintype.model_names import parse_model_name
from tintype.prompting import Parameters

MOST_MODELS = 6
QUESTION_TYPES: Mapping[str, str] = {
    "Title": r"\btitle\b",
    "Genre": r"\bgenre\b|what type of book|what kind of book",
    "Author": r"\bauthor\b|who wrote",
}
"""The cookbook's question types, each with a pattern that is searched for, whatever the case; the
first that is found decides, and what none is found in is `Other`."""


@dataclass(frozen=True, slots=True)
class EvaluatedModel:
    """A model at a provider."""

    name: str
    """As the provider knows it."""
    profile: str
    """The profile it is reached by."""

    @property
    def id(self) -> str:
        """What logs and results know it by."""
        return f"{self.name}@{self.profile}"

    @property
    def title(self) -> str:
        """A short name for a column: `tuned cards`, `step 88`, or the name itself."""
        known = parse_model_name(self.name)
        if known.step is not None:
            return f"step {known.step}"
        return f"tuned {known.suffix}".rstrip() if known.tuned else self.name


@dataclass(frozen=True, slots=True)
class JudgePlan:
    """A model that grades answers."""

    model: EvaluatedModel
    rubric: str = RUBRIC
    """Its system prompt; what is graded follows as the user's message."""
    grades: Mapping[str, float] = field(default_factory=lambda: dict(GRADES))
    """Each grade by its name, with its score from 0 to 1."""
    with_image: bool = True
    """Whether it sees the row's images."""


@dataclass(frozen=True, slots=True)
class AskingLimits:
    """How answers are asked for; no part of what they are."""

    concurrency: int = 64
    """Questions under way at once at one provider, at most."""
    requests_per_minute: float | None = None
    """At one provider, never more than these; none is no limit but the provider's own."""
    answer_s: float = 120.0
    """A question without an end after this time has failed, alone."""
    tries: int = 3
    """How often a question is sent that meets a fault; a rate limit is waited for."""


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """Rows × models × parameters × scorers."""

    dataset: Path
    models: tuple[EvaluatedModel, ...]
    """1 to 6; comparisons are with `reference`."""
    scorers: tuple[str, ...]
    """Their specifications (see `scorers`); the first leads."""
    parameters: Parameters = field(default_factory=Parameters)
    system: str | None = None
    """In place of the rows' own system prompts; none leaves them."""
    question: str | None = None
    """In place of the text of every row's question; none leaves it. What is right stays."""
    rows: tuple[int, ...] | None = None
    """0-based rows of the dataset; none is all of them."""
    samples: int = 1
    """How often each question is asked."""
    judge: JudgePlan | None = None
    """Who grades; needed by the scorer `judge`."""
    reference: str = ""
    """The id of the model that the others are compared with; empty is the base model among them,
    else the last."""
    training: tuple[Path, ...] = ()
    """Files the tuned models were trained on: rows whose images are in them are marked."""
    shots: Shots | None = None
    """Rows that are shown, with their answers, before every question."""
    logprobs: bool = False
    """Whether log-probabilities are asked for; they stay in the log of answers."""
    question_types: Mapping[str, str] = field(default_factory=lambda: dict(QUESTION_TYPES))
    """Names of question types, each with a pattern; the first that is found decides."""

    @property
    def compared_with(self) -> EvaluatedModel:
        """The model that the others are compared with."""
        named = [model for model in self.models if model.id == self.reference]
        bases = {parse_model_name(one.name).base for one in self.models} - {
            one.name for one in self.models if parse_model_name(one.name).tuned
        }
        plain = [one for one in self.models if one.name in bases]
        return (named or plain or list(self.models))[-1]

    def require(self) -> None:
        """Refuse what cannot be run.

        Raises:
            EvaluationError: saying what is missing, too much, or given twice.
        """
        ids = [model.id for model in self.models]
        if not ids:
            raise EvaluationError(
                "No model is named yet.", advice="Add the tuned model, and its base beside it."
            )
        if len(ids) > MOST_MODELS:
            raise EvaluationError(
                f"An evaluation takes 1 to {MOST_MODELS} models, not {len(ids)}.",
                advice="Evaluate the others in a run of their own.",
            )
        if len(set(ids)) < len(ids):
            raise EvaluationError("The same model is named twice.", advice="Name it once.")
        if not self.scorers:
            raise EvaluationError("No scorer is named.", advice="For example: normalised.")
        if "judge" in self.scorers and self.judge is None:
            raise EvaluationError(
                "The scorer `judge` needs a model that grades.", advice="Name one as the judge."
            )
        if self.samples < 1:
            raise EvaluationError("Each question is asked at least once.")

    def as_json(self) -> dict[str, Any]:
        """The plan as it stands in a manifest."""
        return {
            **asdict(self),
            "dataset": str(self.dataset),
            "training": [str(path) for path in self.training],
        }


def plan_from(value: Mapping[str, Any]) -> EvaluationPlan:
    """Read a plan out of a manifest.

    Raises:
        KeyError, TypeError: if it is none.
    """
    judge, shots = value["judge"], value.get("shots")
    return EvaluationPlan(
        dataset=Path(value["dataset"]),
        models=tuple(EvaluatedModel(**one) for one in value["models"]),
        scorers=tuple(value["scorers"]),
        parameters=Parameters(**value["parameters"]),
        system=value["system"],
        question=value.get("question"),
        rows=None if value["rows"] is None else tuple(value["rows"]),
        samples=value["samples"],
        judge=JudgePlan(**{**judge, "model": EvaluatedModel(**judge["model"])}) if judge else None,
        reference=value["reference"],
        training=tuple(map(Path, value["training"])),
        shots=Shots(**{**shots, "rows": tuple(shots["rows"])}) if shots else None,
        logprobs=value.get("logprobs", False),
        question_types=value.get("question_types", QUESTION_TYPES),
    )


def fingerprint(
    plan: EvaluationPlan, rows: Sequence[str], versions: Mapping[str, int]
) -> dict[str, Any]:
    """The parts by which a run is like another; models are not among them.

    Args:
        plan: What is evaluated.
        rows: A digest of each row: question, images and truth.
        versions: Of each scorer.
    """
    judge = plan.judge
    graded = [judge.model.id, judge.rubric, dict(judge.grades), judge.with_image] if judge else None
    return {
        "rows": _digest(list(rows)),
        "count": len(rows),
        "system prompt": plan.system,
        "question": plan.question,
        "parameters": asdict(plan.parameters),
        "samples": plan.samples,
        "scorers": dict(versions),
        "judge": _digest(graded) if graded else None,
        **({"shots": plan.shots.digest} if plan.shots else {}),
    }


def _digest(value: Any) -> str:
    return sha256(canonical(value).encode(errors="surrogatepass")).hexdigest()[:32]
