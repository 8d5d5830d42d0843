"""What commands need of the world: settings, the chosen profile, the store, the provider."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tintype import connection
from tintype.settings import Profile, Settings, load
from tintype_tui.commands.output import say

if TYPE_CHECKING:
    from tintype.api import Api
    from tintype.store import Store


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

    async with (
        open_store(settings.folders.store_file) as store,
        connection.connected(settings, profile, say) as api,
    ):
        yield api, store
