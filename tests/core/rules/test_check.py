"""A whole file is checked in batches; nothing in it makes the check crash, hang or swell."""

import asyncio
import codecs
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tintype.dataset import open_dataset
from tintype.dataset.survey import Surveyed
from tintype.errors import DatasetError
from tintype.providers import provider_names
from tintype.rules import Checked, DatasetJudge, Keys, Problem, Summary, check, judge_row, rules_of

Make = Callable[..., Any]


async def run(
    path: Path, rules: str = "openai", **options: Any
) -> tuple[list[Problem], Summary, list[Checked]]:
    async with open_dataset(path) as dataset:
        batches = [batch async for batch in check(dataset, rules_of(rules), **options)]
    summary = batches[-1].summary
    assert summary is not None
    return [problem for batch in batches for problem in batch.problems], summary, batches


def write(path: Path, rows: list[Any]) -> Path:
    lines = (row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


@pytest.fixture
def rows(make_row: Make, make_part: Make, make_bytes: Make) -> list[dict[str, Any]]:
    """Sixty good rows, each with its own image."""
    return [make_row(make_part(make_bytes(size=(32 + n, 32)))) for n in range(60)]


def named(problems: list[Problem]) -> list[tuple[str, str, int]]:
    return [(problem.rule, problem.severity, problem.line) for problem in problems]


async def test_a_good_file_is_ok(tmp_path: Path, rows: list[Any]) -> None:
    problems, summary, batches = await run(write(tmp_path / "a.jsonl", rows))
    assert problems == []
    assert summary.status == "ok"
    assert (summary.examples, summary.image_examples, summary.images) == (60, 60, 60)
    assert (summary.skipped, summary.left) == (0, 60)
    assert summary.image_tokens.likely == 60 * 255
    assert sum(len(batch.rows) for batch in batches) == batches[-1].done == 60
    assert batches[-1].bytes_done == batches[-1].size_bytes == summary.file.size_bytes


async def test_rows_are_judged_and_counted_by_line(tmp_path: Path, rows: list[Any]) -> None:
    rows[3] = {"prompt": "a", "completion": "b"}
    rows[9]["messages"][1]["content"][1]["image_url"]["url"] = "data:image/png;base64,AAAAA"
    problems, summary, _ = await run(write(tmp_path / "a.jsonl", rows))
    assert named(problems) == [("messages_missing", "error", 4), ("image_base64", "skip", 10)]
    assert summary.status == "error"
    assert (summary.examples, summary.skipped) == (60, 1)
    assert summary.reasons == {"invalid image format": 1}
    assert [(count.rule, count.total) for count in summary.counts] == [
        ("messages_missing", 1),
        ("image_base64", 1),
    ]


@pytest.mark.parametrize("count", [1, 7, 9])
async def test_too_few_examples_in_openais_words(
    tmp_path: Path, rows: list[Any], count: int
) -> None:
    problems, _, _ = await run(write(tmp_path / "a.jsonl", rows[:count]))
    assert problems[0].message == (
        f"Training file has {count} example(s), but must have at least 10 examples"
    )
    assert (problems[0].line, problems[0].severity) == (0, "error")


async def test_ten_examples_are_enough_but_few(tmp_path: Path, rows: list[Any]) -> None:
    problems, summary, _ = await run(write(tmp_path / "a.jsonl", rows[:10]))
    assert named(problems) == [("few_examples", "warning", 0)]
    assert summary.status == "warning"


async def test_skipped_examples_do_not_count_as_enough(tmp_path: Path, rows: list[Any]) -> None:
    for row in rows[:5]:
        row["messages"][1]["content"][1]["image_url"]["url"] = "data:image/png;base64,AAAAA"
    problems, summary, _ = await run(write(tmp_path / "a.jsonl", rows[:12]))
    assert ("n_examples", "error", 0) in named(problems)
    assert summary.left == 7


async def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"")
    problems, summary, _ = await run(path)
    assert named(problems) == [("file_empty", "error", 0)]
    assert summary.examples == 0


async def test_the_name_must_end_in_jsonl(tmp_path: Path, rows: list[Any]) -> None:
    problems, _, _ = await run(write(tmp_path / "a.json", rows))
    assert named(problems) == [("file_name", "error", 0)]


