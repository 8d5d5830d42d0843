"""The same request for use elsewhere, as a shell command or a Python program, without the key."""

import json
from pprint import pformat
from typing import Any

from tintype.api import ChatRequest
from tintype.api.bodies import chat_body, job_body
from tintype.resources import JobRequest
from tintype.settings import Profile


def as_curl(
    profile: Profile, base_url: str, request: ChatRequest | JobRequest, *, elide: bool = True
) -> str:
    """Write a request as a `curl` command.

    `elide` leaves the bytes of images out, which makes it short and no longer runnable as it is.
    """
    path, body = _what(profile, request, elide)
    # In a here-document with a quoted word nothing is expanded, and JSON in ASCII has no line
    # that could end it.
    return "\n".join(
        [
            f"curl -N {base_url.rstrip('/')}{path} \\",
            f'  -H "Authorization: Bearer ${_variable(profile)}" \\',
            '  -H "Content-Type: application/json" \\',
            "  --data-binary @- <<'JSON'",
            json.dumps(body, indent=2),
            "JSON",
        ]
    )


def as_python(
    profile: Profile, base_url: str, request: ChatRequest | JobRequest, *, elide: bool = True
) -> str:
    """Write a request as a program for OpenAI's Python SDK; it does not stream."""
    path, body = _what(profile, request, elide)
    for name in ("stream", "stream_options"):
        body.pop(name, None)
    chat = path.startswith("/chat")
    call = "client.chat.completions.create" if chat else "client.fine_tuning.jobs.create"
    lines = [f"    {name}={_literal(value)}," for name, value in body.items()]
    return "\n".join(
        [
            "import os",
            "",
            "from openai import OpenAI",
            "",
            f"client = OpenAI(base_url={base_url.rstrip('/')!r}, "
            f'api_key=os.environ["{_variable(profile)}"])',
            f"answer = {call}(",
            *lines,
            ")",
            f"print(answer.{'choices[0].message.content' if chat else 'id'})",
        ]
    )


def _what(
    profile: Profile, request: ChatRequest | JobRequest, elide: bool
) -> tuple[str, dict[str, Any]]:
    if isinstance(request, JobRequest):
        return "/fine_tuning/jobs", job_body(request)
    body = chat_body(request, profile)
    return "/chat/completions", _elided(body) if elide else body


def _variable(profile: Profile) -> str:
    return profile.key_env or "TINTYPE_TOKEN"


def _literal(value: Any) -> str:
    """A Python literal; `repr` escapes every character that could disturb a terminal."""
    return pformat(value, width=88, sort_dicts=False).replace("\n", "\n    ")


def _elided(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _elided(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_elided(inner) for inner in value]
    if isinstance(value, str) and value[:5].lower() == "data:":
        head, _, encoded = value.partition(",")
        return f"{head},({len(encoded) * 3 // 4:,} bytes left out)"
    return value
