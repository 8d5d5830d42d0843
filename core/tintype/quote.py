"""A quote: what a training will take, together with everything that the figure was made from.

A figure is only good as long as its inputs are what they were: the file, the validation file, the
provider's rules and prices, the base model, the plan. A quote holds all of them, is made whole or
not at all, and says whether it still holds; what launches a training takes nothing else.
"""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

from tintype.assessment import Assessment
from tintype.dataset import FileStamp, open_dataset
from tintype.errors import QuoteError
from tintype.estimation import Counts, Estimate, Plan, estimate
from tintype.pricing import Prices
from tintype.rules import Problem, ProviderRules, check, rules_of
from tintype.tokens import Detail

AGAIN = "Estimate again, then launch."


@dataclass(frozen=True, slots=True)
class Quote:
    """A checked file, a plan, and what the plan will take."""

    assessment: Assessment
    """Complete."""
    validation: FileStamp | None
    """The validation file as it was."""
    plan: Plan
    estimate: Estimate

    @property
    def training(self) -> Path:
        """The training file."""
        return self.assessment.file.path

    def require(self, *, provider: str, prices: Prices | None = None) -> None:
        """Make sure that it still holds, at once before something is done on the strength of it.

        Blocking: one stat for each file.

        Args:
            provider: Where the training is about to be launched.
            prices: What providers charge now, where that is known.

        Raises:
            QuoteError: naming what has changed.
            SettingsError: if there is no such provider.
        """
        if provider != self.plan.provider or rules_of(provider) != self.assessment.rules:
            raise QuoteError(
                f"{self.training.name} was checked and its cost estimated for "
                f"{self.assessment.rules.title}, not for {provider} as it is now.",
                advice=AGAIN,
            )
        if self.plan.detail != "as is":
            raise QuoteError(
                f"The estimate supposes that every image asks for {self.plan.detail} detail; the "
                "file asks for its own.",
                advice="Estimate with the detail “as is”, then launch.",
            )
        for file in filter(None, (self.assessment.file, self.validation)):
            if file.edits:
                raise QuoteError(
                    f"{file.path.name} has edited rows, which the file itself does not hold.",
                    advice="Train on a copy with the edits in it: `tintype embed` writes one.",
                )
            if not file.holds:
                raise QuoteError(
                    f"{file.path.name} has changed since it was checked and its cost estimated.",
                    advice=AGAIN,
                )
        if prices is not None:
            now = estimate(self.assessment.counts, self.plan, prices)
            if (now.cost_usd, now.price) != (self.estimate.cost_usd, self.estimate.price):
                raise QuoteError(
                    f"The price of training {self.plan.model} has changed since the estimate.",
                    advice=AGAIN,
                )

    @property
    def holds(self) -> bool:
        """Whether the files are as they were. Blocking: one stat for each."""
        files = filter(None, (self.assessment.file, self.validation))
        return all(file.holds for file in files)


@dataclass(frozen=True, slots=True)
class Concern:
    """Something to ask a person before a launch."""

    title: str
    words: str
    go_on: str
    """What launching all the same is called."""
    go_back: str


def concern(made: Quote) -> Concern | None:
    """What to ask before launching what was quoted; none if there is nothing to ask."""
    summary = made.assessment.summary
    if summary is None or summary.status != "error":
        return None
    return Concern(
        "The provider would reject this file",
        "The check found errors that stop the job.",
        "Launch anyway",
        "Fix it first",
    )


async def validation_stamp(path: Path) -> FileStamp:
    """Return the validation file as it is now, with what lies over it.

    Raises:
        DatasetError: if it cannot be read.
    """
    async with open_dataset(path) as dataset:
        return dataset.stamp


async def validation_concern(made: Quote) -> Concern | None:
    """What to ask about the validation file, which is checked for it; none if it would be taken.

    Raises:
        DatasetError: if it cannot be read.
    """
    if made.validation is None or (training := made.assessment.summary) is None:
        return None
    path, found = made.validation.path, made.assessment
    wrong: list[Problem] = []
    async with open_dataset(path) as dataset:
        checking = check(
            dataset,
            found.rules,
            model=found.model,
            training=training.keys,
            fetched=dict(found.fetched),
        )
        async for checked in checking:
            wrong += [one for one in checked.problems if one.severity == "error"]
    if not wrong:
        return None
    where = f"{path.name}:{wrong[0].line}" if wrong[0].line else path.name
    return Concern(
        "The provider would reject the validation file",
        f"{where}: {wrong[0].message} `tintype check {path}` shows every problem.",
        "Launch anyway",
        "Fix it first",
    )


