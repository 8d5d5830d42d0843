"""What was asked and answered, without the images: those are kept by reference only."""

import asyncio
import json
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from sqlite3 import Row
from typing import Any

from tintype.store.database import Database
from tintype.store.packing import moment, pack


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """One question and its answer."""

    profile: str
    model: str
    asked_at: datetime
    messages: Sequence[Mapping[str, Any]]
    """As sent, except that an image in it is `sha256:…` with its type and size."""
    text: str
    finish_reason: str = ""
    trouble: str = ""
    """Why it broke off, or empty."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: Decimal | None = None
    """None is unknown, not nothing."""
    ttft_s: float | None = None
    elapsed_s: float | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    sources: Sequence[str] = ()
    """Where the images came from, for a person: `train.jsonl row 12`, a path, a URL."""
    id: int = 0
    """Given when it is kept."""


class AnswerTable:
    """The history of questions and answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, answer: KeptAnswer) -> int:
        """Keep an answer; the images in its messages become references."""
        messages = await asyncio.to_thread(without_images, answer.messages)
        rest = {
            name: getattr(answer, name)
            for name in KeptAnswer.__slots__
            if name not in ("profile", "model", "asked_at", "text", "messages", "id")
        }
        rows = self._database.run(
            "INSERT INTO answers (profile, model, asked_at, question, text, value) "
            "VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
            (
                answer.profile,
                answer.model,
                answer.asked_at.timestamp(),
                words(messages[-1:]),
                answer.text,
                pack({**rest, "messages": messages}),
            ),
        )
        return int(rows[0][0])

    def newest(self, limit: int = 50, *, before: int | None = None) -> tuple[KeptAnswer, ...]:
        """List answers, newest first; `before` is the id to go on from."""
        return tuple(
            self._database.fetch(
                "SELECT * FROM answers WHERE :before IS NULL OR id < :before "
                "ORDER BY id DESC LIMIT :limit",
                {"before": before, "limit": limit},
                _kept,
            )
        )

    async def search(self, text: str, limit: int = 50) -> list[KeptAnswer]:
        """Find answers by words in the question, the answer or the model's name, newest first."""
        pattern = "".join(f"\\{c}" if c in "\\%_" else c for c in text)
        return await self._database.apart(
            "SELECT * FROM answers WHERE question LIKE :p ESCAPE '\\' OR text LIKE :p ESCAPE '\\' "
            "OR model LIKE :p ESCAPE '\\' ORDER BY id DESC LIMIT :limit",
            {"p": f"%{pattern}%", "limit": limit},
            _kept,
        )

    def forget(self, answer_id: int) -> None:
        """Drop an answer."""
        self._database.run("DELETE FROM answers WHERE id = ?", (answer_id,))


def without_images(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Put in place of every image's bytes their digest, type and size."""
    return [{name: _referred(value) for name, value in message.items()} for message in messages]


def _referred(value: Any) -> Any:
    if isinstance(value, str) and value[:5].lower() == "data:":
        return _reference(value)
    if isinstance(value, Mapping):
        return {name: _referred(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_referred(inner) for inner in value]
    return value


def _reference(url: str) -> str:
    head, _, body = url.partition(",")
    try:
        data = b64decode(body) if "base64" in head else body.encode("utf-8", "replace")
    except (NotBase64, ValueError):
        data = body.encode("utf-8", "replace")
    media_type = head[5:].partition(";")[0][:60]
    return f"sha256:{sha256(data).hexdigest()};{media_type};{len(data)}"


def words(messages: Sequence[Mapping[str, Any]]) -> str:
    """The text of messages, one line per part."""
    found: list[str] = []
    for message in messages:
        content = message.get("content")
        parts = content if isinstance(content, list) else [{"text": content}]
        texts = [part.get("text") for part in parts if isinstance(part, Mapping)]
        found += [text for text in texts if isinstance(text, str)]
    return "\n".join(found)


def _kept(row: Row) -> KeptAnswer:
    value = json.loads(row["value"])
    cost = value["cost_usd"]
    return KeptAnswer(
        id=row["id"],
        profile=row["profile"],
        model=row["model"],
        asked_at=moment(row["asked_at"]),
        text=row["text"],
        **value | {"cost_usd": None if cost is None else Decimal(cost)},
    )
