"""The engine that is always there, behind the server."""

from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai.types.fine_tuning import FineTuningJob

from tintype.server.run import Running


@pytest.fixture
def provider(lasting_provider: Running) -> Running:
    """These tests can share a server."""
    return lasting_provider


def ask(client: openai.OpenAI, model: str, content: Any) -> str:
    answer = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": content}], temperature=0, seed=1
    )
    assert answer.choices[0].finish_reason in ("stop", "length")
    return answer.choices[0].message.content or ""


def test_the_tiny_engine_trains_and_answers_behind_the_server(
    client: openai.OpenAI,
    upload: Callable[[bytes], str],
    reaches: Callable[..., FineTuningJob],
    rows: Callable[..., bytes],
    image: Callable[..., str],
) -> None:
    images = [image("red", size=(32, 32)), image("blue", size=(32, 32))]
    file = upload(rows(12, images=images))
    job = client.fine_tuning.jobs.create(
        model="tintype-tiny",
        training_file=file,
        validation_file=file,
        hyperparameters={"n_epochs": 2, "batch_size": 6},
    )
    done = reaches(job.id, "succeeded")
    assert done.fine_tuned_model is not None
    assert done.trained_tokens
    data: list[Any] = [
        event.data
        for event in client.fine_tuning.jobs.list_events(job.id, limit=100)
        if event.type == "metrics"
    ]
    assert [one["step"] for one in data] == [4, 3, 2, 1]
    assert [one["step"] for one in data if "full_valid_loss" in one] == [4, 2]
    question = [
        {"type": "text", "text": "What is number 3?"},
        {"type": "image_url", "image_url": {"url": images[1]}},
    ]
    first = ask(client, done.fine_tuned_model, question)
    assert ask(client, done.fine_tuned_model, question) == first
    assert isinstance(ask(client, f"{done.fine_tuned_model}:ckpt-step-2", question), str)


def test_the_untrained_base_answers_with_a_bounded_noise(client: openai.OpenAI) -> None:
    assert len(ask(client, "tintype-tiny", "What is this?")) < 400
