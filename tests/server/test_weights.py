"""Weights leave the server and come back: a tuned model outlives the folder it was made in."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from tests.conftest import running_server
from tests.server.conftest import Rows

from tintype.server.run import Options

Create = Callable[..., Any]
TOLD = {
    "id": "ft:scripted:personal::0a1b2c3d",
    "base": "scripted",
    "job_id": "ftjob-1",
    "created": 1_700_000_000,
    "folder": False,
    "files": [{"name": "weights.json", "bytes": 21}],
}
CONTENT = b'{"answers": {"a":"b"}}'[:21]


def sent(
    http: httpx2.Client, told: dict[str, Any], name: str, content: bytes, model: str = ""
) -> httpx2.Response:
    return http.post(
        f"/models/{model or TOLD['id']}/weights",
        data={"weights": json.dumps(told)},
        files={"file": (name, content, "application/octet-stream")},
    )


def answer(client: openai.OpenAI, model: str, question: str) -> str | None:
    said = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": question}]
    )
    return said.choices[0].message.content


def test_a_model_put_back_into_another_server_answers_as_before(
    client: openai.OpenAI,
    http: httpx2.Client,
    create: Create,
    reaches: Create,
    rows: Rows,
    tmp_path: Path,
) -> None:
    name = reaches(create(rows()).id, "succeeded").fine_tuned_model
    told = http.get(f"/models/{name}/weights").json()
    assert (told["base"], told["folder"], len(told["files"])) == ("scripted", False, 1)
    file = told["files"][0]["name"]
    content = http.get(f"/models/{name}/weights/{file}").content
    assert len(content) == told["files"][0]["bytes"]
    with running_server(Options(tmp_path / "other")) as other:
        headers = {"authorization": f"Bearer {other.token}"}
        with httpx2.Client(base_url=other.url, headers=headers) as there:
            for status in (200, 409):
                assert sent(there, told, file, content, name).status_code == status
        with openai.OpenAI(base_url=other.url, api_key=other.token, max_retries=0) as asked:
            assert answer(asked, name, "What is number 3?") == "answer 3"
            assert client.models.retrieve(name) == asked.models.retrieve(name)
            asked.models.delete(name)
            with pytest.raises(openai.NotFoundError):
                answer(asked, name, "What is number 3?")
        assert not list((tmp_path / "other/models").iterdir())


def test_weights_of_several_files_are_a_model_once_the_last_is_there(http: httpx2.Client) -> None:
    files = [{"name": name, "bytes": len(name)} for name in ("a.json", "b.bin")]
    told = TOLD | {"folder": True, "files": files}
    assert sent(http, told, "a.json", b"a.json").status_code == 200
    assert http.get(f"/models/{TOLD['id']}").status_code == 404
    assert sent(http, told, "a.json", b"A.JSON").status_code == 200, "the same file again"
    assert sent(http, told, "b.bin", b"b.bin").status_code == 200
    assert http.get(f"/models/{TOLD['id']}/weights").json()["files"] == files
    assert http.get(f"/models/{TOLD['id']}/weights/a.json").content == b"A.JSON"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"base": "gpt-4o"}, "The base model gpt-4o of this model is not here"),
        ({"files": [{"name": "../server.db", "bytes": 21}]}, "is no name of a file"),
        ({"files": [{"name": "..", "bytes": 21}]}, "is no name of a file"),
        ({"files": [{"name": "other.json", "bytes": 21}]}, "is not so among the files"),
        ({"files": [{"name": "weights.json", "bytes": 20}]}, "is not so among the files"),
        ({"files": []}, "empty array"),
        ({"files": TOLD["files"] + [{"name": "b", "bytes": 1}]}, "are a folder"),  # type: ignore[operator]
        ({"created": -1}, "created"),
        ({"path": "/etc"}, "path"),
    ],
)
def test_what_is_no_model_of_this_server_is_refused(
    http: httpx2.Client, error_of: Any, changed: dict[str, Any], words: str
) -> None:
    response = sent(http, TOLD | changed, "weights.json", CONTENT)
    assert response.status_code == 400
    assert words in error_of(response)["message"]
    assert sent(http, TOLD, "weights.json", CONTENT, "ft:other:a::b").status_code == 400
    assert http.get(f"/models/{TOLD['id']}").status_code == 404


def test_a_base_model_has_no_weights_to_fetch(http: httpx2.Client) -> None:
    of_base = http.get("/models/scripted/weights")
    assert (of_base.status_code, http.get("/models/nope/weights").status_code) == (400, 404)
    assert "is a base model" in of_base.json()["error"]["message"]
    assert sent(http, TOLD, "weights.json", CONTENT).status_code == 200
    assert http.get(f"/models/{TOLD['id']}/weights/..%2F..%2Ftoken").status_code == 404
    assert http.get(f"/models/{TOLD['id']}/weights/token").status_code == 404
