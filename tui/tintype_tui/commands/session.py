"""What commands need of the world: settings, the chosen profile, the store, the provider."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tintype import connection
from tintype.settings import Profile, Settings, load
from tintype_tui.commands.output import say

if TYPE_CHECKING:
    from tintype.api import Api
    from tintype.store import Store


SAID = "deadline said"
"""The note of the day on which a command last warned of a deadline."""


def chosen(profile_name: str | None) -> tuple[Settings, Profile]:
    """The settings, and the profile named, or the default one.

    Raises:
        SettingsError: if there is no profile of this name.
    """
    settings = load()
    return settings, connection.chosen(settings, profile_name)


@asynccontextmanager
async def at_work(settings: Settings, profile: Profile) -> AsyncIterator[tuple["Api", "Store"]]:
    """The provider and the store; the embedded server is started if it must be."""
    from tintype.store import open_store

    async with open_store(settings.folders.store_file) as store:
        say_deadline(store, settings)
        async with connection.connected(settings, profile, say) as api:
            yield api, store


def say_deadline(store: "Store", settings: Settings) -> None:
    """Say on standard error that tuned models will be lost soon: once a day, whatever is called.

    Raises:
        StoreError: if the store cannot be read or written.
    """
    if not store.inventory.tuned_models():
        return
    from tintype import pricing

    today = pricing.today()
    if store.notes.read(SAID) == today.isoformat():
        return  # before what takes a fifth of a second to import
    from tintype import inventory
    from tintype_tui.words.inventory import warning_words

    found = inventory.deadline_warning(store, settings, today)
    if found is not None:
        say(f"{warning_words(found)} `tintype inventory plan` says what to do by when.")
        store.notes.write(SAID, today.isoformat(), datetime.now(UTC))
