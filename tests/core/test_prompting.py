from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tintype import prompting
from tintype.api import Api, ChatRequest, Usage
from tintype.budget import Confirmation, Limits
from tintype.errors import ApiError, DatasetError, NotFoundError, UnreachableError
from tintype.prompting import (
    Agreement,
    Reply,
    agreement,
    as_curl,
    as_python,
    ask,
    hint,
    question,
    runaway,
)
from tintype.resources import Hyperparameters, JobRequest
from tintype.settings import EMBEDDED, OPENAI
from tintype.store import Store, open_store

if TYPE_CHECKING:
    from tests.conftest import FakeClock, HostileProvider

REQUEST = ChatRequest("gpt-4o-mini-2024-07-18", [{"role": "user", "content": "What is it?"}])


def image(format: str = "PNG", size: tuple[int, int] = (4, 3), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, format, **options)
    return out.getvalue()


def chunk(text: str = "", finish: str | None = None, **more: Any) -> str:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return f"data: {json.dumps({'model': 'm-1', 'choices': [choice], **more})}\n\n"


USAGE = {"choices": [], "usage": {"prompt_tokens": 1_000, "completion_tokens": 500}}
END = f"data: {json.dumps(USAGE)}\n\ndata: [DONE]\n\n"
STREAM = {"Content-Type": "text/event-stream"}


@pytest.fixture
async def api(hostile: HostileProvider) -> AsyncIterator[Api]:
    async with hostile.connect(provider="openai") as api:
        yield api


def answers(hostile: HostileProvider, *chunks: str, **how: Any) -> None:
    body = "".join(chunks).encode()
    hostile.on("POST", "/chat/completions", hostile.answer(body, headers=STREAM, **how))


@pytest.fixture(autouse=True)
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "ledger.sqlite") as opened:
        STORE.append(opened)
        yield opened
        STORE.clear()


STORE: list[Store] = []
"""The ledger of the test."""
AT_WILL = Limits(Decimal(1000))


def asked(api: Api, request: ChatRequest = REQUEST, **how: Any) -> AsyncGenerator[Reply, None]:
    how = {"limits": AT_WILL, "confirmation": Confirmation(yes=True), **how}
    return ask(api, STORE[0], request, **how)


async def replies(api: Api, request: ChatRequest = REQUEST, **how: Any) -> list[Reply]:
    return [reply async for reply in asked(api, request, **how)]


async def test_an_answer_grows_to_its_end_with_tokens_times_and_cost(
    api: Api, hostile: HostileProvider, fake_clock: FakeClock
) -> None:
    answers(hostile, chunk("a "), chunk("ca"), chunk("t"), chunk("", "stop"), END)
    found = await replies(api)
    last = found[-1]
    assert last.text == "a cat"
    assert [reply.done for reply in found] == [False] * (len(found) - 1) + [True]
    assert all("a cat".startswith(reply.text) for reply in found)
    assert (last.finish_reason, last.model) == ("stop", "m-1")
    assert (last.usage, last.tokens) == (Usage(1_000, 500), 500)
    assert last.ttft_s is not None
    assert last.ttft_s <= last.elapsed_s
    assert last.cost_usd is not None
    assert last.cost_usd == Decimal(1_000 * 150 + 500 * 600) / 1_000_000_000
    assert not last.trouble + last.hint


async def test_speed_is_tokens_after_the_first_over_the_time_they_took(
    api: Api, hostile: HostileProvider, fake_clock: FakeClock
) -> None:
    answers(hostile, chunk("a"), chunk("b", "stop"), END)
    growing = asked(api, clock=fake_clock.clock)
    first = await anext(growing)
    fake_clock.elapsed_s += 2.0
    rest = [reply async for reply in growing]
    assert first.ttft_s == 0.0
    assert rest[-1].elapsed_s == 2.0
    assert rest[-1].tokens_per_s == 499 / 2.0


