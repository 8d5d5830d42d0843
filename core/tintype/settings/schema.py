"""What may be configured: one row per setting, from which reading, checking and help are made.

Roads not taken: a schema library. Settings are read before the first frame, and importing one costs
10 ms (msgspec, 225 KB of compiled wheel), 13 ms (attrs), 39 ms (cattrs) or 80 ms (pydantic) of the
300 ms that the app takes to start; the sentences (what is allowed, which variable or key said it,
which value must not be repeated) would still be written here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from tintype.providers import COMPATIBLE

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, or one field of a profile."""

    name: str
    default: object
    read: Callable[[object], object]
    """From TOML's value or a variable's text; `ValueError` if it is not allowed."""
    allowed: str
    """What is allowed, to end the sentence `allowed: …`."""
    meaning: str
    variable: str = ""
    """The environment variable that goes before the file; empty: there is none."""


def _truth(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    raise ValueError


def _when_slow(value: object) -> str:
    """`auto`, or a truth as `on` or `off`."""
    if isinstance(value, str) and value.lower() == "auto":
        return "auto"
    return "on" if _truth(value) else "off"


def _text(value: object) -> str:
    if isinstance(value, str) and value.isprintable():
        return value.strip()
    raise ValueError


def _word(value: object) -> str:
    text = _text(value)
    if re.fullmatch(r"[\w.:-]+", text):
        return text
    raise ValueError


def _money(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError
    try:
        sum_usd = Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError from error
    if not sum_usd.is_finite() or sum_usd < 0:
        raise ValueError
    return sum_usd


def _seconds(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 86_400:
        return float(value)
    raise ValueError


def _limit(value: object) -> Decimal | None:
    return None if value == "" else _money(value)


def _path(value: object) -> Path | None:
    text = _text(value)
    return Path(text).expanduser() if text else None


def _keymap(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise ValueError
    return MappingProxyType({_text(action): _text(keys) for action, keys in value.items()})


def _variable(value: object) -> str:
    text = _text(value)
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        return text
    raise ValueError


def _provider(value: object) -> str:
    text = _text(value)
    return str(Path(text).expanduser()) if text.endswith(".toml") else _word(text)


def _base_url(value: object) -> str:
    text = _text(value).rstrip("/")
    parts = urlsplit(text)  # ValueError for a bad port or bracket
    port_is_sound = parts.port is None or parts.port > 0
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if parts.scheme in ("http", "https") and parts.hostname and plain and port_is_sound:
        return text
    raise ValueError


_FLAG = (_truth, "true or false")
_SUM = (_money, "an amount in US dollars, 0 or more")
_SUM_OR_NONE = (_limit, _SUM[1])
_TEXT = (_text, "text")


def _setting(
    name: str,
    default: object,
    form: tuple[Callable[[object], object], str],
    meaning: str,
    variable: str | None = None,
) -> Setting:
    """A row of the table; its variable is named after it."""
    variable = f"TINTYPE_{name.upper()}" if variable is None else variable
    return Setting(name, default, *form, meaning, variable)


FIELDS: tuple[Setting, ...] = (
    _setting(
        "default_profile",
        "tintype",
        (_word, "the name of a profile"),
        "The profile to start with.",
        "TINTYPE_PROFILE",
    ),
    _setting(
        "spend_confirm_usd",
        Decimal(1),
        _SUM,
        "What may cost this much or more, or has an unknown cost, is sent only once you have typed "
        "the amount.",
    ),
    _setting(
        "day_limit_usd",
        None,
        _SUM_OR_NONE,
        "The limit for a calendar day, jobs and answers together: what could exceed it, or has an "
        "unknown cost, is never sent.",
    ),
    _setting(
        "month_limit_usd",
        None,
        _SUM_OR_NONE,
        "The limit for a calendar month, like day_limit_usd.",
    ),
    _setting("read_only", False, _FLAG, "Spend, change and delete nothing at any provider."),
    _setting(
        "recorder",
        True,
        _FLAG,
        "Follow running jobs in a process of its own, which goes on when the app is closed.",
    ),
    _setting(
        "low_bandwidth",
        "auto",
        (_when_slow, "auto, on or off"),
        "Draw for a slow line: images when you rest on them, small and in few colours, charts at "
        "the pace of the line, nothing animated. auto: when the line is measured to be slow.",
    ),
    _setting("reduced_motion", False, _FLAG, "No animations."),
    _setting("screen_reader", False, _FLAG, "Sentences and tables instead of charts and boxes."),
    _setting("theme", "", (_text, "the name of a theme"), "The colours of the app."),
    _setting(
        "prices",
        None,
        (_path, "the path of a TOML file"),
        "Your own prices, which override those that come with Tintype.",
    ),
    _setting(
        "keymap",
        MappingProxyType({}),
        (_keymap, 'a table of binding = "keys"'),
        "Your own keys, by the id of each binding.",
        variable="",
    ),
)

PROFILE_FIELDS: tuple[Setting, ...] = (
    Setting(
        "provider",
        COMPATIBLE,
        _provider,
        "the name of a provider, or the path of your own provider file",
        "Whose protocol, rules, prices and deadlines apply: azure, fireworks, openai, together; "
        "by default any server that speaks OpenAI's protocol.",
    ),
    Setting(
        "base_url",
        "",
        _base_url,
        "an http or https address without user name, password or query, usually ending in /v1",
        "The provider's address; by default its usual one.",
    ),
    Setting(
        "key_env",
        "",
        _variable,
        "the name of an environment variable",
        "The variable that holds the key; by default PROFILE_API_KEY.",
    ),
    Setting("organization", "", *_TEXT, "Sent to OpenAI as OpenAI-Organization."),
    Setting("project", "", *_TEXT, "Sent to OpenAI as OpenAI-Project."),
    Setting(
        "timeout_s",
        None,
        _seconds,
        "a number of seconds, up to 86400",
        "How long to wait for a sign of life; by default 60 s, and 180 s for a model's answer.",
    ),
)

ENVIRONMENT: Mapping[str, str] = MappingProxyType(
    {
        "TINTYPE_HOME": "One folder for settings, data, state and cache.",
        **{field.variable: field.meaning for field in FIELDS if field.variable},
        "TINTYPE_IMAGES": "How images are drawn: kitty, sixel, iterm, halfblock, ascii or none.",
        "TINTYPE_LETTERS": "Any value: letters only, no blocks, lines or symbols.",
        "TINTYPE_RULES": "Your own rules: module:attribute or file.py:attribute, …",
        "TINTYPE_FORMATS": "Your own dataset formats, likewise.",
        "TINTYPE_SCORERS": "Your own scorers, likewise.",
        "TINTYPE_ENGINES": "Your own engines for the embedded provider, likewise.",
        "NO_COLOR": "Any value: no colours.",
        "OPENAI_API_KEY": "The key of the profile openai.",
        "OPENAI_BASE_URL": "Another address for the profile openai, such as a gateway.",
        "OPENAI_ORG_ID": "The organisation of the profile openai.",
        "OPENAI_PROJECT_ID": "The project of the profile openai.",
        "HTTPS_PROXY": "The proxy to reach providers through; HTTP_PROXY and ALL_PROXY likewise. "
        "Images that a dataset names are fetched without one.",
        "NO_PROXY": "Hosts that are reached without a proxy.",
        "SSL_CERT_FILE": "A private certificate authority to trust; SSL_CERT_DIR likewise.",
    }
)
"""Every environment variable that Tintype or its HTTP library obeys, and what it does."""
