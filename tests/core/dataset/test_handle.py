"""An open dataset: rows, conversations, images and messages."""

import asyncio
import base64
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tintype.dataset import ImagePart, TextPart, open_dataset
from tintype.errors import DatasetError


def png(colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 3), colour).save(out, "PNG")
    return out.getvalue()


def data_url(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def chat(*content: Any, answer: str = "Yes.") -> dict[str, Any]:
    return {
        "messages": [
            {"role": "user", "content": list(content)},
            {"role": "assistant", "content": answer, "weight": 1},
        ]
    }


async def test_the_first_row_is_there_before_the_index_is(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    with path.open("wb") as file:
        file.write(b'{"a": 1}\n')
        file.truncate(8_000_000_000)  # a hole, longer than one run of the scan goes
    async with open_dataset(path) as dataset:
        assert (dataset.count, dataset.complete) == (1, False)
        assert (await dataset.row(0)).value == {"a": 1}
        assert not dataset.complete


async def test_the_index_reports_until_it_is_complete(tmp_path: Path) -> None:
    path = write(tmp_path / "data.jsonl", *({"a": n} for n in range(5000)))
    async with open_dataset(path) as dataset:
        reports = [progress async for progress in dataset.index()]
        assert reports[-1].rows == 5000
        assert reports[-1].bytes_read == reports[-1].size_bytes == path.stat().st_size
        assert dataset.complete


async def test_rows_come_in_batches_and_in_order(tmp_path: Path) -> None:
    path = write(tmp_path / "data.jsonl", *({"a": n} for n in range(2500)))
    async with open_dataset(path) as dataset:
        batches = [batch async for batch in dataset.rows()]
        assert all(1 <= len(batch) <= 1000 for batch in batches)
        assert [row.value["a"] for batch in batches for row in batch] == list(range(2500))
        some = [row.index async for batch in dataset.rows(7, 9) for row in batch]
        assert some == [7, 8]
        assert [batch async for batch in dataset.rows(2500)] == []


async def test_rows_out_of_range_are_named(tmp_path: Path) -> None:
    async with open_dataset(write(tmp_path / "data.jsonl", {}, {})) as dataset:
        for index in (2, -1):
            with pytest.raises(DatasetError, match=r"has 2 rows; there is no row"):
                await dataset.row(index)
    async with open_dataset(write(tmp_path / "data.jsonl", {})) as dataset:
        with pytest.raises(DatasetError, match=r"has 1 row; there is no row"):
            await dataset.row(1)


async def test_lines_are_found_by_number(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"{}\n\n\n{}\n{}\n")
    async with open_dataset(path) as dataset:
        assert [await dataset.find_line(line) for line in (0, 1, 2, 4, 5)] == [0, 0, 1, 1, 2]
        with pytest.raises(DatasetError, match="no row at or after line 6"):
            await dataset.find_line(6)


async def test_images_come_from_the_row_or_the_folder(tmp_path: Path) -> None:
    (tmp_path / "blue.png").write_bytes(png("blue"))
    path = write(tmp_path / "data.jsonl", chat(image(data_url(png())), image("blue.png")))
    async with open_dataset(path) as dataset:
        assert await dataset.image(0, 0) == png()
        assert await dataset.image(0, 1) == png("blue")
        with pytest.raises(DatasetError, match="has 2 images, no number 3"):
            await dataset.image(0, 2)
        with pytest.raises(DatasetError, match="no number 0"):
            await dataset.image(0, -1)


async def test_images_on_private_addresses_are_not_fetched(tmp_path: Path) -> None:
    path = write(tmp_path / "data.jsonl", chat(image("http://127.0.0.1:9/a.png")))
    async with open_dataset(path) as dataset:
        with pytest.raises(DatasetError, match="inaccessible URL"):
            await dataset.image(0, 0)


async def test_images_on_the_network_are_fetched_once(tmp_path: Path, hostile: Any) -> None:
    hostile.on("GET", "/a.png", hostile.answer(png()))
    path = write(tmp_path / "data.jsonl", chat(image(f"{hostile.url}/a.png")))
    async with open_dataset(path, allow_private=True) as dataset:
        assert await dataset.image(0, 0) == png()
        assert await dataset.image(0, 0) == png()
    assert len(hostile.requests) == 1


async def test_messages_are_ready_to_be_sent(tmp_path: Path) -> None:
    (tmp_path / "blue.png").write_bytes(png("blue"))
    parts = [{"type": "text", "text": "Is it?"}, image("blue.png"), image("https://e.org/a.png")]
    path = write(tmp_path / "data.jsonl", chat(*parts))
    async with open_dataset(path) as dataset:
        messages = await dataset.messages(0)
    assert messages == [
        {
            "role": "user",
            "content": [parts[0], image(data_url(png("blue"))), image("https://e.org/a.png")],
        }
    ]


async def test_messages_end_before_the_last_answer(tmp_path: Path) -> None:
    turns = [
        {"role": "user", "content": "One?"},
        {"role": "assistant", "content": "One.", "weight": 0},
        {"role": "user", "content": "Two?"},
        {"role": "assistant", "content": "Two."},
        {"role": "user", "content": "Three?"},
    ]
    path = write(tmp_path / "data.jsonl", {"messages": turns})
    async with open_dataset(path) as dataset:
        messages = await dataset.messages(0)
    assert [turn["content"] for turn in messages] == ["One?", "One.", "Two?"]
    assert not any("weight" in turn for turn in messages)


async def test_rows_of_other_shapes_can_be_sent_too(tmp_path: Path) -> None:
    path = write(
        tmp_path / "data.jsonl",
        {
            "image": data_url(png()),
            "conversations": [
                {"from": "human", "value": "What?"},
                {"from": "gpt", "value": "Red."},
            ],
        },
    )
    async with open_dataset(path) as dataset:
        (message,) = await dataset.messages(0)
    assert message["role"] == "user"
    assert [part["type"] for part in message["content"]] == ["image_url", "text"]
    assert message["content"][0]["image_url"]["url"] == data_url(png())


async def test_what_cannot_be_sent_is_named(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    rows = [chat(image("none.png")), {"messages": [{"role": "assistant", "content": "Hi"}]}]
    path.write_text("nonsense\n" + "".join(json.dumps(row) + "\n" for row in rows))
    async with open_dataset(path) as dataset:
        for index, words in ((0, "Line 1 cannot be read"), (1, "no file"), (2, "has no question")):
            with pytest.raises(DatasetError, match=words):
                await dataset.messages(index)


async def test_the_source_of_a_row_has_its_base64_elided(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    text = json.dumps(chat(image(data_url(bytes(300)))))
    path.write_bytes(text.encode() + b"\nno json \xff\n")
    async with open_dataset(path) as dataset:
        assert "data:image/png;base64,… (400 characters)" in await dataset.source(0)
        assert await dataset.source(1) == "no json \ufffd"
        assert (await dataset.source(0, max_bytes=10)).endswith(f"({len(text) - 10} bytes more)")


async def test_a_dataset_says_when_its_file_has_changed(tmp_path: Path) -> None:
    path = write(tmp_path / "data.jsonl", {})
    async with open_dataset(path) as dataset:
        assert not await dataset.changed()
        write(path, {}, {})
        assert await dataset.changed()


async def test_a_file_is_known_again_until_it_is_another(tmp_path: Path) -> None:
    async def fingerprint(name: str, *rows: object) -> str:
        async with open_dataset(write(tmp_path / name, *rows)) as dataset:
            return await dataset.fingerprint()

    known = await fingerprint("data.jsonl", {"a": 1}, {"b": 2})
    assert await fingerprint("copy.jsonl", {"a": 1}, {"b": 2}) == known
    assert await fingerprint("data.jsonl", {"a": 1}, {"b": 3}) != known
    assert await fingerprint("data.jsonl", {"a": 1}) != known
    many = [{"text": "x" * 1000}] * 200
    long = await fingerprint("long.jsonl", *many)
    assert await fingerprint("long.jsonl", *many, {}) != long


async def test_several_may_read_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "data.jsonl", *({"a": n} for n in range(3000)))
    async with open_dataset(path) as dataset:

        async def read() -> list[int]:
            return [row.index async for batch in dataset.rows() for row in batch]

        for indexes in await asyncio.gather(read(), read(), read()):
            assert indexes == list(range(3000))


async def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.jsonl", Path("/dev/null")):
        with pytest.raises(DatasetError):
            async with open_dataset(path):
                pass


@pytest.mark.parametrize(
    ("row", "roles", "answer"),
    [
        (
            {
                "input": {"messages": [{"role": "user", "content": "Q"}]},
                "preferred_output": [{"role": "assistant", "content": "good"}],
                "non_preferred_output": [{"role": "assistant", "content": "bad"}],
            },
            ["user", "assistant", "rejected"],
            "good",
        ),
        ({"prompt": "Q", "completion": "A"}, ["user", "assistant"], "A"),
        ({"question": "Q", "answer": 5}, ["user", "assistant"], "5"),
        ({"body": {"messages": [{"role": "user", "content": "Q"}]}}, ["user"], ""),
        ({"messages": [{"content": "Q"}, "odd", None]}, ["", "", ""], ""),
        ({"messages": [{"role": 5, "content": {"text": "Q"}}]}, [""], ""),
        (
            {"messages": [{"role": "assistant", "content": None, "refusal": "No."}]},
            ["assistant"],
            "No.",
        ),
        ({"messages": "nonsense"}, ["row"], ""),
        ([1, 2], ["row"], ""),
        (None, ["row"], ""),
    ],
)
async def test_odd_rows_can_be_looked_at(
    tmp_path: Path, row: Any, roles: list[str], answer: str
) -> None:
    async with open_dataset(write(tmp_path / "data.jsonl", row)) as dataset:
        example = await dataset.example(0)
    assert [message.role for message in example.messages] == roles
    assert example.answer == answer


async def test_a_row_keeps_what_stands_beside_its_messages(tmp_path: Path) -> None:
    row = chat({"type": "text", "text": "Q"}) | {"tools": [{"type": "function"}], "id": 7}
    row["messages"][1] |= {"tool_calls": [{"id": "call"}], "name": "bob", "weight": 0}
    async with open_dataset(write(tmp_path / "data.jsonl", row)) as dataset:
        example = await dataset.example(0)
    assert (example.extra, example.tools) == ({"id": 7}, ({"type": "function"},))
    said = example.messages[1]
    assert (said.tool_calls, said.name, said.weight) == (({"id": "call"},), "bob", 0)


async def test_parts_keep_their_order(tmp_path: Path) -> None:
    parts = [image("a"), {"type": "text", "text": "and"}, image("b"), {"type": "odd", "x": 1}]
    async with open_dataset(write(tmp_path / "data.jsonl", chat(*parts))) as dataset:
        example = await dataset.example(0)
    kinds = [type(part) for part in example.messages[0].parts]
    assert kinds == [ImagePart, TextPart, ImagePart, TextPart]


def test_opening_a_dataset_loads_nothing_heavy() -> None:
    heavy = {"PIL", "numpy", "httpx2", "regex", "textual", "openai", "tiktoken"}
    modules = (
        "tintype.dataset, tintype.dataset.statistics, tintype.dataset.query, tintype.detection"
    )
    code = f"import sys, {modules}; print([m for m in {heavy!r} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
