"""Who a provider is: the keys that stand before the first table of its file.

Settings need only these, before the first frame; the tables below take ten times as long to parse.
"""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tintype.errors import SettingsError
from tintype.providers.toml_table import read_toml

Dialect = Literal["embedded", "openai", "compatible"]
"""What of the protocol differs. `openai`: the organisation's headers, `max_completion_tokens`, and
a key that must be there. `compatible`: `max_tokens`, and no key where none is set. `embedded`: our
own server, as `openai`, whose address and key are known once it runs."""

COMPATIBLE = "compatible"
"""The provider of a profile that names none: whoever speaks the protocol; nothing else is known."""

_DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Identity:
    """A provider's name, and how to reach it."""

    name: str
    """The name of its file, or the path of a user's own."""
    title: str
    """What to call it in a sentence."""
    dialect: Dialect
    base_url: str = ""
    """Ends before `/fine_tuning`. Empty: each customer has another, or it is known once it runs."""
    base_url_example: str = ""
    """What an address looks like, where each customer has another."""
    key_env: str = ""
    """The environment variable that usually holds the key; empty: named after the profile."""


@functools.cache
def provider_names() -> tuple[str, ...]:
    """Return the names of all providers that come with Tintype, in alphabetical order."""
    return tuple(sorted(path.stem for path in _DATA.glob("*.toml")))


def provider_file(name: str) -> Path:
    """Return the file of a provider: a name leads to ours, a path ending in .toml to the user's.

    Raises:
        SettingsError: if there is no provider of this name.
    """
    if name.endswith(".toml"):
        return Path(name)
    if name not in provider_names():
        raise SettingsError(
            f"There is no provider {name!r}.",
            advice=f"Use one of {', '.join(provider_names())}, or the path of a file of your own.",
        )
    return _DATA / f"{name}.toml"


@functools.cache
def identity(name: str) -> Identity:
    """Return who a provider is. Reads the beginning of its file; remembered.

    Raises:
        SettingsError: if there is no such provider, or its file is wrong; names file and key.
    """
    return read_toml(provider_file(name), head=True).fill(Identity, name=name)
