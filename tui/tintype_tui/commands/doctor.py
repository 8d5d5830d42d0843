"""`tintype doctor`: terminal, folders, proxies, every profile; with a fix where one is known."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from tintype import paths
from tintype.settings import Profile, Settings
from tintype_tui.commands.output import (
    as_json,
    leave,
    looking,
    profile_option,
    put,
    put_json,
    say,
)
from tintype_tui.text import count, size

if TYPE_CHECKING:
    from tintype_tui.terminal import Capabilities
    from tintype_tui.terminal.output import Line


@dataclass(frozen=True, slots=True)
class CheckUp:
    """One thing looked at."""

    what: str
    state: Literal["ok", "note", "trouble"]
    words: str
    fix: str = ""


LONGEST_S = 20.0
"""How long a provider is waited for."""
SCANT_BYTES, FULL_BYTES = 1 << 30, 64 << 20
"""From here down the disk is nearly full, and so full that things will fail."""
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
MARKS = {"ok": "✓", "note": "·", "trouble": "✗"}


@click.command(name="doctor")
@profile_option
@as_json
@looking
async def command(profile: str | None, as_json: bool) -> None:
    """Check everything Tintype needs and say how to fix what is missing.

    Exit codes: 0 no problems, 1 something will not work, 2 could not check.
    """
    findings: list[CheckUp] = []
    async for finding in _look(profile):
        findings.append(finding)
        if not as_json:
            put(f"{MARKS[finding.state]} {finding.what}: {finding.words}")
            for line in finding.fix.splitlines():
                put(f"    {line}")
    if as_json:
        put_json(findings, indent=2)
    if any(finding.state == "trouble" for finding in findings):
        leave(1)


async def _look(profile_name: str | None) -> AsyncIterator[CheckUp]:
    from tintype_tui import theme
    from tintype_tui.commands.session import chosen
    from tintype_tui.keys import keymap_problems

    yield _python()
    for finding in await asyncio.to_thread(_terminal):
        yield finding
    settings, profile = chosen(profile_name)
    yield CheckUp("settings", "ok", f"read from {settings.folders.config_file}, if it is there")
    for problem in keymap_problems(settings.keymap):
        yield CheckUp("keymap", "note", problem)
    if settings.theme and (problem := theme.problem(settings.theme)):
        yield CheckUp("theme", "note", problem)
    for name in ("config", "data", "state", "cache"):
        yield _folder(name, getattr(settings.folders, name))
    yield await _store(settings)
    yield await asyncio.to_thread(_kept, settings)
    yield await asyncio.to_thread(_launcher, settings)
    yield _proxies()
    for finding in await _providers(settings, profile):
        yield finding


def _kept(settings: Settings) -> CheckUp:
    """How much is kept here, and how much of it can be made again."""
    from tintype.cleaning import FREE, survey

    found = survey(settings.folders)
    words = f"{size(sum(one.size_bytes for one in found))} on this machine"
    free_bytes = sum(one.size_bytes for one in found if one.kind in FREE and not one.held)
    can_go = f"; {size(free_bytes)} can be made again: `tintype clean`" if free_bytes else ""
    return CheckUp("kept", "ok", words + can_go)


def _launcher(settings: Settings) -> CheckUp:
    """Where the embedded provider has trainings run."""
    from tintype.engines.launchers import Launchers
    from tintype.errors import EngineError

    name, options = settings.launcher, settings.launcher_options
    try:
        launchers = Launchers(name, options)
    except EngineError as error:
        return CheckUp(f"launcher {name}", "trouble", error.message, error.advice)
    found = launchers.chosen.reach()
    words = found.words + (f", ranks: {launchers.ranks}" if launchers.ranks else "")
    state: Literal["ok", "trouble"] = "ok" if found.advice is None else "trouble"
    return CheckUp(f"launcher {name}", state, words, found.advice or "")


def _python() -> CheckUp:
    from tintype import __version__

    version = ".".join(map(str, sys.version_info[:3]))
    return CheckUp("tintype", "ok", f"{__version__} on Python {version}, {sys.platform}")


def _terminal() -> list[CheckUp]:
    from tintype_tui.terminal import TRUECOLOR, advice, probe
    from tintype_tui.terminal.output import Line
    from tintype_tui.terminal.remote import measured_line, remote_advice

    found = probe()
    name = f"{found.terminal} {found.version}".strip() or os.environ.get("TERM", "unknown")
    if not found.answered:
        name += " (of unknown kind)"
    colours = "24-bit" if found.colours == TRUECOLOR else str(found.colours)
    drawn = found.protocol in ("kitty", "iterm", "sixel")
    line = measured_line() if found.answered else Line()
    return [
        CheckUp("terminal", "ok", f"{name}, {colours} colours"),
        CheckUp(
            "images",
            "ok" if drawn else "note",
            f"drawn as {found.protocol}. {found.why}",
            "" if drawn else "\n".join(filter(None, advice(found))),
        ),
        CheckUp(
            "line",
            "note" if line.slow else "ok",
            _line_words(line, found),
            "\n".join(remote_advice(line, found, os.environ)),
        ),
    ]


def _line_words(line: "Line", found: "Capabilities") -> str:
    """What the line to the terminal carries; in tmux that is not the whole way."""
    if not line.answered:
        return "not measured: the terminal does not answer"
    words = f"{line}, as {found.terminal or 'the terminal'} answers"
    far = " (how far the terminal is from tmux is not known)" if found.tmux else ""
    return f"{words}{far}{'; slow' if line.slow else ''}"


def _folder(name: str, folder: Path) -> CheckUp:
    existing = next(path for path in (folder, *folder.parents) if paths.exists(path))
    if not paths.writable(existing):
        return CheckUp(
            f"{name} folder",
            "trouble",
            f"{folder} cannot be written",
            f"make {existing} writable, or set TINTYPE_HOME to a folder that is",
        )
    free = paths.free_bytes(existing)
    if free is not None and free < SCANT_BYTES:
        return CheckUp(
            f"{name} folder",
            "trouble" if free < FULL_BYTES else "note",
            f"{folder}: the disk is nearly full, {size(free)} are left",
            "free some space there: trainings, uploads and copies of datasets are written whole",
        )
    return CheckUp(f"{name} folder", "ok", str(folder))


def _proxies() -> CheckUp:
    """Which proxies are obeyed, without the passwords that their addresses may hold."""
    from tintype.api.proxies import without_password

    said = {
        name: without_password(value)
        for name in PROXIES
        if (value := os.environ.get(name) or os.environ.get(name.lower()))
    }
    if not said:
        return CheckUp("proxies", "ok", "none set")
    words = ", ".join(f"{name} is {value}" for name, value in said.items())
    return CheckUp(
        "proxies",
        "note",
        f"{words}. Providers are reached through them; images that a dataset names are fetched "
        "without a proxy, and where that fails they are unknown, not wrong.",
    )


async def _store(settings: Settings) -> CheckUp:
    from tintype.errors import StoreError
    from tintype.store import open_store

    try:
        async with open_store(settings.folders.store_file) as store:
            known = count(len(store.jobs.newest()), "job")
    except StoreError as error:
        return CheckUp("store", "trouble", error.message, error.advice)
    return CheckUp("store", "ok", f"{settings.folders.store_file}, {known} known")


async def _providers(settings: Settings, used: Profile) -> list[CheckUp]:
    """Ask every profile's provider for its models, all at once; that costs nothing."""
    others = (one for one in settings.profiles.values() if one != used)
    looks = (_provider(settings, one, one is used) for one in (used, *others))
    return list(await asyncio.gather(*looks))


