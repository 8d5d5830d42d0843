"""Why a job failed: code, cause, rows and fix, and the way back to the very row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype import jobs
from tintype.errors import DatasetError
from tintype.jobs import Blamed
from tintype.resources import Event, Job, JobFailure
from tintype.store import MadeFrom, Source

AT = datetime(2026, 11, 20, tzinfo=UTC)
JOB = Job("ftjob-1", "m", "failed", AT, "file-train", "file-valid")


def failed(message: str, code: str = "", param: str | None = None) -> Job:
    return replace(JOB, failure=JobFailure(code, message, param))


def event(
    message: str, level: str = "error", data: Mapping[str, Any] | None = None, type: str = "message"
) -> Event:
    return Event("ftevent-1", AT, message, level, type, data or {})


def test_a_job_that_has_not_failed_needs_no_explanation() -> None:
    assert jobs.explain(replace(JOB, status="running")) is None
    assert jobs.explain(replace(JOB, status="cancelled")) is None


@pytest.mark.parametrize(
    ("message", "code", "cause", "fix"),
    [
        ("Training file has 3 example(s), but must have at least 10 examples", "", "few", "Add"),
        ("This job failed.", "invalid_n_examples", "too few examples", "Add"),
        ("12 images were skipped due to moderation", "invalid_training_file", "CAPTCHA", "people"),
        ("Line 7: cannot be parsed as JSON", "invalid_file_format", "not JSON", "Correct the line"),
        ("You exceeded your current quota", "insufficient_quota", "no credit", "limit"),
        ("The file file-1 has been deleted.", "file_not_found", "does not have the file", "again"),
        ("The process was stopped by signal 9", "training_failed", "process was killed", "batch"),
        ("Loss diverged.", "training_failed", "training failed", "learning rate"),
        ("Nobody has seen this one.", "brand_new", "not known here", "Check the dataset"),
        ("", "", "no reason", "Check the dataset"),
    ],
)
def test_words_and_codes_of_providers_have_a_cause_and_a_fix(
    message: str, code: str, cause: str, fix: str
) -> None:
    found = jobs.explain(failed(message, code))
    assert found is not None
    assert (found.code, found.said) == (code, message)
    assert cause in found.cause
    assert fix in found.fix
    assert found.cause.endswith(".")
    assert found.fix.endswith(".")


def test_a_known_message_says_more_than_the_code_it_comes_with() -> None:
    found = jobs.explain(failed('Example 3 contains an extra key "foo"', "invalid_file_format"))
    assert found is not None
    assert found.cause.startswith("A row has a key")


def test_words_that_are_quoted_from_the_data_are_not_taken_for_the_providers() -> None:
    words = "Example 3: unknown role 'billing was killed by an internal error'"
    found = jobs.explain(failed(words, "invalid_file_format"))
    assert found is not None
    assert found.cause == "The file does not have the format that the provider requires."
    assert [row.example for row in found.rows] == [3]


def test_a_failure_without_a_reason_is_explained_by_the_last_error_of_the_diary() -> None:
    diary = [event("Validating", "info"), event("Line 4 cannot be parsed"), event("Done", "info")]
    found = jobs.explain(JOB, diary)
    assert found is not None
    assert found.said == "Line 4 cannot be parsed"
    assert [row.line for row in found.rows] == [4]


def test_our_own_server_lists_the_rows_with_their_fixes_and_says_how_many_there_are() -> None:
    words = "The job failed due to an invalid training file. Line 2 is not JSON (and 4 more)"
    problems = [
        {"line": 2, "message": "Line 2 is not JSON", "fix": "Close the bracket."},
        {"line": 0, "message": "a problem of the file"},
        {"line": 9, "message": "no role", "fix": ""},
        {"line": 9, "message": "and no content", "fix": ""},
    ]
    found = jobs.explain(failed(words), [event(words, data={"problems": problems})])
    assert found is not None
    assert found.rows == (
        Blamed("Line 2 is not JSON", "file-train", 2, fix="Close the bracket."),
        Blamed("no role", "file-train", 9),
    )
    assert found.more == 3


@pytest.mark.parametrize("param", ["validation_file", "training_file"])
def test_rows_are_sought_in_the_file_that_the_failure_names(param: str) -> None:
    data = {"problems": [{"line": 2, "message": "no role"}]}
    found = jobs.explain(failed("Two rows.", param=param), [event("Two rows.", data=data)])
    assert found is not None
    assert found.rows[0].file == {"validation_file": "file-valid"}.get(param, "file-train")


def test_rows_that_are_only_spoken_of_are_found_each_once() -> None:
    words = "Invalid validation file: Example 12, message 2, role; line 14; Example 12 again"
    rows = jobs.blamed(event(words), JOB)
    assert [(row.example, row.line, row.place) for row in rows] == [
        (12, None, "example 12"),
        (None, 14, "line 14"),
    ]
    assert {row.file for row in rows} == {"file-valid"}
    assert jobs.blamed(event("Example 3 looks good", "info"), JOB) == ()
    assert jobs.blamed(event("Step 3 of line 4", "warn", type="metrics"), JOB) == ()


def test_rows_left_out_are_listed_once_with_their_reason() -> None:
    skipped = event(
        "3 examples were skipped",
        "warn",
        {"file": "file-valid", "skipped": {"contains people": [3, 5], "too large": [5, "x", -1]}},
    )
    rows = jobs.left_out([skipped, skipped, event("all is well", "info")], JOB)
    assert [(row.line, row.words, row.file) for row in rows] == [
        (3, "contains people", "file-valid"),
        (5, "contains people", "file-valid"),
    ]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["problems", "skipped", "file", "line", "message", "x"]), inner
            )
        ),
        max_leaves=12,
    ),
    st.text(max_size=60),
    st.sampled_from(["info", "warn", "error", "odd"]),
)
def test_whatever_an_event_holds_nothing_breaks(data: Any, message: str, level: str) -> None:
    told = event(message, level, data if isinstance(data, dict) else {"problems": data})
    for row in jobs.blamed(told, JOB):
        assert (row.line or row.example or 0) > 0
    assert jobs.explain(JOB, [told]) is not None
    jobs.left_out([told], JOB)


# -- back to the row ------------------------------------------------------------------------------


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "train.jsonl"
    path.write_text("".join(f"{json.dumps({'n': n})}\n{'' if n else chr(10)}" for n in range(5)))
    return path


def made_from(path: Path) -> MadeFrom:
    return MadeFrom(training=Source(str(path), sha256(path.read_bytes()).hexdigest()))


def append(path: Path) -> None:
    path.write_text(path.read_text() + '{"n": 6}\n')


def remove(path: Path) -> None:
    path.unlink()


async def test_a_line_and_an_example_lead_to_their_row_past_blank_lines(rows: Path) -> None:
    # the file's second line is blank: line 4 is its third row
    by_line = await jobs.find(Blamed("", "file-train", line=4), JOB, made_from(rows))
    by_example = await jobs.find(Blamed("", "file-train", example=3), JOB, made_from(rows))
    assert by_line == by_example
    assert (by_line.path, by_line.index, by_line.changed) == (rows, 2, False)


async def test_a_dataset_that_changed_since_is_said_to_have_changed(rows: Path) -> None:
    origin = made_from(rows)
    append(rows)
    assert (await jobs.find(Blamed("", "file-train", line=4), JOB, origin)).changed


async def test_a_dataset_or_row_that_is_gone_or_never_known_is_said_to_be(rows: Path) -> None:
    origin = made_from(rows)
    with pytest.raises(DatasetError, match="no row at or after line 90"):
        await jobs.find(Blamed("", "file-train", line=90), JOB, origin)
    with pytest.raises(DatasetError):
        await jobs.find(Blamed("", "file-train", example=90), JOB, origin)
    with pytest.raises(DatasetError, match="not known here which file"):
        await jobs.find(Blamed("", "file-valid", line=1), JOB, origin)
    remove(rows)
    with pytest.raises(DatasetError, match="is gone"):
        await jobs.find(Blamed("", "file-train", line=1), JOB, origin)
