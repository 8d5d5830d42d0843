"""Models over the wire."""

from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest
from openai.types import Model
from openai.types.fine_tuning import FineTuningJob
from pydantic import TypeAdapter

from tintype.server.run import Running

ErrorOf = Callable[[httpx2.Response], dict[str, Any]]


@pytest.fixture
def tuned(
    create: Callable[..., FineTuningJob], reaches: Callable[..., FineTuningJob], rows: Any
) -> FineTuningJob:
    """A job that has succeeded."""
    return reaches(create(rows()).id, "succeeded")


def test_models_have_the_published_shape(http: httpx2.Client, tuned: FineTuningJob) -> None:
    listed = http.get("/models").json()
    assert listed["object"] == "list"
    models = TypeAdapter(list[Model]).validate_python(listed["data"], strict=True)
    name = tuned.fine_tuned_model
    assert [model.id for model in models if model.owned_by == "org-tintype"] == [
        f"{name}:ckpt-step-2",
        f"{name}:ckpt-step-4",
        name,
    ]
    assert {model.id for model in models} >= {"scripted"}
    for model in listed["data"]:
        assert http.get(f"/models/{model['id']}").json() == model


def test_an_unknown_model_is_not_found(http: httpx2.Client, error_of: ErrorOf) -> None:
    for method in ("GET", "DELETE"):
        answer = http.request(method, "/models/gpt-4o")
        assert answer.status_code == 404
        assert error_of(answer)["code"] == "model_not_found"


def test_a_deleted_model_is_gone_and_its_checkpoints_stay(
    client: openai.OpenAI, provider: Running, tuned: FineTuningJob
) -> None:
    name = tuned.fine_tuned_model or ""
    ask = [{"role": "user", "content": "What is number 3?"}]
    client.chat.completions.create(model=name, messages=ask)  # type: ignore[arg-type]
    assert client.models.delete(name).deleted
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve(name)
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model=name, messages=ask)  # type: ignore[arg-type]
    again = client.chat.completions.create(
        model=f"{name}:ckpt-step-4",
        messages=ask,  # type: ignore[arg-type]
    )
    assert again.choices[0].message.content == "answer 3"
    left = {path.name for path in (provider.folder / "jobs" / tuned.id / "engine").glob("c*")}
    assert left == {"checkpoint-2.json", "checkpoint-4.json"}


def test_a_base_model_is_not_deleted(http: httpx2.Client, error_of: ErrorOf) -> None:
    answer = http.delete("/models/scripted")
    assert answer.status_code == 403
    assert error_of(answer)["param"] == "model"


def test_cards_say_what_a_base_can_and_cannot(http: httpx2.Client, provider: Running) -> None:
    root = provider.url.removesuffix("/v1")
    cards = http.get(f"{root}/tintype/cards").json()["data"]
    [card] = [card for card in cards if card["model"] == "scripted"]
    assert card["learns"] == ["its script"]
    assert card["cannot"] == ["anything else"]
    status = http.get(f"{root}/tintype/status").json()
    assert status["busy"] is False
    assert status["pid"] == provider.pid


def test_checkpoints_are_not_shared(
    http: httpx2.Client, error_of: ErrorOf, tuned: FineTuningJob
) -> None:
    path = f"/fine_tuning/checkpoints/{tuned.fine_tuned_model}/permissions"
    assert http.get(path).json() == {
        "object": "list",
        "data": [],
        "has_more": False,
        "first_id": None,
        "last_id": None,
    }
    assert http.post(path, json={"project_ids": ["p"]}).status_code == 403
    assert http.delete(f"{path}/cp_x").status_code == 404
    answer = http.get("/fine_tuning/checkpoints/ft:nope/permissions")
    assert answer.status_code == 404
    error_of(answer)
