"""Reaching the provider of a profile; the embedded server is found, or started, first.

The one module that knows both sides: the client (`api`) and where the embedded server runs.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.errors import AuthenticationError, SettingsError
from tintype.paths import is_folder
from tintype.settings import Profile, Secret, Settings, folders, key_for

if TYPE_CHECKING:
    from tintype.api import Api, Patience
    from tintype.server.run import Running
    from tintype.store import Store


def chosen(settings: Settings, name: str | None) -> Profile:
    """Return the profile of a name, or the default one.

    Raises:
        SettingsError: if there is no profile of this name.
    """
    if name is None:
        return settings.profile
    if name not in settings.profiles:
        raise SettingsError(
            f"There is no profile {name!r}.",
            advice=f"Profiles are: {', '.join(sorted(settings.profiles))}.",
        )
    return settings.profiles[name]


def server_folder(settings: Settings | None = None) -> Path:
    """Where the embedded server keeps its files, jobs and models; by default by the environment."""
    return (settings.folders if settings else folders()).data / "server"


def found(settings: Settings) -> "Running | None":
    """The embedded server, if it runs."""
    from tintype.server.run import find

    return find(server_folder(settings))


async def running(settings: Settings) -> "Running":
    """The embedded server, started if it does not run; it outlives this process.

    Raises:
        StoreError: if it does not start.
    """
    from tintype.server.run import start

    return await start(
        server_folder(settings),
        launcher=settings.launcher,
        launcher_options=settings.launcher_options,
    )


async def _revived(settings: Settings, notify: Callable[[str], None]) -> bool:
    """Start the embedded server again if it has gone; it keeps its address and key.

    Raises:
        StoreError: if it does not start.
    """
    if found(settings) is None:
        await running(settings)
        notify("The embedded server has been restarted.")
    return True


def worth_asking(settings: Settings, store: "Store") -> tuple[str, ...]:
    """Return the profiles at whose providers there may be something, by name.

    Those that a person has set up, or has had jobs at. Not the embedded server before it has ever
    run, nor a built-in profile without a key.

    Raises:
        StoreError: if the store cannot be read.
    """
    from tintype.settings.profile import BUILT_IN

    found = []
    for name, profile in settings.profiles.items():
        if profile.dialect == "embedded":
            inhabited = is_folder(server_folder(settings))
        elif profile != BUILT_IN.get(name) or store.jobs.newest(1, profile=name):
            inhabited = True
        else:
            try:
                inhabited = bool(key_for(profile, places=settings.folders))
            except SettingsError:
                inhabited = True  # the key file is to be complained of when it is asked
        found += [name] if inhabited else []
    return tuple(found)


@asynccontextmanager
async def connected(
    settings: Settings,
    profile: Profile,
    notify: Callable[[str], None],
    *,
    patience: "Patience | None" = None,
) -> AsyncIterator["Api"]:
    """A connection to a profile's provider; nothing is asked yet.

    Args:
        settings: As loaded.
        profile: Whose provider.
        notify: Called with what was changed about the key file, and why a request waits.
        patience: How long to wait; by default as the api module does.

    Raises:
        AuthenticationError: if there is no key.
        StoreError: if the embedded server does not start.
        SettingsError: if the key file cannot be used.
    """
    from tintype.api import connect

    key, base_url = key_for(profile, places=settings.folders), None
    if key.notice:
        notify(key.notice)
    if not key and settings.origin(f"profiles.{profile.name}.key_env").kind != "default":
        raise AuthenticationError(
            f"There is no key for profile {profile.name}: {profile.key_env} is not set.",
            advice=f"Set {profile.key_env}, or save one with `tintype config key {profile.name}`.",
        )
    revive = partial(_revived, settings, notify) if profile.dialect == "embedded" else None
    if revive is not None:
        server = await running(settings)
        key, base_url = Secret(server.token, origin="the running server"), server.url
    async with connect(
        profile,
        key,
        base_url,
        patience=patience,
        read_only=settings.read_only,
        notify=notify,
        revive=revive,
    ) as api:
        yield api


class Connections:
    """The providers of several profiles, each connected when it is first asked for."""

    def __init__(
        self, settings: Settings, stack: AsyncExitStack, notify: Callable[[str], None]
    ) -> None:
        self._settings, self._stack, self._notify = settings, stack, notify
        self.known: dict[str, Api] = {}
        """By the profile's name."""

    async def at(self, profile: str) -> "Api":
        """A profile's connection, closed with the stack.

        Raises:
            SettingsError: if there is no such profile.
            AuthenticationError: if there is no key.
            StoreError: if the embedded server does not start.
        """
        if profile not in self.known:
            opened = connected(self._settings, chosen(self._settings, profile), self._notify)
            self.known[profile] = await self._stack.enter_async_context(opened)
        return self.known[profile]

    def split(self, word: str, default: str) -> tuple[str, str]:
        """A model's name and its profile, out of `MODEL` or `MODEL@PROFILE`."""
        name, mark, profile = word.rpartition("@")
        known = mark and profile in self._settings.profiles
        return (name, profile) if known else (word, default)