def quote(
    assessment: Assessment,
    prices: Prices,
    *,
    provider: str,
    epochs: int | None = None,
    detail: Detail = "as is",
    validation: FileStamp | None = None,
    today: date | None = None,
) -> Quote:
    """What training on an assessed dataset will take; nothing is read again.

    Args:
        assessment: The training file, read to its end.
        prices: What providers charge.
        provider: By whose rules it was assessed: its name, or the path of its file.
        epochs: None: as the provider chooses.
        detail: What if every image asked for this level of detail.
        validation: The validation file, if there is one.
        today: To judge the age of the price; none leaves that out.

    Raises:
        QuoteError: if the pass that assesses the dataset has not come to its end.
    """
    if not assessment.complete:
        raise QuoteError(
            f"{assessment.file.path.name} is still being read.", advice="Wait until it is."
        )
    plan = planned(assessment, provider, epochs, detail, validated=validation is not None)
    made = estimate(assessment.counts, plan, prices, today=today)
    return Quote(assessment, validation, plan, made)


def planned(
    assessment: Assessment,
    provider: str,
    epochs: int | None = None,
    detail: Detail = "as is",
    *,
    validated: bool = False,
) -> Plan:
    """The plan to train an assessed dataset's model at a provider."""
    validation = Counts(assessment.counts.rule) if validated else None
    return Plan(assessment.model, provider, epochs, detail, validation)


@dataclass(frozen=True, slots=True)
class Plans:
    """What a quote is made from besides the rows that are read."""

    prices: Prices
    rules: ProviderRules
    provider: str
    """By whose rules and prices: its name, or the path of its file."""
    model: str
    epochs: int | None = None
    """None: as the provider chooses."""
    detail: Detail = "as is"
    validation: FileStamp | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What can be shown of an estimate, and whether a training can be launched on it."""

    state: Literal["empty", "loading", "counting", "failed", "quoted"] = "empty"
    why: str = ""
    """Why it failed: a sentence or two, which stand until it is tried again."""
    found: Assessment | None = None
    """What has been read, if it is of what is chosen."""
    quote: Quote | None = None
    """What can be launched: none while anything that it is made from is not known."""
    estimate: Estimate | None = None
    """Of the quote; while the dataset is counted, of the rows read so far."""

    @property
    def waiting(self) -> str:
        """What a launch waits for, in a few words; empty where it waits for nothing."""
        share = self.found.share if self.found else 0.0
        words = {"loading": "reading", "counting": f"counting {share:.0%}"}
        return words.get(self.state, "")


def outlook(
    path: Path | None,
    plans: Plans | None,
    found: Assessment | None,
    *,
    trouble: str = "",
    today: date | None = None,
) -> Outlook:
    """Return what is known of the training of a dataset.

    Args:
        path: The dataset; none if none is chosen.
        plans: None until prices and rules have been read.
        found: What was read last, whatever it is of.
        trouble: Why it could not be read, or the prices.
        today: To judge the age of the price; none leaves that out.
    """
    if path is None:
        return Outlook()
    if trouble:
        return Outlook("failed", trouble)
    if plans is None or found is None or not _fits(path, plans, found):
        return Outlook("loading")
    counting = Outlook("counting", found=found)
    if not found.complete:
        if not found.counts.rows:  # nothing read yet is not nothing
            return counting
        validated = plans.validation is not None
        plan = planned(found, plans.provider, plans.epochs, plans.detail, validated=validated)
        return replace(counting, estimate=estimate(found.counts, plan, plans.prices, today=today))
    made = quote(
        found,
        plans.prices,
        provider=plans.provider,
        epochs=plans.epochs,
        detail=plans.detail,
        validation=plans.validation,
        today=today,
    )
    return Outlook("quoted", found=found, quote=made, estimate=made.estimate)


def _fits(path: Path, plans: Plans, found: Assessment) -> bool:
    """Whether what was found is of the dataset, provider and model that are chosen."""
    chosen = (path, plans.rules, plans.model)
    return (found.file.path, found.rules, found.model) == chosen
