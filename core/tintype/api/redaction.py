"""What a provider says, made fit to be shown: no keys, no control characters, not too long.

Providers repeat a wrong key, whole or with stars in its middle (`Incorrect API key provided:
sk-ab***wxyz`), and an error may be logged, stored or pasted into a bug report.
"""

import base64
import functools
import re
import unicodedata
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from tintype.api.base import ChatPiece
from tintype.errors import ApiError
from tintype.settings import Secret

HIDDEN = "[key]"
_LONG, _SHORT = 16, 8
"""From so many characters on a key is hidden in whatever a provider sends; from 8 only if there is
a digit in it, for local servers take any word, which may be part of an id or a name."""

_KEY_LIKE = re.compile(
    r"""
      (?i:\bbearer\s+)[^\s"',;]+                            # an Authorization header
    | \b(?:sk|pk|rk|hf|gsk|tgp|fw|nvapi|xai|key)[-_][\w.*\u2026-]{4,}   # a known prefix and more
    | [^\s"'`]*\*{3,}[^\s"'`]*                               # whatever somebody has starred out
    | \beyJ[\w-]{10,}\.[\w-]+\.[\w-]*                        # a JSON web token
    """,
    re.VERBOSE,
)
_IN_URL = re.compile(r"(?<=://)[^\s/@]+@")
_IN_QUERY = re.compile(r"(?i)((?:api[-_]?key|token|key|secret)=)[^\s&\"']+")


def redact(text: str, key: Secret | None = None) -> str:
    """Hide the key itself and everything that looks like one."""
    if key and len(key.reveal()) >= 4:
        text = _hidden(text, key.reveal())
    text = _KEY_LIKE.sub(HIDDEN, text)
    text = _IN_URL.sub(f"{HIDDEN}@", text)
    return _IN_QUERY.sub(rf"\1{HIDDEN}", text)


def withheld(value: Any, key: Secret) -> Any:
    """The same JSON with the key itself hidden in every text; of names and values alike."""
    secret = secret_of(key)
    return _without(value, secret) if secret else value


def secret_of(key: Secret) -> str:
    """Return the key if it is one that must not be shown; empty for a mere word."""
    secret = key.reveal()
    digits = any(character.isdigit() for character in secret)
    return secret if len(secret) >= (_SHORT if digits else _LONG) else ""


def may_hold(body: bytes, key: Secret) -> bool:
    """Whether a body of JSON may repeat the key, in whatever spelling."""
    escaped = any(sign in body for sign in (b"\\u", b"\\/", b"%"))
    return escaped or any(spelt.encode() in body for spelt in _spellings(key.reveal()))


class StreamFilter:
    """Hides the key in a text that arrives in pieces, wherever it is cut."""

    def __init__(self, key: Secret) -> None:
        self._secret = secret_of(key)
        self._spellings = _spellings(self._secret)
        self._held = ""

    def feed(self, text: str, *, last: bool = False) -> str:
        """Return what may be shown by now: an end that could begin the key waits for more."""
        if not self._secret:
            return text
        text = _hidden(self._held + text, self._secret)
        held = 0 if last else self._begun(text)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]

    def rest(self) -> str:
        """What waited for more when no more came; hidden if it is more than a few characters."""
        held, self._held = self._held, ""
        return held if len(held) < _SHORT else HIDDEN

    def _begun(self, text: str) -> int:
        """How many characters at the end are those that the key begins with."""
        for length in range(min(3 * len(self._secret), len(text)), 0, -1):
            end = text[-length:]
            if any(spelt.startswith(end) for spelt in self._spellings):
                return length
            if "%" in end and self._secret.startswith(unquote(_CUT_CODE.sub("", end))):
                return length
        return 0


async def without_key(
    answer: AsyncGenerator[ChatPiece, None], key: Secret
) -> AsyncGenerator[ChatPiece, None]:
    """Hide the key however it is cut into pieces; what may begin it waits for the next."""
    filters: dict[tuple[int, str], StreamFilter] = {}
    broken: ApiError | None = None
    try:
        async for piece in answer:
            last = bool(piece.finish_reason)
            text, refusal = (
                filters.setdefault((piece.index, of), StreamFilter(key)).feed(said, last=last)
                for of, said in (("text", piece.text), ("refusal", piece.refusal))
            )
            yield replace(piece, text=text, refusal=refusal)
    except ApiError as error:
        broken = error
    for (index, of), waiting in filters.items():
        if rest := waiting.rest():
            text, refusal = (rest, "") if of == "text" else ("", rest)
            yield ChatPiece(text=text, refusal=refusal, index=index)
    if broken is not None:
        raise broken


@functools.lru_cache(maxsize=8)
def _spellings(secret: str) -> tuple[str, ...]:
    """The key as it is, and in base64, wherever it stands in what was encoded."""
    raw, found = secret.encode("utf-8", "replace"), [secret]
    if len(raw) < _SHORT:  # of so little some of any text would be a spelling
        return (secret,)
    for before in range(3):
        whole = bytes(before) + raw
        own = slice(-(-before * 4 // 3), len(whole) * 4 // 3)  # digits that are of the key alone
        found += [encode(whole).decode()[own] for encode in _BASE64]
    return tuple(dict.fromkeys(found))


_CUT_CODE = re.compile("%[0-9a-fA-F]?$")
_BASE64 = (base64.b64encode, base64.urlsafe_b64encode)


@functools.lru_cache(maxsize=8)
def _in_address(secret: str) -> re.Pattern[str]:
    """The key with any of its characters as `%2D`."""
    signs = [(sign, sign.encode("utf-8", "replace")) for sign in secret]
    escaped = [(re.escape(sign), "".join(f"%{byte:02x}" for byte in raw)) for sign, raw in signs]
    return re.compile("".join(f"(?:{sign}|(?i:{code}))" for sign, code in escaped))


def _hidden(text: str, secret: str) -> str:
    for spelt in _spellings(secret):
        text = text.replace(spelt, HIDDEN)
    return _in_address(secret).sub(HIDDEN, text) if "%" in text else text


def _without(value: Any, secret: str) -> Any:
    if isinstance(value, str):
        return _hidden(value, secret)
    if isinstance(value, Mapping):
        return {_without(name, secret): _without(inner, secret) for name, inner in value.items()}
    return [_without(inner, secret) for inner in value] if isinstance(value, list) else value


def one_line(text: str, limit: int = 300) -> str:
    """Make foreign text safe inside a sentence: one line, no control or bidi characters, short."""
    text = text[: limit * 4]
    cleaned = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    words = " ".join(cleaned.split())
    return words if len(words) <= limit else words[: limit - 1] + "…"
