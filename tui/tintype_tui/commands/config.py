"""`tintype config`: what is configured, where from, and keys."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from tintype.errors import SettingsError
from tintype_tui.commands.output import as_json, put, put_json, say
from tintype_tui.text import pad

if TYPE_CHECKING:
    from tintype.settings import Settings


@click.group(name="config", invoke_without_command=True)
@as_json
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Show every setting with its value and where it comes from; or save a key."""
    if context.invoked_subcommand is None:
        _show(as_json)


def _about_theme(name: str) -> str:
    if not name:
        return ""
    from tintype_tui import theme  # knows Textual, which takes its time

    return theme.problem(name)


def _show(as_json: bool) -> None:
    from tintype.settings import FIELDS, key_for, load
    from tintype_tui.keys import keymap_problems

    settings = load()
    keys = {
        name: key_for(profile, places=settings.folders)
        for name, profile in settings.profiles.items()
    }
    for notice in filter(None, {key.notice for key in keys.values()}):
        say(notice)
    for problem in (*keymap_problems(settings.keymap), _about_theme(settings.theme)):
        if problem:
            say(problem)
    values = {
        field.name: (_told(field.name, settings), str(settings.origin(field.name)))
        for field in FIELDS
    }
    profiles = {
        profile.name: {
            "base_url": profile.base_url,
            "provider": profile.provider,
            "key": _about_key(keys[profile.name].origin, profile.dialect),
        }
        for profile in settings.profiles.values()
    }
    folders = {
        name: str(getattr(settings.folders, name)) for name in ("config", "data", "state", "cache")
    }
    if as_json:
        shown = {name: {"value": value, "from": origin} for name, (value, origin) in values.items()}
        put_json({"settings": shown, "profiles": profiles, "folders": folders}, indent=2)
        return
    for name, (value, origin) in values.items():
        put(f"{pad(name, 20)} {pad(_in_words(value), 24)} {origin}")
    put("")
    for name, about in profiles.items():
        where = about["base_url"] or "on this machine"
        provider = about["provider"].rpartition("/")[2]  # a file of one's own by its name
        put(f"profile {pad(name, 12)} {pad(provider, 12)} {where}  {about['key']}")
    put("")
    for name, path in folders.items():
        put(f"{pad(name, 20)} {path}")


def _told(name: str, settings: "Settings") -> object:
    """A setting's value; not one that whoever knows it could write to."""
    value = getattr(settings, name)
    return ("set" if value else "") if name == "notify_webhook" else value


def _in_words(value: object) -> str:
    """A value as a person writes it in the file; what there is none of is not set."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return ", ".join(f'{name} = "{keys}"' for name, keys in value.items()) or "not set"
    if isinstance(value, tuple):
        return " ".join(value) or "not set"
    return "not set" if value in (None, "") else str(value)


def _about_key(origin: str, kind: str) -> str:
    if kind == "embedded":
        return "no key needed"
    return f"key from {origin}" if origin else "no key"


@command.command(name="key")
@click.argument("profile_name", metavar="PROFILE")
@click.option("--remove", is_flag=True, help="Delete the saved key.")
def key(profile_name: str, remove: bool) -> None:
    """Save the key of PROFILE, typed or piped in, in a file that only you can read."""
    from tintype.settings import Secret, save_key
    from tintype_tui.commands.session import chosen

    settings, profile = chosen(profile_name)
    value = "" if remove else _typed_or_piped()
    save_key(profile, Secret(value), places=settings.folders)
    say(f"The key of {profile.name} has been {'removed' if remove else 'saved'}.")


def _typed_or_piped() -> str:
    """The key: typed where there is a terminal, else the first line of standard input."""
    if sys.stdin.isatty():
        return str(click.prompt("Key", hide_input=True, err=True))
    key = sys.stdin.readline().strip()
    if not key:
        raise SettingsError(
            "There is no key on standard input.",
            advice="Pipe it in, as by `pass show openai | tintype config key openai`, or type it "
            "in a terminal.",
        )
    return key


@command.command(name="variables")
@as_json
def variables(as_json: bool) -> None:
    """List the environment variables that Tintype reads."""
    from tintype.settings import ENVIRONMENT

    if as_json:
        put_json(dict(ENVIRONMENT), indent=2)
        return
    for name, meaning in ENVIRONMENT.items():
        put(f"{pad(name, 28)} {meaning}")
