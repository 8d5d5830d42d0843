"""Requests, read with suspicion: bodies of bounded size and depth, queries without doubles."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NoReturn

from starlette.requests import Request

from tintype.errors import RefusalError
from tintype.server.fields import Fields, bounded, chosen, refuse

JSON_BYTES = 1 << 20
"""Limit for bodies that hold no images."""
_LARGE_BYTES = 1 << 16
"""From this size on a body is parsed in a thread."""
MAX_VALUES = 500_000
"""Objects, arrays and commas of a body, and four times as many quotation marks."""
_DEPTH = 64
_FILTER = re.compile(r"metadata=(null)?|metadata\[[^\]]+\]=.*", re.DOTALL)
_INTEGER = re.compile(r"[-+]?[0-9]{1,100}")


async def body(request: Request, limit_bytes: int) -> AsyncIterator[bytes]:
    """Yield the body piece by piece.

    Raises:
        RefusalError: 413 as soon as it is longer than the limit, or says it will be.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit_bytes:
        _refuse_size(limit_bytes)
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit_bytes:
            _refuse_size(limit_bytes)
        yield chunk


def _refuse_size(limit_bytes: int) -> NoReturn:
    raise RefusalError(
        413,
        f"The request is too large: at most {limit_bytes:,} bytes are accepted here.",
        code="request_too_large",
    )


async def json_body(request: Request, limit_bytes: int = JSON_BYTES) -> Fields:
    """Read a JSON object.

    Raises:
        RefusalError: 400 if it is something else; 413 if it is too large.
    """
    declared = request.headers.get("content-type", "")
    if declared.partition(";")[0].strip().lower() != "application/json":
        refuse(
            f"Unsupported content type: '{declared}'. This API method only accepts "
            "'application/json' requests.",
            code="unsupported_content_type",
        )
    data = b"".join([chunk async for chunk in body(request, limit_bytes)])
    if len(data) < _LARGE_BYTES:
        return Fields(_parse(data))
    return Fields(await asyncio.to_thread(_parse, data))


def _parse(data: bytes) -> dict[str, Any]:
    if _too_many_values(data):
        refuse("The JSON of the request has too many values.", code="invalid_json")
    try:
        value = json.loads(data.decode(), parse_constant=_no_constant)
        if _depth_exceeds(value, _DEPTH):
            refuse("The JSON of the request is nested too deeply.", code="invalid_json")
        if b"\\u" in data:
            json.dumps(value, ensure_ascii=False).encode()  # lone surrogates are no text
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise RefusalError(
            400,
            f"We could not parse the JSON body of your request: {reason[:200]}.",
            code="invalid_json",
        ) from error
    if not isinstance(value, dict):
        refuse("The body of the request must be a JSON object.", code="invalid_json")
    return value


_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


def _too_many_values(data: bytes) -> bool:
    """Whether parsing would hold up everybody else; what a text only seems to hold is no value."""
    if data.count(b'"') > 4 * MAX_VALUES:
        return True
    if data.count(b"[") + data.count(b"{") + data.count(b",") <= MAX_VALUES:
        return False
    bare = _STRING.sub(b"", data)
    return bare.count(b"[") + bare.count(b"{") + bare.count(b",") > MAX_VALUES


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _depth_exceeds(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def query(request: Request, *known: str) -> Mapping[str, str]:
    """The query's known parameters, of which none may come twice; others are passed over.

    Raises:
        RefusalError: 400 if one is given twice.
    """
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name.partition("[")[0] not in known:
            continue
        if name in found:
            refuse(f"'{name}' is given twice.", param=name, code="duplicate_parameter")
        found[name] = value
    return found


def query_limit(parameters: Mapping[str, str], default: int, maximum: int | None = None) -> int:
    """The query's `limit`: 1 at least, and `maximum` at most, where there is one.

    Raises:
        RefusalError: 400 if it is no such number.
    """
    text = parameters.get("limit", str(default))
    if not _INTEGER.fullmatch(text):
        refuse(
            f"Invalid type for 'limit': expected an integer, but got '{text[:40]}' instead.",
            param="limit",
            code="invalid_type",
        )
    return bounded(int(text), "limit", 1, maximum)


def query_choice(parameters: Mapping[str, str], name: str, choices: Sequence[str]) -> str:
    """A query parameter out of a few words; the first is the default.

    Raises:
        RefusalError: 400 if it is another word.
    """
    return chosen(parameters.get(name, choices[0]), name, choices)


def refuse_metadata_filter(parameters: Mapping[str, str]) -> None:
    """Refuse a list's filter by metadata that is neither `metadata[key]=value` nor null."""
    for name, value in parameters.items():
        if name.startswith("metadata") and not _FILTER.fullmatch(f"{name}={value}"):
            refuse(
                f"Invalid '{name[:100]}': write metadata[key]=value, or metadata=null.",
                param="metadata",
            )


def has_metadata(found: Mapping[str, str] | None, parameters: Mapping[str, str]) -> bool:
    """Whether metadata are as the query asks: `metadata[k]=v`, or `metadata=null` for none."""
    if parameters.get("metadata") == "null":
        return not found
    return all(
        (found or {}).get(name[len("metadata[") : -1]) == value
        for name, value in parameters.items()
        if name.startswith("metadata[") and name.endswith("]")
    )