async def test_a_cost_that_is_not_known_is_none(api: Api, hostile: HostileProvider) -> None:
    answers(hostile, chunk("a", "stop"), END)
    unknown = ChatRequest("some-model", REQUEST.messages)
    assert (await replies(api, unknown))[-1].cost_usd is None
    answers(hostile, chunk("a", "stop"))
    uncounted = (await replies(api))[-1]
    assert (uncounted.cost_usd, uncounted.usage, uncounted.tokens) == (None, None, 1)


@pytest.mark.parametrize("how", [{"cut": True}, {}])
async def test_an_answer_that_breaks_off_keeps_its_text_and_says_so(
    api: Api, hostile: HostileProvider, how: dict[str, Any]
) -> None:
    answers(hostile, chunk("a c"), **how)
    last = (await replies(api))[-1]
    assert (last.text, last.finish_reason, last.done) == ("a c", "", True)
    assert "was lost" in last.trouble


async def test_an_answer_that_never_begins_is_an_error(api: Api, hostile: HostileProvider) -> None:
    answers(hostile)
    with pytest.raises(UnreachableError):
        await replies(api)
    hostile.on("POST", "/chat/completions", hostile.answer({}, 404))
    with pytest.raises(NotFoundError):
        await replies(api)
    hostile.on("POST", "/chat/completions", hostile.answer({}, 503))
    with pytest.raises(ApiError, match="HTTP 503"):
        await replies(api)


async def test_leaving_early_stops_the_answer(api: Api, hostile: HostileProvider) -> None:
    answers(hostile, chunk("a b c "), endless=True)
    async with aclosing(asked(api, stop_runaway=False)) as growing:
        reply = await anext(growing)
        reply = await anext(growing)
    assert reply.text.startswith("a b c")
    task = asyncio.create_task(replies(api, stop_runaway=False))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_answer_that_repeats_itself_is_stopped_and_labelled(
    api: Api, hostile: HostileProvider
) -> None:
    box = "<loc0161><loc0145><loc0640><loc0451> 9 of spades ; "
    answers(hostile, chunk(box), endless=True)
    last = (await replies(api))[-1]
    assert (last.finish_reason, last.done, last.trouble) == ("runaway", True, "")
    assert last.text.startswith(box)


async def test_halves_of_a_character_in_two_pieces_are_joined(
    api: Api, hostile: HostileProvider
) -> None:
    answers(hostile, chunk("\ud83d"), chunk("\ude00 \udc00", "stop"), END)
    assert (await replies(api))[-1].text == "\U0001f600 \ufffd"


async def test_a_refusal_is_kept_apart_and_hinted_at(api: Api, hostile: HostileProvider) -> None:
    refusal = {"choices": [{"index": 0, "delta": {"refusal": "I won't."}, "finish_reason": "stop"}]}
    answers(hostile, f"data: {json.dumps(refusal)}\n\n")
    last = (await replies(api))[-1]
    assert (last.text, last.refusal) == ("", "I won't.")
    assert "declines" in last.hint


async def test_a_slow_answer_shows_each_piece_without_waiting_for_the_next(
    api: Api, hostile: HostileProvider
) -> None:
    """The second piece comes within the window of the first, and nothing after it."""
    answers(hostile, chunk("one "), chunk("two"), stall=True)
    async with aclosing(asked(api)) as growing:
        async for reply in growing:
            if reply.text == "one two":
                break
    assert not reply.done


