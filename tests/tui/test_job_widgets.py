"""What the widgets of the jobs pane show of a job, at any width."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.handled import until
from textual.app import App, ComposeResult
from textual.widget import Widget

from tintype.jobs import Bill, Blamed, Explanation, JobProgress, Moderation, Trouble
from tintype.jobs.moderating import Category
from tintype.loop import LoopState
from tintype.metrics import Metrics, Series, diagnose
from tintype.resources import Checkpoint, Job, JobFailure
from tintype_tui.screens.jobs.acting import elsewhere
from tintype_tui.screens.jobs.following import Known
from tintype_tui.text import age, clock
from tintype_tui.widgets.chart import Pin, with_scores
from tintype_tui.widgets.chart.painting import ruler_row
from tintype_tui.widgets.chart.palette import UNICODE
from tintype_tui.widgets.checkpoint_list import CheckpointList
from tintype_tui.widgets.job_header import JobHeader
from tintype_tui.widgets.job_list import Beside, JobList
from tintype_tui.widgets.job_trouble import TroubleList
from tintype_tui.words.jobs import bill_words, told

NOW = datetime.now(UTC)
JOB = Job("ftjob-1", "gpt-4o", "running", NOW, "file-1", suffix="cards")


class One(App[None]):
    """An app of one widget."""

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget

    def compose(self) -> ComposeResult:
        yield self.widget

    @property
    def lines(self) -> list[str]:
        """What can be read."""
        strips = self.screen._compositor.render_strips(self.size)
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


def metrics(**series: Sequence[float]) -> Metrics:
    return Metrics(
        {name: Series(name, enumerate(values, 1)) for name, values in series.items()},
        total_steps=200,
    )


def progress(job: Job = JOB, found: Metrics | None = None, trouble: str = "") -> JobProgress:
    wait_s = 4000.0 if trouble else None
    return JobProgress(job, (), found or Metrics(), (), NOW, trouble, wait_s)


async def header(shown: JobProgress, *, looking: bool = True, width: int = 90) -> list[str]:
    widget = JobHeader()
    widget.looking = looking
    async with One(widget).run_test(size=(width, 4)) as pilot:
        widget.progress, widget.diagnosis = shown, diagnose(shown.metrics)
        await pilot.pause()
        assert isinstance(pilot.app, One)
        return pilot.app.lines[:3]


FALLING = [5.0 / n for n in range(1, 60)]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (metrics(train_loss=FALLING), "Training loss fell from"),
        (metrics(train_loss=[*FALLING, float("nan")]), "! Training loss is NaN at step 60"),
        (metrics(train_loss=[2.0, 1.0, 0.0, 0.0, 0.0]), "! Training loss has been exactly 0 since"),
        (metrics(train_loss=[2.5] * 30), "! Training loss has not moved from 2.5"),
        (
            metrics(train_loss=[*FALLING, *(9.0 + n / 9 for n in range(20))]),
            "! Training loss has grown from",
        ),
        (
            metrics(train_loss=FALLING, full_valid_loss=[3.0, 2.0, 1.5, 2.5, 2.9]),
            "! Validation loss has risen",
        ),
    ],
)
async def test_the_header_says_the_trend_or_what_looks_like_a_mistake(
    found: Metrics, words: str
) -> None:
    lines = await header(progress(found=found))
    assert words in lines[1] or words.replace("Validation", "Full validation") in lines[1]


async def test_the_header_says_that_the_provider_is_away_and_when_it_is_asked_again() -> None:
    lines = await header(progress(trouble="The provider is busy."), width=70)
    assert "heard " in lines[0]
    assert lines[1].startswith(" The provider is busy. Asked again in ")
    lines = await header(progress(), looking=False)
    assert "not asking, p goes on" in lines[0]


async def test_the_trend_is_read_to_its_end_in_a_terminal_of_80_columns() -> None:
    tuned = replace(JOB, status="succeeded", fine_tuned_model="ft:house-vlm:personal:cards:1a2b3c")
    shown = progress(tuned, metrics(full_valid_loss=[3.3848 - n / 100 for n in range(30)]))
    widget = JobHeader()
    async with One(widget).run_test(size=(80, 24)) as pilot:
        widget.progress, widget.diagnosis = shown, diagnose(shown.metrics)
        await pilot.pause()
        assert isinstance(pilot.app, One)
        words = " ".join(" ".join(pilot.app.lines[1:3]).split())
        assert words == f"{tuned.fine_tuned_model} · {widget.diagnosis.trend}"


async def test_the_header_names_the_cause_of_a_failure_and_cuts_what_has_no_room() -> None:
    failed = replace(JOB, status="failed", failure=JobFailure("server_error", "Oh.\x1b[2J"))
    lines = await header(progress(failed), width=36)
    assert lines[0].startswith(" ✗ failed")
    assert lines[1].startswith(" ✗ server_error: The provider had")
    assert lines[0].endswith("…")
    assert lines[2].strip()


def test_the_sentences_say_the_trend_of_every_curve_that_counts() -> None:
    found = metrics(train_loss=[2.0, 1.0, 0.0, 0.0, 0.0], full_valid_loss=[3.0, 2.0, 1.0])
    diagnosis = diagnose(found)
    assert len(diagnosis.courses) == 2
    assert diagnosis.warnings == ("Training loss has been exactly 0 since step 3.",)
    assert diagnosis.trend.startswith("Full validation loss fell 2 evaluations running")
    assert diagnose(Metrics()).trend == ""


@pytest.mark.parametrize("width", [38, 60, 80, 140])
async def test_a_job_is_told_in_as_many_columns_as_there_is_room_for(width: int) -> None:
    widget = JobList()
    async with One(widget).run_test(size=(width, 4)) as pilot:
        widget.beside = {"ftjob-1": Beside("cards/train", "≈$12.30")}
        widget.jobs = [JOB, replace(JOB, id="ftjob-2", status="odd_state")]
        await pilot.pause()
        assert isinstance(pilot.app, One)
        line = pilot.app.lines[0]
        assert "◐ running" in line
        assert "cards" in line
        assert ("≈$12.30" in line) == (width > 50)
        assert ("gpt-4o" in line) == (width > 62)
        assert ("cards/train" in line) == (width > 77)
        assert "? odd_state" in pilot.app.lines[1]  # what is not known is shown


async def test_the_best_checkpoint_is_marked_and_those_that_may_be_gone() -> None:
    widget = CheckpointList()
    losses = [3.0, 1.0, 2.0, 2.5, 2.7]
    async with One(widget).run_test(size=(100, 8)) as pilot:
        widget.checkpoints = [
            Checkpoint(f"c{n}", "ftjob-1", f"m:{n}", n or None, NOW, {"full_valid_loss": loss})
            for n, loss in enumerate(losses)
        ]
        await pilot.pause()
        assert isinstance(pilot.app, One)
        lines = pilot.app.lines
        assert "step      ?" in lines[0]
        assert "★" in lines[1]
        assert "best, may be gone" in lines[1]
        assert [("may be gone" in line) for line in lines[:5]] == [True, True, False, False, False]


async def test_trouble_wraps_anew_and_keeps_its_place() -> None:
    rows = tuple(Blamed("a long complaint " * 8, "file-1", line) for line in range(1, 6))
    widget = TroubleList()
    why = Explanation("code", "words " * 30, "The cause.", "The fix.", rows, more=7)
    async with One(widget).run_test(size=(90, 30)) as pilot:
        widget.trouble = Trouble(why)
        widget.focus()
        await pilot.pause()
        assert widget.row_at(widget.cursor) == rows[0]
        widget.seek(rows[3])
        before = widget.total
        await pilot.resize_terminal(50, 30)
        await until(pilot, lambda: widget.total > before)
        assert widget.row_at(widget.cursor) == rows[3]


def test_safety_checks_are_told_by_category_with_what_to_do() -> None:
    checks = Moderation(
        True,
        (Category("hate", "flagged", "block"), Category("sexual", "passed")),
        "The model is blocked for hate.",
        "Train again.",
    )
    said = [one.text for one in told(Trouble(checks=(checks,)))]
    assert said[0] == "The model is blocked for hate."
    assert said[1].startswith("  ✗ hate: ")
    assert said[-1] == "→ Train again."
    assert bool(Trouble(checks=(checks,)))
    assert not Trouble()


def test_rows_are_said_to_be_in_the_file_they_are_in() -> None:
    rows = (Blamed("people", "file-1", 3), Blamed("people", "file-2", 4))
    said = [one.text for one in told(Trouble(left_out=rows, validation="file-2"))]
    assert said == ["! 2 rows left out:", "line 3: people", "line 4 of the validation file: people"]


@pytest.mark.parametrize(
    ("bill", "words"),
    [
        (Bill(300, None, None, None), "does not report billed tokens"),
        (Bill(300, 300, Decimal("7.5"), Decimal("7.5")), "300 tokens, $7.50; as estimated"),
        (Bill(None, 300, None, None), "300 tokens, price unknown; no estimate to compare with"),
        (
            Bill(300, 150, Decimal("7.5"), Decimal("3.75"), ("3 examples were skipped",)),
            "150 tokens, $3.75; 50% less than estimated (300, $7.50): 3 examples were skipped",
        ),
    ],
)
def test_a_bill_stands_beside_what_was_expected(bill: Bill, words: str) -> None:
    assert words in bill_words(bill)


def test_a_job_known_for_days_is_as_old_as_it_is() -> None:
    from tintype_tui.widgets.job_list import _when

    assert (
        _when(replace(JOB, created_at=datetime.now(UTC) - timedelta(hours=3, minutes=20)))
        == "3 h ago"
    )
    assert _when(replace(JOB, created_at=datetime.now(UTC) - timedelta(days=40))) == "40 days ago"


def test_a_time_that_was_not_given_is_no_age() -> None:
    assert age(datetime.fromtimestamp(0, UTC)) == "age ?"
    assert clock(datetime.fromtimestamp(0, UTC)) == "--:--:--"


@pytest.mark.parametrize(
    ("view", "checkpoints", "beside"),
    [
        ("events", 3, []),
        ("checkpoints", 3, [1, 2, 3]),
        ("checkpoints", 9, [1, 3, 5, 7]),  # six models are the most, base and last among them
    ],
)
def test_from_the_list_of_checkpoints_they_are_evaluated_too(
    view: str, checkpoints: int, beside: list[int]
) -> None:
    made = tuple(
        Checkpoint(f"c{n}", JOB.id, f"ft:tiny:x::id:ckpt-step-{n}", n, NOW)
        for n in range(1, checkpoints + 1)
    )
    known = Known(JobProgress(JOB, (), Metrics(), made, None))
    request = elsewhere("evaluate", known, "ft:tiny:x::id", view).change(LoopState()).to_evaluate
    assert request is not None
    assert request.model == "ft:tiny:x::id"
    assert list(request.beside) == [f"ft:tiny:x::id:ckpt-step-{n}" for n in beside]


def test_the_last_mark_of_a_chart_is_named_before_it_where_the_edge_is_near() -> None:
    pins = with_scores((Pin(10, "epoch 1"), Pin(20, "epoch 2")), Series("s", [(20, 0.934)]))
    assert [pin.name for pin in pins] == ["epoch 1", "93% (epoch 2)"]
    row = ruler_row([(4, pins[0]), (38, pins[1])], 40, UNICODE)
    assert row == "    ╎epoch 1             93% (epoch 2)╎"
    assert ruler_row([], 40, UNICODE) == ""  # none of them is in view
    assert "93%" not in ruler_row([(4, pins[0]), (18, pins[1])], 20, UNICODE)  # no room at all
