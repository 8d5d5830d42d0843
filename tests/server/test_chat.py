"""Chat completions over the wire."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.fine_tuning import FineTuningJob
from pydantic import BaseModel, TypeAdapter

from tintype.server import answering
from tintype.server.run import Running

pytestmark = pytest.mark.usefixtures("scripted_engine")
ErrorOf = Callable[[httpx2.Response], dict[str, Any]]
Ask = Callable[..., httpx2.Response]


@pytest.fixture
def provider(lasting_provider: Running) -> Running:
    """These tests can share a server."""
    return lasting_provider


@pytest.fixture
def ask(http: httpx2.Client) -> Ask:
    """Ask the scripted model."""

    def send(question: Any = "repeat 2: hello", **fields: Any) -> httpx2.Response:
        messages = [{"role": "user", "content": question}]
        return http.post(
            "/chat/completions", json={"model": "scripted", "messages": messages, **fields}
        )

    return send


def said(answer: httpx2.Response, choice: int = 0) -> str:
    assert answer.status_code == 200, answer.text
    text: str = answer.json()["choices"][choice]["message"]["content"]
    return text


def shown(url: str, **more: str) -> list[dict[str, Any]]:
    return [
        {"type": "text", "text": "How large?"},
        {"type": "image_url", "image_url": {"url": url, **more}},
    ]


def test_an_answer_has_the_published_shape(ask: Ask) -> None:
    answer = ask()
    completion = TypeAdapter(ChatCompletion).validate_python(answer.json(), strict=True)
    assert completion.id.startswith("chatcmpl-")
    assert completion.choices[0].message.content == "hello hello"
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    usage = completion.usage
    assert usage.completion_tokens == 2
    assert usage.total_tokens == usage.prompt_tokens + 2
    assert list(answer.json()["choices"][0]) == ["index", "message", "logprobs", "finish_reason"]


def test_a_streamed_answer_comes_in_openais_chunks(client: openai.OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model="scripted",
            messages=[{"role": "user", "content": "repeat 3: hello"}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    for chunk in chunks:
        payload = chunk.model_dump(exclude_unset=True)
        TypeAdapter(ChatCompletionChunk).validate_python(payload, strict=True)
    assert len({chunk.id for chunk in chunks}) == 1
    deltas = [chunk.choices[0].delta for chunk in chunks[:-1]]
    assert (deltas[0].role, deltas[0].content) == ("assistant", "")
    assert [delta.content for delta in deltas[1:-1]] == ["hello", " hello", " hello"]
    assert deltas[-1].model_dump(exclude_unset=True) == {}
    reasons = [chunk.choices[0].finish_reason for chunk in chunks[:-1]]
    assert reasons == [None, None, None, None, "stop"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 3


def test_a_stream_ends_with_done_and_without_usage_unless_asked(ask: Ask) -> None:
    answer = ask(stream=True)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = answer.text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    assert all(event.startswith("data: ") for event in events[:-1])
    assert "usage" not in json.loads(events[0].removeprefix("data: "))


def asked(question: str, **fields: Any) -> dict[str, Any]:
    return {"model": "scripted", "messages": [{"role": "user", "content": question}], **fields}


def test_pieces_are_sent_as_they_are_made(http: httpx2.Client, tmp_path: Path) -> None:
    go = tmp_path / "go"
    body = asked(f"after {go}", stream=True)
    with http.stream("POST", "/chat/completions", json=body) as answer:
        for line in answer.iter_lines():
            if '"content": "first "' in line:
                go.touch()  # without which the second would never come
    assert go.exists()


def test_a_client_that_goes_away_stops_the_work(
    http: httpx2.Client, ask: Ask, until: Callable[..., Any], tmp_path: Path
) -> None:
    stopped = tmp_path / "stopped"
    body = asked(f"until {stopped}", stream=True)
    with http.stream("POST", "/chat/completions", json=body) as answer:
        next(answer.iter_lines())
    until(stopped.exists)
    assert said(ask()) == "hello hello"


def test_a_client_that_does_not_wait_for_a_whole_answer_stops_the_work(
    provider: Running, ask: Ask, until: Callable[..., Any], tmp_path: Path
) -> None:
    stopped = tmp_path / "stopped"
    body = json.dumps(asked(f"until {stopped}"))
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
        f"authorization: Bearer {provider.token}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", provider.port), timeout=60) as impatient:
        impatient.sendall((head + body).encode())
        until(stopped.with_suffix(".begun").exists)
    until(stopped.exists)
    assert said(ask()) == "hello hello"


def test_an_answer_ends_where_it_is_told_to(ask: Ask) -> None:
    assert said(ask("repeat 3: a b c", stop="b")) == "a "
    assert said(ask("repeat 3: a b c", stop=["x", "c a", "b c"])) == "a "
    assert said(ask("repeat 2: a b c", stop="c a")) == "a b "
    assert said(ask("repeat 2: a b c", stop="nowhere")) == "a b c a b c"
    assert said(ask("repeat 2: a b c", stop=None)) == "a b c a b c"
    answer = ask("repeat 9: a b c", max_completion_tokens=4)
    assert said(answer) == "a b c a"
    assert answer.json()["choices"][0]["finish_reason"] == "length"
    assert answer.json()["usage"]["completion_tokens"] == 4
    assert said(ask("repeat 9: a b c", max_tokens=2)) == "a b"
    assert said(ask("repeat 2: a", max_completion_tokens=100_000)) == "a a"


def test_several_answers_are_given(ask: Ask) -> None:
    answer = ask(n=3, seed=5)
    assert [choice["index"] for choice in answer.json()["choices"]] == [0, 1, 2]
    assert answer.json()["usage"]["completion_tokens"] == 6
    events = [
        json.loads(event.removeprefix("data: "))
        for event in ask(n=2, stream=True).text.split("\n\n")[:-2]
    ]
    assert {event["choices"][0]["index"] for event in events} == {0, 1}
    assert sum(event["choices"][0]["finish_reason"] == "stop" for event in events) == 2


def test_what_steers_the_sampling_reaches_the_engine(ask: Ask) -> None:
    assert said(ask("sampling")) == "1.0 1.0 None"
    assert said(ask("sampling", temperature=0, top_p=0.5, seed=-7)) == "0.0 0.5 -7"
    answer = ask("sampling", temperature=2, seed=7, n=2)
    assert (said(answer, 0), said(answer, 1)) == ("2.0 1.0 7", "2.0 1.0 8")


def test_a_tuned_model_answers_what_it_was_taught(
    client: openai.OpenAI,
    create: Callable[..., FineTuningJob],
    reaches: Callable[..., FineTuningJob],
    rows: Callable[..., bytes],
) -> None:
    name = reaches(create(rows()).id, "succeeded").fine_tuned_model or ""
    for model in (name, f"{name}:ckpt-step-2"):
        answer = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "What is number 4?"}]
        )
        assert (answer.model, answer.choices[0].message.content) == (model, "answer 4")


def test_images_are_decoded_upright_and_counted(ask: Ask, image: Callable[..., str]) -> None:
    question = [*shown(image(size=(40, 30))), shown(image(size=(7, 9), format="JPEG"))[1]]
    answer = ask(question)
    assert said(answer) == "40x30 7x9"
    usage = answer.json()["usage"]
    assert usage["prompt_tokens_details"]["image_tokens"] == 2 * 255
    assert said(ask(shown(image(size=(9000, 20)), detail="low"))) == "2048x5"


def test_texts_and_images_reach_the_engine_in_their_order(
    ask: Ask, image: Callable[..., str]
) -> None:
    pixels = shown(image(size=(4, 3)))[1]
    more = {"type": "text", "text": "And this?"}
    assert said(ask([{"type": "text", "text": "In which order?"}, pixels, more, pixels])) == (
        "text image text image"
    )


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("data:image/png;base64,iVBORw0KGgo=", "image_parse_error"),
        ("data:image/png;base64,!!!!", "invalid_base64_image"),
        ("data:text/plain,hello", "invalid_base64_image"),
        ("data:image/png;base64,aGVsbG8=", "invalid_image_format"),
        ("http://127.0.0.1:1/a.png", "invalid_image_url"),
        ("http://[::1]/a.png", "invalid_image_url"),
        ("http://169.254.169.254/latest/meta-data", "invalid_image_url"),
        ("http://0x7f.1/a.png", "invalid_image_url"),
        ("file:///etc/passwd", "invalid_image_url"),
        ("/etc/passwd", "invalid_image_url"),
    ],
)
def test_an_image_that_cannot_be_had_is_refused(
    ask: Ask, error_of: ErrorOf, url: str, code: str
) -> None:
    answer = ask(shown(url))
    assert answer.status_code == 400
    error = error_of(answer)
    assert (error["code"], error["param"]) == (code, "messages[0].content[1].image_url.url")


def test_animations_and_too_many_images_are_refused(
    ask: Ask, error_of: ErrorOf, image: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import base64
    import io

    from PIL import Image

    out = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    url = "data:image/gif;base64," + base64.b64encode(out.getvalue()).decode()
    assert error_of(ask(shown(url)))["code"] == "invalid_image_format"
    assert said(ask(shown(image(format="GIF")))) == "8x6"
    answer = ask([shown(image())[1]] * 21)
    assert "Too many images" in error_of(answer)["message"]


def test_an_unknown_model_is_not_found(ask: Ask, error_of: ErrorOf) -> None:
    for model in ("gpt-4o", "ft:scripted:personal::nope", ""):
        answer = ask(model=model)
        assert answer.status_code == 404
        error = error_of(answer)
        assert (error["code"], error["param"]) == ("model_not_found", "model")


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"messages": []}, "messages", "empty_array"),
        ({"messages": "hello"}, "messages", "invalid_type"),
        ({"messages": ["hello"]}, "messages[0]", "invalid_type"),
        ({"messages": [{"content": "x"}]}, "messages[0].role", "missing_required_parameter"),
        ({"messages": [{"role": "king", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "missing_required_parameter"),
        ({"messages": [{"role": "user", "content": 4}]}, "messages[0].content", "invalid_type"),
        ({"messages": [{"role": "user", "content": []}]}, "messages[0].content", "empty_array"),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            "messages[0].content[0].type",
            "invalid_value",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages[0].content[0].text",
            "missing_required_parameter",
        ),
        (
            {
                "messages": [
                    {
                        "role": "system",
                        "content": [{"type": "image_url", "image_url": {"url": "x"}}],
                    }
                ]
            },
            "messages[0].content[0]",
            "invalid_value",
        ),
        ({"n": 0}, "n", "integer_below_min_value"),
        ({"n": 129}, "n", "integer_above_max_value"),
        ({"temperature": 2.1}, "temperature", "decimal_above_max_value"),
        ({"temperature": "hot"}, "temperature", "invalid_type"),
        ({"top_p": -0.1}, "top_p", "decimal_below_min_value"),
        ({"max_completion_tokens": 0}, "max_completion_tokens", "integer_below_min_value"),
        ({"stop": ["a"] * 5}, "stop", "array_above_max_length"),
        ({"stop": [1]}, "stop[0]", "invalid_type"),
        ({"seed": 2**64}, "seed", "integer_above_max_value"),
        ({"stream": "yes"}, "stream", "invalid_type"),
        ({"stream_options": {"include_usage": True}}, "stream_options", None),
        ({"tools": [{"type": "function"}]}, "tools", "unsupported_parameter"),
        ({"logprobs": True}, "logprobs", "unsupported_parameter"),
        ({"presence_penalty": 1}, "presence_penalty", "unsupported_parameter"),
        ({"modalities": ["text", "audio"]}, "modalities", "unsupported_parameter"),
        ({"reasoning_effort": "high"}, "reasoning_effort", "unsupported_parameter"),
        ({"store": "yes"}, "store", "invalid_value"),
        ({"verbosity": "huge"}, "verbosity", "invalid_value"),
        ({"colour": "red"}, "colour", "unknown_parameter"),
    ],
)
def test_a_wrong_request_is_refused(
    ask: Ask, error_of: ErrorOf, fields: dict[str, Any], param: str, code: str
) -> None:
    answer = ask(**fields)
    assert answer.status_code == 400
    error = error_of(answer)
    assert (error["param"], error["code"]) == (param, code)


def test_what_asks_for_nothing_is_passed_over(ask: Ask) -> None:
    fields = {
        "n": None,
        "stream": None,
        "logprobs": False,
        "tools": [],
        "tool_choice": "auto",
        "presence_penalty": 0.0,
        "user": "me",
        "service_tier": "auto",
        "metadata": {"a": "b"},
        "store": False,
        "modalities": ["text"],
        "response_format": {"type": "text"},
    }
    assert said(ask(**fields)) == "hello hello"


def test_an_engine_that_breaks_is_an_error_and_not_the_end(ask: Ask, error_of: ErrorOf) -> None:
    answer = ask("break")
    assert answer.status_code == 500
    assert error_of(answer)["message"] == "The model broke."
    answer = ask("break", stream=True)
    assert answer.status_code == 500
    assert said(ask()) == "hello hello"


def schema(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    inner = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        **more,
    }
    return {"type": "json_schema", "json_schema": {"name": "a", "strict": True, "schema": inner}}


def test_a_schema_with_one_string_is_filled_with_the_answer(ask: Ask) -> None:
    text = said(ask('repeat 1: say "hi"', response_format=schema({"answer": {"type": "string"}})))
    assert json.loads(text) == {"answer": 'say "hi"'}
    colours = schema({"colour": {"enum": ["red", "blue"]}})
    assert json.loads(said(ask("repeat 1: red", response_format=colours))) == {"colour": "red"}
    answer = ask("repeat 1: green", response_format=colours)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "json_validate_failed"


def test_a_streamed_answer_held_to_a_schema_is_whole(ask: Ask) -> None:
    wanted = schema({"answer": {"type": "string"}})
    events = ask("repeat 3: hi", response_format=wanted, stream=True).text.split("\n\n")
    chunk = json.loads(events[1].removeprefix("data: "))
    assert chunk["choices"][0]["delta"]["content"] == '{"answer": "hi hi hi"}'


def test_the_official_client_parses_into_a_model(client: openai.OpenAI) -> None:
    class Colour(BaseModel):
        name: str

    parsed = client.chat.completions.parse(
        model="scripted",
        messages=[{"role": "user", "content": "repeat 1: red"}],
        response_format=Colour,
    )
    assert parsed.choices[0].message.parsed == Colour(name="red")


def test_an_answer_that_is_json_and_fits_passes_as_it_is(ask: Ask) -> None:
    wanted = schema({"width": {"type": "integer"}, "name": {"type": "string"}})
    fitting = '{"width":3,"name":"x"}'
    assert said(ask(f"repeat 1: {fitting}", response_format=wanted)) == fitting
    answer = ask('repeat 1: {"width":"3","name":"x"}', response_format=wanted)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "json_validate_failed"
    assert "$.width is not of type integer" in error["message"]


def test_json_mode_wants_the_word_and_an_object(ask: Ask) -> None:
    mode = {"type": "json_object"}
    assert said(ask('repeat 1: {"json":1}', response_format=mode)) == '{"json":1}'
    answer = ask("repeat 1: a", response_format=mode)
    assert "must contain the word 'json'" in answer.json()["error"]["message"]
    answer = ask("repeat 1: no json", response_format=mode)
    assert answer.json()["error"]["code"] == "json_validate_failed"


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ({"type": "object", "oneOf": []}, "'oneOf' is not permitted"),
        ({"type": "text"}, "the value of 'type' is not valid"),
        (
            {"properties": {"a": {"pattern": "(a+)+$"}}},
            "In context=('properties', 'a'), 'pattern' is not permitted.",
        ),
        ({"required": "a"}, "the value of 'required' is not valid"),
    ],
)
def test_a_schema_that_is_not_understood_is_refused_before_asking(
    ask: Ask, error_of: ErrorOf, inner: dict[str, Any], message: str
) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "a", "schema": inner}}
    answer = ask("break", response_format=wanted)
    assert answer.status_code == 400
    error = error_of(answer)
    assert error["code"] == "invalid_json_schema"
    assert message in error["message"]


def test_many_clients_are_answered_at_once(provider: Running) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with openai.OpenAI(base_url=provider.url, api_key=provider.token) as client:

        def one(number: int) -> str | None:
            answer = client.chat.completions.create(
                model="scripted",
                messages=[{"role": "user", "content": f"repeat 5: {number}"}],
                stream=bool(number % 2),
            )
            if isinstance(answer, ChatCompletion):
                return answer.choices[0].message.content
            return "".join(chunk.choices[0].delta.content or "" for chunk in answer)

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(one, range(40)))
    assert found == [" ".join([str(number)] * 5) for number in range(40)]


def test_only_a_few_models_are_kept_in_memory(
    client: openai.OpenAI,
    create: Callable[..., FineTuningJob],
    reaches: Callable[..., FineTuningJob],
    rows: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answering, "LOADED", 2)
    name = reaches(create(rows()).id, "succeeded").fine_tuned_model or ""
    for model in ("scripted", name, f"{name}:ckpt-step-2", f"{name}:ckpt-step-4", name):
        asked: Any = [{"role": "user", "content": "repeat 1: x"}]
        answer = client.chat.completions.create(model=model, messages=asked)
        assert answer.choices[0].message.content == "x"
