"""Uploads in parts over the wire."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import openai
import pytest
from openai.types import Upload
from openai.types.uploads import UploadPart
from pydantic import TypeAdapter

from tintype.server import storage, uploads
from tintype.server.run import Running

LINE = b'{"messages": []}\n'
ErrorOf = Callable[[httpx2.Response], dict[str, Any]]


def begin(client: openai.OpenAI, size: int, **fields: Any) -> Upload:
    asked: dict[str, Any] = {
        "filename": "rows.jsonl",
        "purpose": "fine-tune",
        "bytes": size,
        "mime_type": "application/jsonl",
        **fields,
    }
    return client.uploads.create(**asked)


def test_uploads_and_parts_have_the_published_shapes(http: httpx2.Client) -> None:
    asked = {"filename": "a.jsonl", "purpose": "fine-tune", "bytes": 17, "mime_type": "text/jsonl"}
    answer = http.post("/uploads", json=asked).json()
    upload = TypeAdapter(Upload).validate_python(answer, strict=True)
    assert upload.status == "pending"
    assert upload.expires_at == upload.created_at + 3600
    answer = http.post(f"/uploads/{upload.id}/parts", files={"data": LINE}).json()
    part = TypeAdapter(UploadPart).validate_python(answer, strict=True)
    answer = http.post(f"/uploads/{upload.id}/complete", json={"part_ids": [part.id]}).json()
    upload = TypeAdapter(Upload).validate_python(answer, strict=True)
    assert upload.status == "completed"
    assert upload.file is not None
    assert upload.file.bytes == 17


def test_parts_sent_at_once_are_joined_in_the_order_named(client: openai.OpenAI) -> None:
    pieces = [b'{"messages": "', b"a" * 3_000_000, b'"}\n', b'{"messages": []}\n']
    upload = begin(client, sum(map(len, pieces)))
    with ThreadPoolExecutor() as pool:
        parts = list(
            pool.map(lambda data: client.uploads.parts.create(upload.id, data=data), pieces[::-1])
        )
    whole = b"".join(pieces)
    done = client.uploads.complete(
        upload.id,
        part_ids=[part.id for part in parts[::-1]],
        md5=hashlib.md5(whole).hexdigest(),
    )
    assert done.file is not None
    assert client.files.content(done.file.id).read() == whole


def test_the_official_helper_uploads_in_chunks(client: openai.OpenAI) -> None:
    content = LINE * 1000
    done = client.uploads.upload_file_chunked(
        file=content,
        filename="rows.jsonl",
        bytes=len(content),
        mime_type="application/jsonl",
        purpose="fine-tune",
        part_size=5000,
    )
    assert done.file is not None
    assert client.files.content(done.file.id).read() == content


def test_completing_again_with_the_same_parts_gives_the_same_file(client: openai.OpenAI) -> None:
    upload = begin(client, len(LINE))
    part = client.uploads.parts.create(upload.id, data=LINE)
    first = client.uploads.complete(upload.id, part_ids=[part.id])
    again = client.uploads.complete(upload.id, part_ids=[part.id])
    assert again == first
    with pytest.raises(openai.BadRequestError, match="completed already"):
        client.uploads.complete(upload.id, part_ids=["part_other"])


def test_clients_that_complete_at_once_get_the_same_file(client: openai.OpenAI) -> None:
    upload = begin(client, len(LINE))
    part = client.uploads.parts.create(upload.id, data=LINE)
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda _: client.uploads.complete(upload.id, part_ids=[part.id]), range(8))
        )
    assert len({done.file.id for done in found if done.file}) == 1
    assert len(list(client.files.list())) == 1


def test_parts_and_whole_leave_nothing_in_the_way(client: openai.OpenAI, provider: Running) -> None:
    upload = begin(client, len(LINE))
    kept = client.uploads.parts.create(upload.id, data=LINE)
    client.uploads.parts.create(upload.id, data=b"sent twice")
    client.uploads.complete(upload.id, part_ids=[kept.id])
    assert list((provider.folder / "uploads").iterdir()) == []
    assert list((provider.folder / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    ("size", "parts", "asked", "message"),
    [
        (18, [LINE], {}, "17 bytes in total"),
        (34, [LINE], {}, "17 bytes in total"),
        (17, [LINE], {"md5": "0" * 32}, "MD5 checksum"),
        (17, [LINE], {"part_ids": []}, "empty array"),
        (17, [LINE], {"part_ids": ["part_nope"]}, "No such Part in this Upload: part_nope"),
        (17, [LINE], {"part_ids": [1]}, r"Invalid type for 'part_ids\[0\]'"),
        (17, [LINE], {"part_ids": "all"}, "expected an array"),
        (17, [LINE], {"colour": "red"}, "Unknown parameter: 'colour'"),
        (4, [b"[1]\n"], {}, "Line 1 is not a dictionary"),
    ],
)
def test_what_does_not_fit_together_is_refused_and_can_be_mended(
    client: openai.OpenAI, size: int, parts: list[bytes], asked: dict[str, Any], message: str
) -> None:
    upload = begin(client, size)
    ids = [client.uploads.parts.create(upload.id, data=data).id for data in parts]
    with pytest.raises(openai.BadRequestError, match=message):
        client.uploads.complete(upload.id, part_ids=ids, extra_body=asked)
    part = client.uploads.parts.create(upload.id, data=b"{" * size)
    assert client.uploads.complete(upload.id, part_ids=[part.id]).status == "completed"


def test_a_part_named_twice_is_refused(client: openai.OpenAI) -> None:
    upload = begin(client, 34)
    part = client.uploads.parts.create(upload.id, data=LINE)
    with pytest.raises(openai.BadRequestError, match="listed twice"):
        client.uploads.complete(upload.id, part_ids=[part.id, part.id])


def test_a_part_of_another_upload_is_refused(client: openai.OpenAI) -> None:
    upload, other = begin(client, 17), begin(client, 17)
    part = client.uploads.parts.create(other.id, data=LINE)
    with pytest.raises(openai.BadRequestError, match="No such Part in this Upload"):
        client.uploads.complete(upload.id, part_ids=[part.id])


def test_a_cancelled_upload_takes_no_more(client: openai.OpenAI, provider: Running) -> None:
    upload = begin(client, 17)
    part = client.uploads.parts.create(upload.id, data=LINE)
    assert client.uploads.cancel(upload.id).status == "cancelled"
    assert client.uploads.cancel(upload.id).status == "cancelled"
    assert list((provider.folder / "uploads").iterdir()) == []
    with pytest.raises(openai.BadRequestError, match="cancelled already"):
        client.uploads.parts.create(upload.id, data=LINE)
    with pytest.raises(openai.BadRequestError, match="cancelled already"):
        client.uploads.complete(upload.id, part_ids=[part.id])


def test_a_completed_upload_cannot_be_cancelled(client: openai.OpenAI) -> None:
    upload = begin(client, 17)
    part = client.uploads.parts.create(upload.id, data=LINE)
    client.uploads.complete(upload.id, part_ids=[part.id])
    with pytest.raises(openai.BadRequestError, match="completed already"):
        client.uploads.cancel(upload.id)


def test_an_upload_expires_after_an_hour(
    client: openai.OpenAI, provider: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = begin(client, 17)
    client.uploads.parts.create(upload.id, data=LINE)
    monkeypatch.setattr(storage, "now", lambda: upload.created_at + 3600)
    with pytest.raises(openai.BadRequestError, match="expired already"):
        client.uploads.parts.create(upload.id, data=LINE)
    assert list((provider.folder / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"bytes": 0}, "bytes"),
        ({"bytes": -1}, "bytes"),
        ({"bytes": 8 * 1024**3 + 1}, "bytes"),
        ({"bytes": "17"}, "bytes"),
        ({"bytes": True}, "bytes"),
        ({"bytes": 17.5}, "bytes"),
        ({"purpose": "evil"}, "purpose"),
        ({"filename": None}, "filename"),
        ({"mime_type": 3}, "mime_type"),
        ({"expires_after": {"anchor": "created_at", "seconds": 1}}, "expires_after.seconds"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_request_is_refused(
    http: httpx2.Client, error_of: ErrorOf, fields: dict[str, Any], param: str
) -> None:
    asked = {"filename": "a", "purpose": "vision", "bytes": 17, "mime_type": "x/y", **fields}
    answer = http.post("/uploads", json=asked)
    assert answer.status_code == 400
    assert error_of(answer)["param"] == param


def test_a_part_beyond_the_limit_is_refused(
    client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PART_BYTES", 100)
    upload = begin(client, 200)
    with pytest.raises(openai.APIStatusError) as refused:
        client.uploads.parts.create(upload.id, data=b"{" * 101)
    assert refused.value.status_code == 413
    for _ in range(5):
        client.uploads.parts.create(upload.id, data=b"{" * 100)
    with pytest.raises(openai.BadRequestError, match="far larger"):
        client.uploads.parts.create(upload.id, data=b"{" * 100)


def test_an_unknown_upload_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.uploads.parts.create("upload_nope", data=b"x")
    with pytest.raises(openai.NotFoundError):
        client.uploads.complete("upload_nope", part_ids=["x"])
    with pytest.raises(openai.NotFoundError):
        client.uploads.cancel("upload_nope")
