"""What Home says of a provider: what it is, whose key, what the month has cost, when it ends."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from textual.content import Content

from tintype.budget import spent_this_month
from tintype.errors import SettingsError
from tintype.pricing import Deadline, Prices
from tintype.providers.loading import provider as provider_of
from tintype.settings import Folders, Profile, key_for
from tintype.store import Store
from tintype_tui.text import money
from tintype_tui.words.costs import spent_words


def about(profile: Profile, places: Folders) -> tuple[list[str], str]:
    """What a provider is, and what should be said once of its key."""
    if profile.dialect == "embedded":
        return [
            f"{profile.name}: Tintype's own server on this machine.",
            "Trains tintype-tiny, a small model, from scratch.",
            "Free; your data and models stay here.",
        ], ""
    key, notice = _key_of(profile, places)
    return [f"{profile.name}: {profile.base_url}", key], notice


def _key_of(profile: Profile, places: Folders) -> tuple[str, str]:
    """Where the key really comes from, or what to do for one; and a sentence to say once."""
    try:
        key = key_for(profile, places=places)
    except SettingsError as error:
        return str(error), ""
    if key:
        place, _, name = key.origin.rpartition("/")  # a file, or a variable's name alone
        return f"key from {name}" + (f" in {place}" if place else ""), key.notice
    ways = f"set {profile.key_env}, or type " if profile.key_env else "type "
    return f"no key yet: {ways}tintype config key {profile.name}", key.notice


def spent_lines(store: Store, limit_usd: Decimal | None) -> list[str]:
    """What this month has cost, where anything has."""
    spent = spent_this_month(store, datetime.now().astimezone())
    if not spent.known_usd and not spent.unknown and limit_usd is None:
        return []
    of = f" of {money(limit_usd)}" if limit_usd is not None else ""
    return [f"Spent this month: {spent_words(spent)}{of}."]


def in_doubt_words(jobs: int, key: str) -> str:
    """What counts in the sum although nobody knows whether it is there, and what to do."""
    many = "1 job is" if jobs == 1 else f"{jobs} jobs are"
    return (
        f"{many} in doubt: no answer came. Listing the jobs settles that; {key} strikes out what "
        "was never created."
    )


def dates(prices: Prices, profile: Profile, today: date) -> list[Content]:
    """What ends, of the provider in use, and of OpenAI, which concerns everybody."""
    lines: list[Content] = []
    if profile.dialect == "embedded":
        lines.append(Content(f"{profile.name}: never; your models are files on this machine"))
    for provider in dict.fromkeys([profile.provider, "openai"]):
        ends = [end for end in prices.milestones(provider) if end.days_left(today) >= 0]
        for end in _tuning(provider, ends):
            left = end.days_left(today)
            urgent = "$error" if left < 30 else "$warning" if left < 90 else "$foreground"
            what = "takes no new jobs" if end.what == "training" else "shuts down tuned models"
            lines.append(
                Content.styled(f"in {left} days, {end.date:%d %b %Y}", f"bold {urgent}")
                + Content(f"\n  {provider_of(provider).rules.title} {what}")
            )
    return lines


def _tuning(provider: str, ends: Sequence[Deadline]) -> list[Deadline]:
    """Of all ends, those of training and of the models that can be tuned, each day once."""
    judged_by = provider_of(provider).rules
    tunable = {*judged_by.vision_models, *judged_by.text_models}
    found: dict[tuple[date, str], Deadline] = {}
    for end in ends:
        if end.what == "training" or (end.what == "shutdown" and end.model in tunable):
            found.setdefault((end.date, end.what), end)
    return list(found.values())
