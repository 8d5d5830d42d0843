"""How a job's settings carry over to another provider or trainer, each with its reason. Pure.

Steps and epochs mean the same everywhere. A learning rate multiplier does not: it multiplies a rate
that each provider chooses by itself and does not publish.
"""

from dataclasses import dataclass

from tintype.resources import Job

MOST_BATCH = 256
LORA_RANK, LORA_ALPHA, LEARNING_RATE = 16, 32, 1e-4
"""What trainers of vision-language models use where nothing else is said."""


@dataclass(frozen=True, slots=True)
class MappedSetting:
    """One setting of a job, there and here."""

    name: str
    before: str
    """As it was resolved at the old provider; `auto` if it never said."""
    after: str
    why: str
    """In a sentence."""


@dataclass(frozen=True, slots=True)
class MovedSettings:
    """What a training elsewhere is given."""

    epochs: int | None
    """None: as the target chooses."""
    batch_size: int | None
    learning_rate_multiplier: float | None
    seed: int | None
    suffix: str | None


def mapped(job: Job, *, same_provider: bool) -> tuple[MovedSettings, tuple[MappedSetting, ...]]:
    """Map a job's settings to those of a job at another provider.

    Args:
        job: As it was resolved.
        same_provider: Whether it goes to another model of the same provider.
    """
    old = job.hyperparameters
    epochs = old.n_epochs if isinstance(old.n_epochs, int) else None
    batch = old.batch_size if isinstance(old.batch_size, int) else None
    if batch is not None:
        batch = min(batch, MOST_BATCH)
    rate = "It multiplies a rate of the old model; the new one has its own."
    if not same_provider:
        rate = "It multiplies a rate that the old provider keeps to itself; the target chooses."
    said = (
        MappedSetting(
            "epochs",
            str(old.n_epochs),
            _shown(epochs),
            "An epoch is one pass over the rows everywhere."
            if epochs
            else "The old provider never said how many; the target chooses.",
        ),
        MappedSetting(
            "batch size",
            str(old.batch_size),
            _shown(batch),
            "Rows in a step mean the same everywhere."
            if batch
            else "The old provider never said; the target chooses.",
        ),
        MappedSetting("learning rate multiplier", str(old.learning_rate_multiplier), "auto", rate),
        MappedSetting(
            "seed",
            _shown(job.seed),
            _shown(job.seed),
            "It fixes chance at each provider, not between them.",
        ),
    )
    return MovedSettings(epochs, batch, None, job.seed, job.suffix), said


def mapped_to_trainer(job: Job) -> tuple[MappedSetting, ...]:
    """Map a job's settings to those of a trainer that is run on a machine of one's own."""
    found, said = mapped(job, same_provider=False)
    epochs = str(found.epochs or 3)
    batch = str(found.batch_size or 1)
    usual = "The provider does not publish it; this is usual for vision-language models."
    return (
        MappedSetting("epochs", said[0].before, epochs, _or_usual(said[0], found.epochs)),
        MappedSetting("batch size", said[1].before, batch, _or_usual(said[1], found.batch_size)),
        MappedSetting("learning rate", f"auto × {said[2].before}", f"{LEARNING_RATE:g}", usual),
        MappedSetting("LoRA rank", "not published", str(LORA_RANK), usual),
        MappedSetting("LoRA alpha", "not published", str(LORA_ALPHA), usual),
        MappedSetting("seed", said[3].before, str(found.seed or 0), said[3].why),
    )


def _or_usual(said: MappedSetting, known: int | None) -> str:
    return said.why if known else "The old provider never said; this is usual."


def _shown(value: int | None) -> str:
    return "auto" if value is None else str(value)
