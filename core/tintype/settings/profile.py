"""Profiles: a provider as one person uses it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tintype.providers import COMPATIBLE, Dialect, identity


@dataclass(frozen=True, slots=True)
class Profile:
    """One provider as one person uses it."""

    name: str
    provider: str = COMPATIBLE
    """The provider's name, from which dialect, rules, prices, models and deadlines follow: one of
    `tintype.providers.provider_names()`, or the path of a user's own file."""
    base_url: str = ""
    """Ends before `/fine_tuning`, so as a rule in `/v1`. Empty for the embedded provider, whose
    address is known only once it runs."""
    key_env: str = ""
    """The environment variable that holds the key; empty for the embedded provider."""
    organization: str = ""
    project: str = ""
    timeout_s: float | None = None
    """Seconds without a sign of life after which a request is lost; none is as usual."""

    @property
    def dialect(self) -> Dialect:
        """Return what of the protocol differs; see `tintype.providers.Dialect`.

        An embedded server with an address is another one than this machine's own.
        """
        found = identity(self.provider).dialect
        return "compatible" if found == "embedded" and self.base_url else found

    @property
    def title(self) -> str:
        """Return what to call the provider in a sentence: its title, or `Provider work`."""
        if self.name == self.provider:
            return identity(self.provider).title
        return f"Provider {self.name}"


def built_in(name: str) -> Profile:
    """Return the profile of a provider as its file has it.

    Raises:
        SettingsError: if there is no such provider.
    """
    known = identity(name)
    return Profile(name, name, known.base_url, known.key_env)


EMBEDDED = built_in("tintype")
OPENAI = built_in("openai")

BUILT_IN: Mapping[str, Profile] = MappingProxyType({p.name: p for p in (EMBEDDED, OPENAI)})


def variable_for(name: str) -> str:
    """Return the environment variable that a provider's key is expected in: `MY_GPU_API_KEY`."""
    return re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") + "_API_KEY"
