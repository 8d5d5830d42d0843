"""Counting and reckoning, as several commands need it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from tintype.errors import SettingsError
from tintype.settings import Profile, Settings

if TYPE_CHECKING:
    from tintype.estimate import Counts, Estimate
    from tintype.rules import Summary
    from tintype_tui.commands.output import Progress


async def counted(
    path: Path, profile: Profile, model: str, progress: "Progress", *, fetch: bool = True
) -> "tuple[Counts, Summary]":
    """Check and count a dataset in one pass, by a model's rule and a provider's limits."""
    from tintype import rules
    from tintype.dataset import open_dataset
    from tintype.estimate import Counts, count
    from tintype.tokens import model_tokens

    judged_by = rules.rules_of(profile.provider)
    model = await _known(model or judged_by.model, profile)
    counts, summary = Counts(model_tokens(model)), None
    async with open_dataset(path) as dataset:
        async for checked in rules.check(dataset, judged_by, model=model, fetch=fetch):
            for row in checked.rows:
                counts += count(row.surveyed, counts.rule, tokens=row.tokens, skipped=row.skipped)
            progress(f"counting: {checked.bytes_done / max(1, checked.size_bytes):.0%}")
            summary = checked.summary
    progress.clear()
    assert summary is not None  # the last batch has it
    return counts, summary


async def _known(model: str, profile: Profile) -> str:
    """The embedded server is ours: what it cannot train is refused, not called free."""
    if profile.dialect == "embedded":
        from tintype.connection import base_models

        known = await base_models(profile)
        if model not in known:
            raise SettingsError(
                f"The embedded provider does not train {model!r}.",
                advice=f"It trains {', '.join(known)}; for others say --profile.",
            )
    return model


def reckoned(
    counts: "Counts",
    profile: Profile,
    settings: Settings,
    *,
    epochs: int | None = None,
    detail: str = "as is",
) -> "Estimate":
    """Reckon a plan from what was counted."""
    from tintype.estimate import Plan, estimate
    from tintype.pricing import load_prices

    plan = Plan(
        counts.rule.model,
        profile.provider,
        epochs,
        cast('Literal["as is", "low", "high"]', detail),
    )
    return estimate(counts, plan, load_prices(settings.prices), today=datetime.now(UTC).date())
