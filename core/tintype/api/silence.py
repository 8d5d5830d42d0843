"""What was asked, and why there was no answer to it that could be used, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tintype.api.proxies import proxy_of
from tintype.api.redaction import one_line, redact
from tintype.errors import UnreachableError
from tintype.settings import Profile, Secret


@dataclass(frozen=True, slots=True)
class CallContext:
    """What was being asked, for the sentence."""

    profile: Profile
    base_url: str
    key: Secret
    doing: str
    """To go on from `could not …`: `create the job`."""
    subject: str = ""
    """What it was about, if it was about one thing: `job ftjob-1`."""
    model: str = ""
    """The model that was to be used or trained."""

    @property
    def place(self) -> str:
        """The address without what could be a password."""
        return one_line(redact(self.base_url), 100)


Silence = Literal[
    "refused",
    "name",
    "certificate",
    "tls",
    "connect_timeout",
    "answer_timeout",
    "cut",
    "proxy",
    "too_long",
    "web_page",
    "nonsense",
    "encoding",
    "other",
]
"""Why there was no answer that could be used."""


def unreachable(why: Silence, asked: CallContext, detail: str = "") -> UnreachableError:
    """Translate silence, or noise: there was no answer that could be used."""
    sentence, advice = _SILENCES[why]
    proxy = proxy_of(asked.base_url) if why in _NO_CONNECTION else ""
    if proxy:
        sentence = _NO_CONNECTION[why].format(proxy=one_line(redact(proxy), 100)) + ", the proxy "
        sentence += "on the way to {place}"
        advice = "Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY; NO_PROXY names hosts without one."
    if asked.profile.dialect == "embedded" and why in ("refused", "cut", "connect_timeout"):
        advice = "Start it with `tintype serve`, or let the app start it; jobs go on by themselves."
    detail = one_line(redact(detail, asked.key), 120)
    return UnreachableError(
        f"Could not {asked.doing}: "
        f"{sentence.format(place=asked.place)}{f' ({detail})' if detail else ''}.",
        advice=advice,
        code=why,
    )


_NO_CONNECTION: Mapping[Silence, str] = {
    "refused": "nothing answers at {proxy}",
    "name": "there is no host of the name in {proxy}",
    "connect_timeout": "the connection timed out to {proxy}",
}
"""What is not known of the provider when there is a proxy: it is the proxy that was not reached."""

_SILENCES: Mapping[Silence, tuple[str, str]] = {
    "refused": (
        "nothing answers at {place}",
        "Check that it is running and that the profile's base_url is right.",
    ),
    "name": (
        "the host of {place} is not known",
        "Check the network, and the profile's base_url for a typo.",
    ),
    "certificate": (
        "the certificate of {place} is not trusted",
        "For a private certificate authority set SSL_CERT_FILE; otherwise do not connect.",
    ),
    "tls": (
        "the TLS handshake with {place} failed",
        "If the server has no TLS, start base_url with http://.",
    ),
    "connect_timeout": (
        "the connection to {place} timed out",
        "Check the network; behind a proxy set HTTPS_PROXY.",
    ),
    "answer_timeout": (
        "{place} did not answer in time",
        "Try again; nothing is lost.",
    ),
    "cut": ("the connection to {place} was lost", "Try again; nothing is lost."),
    "proxy": ("the proxy on the way to {place} failed", "Check HTTPS_PROXY and NO_PROXY."),
    "too_long": (
        "the answer of {place} is too large",
        "Check the profile's base_url: this may not be a provider.",
    ),
    "web_page": (
        "{place} answered with a web page instead of JSON",
        "Check the profile's base_url: it usually ends in /v1.",
    ),
    "nonsense": (
        "the answer of {place} cannot be parsed",
        "Check the profile's base_url; if it is right, this is a fault of the provider.",
    ),
    "encoding": (
        "{place} compressed its answer although it was asked not to",
        "A proxy may do this; try without it.",
    ),
    "other": ("the request to {place} failed", "Try again."),
}