async def test_a_byte_order_mark_is_refused_by_some(tmp_path: Path, rows: list[Any]) -> None:
    path = write(tmp_path / "a.jsonl", rows)
    path.write_bytes(codecs.BOM_UTF8 + path.read_bytes())
    problems, _, _ = await run(path)
    assert named(problems) == [("file_bom", "error", 0)]
    assert "Line 1 is not a dictionary" in problems[0].message
    assert await run(path, "azure") is not None
    assert (await run(path, "azure"))[0] == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
async def test_other_encodings_are_named(tmp_path: Path, rows: list[Any], encoding: str) -> None:
    path = tmp_path / "a.jsonl"
    text = "".join(json.dumps(row) + "\n" for row in rows[:12])
    mark = codecs.BOM_UTF16_BE if encoding == "utf-16-be" else b""
    path.write_bytes(mark + text.encode(encoding))
    problems, summary, _ = await run(path)
    assert summary.status == "error"
    assert any(problem.rule in ("file_encoding", "json") for problem in problems)


async def test_a_model_that_learns_no_images_is_named(tmp_path: Path, rows: list[Any]) -> None:
    path = write(tmp_path / "a.jsonl", rows)
    problems, _, _ = await run(path, model="gpt-4o-mini-2024-07-18")
    (problem,) = [problem for problem in problems if problem.severity == "error"]
    assert (problem.rule, problem.line) == ("model", 0)
    assert "'gpt-4o-mini-2024-07-18' is not available for fine-tuning on images" in problem.message
    assert (await run(path, model="gpt-4o-2024-08-06"))[0] == []
    assert (await run(path, "azure", model="gpt-4.1-2025-04-14"))[0] == []
    assert (await run(path, "tintype", model="tintype-tiny"))[0] == []


async def test_equal_rows_and_contradictions_are_found(tmp_path: Path, rows: list[Any]) -> None:
    rows[20] = rows[7]
    rows[30] = {
        "messages": [*rows[8]["messages"][:2], {"role": "assistant", "content": "An apple."}]
    }
    rows[40] = {
        "messages": [*rows[9]["messages"][:2], {"role": "assistant", "content": " A pear. "}]
    }
    problems, _, _ = await run(write(tmp_path / "a.jsonl", rows))
    assert named(problems) == [
        ("duplicate", "warning", 21),
        ("contradiction", "warning", 31),
        ("duplicate", "warning", 41),  # white space makes no other row
    ]
    assert "line 8" in problems[0].message
    assert "line 9" in problems[1].message


async def test_the_validation_file_is_searched_for_rows_of_training(
    tmp_path: Path, rows: list[Any], make_row: Make, make_part: Make, make_bytes: Make
) -> None:
    _, summary, _ = await run(write(tmp_path / "train.jsonl", rows))
    same_image = make_row(make_part(make_bytes(size=(35, 32))), answer="Something else.")
    fresh = [make_row(make_part(make_bytes(size=(32 + n, 40)))) for n in range(60)]
    valid = write(tmp_path / "valid.jsonl", [*fresh, rows[5], same_image])
    problems, _, _ = await run(valid, training=summary.keys)
    assert named(problems) == [("leak", "warning", 61), ("leak", "warning", 62)]
    assert "training file too" in problems[0].message
    assert problems[1].place == "messages[1].content[1]"


async def test_a_validation_file_may_be_short(tmp_path: Path, rows: list[Any]) -> None:
    problems, _, _ = await run(write(tmp_path / "valid.jsonl", rows[:3]), training=Keys())
    assert problems == []


async def test_nearly_equal_system_prompts_are_pointed_out(tmp_path: Path, rows: list[Any]) -> None:
    for row in rows[50:55]:
        row["messages"][0]["content"] = "You name  FRUIT."
    problems, summary, _ = await run(write(tmp_path / "a.jsonl", rows))
    assert named(problems) == [("system_prompts", "warning", 0)]
    assert "55 times 'You name fruit.', 5 times with small" in problems[0].message
    assert summary.prompts == {"You name fruit.": 55, "You name  FRUIT.": 5}


async def test_a_few_rows_without_a_system_prompt_are_pointed_out(
    tmp_path: Path, rows: list[Any]
) -> None:
    del rows[4]["messages"][0]
    problems, _, _ = await run(write(tmp_path / "a.jsonl", rows))
    assert [problem.message for problem in problems] == [
        "Examples without a system prompt: 1 of 60."
    ]


async def test_images_that_take_up_nearly_everything_are_pointed_out(
    tmp_path: Path, make_row: Make, make_part: Make, make_bytes: Make
) -> None:
    big = [make_row(make_part(make_bytes(size=(1024, 768 + n)))) for n in range(140)]
    problems, _, _ = await run(write(tmp_path / "a.jsonl", big))
    assert named(problems) == [("images_dominate", "warning", 0)]
    assert "detail low" in problems[0].fix


