"""What will be lost soon, found in milliseconds: for a line that is seen everywhere."""

from dataclasses import dataclass
from datetime import date

from tintype.inventory.ends import model_end
from tintype.inventory.planning import SOON_DAYS
from tintype.inventory.values import End
from tintype.pricing import load_prices
from tintype.resources import Model
from tintype.settings import Settings
from tintype.store import Store


@dataclass(frozen=True, slots=True)
class DeadlineWarning:
    """Models in use that end within `SOON_DAYS`."""

    models: int
    soonest: End
    profiles: tuple[str, ...]
    days_left: int
    at_soonest: int
    """How many of them end on the soonest day."""


def deadline_warning(store: Store, settings: Settings, today: date) -> DeadlineWarning | None:
    """Return what to warn of; none if there is nothing to lose soon. Blocking, some milliseconds.

    Raises:
        StoreError: if the store cannot be read.
        SettingsError: if the table of prices cannot be.
    """
    tuned = _still_there(store, settings)
    if not tuned:
        return None
    listed: dict[str, dict[str, Model]] = {}
    for seen in store.inventory.models():
        listed.setdefault(seen.profile, {})[seen.item.id] = seen.item
    prices = load_prices(settings.prices)
    ends = []
    for profile, name in tuned:
        provider = settings.profiles[profile].provider
        end = model_end(provider, name, listed.get(profile, {}), prices)
        if end is not None and 0 < end.days_left(today) < SOON_DAYS:
            ends.append((end, profile))
    if not ends:
        return None
    soonest = min((end for end, _ in ends), key=lambda end: end.date)
    return DeadlineWarning(
        len(ends),
        soonest,
        tuple(dict.fromkeys(profile for _, profile in sorted(ends, key=lambda one: one[0].date))),
        soonest.days_left(today),
        sum(end.date == soonest.date for end, _ in ends),
    )


def _still_there(store: Store, settings: Settings) -> list[tuple[str, str]]:
    """Tuned models of configured profiles that are not known to be gone; no checkpoints."""
    kept = store.inventory
    hosted = {name for name, profile in settings.profiles.items() if profile.dialect != "embedded"}
    found = {
        (profile, name)
        for profile, name in kept.tuned_models()
        if profile in hosted and ":ckpt-step-" not in name
    }
    if not found:
        return []
    probes = kept.probes()
    gone = {place for place, probe in probes.items() if probe.state == "gone"}
    read = {
        profile: one.read_at
        for (profile, part), one in kept.listings().items()
        if part == "models" and one.read_at is not None
    }
    seen = {(one.profile, one.item.id): one.seen_at for one in kept.models()}
    return sorted(
        place
        for place in found - gone
        if place[0] not in read
        or (place in seen and seen[place] >= read[place[0]])
        or (place in probes and place not in seen)  # it answers, and was never listed
    )
