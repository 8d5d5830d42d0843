"""Files over the wire."""

import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import openai
import pytest
from openai.types import FileDeleted, FileObject
from pydantic import TypeAdapter

from tintype.server import files, storage
from tintype.server.run import Running

LINES = b'{"messages": []}\n{"messages": []}\n'
ErrorOf = Callable[[httpx2.Response], dict[str, Any]]


def send(http: httpx2.Client, content: bytes = LINES, /, **fields: str) -> httpx2.Response:
    data = {"purpose": "fine-tune", **fields}
    return http.post("/files", data=data, files={"file": ("rows.jsonl", content)})


def test_an_uploaded_file_has_the_published_shape(http: httpx2.Client) -> None:
    answer = send(http)
    file = TypeAdapter(FileObject).validate_python(answer.json(), strict=True)
    assert re.fullmatch(r"file-[A-Za-z0-9]{24}", file.id)
    assert (file.bytes, file.filename, file.purpose) == (len(LINES), "rows.jsonl", "fine-tune")
    assert file.status == "processed"
    assert "expires_at" not in answer.json()
    assert http.get(f"/files/{file.id}").json() == answer.json()


def test_a_file_comes_back_byte_for_byte(client: openai.OpenAI) -> None:
    content = bytes(range(256)) * 5000
    file = client.files.create(file=("a.bin", content), purpose="user_data")
    assert client.files.content(file.id).read() == content


def test_a_deleted_file_is_gone(client: openai.OpenAI, provider: Running) -> None:
    file = client.files.create(file=("a.jsonl", LINES), purpose="fine-tune")
    receipt = client.files.delete(file.id)
    TypeAdapter(FileDeleted).validate_python(receipt.model_dump(), strict=True)
    assert receipt.deleted
    for ask in (client.files.retrieve, client.files.content, client.files.delete):
        with pytest.raises(openai.NotFoundError, match=f"No such File object: {file.id}"):
            ask(file.id)
    assert list(client.files.list()) == []
    assert list((provider.folder / "files").iterdir()) == []


def test_files_are_listed_newest_first_page_by_page(client: openai.OpenAI) -> None:
    ids = [
        client.files.create(file=(f"{number}.jsonl", LINES), purpose="fine-tune").id
        for number in range(5)
    ]
    other = client.files.create(file=("x.png", b"x"), purpose="vision").id
    assert [file.id for file in client.files.list()] == [other, *ids[::-1]]
    assert [file.id for file in client.files.list(order="asc", limit=2)] == [*ids, other]
    assert [file.id for file in client.files.list(purpose="vision")] == [other]
    page = client.files.list(limit=2, purpose="fine-tune")
    assert page.has_more
    assert [file.id for file in page.data] == ids[:2:-1]


def test_a_list_goes_on_after_a_file_that_was_deleted_meanwhile(client: openai.OpenAI) -> None:
    ids = [client.files.create(file=("a.jsonl", LINES), purpose="vision").id for _ in range(3)]
    client.files.delete(ids[1])
    assert [file.id for file in client.files.list(after=ids[1]).data] == [ids[0]]


def test_an_empty_list_has_the_published_shape(http: httpx2.Client) -> None:
    assert http.get("/files").json() == {
        "object": "list",
        "data": [],
        "has_more": False,
        "first_id": "",
        "last_id": "",
    }


@pytest.mark.parametrize(
    ("query", "status", "param"),
    [
        ("limit=0", 400, "limit"),
        ("limit=-3", 400, "limit"),
        ("limit=10001", 400, "limit"),
        ("limit=many", 400, "limit"),
        ("limit=1&limit=2", 400, "limit"),
        ("order=up", 400, "order"),
        ("after=file-nope", 404, "after"),
    ],
)
def test_a_wrong_query_is_refused(
    http: httpx2.Client, error_of: ErrorOf, query: str, status: int, param: str
) -> None:
    answer = http.get(f"/files?{query}")
    assert answer.status_code == status
    assert error_of(answer)["param"] == param


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[{"messages": []}]', "Line 1 is not a dictionary"),
        (b"\xef\xbb\xbf" + LINES, "Line 1 is not a dictionary"),
        (LINES + b"\n  \n 17\n", "Line 5 is not a dictionary"),
        (LINES.decode().encode("utf-16"), "Line 1 is not a dictionary"),
        (b"", "File is empty."),
        (b" \n\r\n\t\n", "File is empty."),
    ],
)
def test_a_training_file_that_is_no_jsonl_is_refused(
    http: httpx2.Client, error_of: ErrorOf, provider: Running, content: bytes, message: str
) -> None:
    answer = send(http, content)
    assert answer.status_code == 400
    assert message in error_of(answer)["message"]
    assert list((provider.folder / "incoming").iterdir()) == []
    assert list((provider.folder / "files").iterdir()) == []


def test_a_line_that_begins_at_the_edge_of_a_block_is_looked_at(
    http: httpx2.Client, error_of: ErrorOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "SCAN_BYTES", 7)
    assert send(http, LINES * 3).status_code == 200
    answer = send(http, LINES + b"    \n     " + b"[]\n")
    assert "Line 4 is not a dictionary" in error_of(answer)["message"]


