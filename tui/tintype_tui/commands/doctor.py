"""`tintype doctor`: terminal, images, provider, folders; each with a fix where one is known."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click

from tintype.settings import Profile, Settings
from tintype_tui.commands.output import (
    as_json,
    asynchronous,
    leave,
    profile_option,
    put,
    put_json,
    say,
)
from tintype_tui.text import count


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    what: str
    state: Literal["ok", "note", "trouble"]
    words: str
    fix: str = ""


MARKS = {"ok": "✓", "note": "·", "trouble": "✗"}


@click.command(name="doctor")
@profile_option
@as_json
@asynchronous
async def command(profile: str | None, as_json: bool) -> None:
    """Look at everything Tintype needs and say what is missing, with a fix.

    Exit codes: 0 all well, 1 something will not work, 2 could not look.
    """
    findings: list[Finding] = []
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


async def _look(profile_name: str | None) -> AsyncIterator[Finding]:
    from tintype_tui.commands.session import chosen

    yield _python()
    for finding in await asyncio.to_thread(_terminal):
        yield finding
    settings, profile = chosen(profile_name)
    yield Finding("settings", "ok", f"read from {settings.folders.config_file}, if it is there")
    for name in ("config", "data", "state", "cache"):
        yield _folder(name, getattr(settings.folders, name))
    yield await _store(settings)
    yield await _provider(settings, profile)


def _python() -> Finding:
    from tintype import __version__

    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("tintype", "ok", f"{__version__} on Python {version}, {sys.platform}")


def _terminal() -> list[Finding]:
    from tintype_tui.terminal import TRUECOLOR, advice, probe

    found = probe()
    name = f"{found.terminal} {found.version}".strip() or os.environ.get("TERM", "unknown")
    if not found.answered:
        name += " (it does not say what it is)"
    colours = "24-bit" if found.colours == TRUECOLOR else str(found.colours)
    drawn = found.protocol in ("kitty", "sixel")
    return [
        Finding("terminal", "ok", f"{name}, {colours} colours"),
        Finding(
            "images",
            "ok" if drawn else "note",
            f"drawn as {found.protocol}. {found.why}",
            "" if drawn else "\n".join(filter(None, advice(found))),
        ),
    ]


def _folder(name: str, folder: Path) -> Finding:
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if os.access(existing, os.W_OK):
        return Finding(f"{name} folder", "ok", str(folder))
    return Finding(
        f"{name} folder",
        "trouble",
        f"{folder} cannot be written",
        f"make {existing} writable, or set TINTYPE_HOME to a folder that is",
    )


async def _store(settings: Settings) -> Finding:
    from tintype.errors import StoreError
    from tintype.store import open_store

    try:
        async with open_store(settings.folders.store_file) as store:
            known = count(len(store.jobs.newest()), "job")
    except StoreError as error:
        return Finding("store", "trouble", error.message, error.advice)
    return Finding("store", "ok", f"{settings.folders.store_file}, {known} known")


async def _provider(settings: Settings, profile: Profile) -> Finding:
    from tintype.connection import connected
    from tintype.errors import TintypeError

    try:
        async with connected(settings, profile, say) as api:
            found = count(len(await api.models()), "model")
    except TintypeError as error:
        return Finding(f"provider {profile.name}", "trouble", error.message, error.advice)
    where = profile.base_url or "on this machine"
    return Finding(f"provider {profile.name}", "ok", f"{where}, {found}")