async def test_a_question_is_text_then_images(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(image("JPEG"))
    messages = await question(
        "What?",
        [image(), file, str(file), "https://host/x.png", prompting_url(image("WEBP"))],
        system="Be brief.",
        detail="low",
    )
    assert messages[0] == {"role": "system", "content": "Be brief."}
    assert messages[1]["content"][0] == {"type": "text", "text": "What?"}
    urls = [part["image_url"]["url"] for part in messages[1]["content"][1:]]
    assert [url[:23] for url in urls] == [
        "data:image/png;base64,i",
        "data:image/jpeg;base64,",
        "data:image/jpeg;base64,",
        "https://host/x.png",
        "data:image/webp;base64,",
    ]
    assert messages[1]["content"][1]["image_url"]["detail"] == "low"
    assert await question("Hello") == [{"role": "user", "content": "Hello"}]


def prompting_url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


async def test_a_bad_image_is_refused_with_a_reason_before_it_is_sent(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 3), colour) for colour in ("red", "blue")]
    animated = io.BytesIO()
    frames[0].save(animated, "GIF", save_all=True, append_images=frames[1:])
    fifo = tmp_path / "fifo.png"
    os.mkfifo(fifo)
    bad: list[tuple[Any, str]] = [
        (b"", "cannot be used"),
        (b"<html>", "cannot be used"),
        (image("JPEG", (64, 64))[:-200], "truncated"),
        (image("BMP"), "BMP"),
        (animated.getvalue(), "animated"),
        (image() + bytes(20_000_000), "20 MB"),
        (tmp_path / "none.png", "cannot be read"),
        (tmp_path, "not a file"),
        (fifo, "not a file"),
        ("\0", "cannot be read"),
        ("data:image/png;base64,???", "base64"),
    ]
    for one, reason in bad:
        with pytest.raises(DatasetError, match=reason):
            await question("What?", [one])


def test_a_repeated_box_is_a_runaway() -> None:
    box = "<loc0161><loc0145><loc0640><loc0451> 9 of spades ; "
    found = runaway("I see: " + box * 10)
    assert found is not None
    assert (sorted(found.unit), found.count >= 8) == (sorted(box), True)
    assert runaway("I see: " + box * 4) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a cat",
        "-" * 120,
        "| a | b |\n|---|---|\n" * 3,
        "0, " * 100,
        " ; ".join(
            f"<loc{n:04}><loc{n + 9:04}><loc{n + 99:04}><loc{n + 200:04}> card" for n in range(60)
        ),
        "ha " * 60,
        "\n".join(f"{n}. The image shows card number {n}." for n in range(100)),
    ],
)
def test_ordinary_text_is_no_runaway(text: str) -> None:
    assert runaway(text) is None


@given(
    start=st.text(max_size=50),
    unit=st.text(min_size=1, max_size=300),
    rest=st.integers(0, 299),
)
def test_every_unit_repeated_without_end_is_found(start: str, unit: str, rest: int) -> None:
    assert runaway(start + unit * (4_000 // len(unit)) + unit[:rest]) is not None


def test_looking_for_repetition_is_quick_on_a_long_text() -> None:
    """Only the end is looked at, so a text of 10 MB costs what one of 4 KB does."""
    assert runaway("abc " * 2_500_000) is not None
    assert runaway("a" * 3_000_000 + "b" * 100 + "c") is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("I'm sorry, but I can't assist with that request.", "declines"),
        ("I’m sorry, I cannot help with identifying people.", "declines"),
        ("I cannot identify who this is.", "declines"),
        ("I can't see the image you are referring to.", "cannot see"),
        ("I am unable to view images directly.", "cannot see"),
        ("It looks like no image was attached.", "cannot see"),
        ("There don't seem to be any image provided.", "cannot see"),
        ("a cat on a mat", ""),
        ("Sorry sight, this garden.", ""),
        ("The sign reads: sorry, we are closed.", ""),
        ("yes", ""),
    ],
)
def test_an_answer_that_is_none_is_hinted_at(text: str, word: str) -> None:
    assert word in hint(text)
    assert bool(hint(text)) == bool(word)


SHOWN = ChatRequest(
    "m",
    [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "it's `$HOME` \u202e \x1b[31m\nJSON\n"},
                {"type": "image_url", "image_url": {"url": prompting_url(image())}},
            ],
        }
    ],
    max_tokens=5,
)


