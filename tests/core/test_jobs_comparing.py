"""Jobs beside each other and beside what was promised: settings, bills, safety checks, filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype import jobs
from tintype.jobs.moderating import CATEGORIES, TYPE
from tintype.metrics import Metrics, Series
from tintype.pricing import load_prices
from tintype.resources import Event, Hyperparameters, Job
from tintype.store import KeptJob, MadeFrom, Source

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
OPENAI = "gpt-4o-2024-08-06"
JOB = Job(
    "ftjob-1",
    OPENAI,
    "succeeded",
    AT,
    "file-1",
    hyperparameters=Hyperparameters(3, 4, 2.0),
    suffix="cards",
    trained_tokens=300_000,
)
EXPECTED = {"billed_tokens": 300_000, "epochs": 3, "cost_usd": "7.50"}


def kept(job: Job = JOB, **origin: Any) -> KeptJob:
    return KeptJob("openai", job, AT, True, MadeFrom(**{"estimate": EXPECTED, **origin}))


def warned(*lines: int, file: str = "file-1") -> Event:
    data = {"file": file, "skipped": {"contains people": list(lines)}}
    return Event("ftevent-1", AT, "skipped", "warn", data=data)


def billed(job: Job, *events: Event, **origin: Any) -> jobs.Bill | None:
    return jobs.bill(kept(job, **origin), events, load_prices(), "openai")


# -- the bill -------------------------------------------------------------------------------------


def test_a_running_job_has_no_bill() -> None:
    assert billed(replace(JOB, status="running")) is None


def test_a_bill_as_expected_needs_no_reason() -> None:
    found = billed(replace(JOB, trained_tokens=302_000), warned(1, 2))
    assert found is not None
    assert found.off == pytest.approx(0.0067, abs=1e-4)
    assert (found.expected_usd, found.reasons) == (Decimal("7.50"), ())
    price = load_prices().training("openai", OPENAI)
    assert price is not None
    assert found.cost_usd == price.cost(302_000)


def test_a_smaller_bill_is_explained_by_what_was_left_out() -> None:
    found = billed(replace(JOB, trained_tokens=150_000, status="cancelled"), warned(1, 2, 3))
    assert found is not None
    assert found.off == -0.5
    assert found.reasons == ("the job was not finished: cancelled", "3 examples were skipped")


def test_what_was_left_out_explains_no_larger_bill() -> None:
    found = billed(replace(JOB, trained_tokens=400_000), warned(1, 2, 3))
    assert found is not None
    assert found.reasons == ("the provider counts images or the overhead of messages differently",)


def test_other_epochs_than_expected_explain_a_bill_in_their_direction() -> None:
    job = replace(JOB, trained_tokens=400_000, hyperparameters=Hyperparameters(4))
    found = billed(job)
    assert found is not None
    assert found.reasons == ("4 epochs were run where 3 were expected",)


def test_rows_skipped_in_the_validation_file_are_not_billed_anyway() -> None:
    found = billed(replace(JOB, trained_tokens=200_000), warned(1, file="file-2"))
    assert found is not None
    assert "skipped" not in " ".join(found.reasons)


def test_thousands_of_skipped_rows_are_counted_in_full() -> None:
    found = billed(replace(JOB, trained_tokens=200_000), warned(*range(1, 2_501)))
    assert found is not None
    assert found.reasons == ("2,500 examples were skipped",)


@pytest.mark.parametrize(
    "estimate", [{}, {"billed_tokens": True, "cost_usd": "much"}, {"billed_tokens": "300"}]
)
def test_a_job_without_an_estimate_has_a_bill_without_a_comparison(
    estimate: Mapping[str, Any],
) -> None:
    found = billed(JOB, estimate=estimate)
    assert found is not None
    assert (found.expected_tokens, found.expected_usd, found.off) == (None, None, None)
    assert found.billed_tokens == 300_000


def test_an_unknown_price_is_unknown_and_not_nothing() -> None:
    found = jobs.bill(kept(replace(JOB, model="nobody-1")), (), load_prices(), "openai")
    assert found is not None
    assert found.cost_usd is None


# -- settings that differ -------------------------------------------------------------------------


def test_only_the_settings_that_differ_are_listed_in_the_order_of_the_jobs() -> None:
    one = kept(training=Source("/data/cards/train.jsonl", "a" * 64, 240))
    other = kept(
        replace(JOB, seed=7, hyperparameters=Hyperparameters(8, 4, 2.0)),
        training=Source("/data/cards/train.jsonl", "b" * 64, 240),
    )
    assert [(found.name, found.values) for found in jobs.differences([one, other])] == [
        ("trained on", ("cards/train.jsonl (aaaaaaaa)", "cards/train.jsonl (bbbbbbbb)")),
        ("epochs", ("3", "8")),
        ("seed", ("", "7")),
    ]
    assert jobs.differences([one]) == ()
    assert jobs.differences([one, one]) == ()


def test_a_setting_says_who_chose_it() -> None:
    def asked(value: Any) -> KeptJob:
        inner = {"hyperparameters": {"n_epochs": value}}
        return kept(request={"method": {"type": "supervised", "supervised": inner}})

    assert jobs.setting(asked("auto"), "n_epochs", 3) == "3 (auto)"
    assert jobs.setting(asked(3), "n_epochs", 3) == "3"
    assert jobs.setting(asked("auto"), "n_epochs", "auto") == "auto"
    assert jobs.setting(kept(), "n_epochs", 1.5) == "1.5"
    assert jobs.setting(kept(request={"method": "supervised"}), "n_epochs", 3) == "3"


# -- filters --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ("", True),
        ("cards", True),
        ("CARDS succ", True),
        ("state:succeeded model:gpt-4o", True),
        ("state:failed", False),
        ("suffix:cards data:shapes", True),
        ("suffix:shapes", False),
        ("id:ftjob-1 made:2026-11", True),
        ("meta:team=a", True),
        ("cards state:run", False),
        ("ft:gpt", True),
        (":", True),
        ("colour:red", False),
    ],
)
def test_jobs_are_chosen_by_words_and_by_keys(wanted: str, fits: bool) -> None:
    job = replace(JOB, metadata={"team": "a"}, fine_tuned_model="ft:gpt-4o:x")
    assert jobs.fits(kept(job, training=Source("/data/shapes/train.jsonl", "")), wanted) is fits


# -- safety checks --------------------------------------------------------------------------------


def checked(data: Mapping[str, Any], message: str = "Moderation checks") -> jobs.Moderation:
    found = jobs.moderation(Event("ftevent-1", AT, message, type=TYPE, data=data))
    assert found is not None
    return found


def test_only_safety_checks_are_read_as_such() -> None:
    assert jobs.moderation(Event("ftevent-1", AT, "Step 1", type="metrics")) is None


@pytest.mark.parametrize(
    "data",
    [
        {"blocked": True, "results": [{"category": "hate", "flagged": True, "action": "block"}]},
        {"blocked": True, "hate": True, "sexual": False},
        {"passed": False, "checks": {"hate": {"verdict": "failed"}, "sexual": {"verdict": "ok"}}},
    ],
)
def test_a_blocked_model_names_the_categories_in_any_shape(data: Mapping[str, Any]) -> None:
    found = checked(data)
    assert found.blocked is True
    assert found.categories[0].name == "hate"
    assert found.categories[0].verdict == "flagged"
    assert found.categories[0].about == CATEGORIES["hate"]
    assert found.sentence == "The model is blocked for hate."
    assert "declines" in found.advice


def test_passed_checks_say_how_many_and_need_no_advice() -> None:
    found = checked(dict.fromkeys(CATEGORIES, False), "The model passed all checks")
    assert (found.blocked, found.advice) == (False, "")
    assert found.sentence == "The model passed the safety checks in 13 categories."


def test_a_check_without_a_result_claims_none() -> None:
    assert checked({}).blocked is None
    assert "does not say" in checked({}).sentence


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["hate", "category", "name", "flagged", "blocked", "verdict"]),
                inner,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_a_safety_check_holds_nothing_breaks(data: Any) -> None:
    checked({"inner": data} if not isinstance(data, dict) else data)


def test_what_was_left_to_the_provider_is_left_to_it_when_a_job_is_repeated() -> None:
    chosen = Hyperparameters(3, 8, 1.8, {"lora_rank": 16})
    asked = {"n_epochs": 3, "batch_size": "auto", "lora_rank": "auto"}
    job = replace(JOB, hyperparameters=chosen, seed=7)
    request = {"method": {"supervised": {"hyperparameters": asked}}}
    again = jobs.to_repeat(kept(job, request=request))
    assert again.hyperparameters == Hyperparameters(3)
    assert again.seed is None
    assert jobs.to_repeat(kept(job, request={**request, "seed": 7})).seed == 7
    assert jobs.to_repeat(kept(job, request={})) == job  # made elsewhere: nobody knows


# -- outcomes --------------------------------------------------------------------------------------


def trained(**series: list[float]) -> Metrics:
    return Metrics({name: Series(name, enumerate(values, 1)) for name, values in series.items()})


AT_OPENAI = {kept().profile: "openai"}


def test_outcomes_are_compared_by_the_best_measure_that_all_runs_have() -> None:
    one = trained(train_loss=[2.0, 0.5, 0.7], full_valid_loss=[1.0], valid_loss=[3.0, 0.9])
    other = trained(train_loss=[1.0], valid_loss=[0.8], train_mean_token_accuracy=[0.5])
    found = jobs.outcomes([(kept(), one), (kept(), other)], load_prices(), AT_OPENAI)
    assert found.loss == "valid_loss"
    assert found.accuracy == ""
    assert [(each.best_loss, each.best_step) for each in found.each] == [(0.9, 2), (0.8, 1)]
    assert [each.cost_usd for each in found.each] == [Decimal("7.50")] * 2
    alone = jobs.outcomes([(kept(), one)], None, AT_OPENAI)
    assert alone.loss == "full_valid_loss"
    assert (alone.each[0].cost_usd, alone.each[0].estimated) == (Decimal("7.50"), True)
    unknown = jobs.outcomes([(kept(estimate={}), one)], None, AT_OPENAI)
    assert unknown.each[0].cost_usd is None  # not known is not free


def test_runs_without_metrics_have_outcomes_too() -> None:
    broken = trained(valid_loss=[float("nan")])
    found = jobs.outcomes([(kept(), Metrics()), (kept(), broken)], None, AT_OPENAI)
    assert found.loss == ""
    assert found.each[0].best_loss is None
    assert jobs.outcomes([], None, AT_OPENAI) == jobs.Outcomes()


def score(value: float, run: str, scorer: str = "exact") -> jobs.ModelScore:
    return jobs.ModelScore(value, value - 0.1, value + 0.1, 40, scorer, run)


def test_scores_are_of_the_newest_evaluation_that_all_jobs_have_one_in() -> None:
    one, other = (
        replace(kept(), job=replace(JOB, id=name, fine_tuned_model=f"ft:{name}")) for name in "ab"
    )
    runs = [(one, Metrics()), (other, Metrics())]
    profile = one.profile
    scores = {
        (profile, "ft:a"): (score(0.7, "third"), score(0.5, "first")),
        (profile, "ft:b"): (score(0.8, "second"), score(0.6, "first")),
        ("another", "ft:a"): (score(0.1, "fourth"),),
    }
    found = jobs.outcomes(runs, None, {}, scores)
    assert [each.score and each.score.value for each in found.each] == [0.5, 0.6]
    assert found.evaluations == ("first (exact)",)
    apart = {name: every[:1] for name, every in scores.items()}
    found = jobs.outcomes(runs, None, {}, apart)
    assert [each.score and each.score.value for each in found.each] == [0.7, 0.8]
    assert found.evaluations == ("third (exact)", "second (exact)")
    assert jobs.outcomes(runs, None, {}).each[0].score is None  # not known is not 0


def test_what_was_estimated_stands_where_no_bill_is_known() -> None:
    estimated = replace(kept(), made_from=MadeFrom(estimate={"cost_usd": "3.5"}))
    unbilled = replace(estimated, job=replace(JOB, trained_tokens=None))
    [found] = jobs.outcomes([(unbilled, Metrics())], load_prices(), AT_OPENAI).each
    assert (found.cost_usd, found.estimated) == (Decimal("3.5"), True)
    failed = replace(unbilled, job=replace(unbilled.job, status="failed"))
    assert jobs.cost_or_estimate(failed, load_prices(), AT_OPENAI) == (None, False)


def test_the_time_of_a_training_is_counted_without_the_queue() -> None:
    ended = replace(JOB, finished_at=AT + timedelta(seconds=3_600))
    started = Event("ftevent-2", AT + timedelta(seconds=3_000), "Fine-tuning job started")
    clock = Series("clock", [(1, (AT + timedelta(seconds=3_300)).timestamp())])
    assert jobs.training_s(ended, Metrics(), [started]) == 600
    assert jobs.training_s(ended, Metrics(clock=clock)) == 300
    assert jobs.training_s(ended, Metrics()) is None
    assert jobs.training_s(JOB, Metrics(clock=clock), [started]) is None
