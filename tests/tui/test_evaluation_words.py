"""What the strip names next, and evaluations in words and bars, without a terminal."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from textual.app import App

from tintype.evaluation import EvaluatedModel, EvaluationPlan, RunProgress
from tintype.evaluation.report import dollars
from tintype.evaluation.statistics import Interval
from tintype.loop import LoopState
from tintype_tui.evaluating import Evaluating
from tintype_tui.screens.evaluate.setup import Draft, setup_lines
from tintype_tui.text import money
from tintype_tui.widgets.evaluation_report import drawn_bar, running_lines
from tintype_tui.widgets.loop_strip import LoopStrip, wanted
from tintype_tui.words.evaluating import progress_words

TUNED = EvaluatedModel("ft:tiny:me:cards:1", "here")
BASE = EvaluatedModel("tiny", "here")
PLAN = EvaluationPlan(Path("/a/test.jsonl"), (TUNED, BASE), ("exact",))
DATA = LoopState(dataset=Path("/a/train.jsonl"))
LAUNCHED = replace(DATA, estimate="free", job="ftjob-1", job_status="running")
OF_JOBS = {"try": ("act('try')",), "job trouble": ("act('row')",)}


@pytest.mark.parametrize(
    ("state", "pane", "actions"),
    [
        (LoopState(), "datasets", ("own",)),
        (LoopState(), "jobs", ("go('datasets')",)),
        (DATA, "playground", ("go('estimate')",)),
        (replace(DATA, estimate="free"), "jobs", ("go('estimate')",)),  # launched from there
        (LAUNCHED, "home", ("go('jobs')",)),
        (LAUNCHED, "jobs", ("own",)),
        (replace(LAUNCHED, job_status="failed"), "jobs", ("act('row')",)),
        (replace(LAUNCHED, job_status="failed", checked="error"), "jobs", ("go('datasets')",)),
        (replace(LAUNCHED, model="ft:1"), "jobs", ("act('try')", "go('playground')")),
        (replace(LAUNCHED, model="ft:1", tried=True), "home", ("go('evaluate')",)),
        (replace(LAUNCHED, model="ft:1", evaluation="90 %", evaluated=True), "jobs", ("own",)),
    ],
)
def test_what_comes_next_serves_the_stage_that_the_strip_shows(
    state: LoopState, pane: str, actions: tuple[str, ...]
) -> None:
    assert wanted(state, pane, ("own",), OF_JOBS) == actions


def test_a_bar_is_solid_to_its_lower_bound_and_light_to_its_upper_one() -> None:
    assert drawn_bar(Interval(0.5, 0.3, 0.8, ""), 10) == "███▓▓░░░  "
    assert drawn_bar(Interval(0, 0, 0.2, ""), 10) == "░░        "
    assert drawn_bar(Interval(1, 1, 1, ""), 3) == "███"


def test_an_unknown_cost_is_said_while_it_runs_and_is_not_zero() -> None:
    now = RunProgress("asking", Path("/r"), 141, 240, per_s=31, left_s=3.2, under_way=16)
    assert progress_words(now, pausing=False) == (
        "141 of 240 answers · 31 a second, 16 at once · 3.2 s left · free"
    )
    dear = replace(now, spent_usd=Decimal("0.12"), unknown=2, failed=1, reused=3)
    assert progress_words(dear, pausing=True).endswith(
        "$0.12 · 2 answers of unknown cost · 3 from earlier runs · 1 failed · pausing …"
    )
    assert progress_words(replace(now, unknown=141), pausing=False).endswith(
        "3.2 s left · cost unknown · 141 answers of unknown cost"
    )
    begun = RunProgress("asking", Path("/r"), 0, 240, under_way=16)
    assert progress_words(begun, pausing=False) == "0 of 240 answers · 16 at once"


def test_failures_come_latest_first_and_the_strip_says_how_far_it_is() -> None:
    now = Evaluating(PLAN, Path("/r"))
    assert (now.words, now.ended) == ("reading", False)
    first = RunProgress("asking", Path("/r"), 2, 4, latest=((0, TUNED.id, 1.0), (1, BASE.id, 0.0)))
    now = now.after(first).after(replace(first, done=3, latest=((1, TUNED.id, 0.0),)))
    assert now.failures == ((1, TUNED.id), (1, BASE.id))
    assert now.words == "75 %"
    assert now.progress is not None
    lines = running_lines(PLAN, now.progress, now.failures)
    assert [line.cells for line in lines if line.leads_to and line.leads_to.row == 1] == [
        ("tuned cards",),
        ("tiny",),
    ]
    ended = replace(first, phase="done", scores={TUNED.id: Interval(0.929, 0.9, 0.95, "")})
    assert (now.after(ended).words, now.after(ended).ended) == ("92.9 %", True)
    assert replace(now, trouble="No key.").words == "stopped"


def test_a_set_up_says_what_cannot_be_started_and_which_model_is_compared_with() -> None:
    assert setup_lines(Draft(), running=False) == ()
    lines = {
        one.name: one.words for one in setup_lines(Draft(PLAN, state="loading"), running=False)
    }
    assert lines["start"] == "reading the rows …"
    assert lines["model 1"].endswith("the others against it")
    assert lines["leaks"] == "not known what was trained on"
    broken = Draft(PLAN, state="failed", why="Line 3 has no answer.")
    assert setup_lines(broken, running=False)[0].words == "✗ Line 3 has no answer."
    assert "running" in setup_lines(broken, running=True)[0].words


async def test_where_there_is_no_room_for_the_loop_the_strip_shows_what_is_now() -> None:
    strip = LoopStrip({})
    async with App[None]().run_test(size=(30, 4)) as pilot:
        await pilot.app.mount(strip)
        strip.loop_state = replace(LAUNCHED, model="ft:1")
        await pilot.pause()
        assert strip.render_line(0).text.strip() == "◐ try"


@pytest.mark.parametrize(
    ("usd", "report", "app"),
    [
        (None, "unknown", "unknown"),
        ("0", "$0.00", "free"),
        ("0.000028", "$0.000028", "$0.000028"),
        ("0.0042", "$0.0042", "$0.0042"),
        ("0.0601", "$0.06", "$0.06"),
        ("1.2", "$1.20", "$1.20"),
    ],
)
def test_what_costs_is_never_a_zero_and_never_a_power_of_ten(
    usd: str | None, report: str, app: str
) -> None:
    cost = Decimal(usd) if usd else None
    assert dollars(cost) == report
    assert money(cost) == app
