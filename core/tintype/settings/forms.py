"""What a setting's value may be: from TOML's value or a variable's text, `ValueError` if not."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from tintype.errors import FileError
from tintype.paths import as_path

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})


def truth(value: object) -> bool:
    """Read true or false."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    raise ValueError


def when_slow(value: object) -> str:
    """`auto`, or a truth as `on` or `off`."""
    if isinstance(value, str) and value.lower() == "auto":
        return "auto"
    return "on" if truth(value) else "off"


def line(value: object) -> str:
    """Read a line of text."""
    if isinstance(value, str) and value.isprintable():
        return value.strip()
    raise ValueError


def word(value: object) -> str:
    """Read a name."""
    text = line(value)
    if re.fullmatch(r"[\w.:-]+", text):
        return text
    raise ValueError


def money(value: object) -> Decimal:
    """Read an amount in US dollars."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError
    try:
        sum_usd = Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError from error
    if not sum_usd.is_finite() or sum_usd < 0:
        raise ValueError
    return sum_usd


def seconds(value: object) -> float:
    """Read seconds, up to a day."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 86_400:
        return float(value)
    raise ValueError


def limit(value: object) -> Decimal | None:
    """Read an amount, or none for an empty text."""
    return None if value == "" else money(value)


def path(value: object) -> Path | None:
    """Read a path, or none for an empty text."""
    text = line(value)
    return _expanded(text) if text else None


RULES = ("nan", "silence", "validation", "budget", "deadline", "ended")
"""What somebody may be notified of."""


def rules(value: object) -> tuple[str, ...]:
    """Read names of rules, as a list or in words."""
    words = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not all(word in RULES for word in words):
        raise ValueError
    return tuple(dict.fromkeys(words))


CLEANED = ("checks", "cache", "leftovers", "logs")
"""What may be removed when nothing has used it for some days: it can be made again."""


def days(value: object) -> Mapping[str, int]:
    """Read a table of days by what may be removed then; of text, `checks=30 logs=90`."""
    if isinstance(value, str):
        pairs = (one.partition("=") for one in value.replace(",", " ").split())
        value = {name: int(number) for name, _, number in pairs}
    if not isinstance(value, dict) or not value.keys() <= set(CLEANED):
        raise ValueError
    if not all(type(number) is int and 1 <= number <= 36_500 for number in value.values()):
        raise ValueError
    return MappingProxyType(value)


LAUNCHERS = ("local", "slurm", "ray", "kubernetes")
"""Where the embedded server may have trainings run."""


def launcher(value: object) -> str:
    """Read where trainings run."""
    text = line(value)
    if text in LAUNCHERS:
        return text
    raise ValueError


def options(value: object) -> Mapping[str, str]:
    """Read a table of options of a command, by their long names; numbers are texts, true is ``."""
    if not isinstance(value, dict):
        raise ValueError
    found = {}
    for name, given in value.items():
        if not re.fullmatch(r"[a-z][a-z_-]*", line(name)) or given is False:
            raise ValueError
        found[name] = "" if given is True else line(str(given) if type(given) is int else given)
    return MappingProxyType(found)


def command(value: object) -> tuple[str, ...]:
    """A list of arguments; a line of text would need a shell to be understood."""
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise ValueError
    if value and not value[0]:
        raise ValueError
    return tuple(value)


def ring(value: object) -> str:
    """Read how a terminal rings."""
    text = line(value)
    if text in ("auto", "bell", "osc9", "osc777", "off"):
        return text
    raise ValueError


def webhook(value: object) -> str:
    """Read an address, or nothing."""
    text = line(value)
    if not text or (urlsplit(text).scheme in ("http", "https") and urlsplit(text).hostname):
        return text
    raise ValueError


def keymap(value: object) -> Mapping[str, str]:
    """Read a table of keys."""
    if not isinstance(value, dict):
        raise ValueError
    return MappingProxyType({line(action): line(keys) for action, keys in value.items()})


def variable(value: object) -> str:
    """Read the name of an environment variable."""
    text = line(value)
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        return text
    raise ValueError


def provider(value: object) -> str:
    """Read a provider's name, or the path of its file."""
    text = line(value)
    return str(_expanded(text)) if text.endswith(".toml") else word(text)


def _expanded(text: str) -> Path:
    try:
        return as_path(text)
    except FileError as error:  # of an unknown user
        raise ValueError(str(error)) from error


def base_url(value: object) -> str:
    """Read an address without user, password or query."""
    text = line(value).rstrip("/")
    parts = urlsplit(text)  # ValueError for a bad port or bracket
    port_is_sound = parts.port is None or parts.port > 0
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if parts.scheme in ("http", "https") and parts.hostname and plain and port_is_sound:
        return text
    raise ValueError