async def _provider(settings: Settings, profile: Profile, used: bool) -> CheckUp:
    """Look at one provider, for at most `LONGEST_S`: whether it answers, and takes the key."""
    from tintype import connection
    from tintype.api import Patience
    from tintype.api.retrying import A_MOMENT_S
    from tintype.errors import AuthenticationError, NotFoundError, TintypeError

    what = f"provider {profile.name}"
    if profile.dialect == "embedded" and not used and connection.found(settings) is None:
        return CheckUp(what, "ok", "not running; it is started when it is used")
    patience = Patience(5, LONGEST_S, whole_answer_s=LONGEST_S, retry_s=A_MOMENT_S)
    try:
        async with (
            asyncio.timeout(LONGEST_S),
            connection.connected(settings, profile, say, patience=patience) as api,
        ):
            found = count(len(await api.models()), "model")
    except TimeoutError:
        return CheckUp(what, "trouble", f"no answer within {LONGEST_S:g} s")
    except NotFoundError as error:
        return CheckUp(what, "note", f"it answers. {error.message}", "Models are named by hand.")
    except TintypeError as error:
        unset = isinstance(error, AuthenticationError) and error.status is None and not used
        return CheckUp(what, "note" if unset else "trouble", error.message, error.advice)
    return CheckUp(what, "ok", f"{profile.base_url or 'on this machine'}, {found}")
