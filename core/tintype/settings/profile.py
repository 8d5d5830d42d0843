"""Profiles: which provider to speak to, and by which rules and prices."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["embedded", "openai", "compatible"]


@dataclass(frozen=True, slots=True)
class Profile:
    """One provider as one person uses it."""

    name: str
    kind: Kind
    base_url: str = ""
    """Ends before `/fine_tuning`, so as a rule in `/v1`. Empty for the embedded provider, whose
    address is known only once it runs."""
    key_env: str = ""
    """The environment variable that holds the key; empty for the embedded provider."""
    rules: str = "openai"
    """Whose rules a dataset is checked against: a name of `tintype.rules`."""
    provider: str = ""
    """Whose prices apply: a name of `tintype.pricing`."""
    organization: str = ""
    project: str = ""

    @property
    def title(self) -> str:
        """What to call the provider in a sentence."""
        return {"embedded": "The embedded provider", "openai": "OpenAI"}.get(
            self.kind, f"Provider {self.name}"
        )


EMBEDDED = Profile("tintype", "embedded", rules="tintype", provider="tintype")
OPENAI = Profile(
    "openai", "openai", "https://api.openai.com/v1", "OPENAI_API_KEY", "openai", "openai"
)

BUILT_IN: Mapping[str, Profile] = MappingProxyType({p.name: p for p in (EMBEDDED, OPENAI)})


def variable_for(name: str) -> str:
    """Name the environment variable that a provider's key is expected in."""
    return re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") + "_API_KEY"