def test_a_file_may_be_asked_to_expire(
    client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = client.files.create(
        file=("a.jsonl", LINES),
        purpose="fine-tune",
        expires_after={"anchor": "created_at", "seconds": 3600},
    )
    assert file.expires_at == file.created_at + 3600
    monkeypatch.setattr(storage, "now", lambda: file.created_at + 3601)
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(file.id)
    assert list(client.files.list()) == []


@pytest.mark.parametrize(
    "policy",
    [
        {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3599"},
        {"expires_after[anchor]": "created_at", "expires_after[seconds]": "2592001"},
        {"expires_after[anchor]": "last_active", "expires_after[seconds]": "3600"},
        {"expires_after[anchor]": "created_at", "expires_after[seconds]": "an hour"},
        {"expires_after[anchor]": "created_at"},
        {"expires_after": "soon"},
    ],
)
def test_a_wrong_expiry_is_refused(
    http: httpx2.Client, error_of: ErrorOf, policy: dict[str, str]
) -> None:
    answer = send(http, LINES, **policy)
    assert answer.status_code == 400
    assert "expires_after" in (error_of(answer)["param"] or "")


@pytest.mark.parametrize("fields", [{"purpose": "fine_tune"}, {"purpose": ""}, {"colour": "red"}])
def test_wrong_fields_are_refused(
    http: httpx2.Client, error_of: ErrorOf, fields: dict[str, str]
) -> None:
    answer = send(http, LINES, **fields)
    assert answer.status_code == 400
    assert error_of(answer)["param"] in fields


def test_a_form_without_its_file_or_purpose_is_refused(
    http: httpx2.Client, error_of: ErrorOf
) -> None:
    answer = http.post("/files", files={"purpose": (None, "fine-tune")})
    assert error_of(answer)["message"] == "Missing required parameter: 'file'."
    answer = http.post("/files", files={"file": ("a.jsonl", LINES)})
    assert error_of(answer)["message"] == "Missing required parameter: 'purpose'."


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--x--\r\n"),
        ("multipart/form-data; boundary=" + "x" * 71, b""),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"nonsense"),
        ("multipart/form-data; boundary=x", b'--x\r\ncontent-disposition: form-data; name="f'),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\ncontent-type: text/plain\r\n\r\na\r\n--x--\r\n",
        ),
    ],
)
def test_a_damaged_form_is_refused(
    http: httpx2.Client, error_of: ErrorOf, kind: str, body: bytes
) -> None:
    answer = http.post("/files", content=body, headers={"content-type": kind})
    assert answer.status_code == 400
    error_of(answer)


def test_a_client_cannot_name_a_place_on_disk(client: openai.OpenAI, provider: Running) -> None:
    file = client.files.create(file=("../../\x1b[31mevil.jsonl", LINES), purpose="vision")
    assert file.filename == "[31mevil.jsonl"
    names = [path.name for path in (provider.folder / "files").iterdir()]
    assert names == [file.id]
    for name in ("..%2Ftoken", "..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", "."):
        with pytest.raises(openai.APIStatusError) as refused:
            client.get(f"/files/{name}/content", cast_to=httpx2.Response)
        assert refused.value.status_code == 404


def test_a_file_beyond_the_limit_is_refused_and_leaves_nothing_behind(
    http: httpx2.Client,
    error_of: ErrorOf,
    provider: Running,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(files, "FILE_BYTES", 3_000_000)
    assert send(http, LINES * 80_000).status_code == 200
    answer = send(http, LINES * 100_000)
    assert answer.status_code == 413
    assert error_of(answer)["code"] == "file_too_large"
    answer = send(http, LINES * 200_000)
    assert answer.status_code == 413
    assert error_of(answer)["code"] == "request_too_large"
    assert len(list((provider.folder / "files").iterdir())) == 1
    assert list((provider.folder / "incoming").iterdir()) == []


def test_a_body_of_unsaid_length_is_limited_too(
    http: httpx2.Client, error_of: ErrorOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "FILE_BYTES", 1000)

    def pieces() -> Iterator[bytes]:
        yield b'--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(100):
            yield b"{" * 65_536
        yield b"\r\n--x--\r\n"

    answer = http.post(
        "/files", content=pieces(), headers={"content-type": "multipart/form-data; boundary=x"}
    )
    assert answer.status_code == 413
    error_of(answer)


def test_an_upload_that_breaks_off_leaves_nothing_behind(
    provider: Running, http: httpx2.Client, until: Callable[[Callable[[], Any]], Any]
) -> None:
    begun = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b'--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'
        yield b"{" * 2_000_000
        begun.set()
        until(lambda: list((provider.folder / "incoming").iterdir()))
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        http.post(
            "/files", content=pieces(), headers={"content-type": "multipart/form-data; boundary=x"}
        )
    assert begun.is_set()
    until(lambda: not list((provider.folder / "incoming").iterdir()))
    assert http.get("/files").json()["data"] == []
