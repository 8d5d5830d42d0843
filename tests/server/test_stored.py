"""Stored completions, through OpenAI's client."""

from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest

from tintype.server.run import Running


@pytest.fixture
def ask(client: openai.OpenAI) -> Callable[..., Any]:
    def ask(text: str, **more: Any) -> Any:
        messages: Any = [{"role": "user", "content": text}]
        return client.chat.completions.create(model="scripted", messages=messages, **more)

    return ask


def test_a_completion_is_stored_only_if_asked(client: openai.OpenAI, ask: Any) -> None:
    kept = ask("repeat 2: hello", store=True, metadata={"run": "a"})
    ask("repeat 2: hello")
    ask("repeat 2: hello", store=False)
    (listed,) = client.chat.completions.list()
    assert listed.id == kept.id
    assert listed.choices[0].message.content == "hello hello"
    assert listed.metadata == {"run": "a"}
    assert client.chat.completions.retrieve(kept.id).usage == kept.usage


def test_a_streamed_completion_is_stored_whole(client: openai.OpenAI, ask: Any) -> None:
    pieces = list(ask("repeat 3: so", store=True, stream=True))
    (listed,) = client.chat.completions.list()
    assert listed.id == pieces[0].id
    assert listed.choices[0].message.content == "so so so"


def test_stored_completions_are_listed_by_page_model_and_metadata(
    client: openai.OpenAI, ask: Any
) -> None:
    ids = [ask("repeat 1: x", store=True, metadata={"n": str(n % 2)}).id for n in range(5)]
    assert [one.id for one in client.chat.completions.list(limit=2)] == ids
    assert [one.id for one in client.chat.completions.list(order="desc")] == ids[::-1]
    assert [one.id for one in client.chat.completions.list(metadata={"n": "1"})] == ids[1::2]
    assert list(client.chat.completions.list(model="another")) == []
    after = client.chat.completions.list(after=ids[3])
    assert [one.id for one in after] == ids[4:]


def test_metadata_change_and_a_deleted_completion_is_gone(client: openai.OpenAI, ask: Any) -> None:
    id = ask("repeat 1: x", store=True).id
    assert client.chat.completions.update(id, metadata={"kept": "yes"}).id == id
    assert client.chat.completions.retrieve(id).metadata == {"kept": "yes"}
    receipt = client.chat.completions.delete(id)
    assert (receipt.id, receipt.deleted, receipt.object) == (id, True, "chat.completion.deleted")
    for forget in (client.chat.completions.retrieve, client.chat.completions.delete):
        with pytest.raises(openai.NotFoundError, match="not found"):
            forget(id)


def test_the_question_can_be_read_back_with_its_images(
    client: openai.OpenAI, image: Callable[..., str]
) -> None:
    parts = [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": image()}},
    ]
    messages: Any = [{"role": "system", "content": "Answer."}, {"role": "user", "content": parts}]
    kept = client.chat.completions.create(model="scripted", messages=messages, store=True)
    first, second = client.chat.completions.messages.list(kept.id)
    assert (first.content, second.content) == ("Answer.", None)
    assert second.content_parts is not None
    assert second.content_parts[1].model_dump()["image_url"]["url"] == image()
    (only,) = client.chat.completions.messages.list(kept.id, after=first.id)
    assert only.id == second.id


def test_what_is_stored_outlives_the_server(
    client: openai.OpenAI, ask: Any, provider: Running, http: httpx2.Client
) -> None:
    id = ask("repeat 1: x", store=True).id
    assert [path.name for path in (provider.folder / "completions").iterdir()] == [id]
    client.chat.completions.delete(id)
    assert not list((provider.folder / "completions").iterdir())
    answer = http.get("/chat/completions", params={"order": "sideways"})
    assert answer.status_code == 400