def test_the_equivalent_request_has_neither_the_key_nor_the_images_bytes() -> None:
    curl = as_curl(OPENAI, OPENAI.base_url, SHOWN)
    assert "https://api.openai.com/v1/chat/completions" in curl
    assert '"Authorization: Bearer $OPENAI_API_KEY"' in curl
    python = as_python(OPENAI, OPENAI.base_url, SHOWN)
    assert 'os.environ["OPENAI_API_KEY"]' in python
    for text in (curl, python):
        assert "bytes left out" in text
        assert prompting_url(image())[-20:] not in text
        assert all(c == "\n" or c.isprintable() for c in text)
    assert "TINTYPE_TOKEN" in as_curl(EMBEDDED, "http://127.0.0.1:1/v1", SHOWN)


def test_the_equivalent_program_is_the_same_request() -> None:
    code = as_python(OPENAI, OPENAI.base_url, SHOWN, elide=False)
    call = code[code.index("answer = ") : code.rindex("print(")]
    called: dict[str, Any] = {}
    exec(call.replace("client.chat.completions.create", "called.update"), {"called": called})
    assert called == {
        "model": "m",
        "messages": SHOWN.messages,
        "max_completion_tokens": 5,
    }
    job = JobRequest("m", "file-1", hyperparameters=Hyperparameters(3), metadata={"a": "b"})
    compile(as_python(OPENAI, OPENAI.base_url, job), "job", "exec")


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
async def test_the_equivalent_command_runs_as_it_is(hostile: HostileProvider) -> None:
    hostile.on("POST", "/.*", hostile.answer({"ok": True}))
    for request in (SHOWN, JobRequest("m", "file-1", suffix="it's")):
        command = as_curl(OPENAI, hostile.url, request, elide=False)
        process = await asyncio.create_subprocess_exec(
            "sh",
            "-c",
            command,
            env={"PATH": os.environ["PATH"], "OPENAI_API_KEY": "sk-mine"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        out, _ = await process.communicate()
        assert json.loads(out) == {"ok": True}
    assert hostile.requests[0].headers["authorization"] == "Bearer sk-mine"
    assert hostile.requests[0].json["messages"] == SHOWN.messages
    assert hostile.requests[1].json == {"model": "m", "training_file": "file-1", "suffix": "it's"}


async def test_a_reply_is_remembered_with_its_cost(tmp_path: Path) -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    reply = Reply("a cat", usage=Usage(10, 2), cost_usd=Decimal("0.01"), done=True)
    async with open_store(tmp_path / "t.sqlite") as store:
        number = await prompting.remember(store, OPENAI, SHOWN, reply, now, ["train.jsonl row 3"])
        await prompting.remember(store, EMBEDDED, SHOWN, Reply(refusal="No."), now)
        refused, kept = store.answers.newest()
        assert (kept.id, kept.text, kept.cost_usd) == (number, "a cat", Decimal("0.01"))
        assert kept.parameters == {"max_tokens": 5}
        assert kept.sources == ["train.jsonl row 3"]
        assert "sha256:" in str(kept.messages)
        assert refused.text == "No."
        assert store.spending.entries() == ()  # `ask` has entered what it cost


def test_importing_prompting_loads_nothing_heavy() -> None:
    heavy = ("openai", "httpx2", "textual", "numpy", "PIL", "tiktoken")
    code = f"import sys, tintype.prompting; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "thoughts", "answer"),
    [
        ("<think>It has wheels.</think>\n\nA car.", "It has wheels.", "A car."),
        ("<think>It has", "It has", ""),
        ("It has wheels.</think>A car.", "It has wheels.", "A car."),
        ("<think></think>A car.", "", "A car."),
        ("A car.", "", "A car."),
    ],
)
def test_what_a_model_thinks_is_set_apart_from_its_answer(
    text: str, thoughts: str, answer: str
) -> None:
    reply = Reply(text=text)
    assert (reply.thoughts, reply.answer) == (thoughts, answer)
    assert agreement(text, "a car.") == Agreement(good=answer == "A car.")
