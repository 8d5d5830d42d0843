"""`tintype inventory`: what there is at every provider, until when, and what to do by which day."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests import deadline_provider as known
from tests.deadline_provider import DeadlineProvider

from tintype import pricing


@pytest.fixture
def ending(
    home: Path, ending_apart: DeadlineProvider, monkeypatch: pytest.MonkeyPatch
) -> DeadlineProvider:
    """The provider in use is the one with deadlines; its base models end in 47 days."""
    monkeypatch.setattr(pricing, "today", lambda: known.TODAY)
    monkeypatch.setenv("ENDING_KEY", "sk-ending-0123456789abcdef")
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(
        'default_profile = "old"\n[profiles.old]\nkey_env = "ENDING_KEY"\nprovider = "openai"\n'
        f'base_url = "{ending_apart.hostile.url}"\n'
    )
    return ending_apart


def test_everything_is_listed_with_its_days_and_again_without_the_provider(
    ending: DeadlineProvider, tintype: Callable[..., Any]
) -> None:
    done = tintype("inventory")
    assert done.code == 0
    cards = next(line for line in done.out.splitlines() if line.endswith(known.CARDS))
    assert cards.startswith("model")
    assert "14 Jan 2027, 47 days" in cards
    assert "? listed" in cards
    before = len(ending.hostile.requests)
    offline = tintype("inventory", "--offline")
    assert offline.out == done.out
    assert len(ending.hostile.requests) == before


def test_files_for_spreadsheets_and_programs_say_who_gave_the_date(
    ending: DeadlineProvider, tintype: Callable[..., Any]
) -> None:
    table = list(csv.DictReader(io.StringIO(tintype("inventory", "--csv").out)))
    covers = next(row for row in table if row["id"] == known.COVERS)
    assert (covers["ends"], covers["input $/M"]) == ("2027-01-14", "3.0")
    assert covers["source"].startswith("the provider's API (shutdown_date")
    assert next(row for row in table if row["id"] == "file-orphan")["orphan"]
    found = tintype("inventory", "--offline", "--json", "--kind", "model").json
    assert {item["ref"]["kind"] for item in found["items"]} == {"model"}
    assert found["plan"]["steps"][0]["last_safe"] == "2027-01-09"
    assert "| model | covers |" in tintype("inventory", "--offline", "--md").out


def test_the_plan_names_the_last_safe_day(
    ending: DeadlineProvider, tintype: Callable[..., Any]
) -> None:
    said = " ".join(tintype("inventory", "plan").out.split())
    assert "9 Jan 2027 is the last safe day to start retraining (the longest took 41 h" in said
    assert "old itself takes no new jobs from 6 Jan 2027." in said
    assert "1 model does not answer any more: old." in said
    assert json.loads(tintype("inventory", "--offline", "plan", "--json").out)["lost"] == [
        known.OLD
    ]


def test_a_thing_is_shown_with_its_lineage_by_its_alias(
    ending: DeadlineProvider, tintype: Callable[..., Any]
) -> None:
    tintype("inventory")
    said = tintype("inventory", "label", "cards", "--alias", "the good one").said
    assert "Alias: the good one." in said
    assert tintype("inventory", "show", "nothing").code == 2
    shown = tintype("inventory", "--offline", "show", "the good one").out
    tree = shown.partition("\n\n")[2].splitlines()
    assert [line.strip(" └├│").split()[0] for line in tree] == ["file", "job", "model"]
    assert "the provider names gpt-6-luna" in shown


def test_a_probe_finds_who_answers_and_its_exit_code_says_so(
    ending: DeadlineProvider, tintype: Callable[..., Any]
) -> None:
    tintype("inventory")
    assert tintype("inventory", "probe", "cards").code == 0
    done = tintype("inventory", "probe", known.OLD, "--json")
    assert (done.code, done.json) == (1, {known.OLD: "gone"})
    assert "✓ answers" in tintype("inventory", "--offline", "--filter", "is:answers").out
    assert ending.asked == [known.CARDS, known.OLD]


def test_a_profile_that_cannot_be_asked_is_said_and_what_was_known_is_listed(
    ending: DeadlineProvider, tintype: Callable[..., Any]
) -> None:
    tintype("inventory")
    refused = ending.hostile.answer({"error": {"message": "Bad key"}}, 401)
    ending.hostile.on("GET", ".*", refused)
    done = tintype("inventory")
    assert done.code == 1
    assert "old: " in done.err
    assert known.CARDS in done.out


def test_any_command_warns_once_a_day_of_what_will_be_lost(
    ending: DeadlineProvider, tintype: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "end on" not in tintype("models").err  # nothing is known yet
    tintype("jobs", "--json")
    warning = "2 tuned models end on 14 Jan 2027, in 47 days (old)."
    first = tintype("status", "--json")
    assert warning in first.err
    assert first.json  # on standard output nothing but data
    assert warning not in tintype("status").err
    monkeypatch.setattr(pricing, "today", lambda: known.TODAY + timedelta(days=1))
    assert "in 46 days" in tintype("models").err
    monkeypatch.setattr(pricing, "today", lambda: known.SHUTDOWN)
    assert "tuned model" not in tintype("models").err


def test_with_nothing_anywhere_nothing_is_listed(tintype: Callable[..., Any]) -> None:
    done = tintype("inventory")
    assert (done.code, done.out) == (0, "")
    assert "0 things, never asked." in done.err
    assert "nothing to do by a date" in tintype("inventory", "plan").out
