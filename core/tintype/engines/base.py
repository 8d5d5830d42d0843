"""What an engine is: something that learns from images and chat, and then answers about images.

An engine never sees the network, the wire format or the queue. The server prepares what it trains
on (`TrainingOrder`), runs `train` in a process of its own (`launch`), and turns what it reports
into OpenAI's events. Everything here is synchronous and blocking on purpose: an engine is
arithmetic.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from tintype.resources import Hyperparameters

if TYPE_CHECKING:
    from PIL.Image import Image

Wanted = Literal["", "pause", "cancel"]
Outcome = Literal["succeeded", "paused", "cancelled"]


@dataclass(frozen=True, slots=True)
class Card:
    """What a base model is, said honestly."""

    model: str
    """The name to ask and train by, e.g. `tintype-tiny`."""
    title: str
    created: int
    """Unix seconds, as `GET /v1/models` wants it."""
    learns: Sequence[str]
    """What it can be taught: one phrase each."""
    cannot: Sequence[str]
    """What it will never do: one phrase each."""
    context_tokens: int
    """The longest answer it can give, in its own tokens."""
    training_bytes: int | None = None
    """Memory that training takes at least, of a GPU; none where it is next to nothing."""
    hyperparameters: Mapping[str, str] = field(default_factory=dict)
    """What `method.supervised.hyperparameters` may have beyond OpenAI's, and what each is."""


@dataclass(frozen=True, slots=True)
class Resolved(Hyperparameters):
    """Hyperparameters with no `auto` left; `extra` is by the names in the engine's card."""

    n_epochs: int
    batch_size: int
    learning_rate_multiplier: float


@dataclass(frozen=True, slots=True)
class TrainingOrder:
    """One training to carry out, or to take up again where it stopped."""

    training: Path
    """A JSONL of chat rows that passed the rules. Images are files in the same folder, named by
    the SHA-256 of their bytes, so that an image shared by many questions is one file."""
    validation: Path | None
    folder: Path
    """The engine's own: states to resume from, and checkpoints. Survives a kill."""
    hyperparameters: Resolved
    seed: int
    ranks: str = ""
    """How many processes of the machine share every step, for engines that can: a number, or `all`
    for one for each GPU; empty for one."""


@dataclass(frozen=True, slots=True)
class Step:
    """One optimiser step, or a validation that followed it."""

    step: int
    total_steps: int
    epoch: int
    """1-based."""
    metrics: Mapping[str, float]
    """OpenAI's names: `train_loss`, `train_mean_token_accuracy`, `valid_loss`,
    `valid_mean_token_accuracy`, `full_valid_loss`, `full_valid_mean_token_accuracy`; and beyond
    them `learning_rate`, `grad_norm`, `full_valid_mean_iou`. Losses are nats per token; accuracies
    and IoU lie in 0…1. A value that is not finite is reported as it is."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint on disk that `open` accepts."""

    step: int
    epoch: int
    path: Path
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence for the job's event log (resumed, shortened an answer, …)."""

    message: str
    level: Literal["info", "warn"] = "info"


Report = Step | Saved | Note


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation, images decoded."""

    role: str
    parts: "Sequence[str | Image]"
    """Texts and images in the order in which they were sent."""

    @property
    def text(self) -> str:
        """All text of the message, joined by a newline."""
        return "\n".join(part for part in self.parts if isinstance(part, str))

    @property
    def images(self) -> "Sequence[Image]":
        """The images of the message, in order."""
        return [part for part in self.parts if not isinstance(part, str)]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to choose the next token."""

    max_tokens: int | None = None
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of an answer as it is made."""

    text: str
    tokens: int = 1
    finish_reason: Literal["stop", "length"] | None = None
    """Set on the last piece only."""
    extra: Mapping[str, Any] = field(default_factory=dict)


class Answerer(Protocol):
    """A model in memory."""

    def answer(self, turns: Sequence[Turn], sampling: Sampling) -> Iterator[Piece]:
        """Answer a conversation; closing the iterator stops the work."""
        ...


class Engine(Protocol):
    """Something that trains and answers.

    It may have a method `require` too, which raises an `EngineError` if something that it needs
    is not installed: a job is refused with that sentence before it is made.
    """

    card: Card

    def resolve(self, examples: int, asked: Hyperparameters) -> Resolved:
        """Choose what was left `auto`, for a training set of so many examples.

        It is asked before a job is accepted too.

        Raises:
            HyperparameterError: if it cannot train with what is asked: the job is refused.
        """
        ...

    def train(
        self, order: TrainingOrder, report: Callable[[Report], None], wanted: Callable[[], Wanted]
    ) -> Outcome:
        """Train, resuming from `order.folder` if it holds a state.

        Calls `report` for every step and looks at `wanted` at least every 200 ms; on `pause` or
        `cancel` it saves its state first. The same order and seed give the same weights, whether
        or not the training was interrupted.

        Raises:
            EngineError: if the data cannot be learnt from at all.
        """
        ...

    def open(self, weights: Path | None) -> Answerer:
        """Load a checkpoint, or with none the untrained base model.

        Raises:
            EngineError: if the checkpoint is damaged.
        """
        ...