async def test_azure_fails_a_job_with_too_many_skipped_examples(
    tmp_path: Path, rows: list[Any], make_row: Make, make_part: Make
) -> None:
    bad = [make_row(make_part("data:image/png;base64,AAAAA"), answer=str(n)) for n in range(201)]
    path = write(tmp_path / "a.jsonl", [*rows, *bad])
    problems, summary, _ = await run(path, "azure")
    assert problems[-1].message == (
        "Number of skipped multimodal examples exceed the maximum allowed 200 limit: "
        "invalid image format (201)"
    )
    assert summary.skipped == 201
    problems, _, _ = await run(path, "openai")
    assert (problems[-1].rule, problems[-1].severity) == ("too_many_skipped", "warning")


async def test_images_that_this_machine_cannot_reach_count_in_full(
    tmp_path: Path, rows: list[Any], make_row: Make, make_part: Make
) -> None:
    away = [make_row(make_part(f"https://no.such.invalid/{at}.png"), answer=f"{at}") for at in "ab"]
    problems, summary, _ = await run(write(tmp_path / "a.jsonl", [*rows, *away]))
    assert named(problems) == [("not_fetched", "warning", 0)]
    assert (summary.unseen, summary.skipped, summary.left) == (2, 0, len(rows) + 2)
    assert "they count in full" in problems[0].message


async def test_images_that_were_not_fetched_are_not_judged(
    tmp_path: Path, rows: list[Any], make_row: Make, make_part: Make
) -> None:
    rows.append(make_row(make_part("https://x.example/a.png")))
    problems, summary, _ = await run(write(tmp_path / "a.jsonl", rows), fetch=False)
    assert named(problems) == [("not_fetched", "warning", 0)]
    assert (summary.unseen, summary.skipped) == (1, 0)


async def test_a_file_broken_on_every_line_hands_out_a_hundred_problems_and_counts_all(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"broken\n" * 3_000)
    problems, summary, _ = await run(path)
    assert len([problem for problem in problems if problem.rule == "json"]) == 100
    (count, *_) = summary.counts
    assert (count.rule, count.total, count.shown) == ("json", 3_000, 100)


@pytest.mark.parametrize("indent", [0, 2])
async def test_a_json_list_is_one_problem_and_not_one_on_every_line(
    tmp_path: Path, indent: int
) -> None:
    path = tmp_path / "llava.jsonl"
    path.write_text(json.dumps([{"conversations": []}] * 170, indent=indent))
    problems, summary, _ = await run(path)
    (problem,) = problems
    assert summary.status == problem.severity == "error"
    assert "one JSON list" in problem.message
    assert "jq" in problem.fix
    assert [(count.rule, count.total) for count in summary.counts] == [("file_shape", 1)]


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
async def test_a_json_list_on_one_line_is_one_problem(
    tmp_path: Path, rows: list[Any], end: str
) -> None:
    path = tmp_path / "list.jsonl"
    path.write_text(json.dumps(rows[:12]) + end)
    problems, summary, _ = await run(path)
    assert [problem.rule for problem in problems] == ["file_shape"]
    assert [(count.rule, count.total) for count in summary.counts] == [("file_shape", 1)]


async def test_a_list_among_rows_is_a_problem_of_its_line_alone(
    tmp_path: Path, rows: list[Any]
) -> None:
    path = write(tmp_path / "a.jsonl", [[1, 2], *rows])
    problems, _, _ = await run(path)
    assert [(problem.rule, problem.line) for problem in problems][:1] == [("not_object", 1)]


async def test_json_over_many_lines_is_one_problem(tmp_path: Path) -> None:
    path = tmp_path / "coco.jsonl"
    path.write_text(json.dumps({"images": [{"id": at} for at in range(99)]}, indent=1))
    problems, _, _ = await run(path)
    assert [problem.rule for problem in problems] == ["file_shape"]
    assert "one JSON object over many lines" in problems[0].message


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
async def test_another_encoding_is_one_problem_and_no_second_example(
    tmp_path: Path, encoding: str, rows: list[Any]
) -> None:
    path = tmp_path / "wide.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows[:3]), encoding)
    problems, summary, _ = await run(path)
    assert [problem.rule for problem in problems] == ["file_encoding"]
    assert encoding[:6].upper() in problems[0].message
    assert summary.examples == 3
    async with open_dataset(path) as dataset:
        await dataset.scan()
        assert dataset.count == 3


