"""Rows judged as they would be in a file: written as JSON, parsed, their images probed."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tintype.dataset import image_bytes, parse_line
from tintype.dataset.survey import Surveyed
from tintype.errors import DatasetError
from tintype.images import ImageFacts, probe
from tintype.rules import Problem, judge_row, rules_of


def encoded(format: str = "JPEG", mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, format)
    return out.getvalue()


def url(data: bytes, media_type: str = "image/jpeg") -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def part(data: bytes | str | None = None, media_type: str = "image/jpeg", **more: Any) -> Any:
    source = data if isinstance(data, str) else url(encoded() if data is None else data, media_type)
    return {"type": "image_url", "image_url": {"url": source, **more}}


def row(*content: Any, answer: Any = "A pear.", **more: Any) -> dict[str, Any]:
    asked = [{"type": "text", "text": "What is it?"}, *(content or (part(),))]
    return {
        "messages": [
            {"role": "system", "content": "You name fruit."},
            {"role": "user", "content": asked},
            {"role": "assistant", "content": answer},
        ],
        **more,
    }


def surveyed(value: Any, index: int = 0, *, raw: bytes | None = None) -> Surveyed:
    """A row as `survey` would hand it out; images on the network are not there."""
    line = json.dumps(value).encode() if raw is None else raw
    parsed, urls = parse_line(line, index=index, line=index + 1, offset=index * 1_000)
    return Surveyed(parsed, tuple(facts(each) for each in urls))


def facts(source: str) -> ImageFacts:
    if source.startswith(("http:", "https:")):
        return ImageFacts(0, flaw="inaccessible URL", detail="inaccessible URL: answered 404")
    try:
        return probe(image_bytes(source, Path("/nowhere")))
    except DatasetError as error:
        flaw = "not valid base64" if source.startswith("data:") else "no such file"
        return ImageFacts(0, flaw=flaw, detail=error.message)


def judged(value: Any, rules: str = "openai", **options: Any) -> tuple[Problem, ...]:
    return judge_row(surveyed(value, **options), rules_of(rules))


@pytest.fixture(scope="session")
def make_bytes() -> Callable[..., bytes]:
    return encoded


@pytest.fixture(scope="session")
def make_part() -> Callable[..., Any]:
    return part


@pytest.fixture(scope="session")
def make_row() -> Callable[..., dict[str, Any]]:
    return row


@pytest.fixture(scope="session")
def make_surveyed() -> Callable[..., Surveyed]:
    return surveyed


@pytest.fixture(scope="session")
def judge() -> Callable[..., tuple[Problem, ...]]:
    return judged