def test_a_row_of_endless_faults_keeps_twenty_and_counts_all(make_surveyed: Make) -> None:
    tally = DatasetJudge(rules_of("openai"))
    surveyed: Surveyed = make_surveyed({"messages": [{}] * 5_000})
    judged = tally.add(surveyed)
    assert sum(problem.rule == "role" for problem in judged.problems) == 20


async def test_a_check_can_be_abandoned(tmp_path: Path, rows: list[Any]) -> None:
    path = write(tmp_path / "a.jsonl", rows * 20)
    async with open_dataset(path) as dataset:
        checking = check(dataset, rules_of("openai"))
        assert await anext(checking)
        await checking.aclose()


def test_profiles_say_where_their_limits_are_from() -> None:
    from tintype.errors import SettingsError

    names = {"azure", "compatible", "fireworks", "openai", "tintype", "together"}
    assert names <= set(provider_names())
    for name in provider_names():
        assert rules_of(name).source
        assert rules_of(name).as_of.year == 2026
    assert rules_of("tintype").max_images == rules_of("openai").max_images == 10
    assert rules_of("azure").max_images == 64
    with pytest.raises(SettingsError, match="no provider"):
        rules_of("nobody")


KEYS = (
    *("messages", "role", "content", "weight", "name", "tools", "tool_calls", "tool_call_id"),
    *("function", "type", "text", "image_url", "url", "detail", "functions", "arguments", "id"),
    *("parallel_tool_calls", "images", "prompt"),
)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["user", "assistant", "tool", "system", "image_url", "text", "function"])
    | st.sampled_from(["data:image/png;base64,AAAA", "http://[", "a/../b", "\ud800", "\x00"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(json_values, st.sampled_from(["openai", "azure", "together", "fireworks", "tintype"]))
def test_any_json_value_can_be_judged(make_surveyed: Make, value: Any, rules: str) -> None:
    tally = DatasetJudge(rules_of(rules), training=Keys())
    for shape in (value, {"messages": value}, {"messages": [value, value]}):
        surveyed: Surveyed = make_surveyed(shape)
        for problem in (*judge_row(surveyed, rules_of(rules)), *tally.add(surveyed).problems):
            assert problem.severity in ("error", "skip", "warning")
            assert problem.message.isprintable()
            assert len(problem.message) < 600


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=5))
def test_any_bytes_can_be_checked(tmp_path: Path, lines: list[bytes]) -> None:
    path = tmp_path / "any.jsonl"
    path.write_bytes(b"".join(line + b"\r\n" for line in lines))
    with suppress(DatasetError):  # a compressed file or the like, by its first bytes
        _, summary, _ = asyncio.run(run(path))
        assert summary.status == "error"


@pytest.mark.parametrize(
    "line",
    [
        b"\x00" * 1_000,
        b'{"messages": ' + b"[" * 100_000,
        b'{"messages": ' + b'{"a":' * 100_000,
        b'{"messages": [{"weight": ' + b"9" * 100_000 + b"}]}",
        b'{"messages": [{"role": "user", "content": 1e999}]}',
        b'{"messages": [{"role": "user", "content": -Infinity}]}',
        b'{"messages": [{"role": "\\ud800", "content": "\\udfff"}]}',
        b'{"messages": [{"role": "user", "content": "' + b"a" * 1_000_000 + b'"}]}',
        b'{"messages": [{"role": "user", "content": "' + b" " * 1_000_000 + b'"}]}',
        b'{"messages": [' + b"{}," * 300_000 + b"{}]}",
        b"{" + b",".join(b'"k%d": 1' % n for n in range(100_000)) + b"}",
        b'{"messages": [], "messages": []}',
        b'{"messages": [{"role": "user", "content": [' + b"[]," * 20_000 + b"1]}]}",
        b"9" * 1_000_000,
    ],
    ids=range(14),
)
async def test_hostile_lines_are_errors_and_the_rest_goes_on(
    tmp_path: Path, rows: list[Any], line: bytes
) -> None:
    problems, summary, _ = await run(write(tmp_path / "a.jsonl", [line, *rows]))
    assert summary.examples == 61
    assert summary.status == "error"
    assert {problem.line for problem in problems if problem.severity == "error"} == {1}
    assert all(len(problem.message) < 400 for problem in problems)
