"""What somebody is notified of, by which ways, and that it is once for a job and a rule."""

from __future__ import annotations

import asyncio
import json
import math
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tintype.errors import SettingsError, TintypeError, UnreachableError
from tintype.jobs import JobProgress
from tintype.metrics import fold
from tintype.recorder.alerts import RULES, Situation, judged
from tintype.recorder.notifying import Alerting, deliver, deliver_unsent
from tintype.resources import Job
from tintype.settings import Settings
from tintype.settings.forms import RULES as RULE_NAMES
from tintype.settings.loading import load
from tintype.store import Alert

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import FakeClock, HostileProvider

    from tintype.store import Store

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
JOB = Job("ftjob-1", "gpt-4o", "running", NOW - timedelta(hours=1), "file-1", suffix="cards\x1b[2J")


def situation(reports: list[dict[str, Any]] | None = None, **more: Any) -> Situation:
    fields = {name: more.pop(name) for name in ("status", "failure") if name in more}
    progress = JobProgress(replace(JOB, **fields), (), fold(reports or []), (), NOW)
    return Situation(progress, NOW, **{"heard_at": NOW, **more})


def valid(*losses: float) -> list[dict[str, Any]]:
    return [{"step": 10 * at, "full_valid_loss": loss} for at, loss in enumerate(losses, 1)]


@pytest.mark.parametrize(
    ("rule", "at", "words"),
    [
        ("nan", situation([{"step": 7, "train_loss": math.nan}]), "training loss is not a number"),
        ("nan", situation([{"step": 7, "train_loss": 0.5}]), ""),
        ("silence", situation(heard_at=NOW - timedelta(minutes=25)), "nothing for 25 min"),
        ("silence", situation(heard_at=NOW - timedelta(days=374)), "nothing for 374 days"),
        ("silence", situation(heard_at=NOW - timedelta(minutes=19)), ""),
        ("silence", situation(heard_at=NOW - timedelta(hours=9), status="queued"), ""),
        ("validation", situation(valid(0.5, 0.6, 0.7, 0.8)), "3 times in a row, from 0.5"),
        ("validation", situation(valid(0.5, 0.6, 0.55, 0.8)), ""),
        ("validation", situation(valid(0.5, 0.6, 0.7)), ""),
        ("budget", situation(spent_usd=Decimal(81), month_limit_usd=Decimal(100)), "$81.00 of"),
        ("budget", situation(spent_usd=Decimal(79), month_limit_usd=Decimal(100)), ""),
        ("budget", situation(spent_usd=Decimal(79)), ""),
        ("deadline", situation(days_left=55), "gpt-4o, which it tunes, is shut down in 55 days"),
        ("deadline", situation(days_left=61), ""),
        ("deadline", situation(days_left=-1), "has been shut down"),
        ("ended", situation(status="failed"), "it has failed"),
        ("ended", situation(status="cancelled"), "it has been cancelled"),
        ("ended", situation(), ""),
    ],
)
def test_a_rule_says_what_it_has_found_in_words(rule: str, at: Situation, words: str) -> None:
    found = judged(at, (rule,)).get(rule, "")
    assert words.casefold() in found.casefold()
    assert bool(found) == bool(words)
    assert "\x1b" not in found
    assert not found or found.startswith("Job cards")


def test_the_rules_are_those_that_may_be_configured() -> None:
    assert tuple(RULES) == RULE_NAMES


ALERT = Alert("hostile", "ftjob-1", "nan", NOW, "Job cards: training loss is not a number.")


def configured(tmp_path: Path, **said: Any) -> Settings:
    (tmp_path / "config").mkdir()
    lines = [f"{name} = {json.dumps(value)}" for name, value in said.items()]
    (tmp_path / "config" / "config.toml").write_text("\n".join(lines))
    return load(environ={"TINTYPE_HOME": str(tmp_path)})


async def test_an_alert_is_raised_rung_and_sent_once_whoever_finds_it(
    tmp_path: Path, store: Store, hostile: HostileProvider
) -> None:
    hostile.on("POST", "/hook", hostile.answer({}))
    note = tmp_path / "note"
    script = "import sys; open(sys.argv[1], 'a').write(sys.argv[2] + sys.stdin.read() + '\\n')"
    command = [sys.executable, "-c", script, str(note), "{rule}; rm -rf / {words}"]
    settings = configured(tmp_path, notify_webhook=f"{hostile.url}/hook", notify_command=command)
    assert [store.alerts.raise_once(ALERT) for _ in range(3)] == [True, False, False]
    await asyncio.gather(*(deliver_unsent(settings, store, "hostile") for _ in range(3)))
    (posted,) = hostile.sent("POST", "/hook")
    assert posted.json["text"] == ALERT.words
    assert posted.json["rule"] == "nan"
    assert "authorization" not in posted.headers
    (line,) = (await asyncio.to_thread(note.read_text)).splitlines()
    assert line.startswith(f"nan; rm -rf / {ALERT.words}")
    assert store.alerts.claim_rings(NOW) == (ALERT,)
    assert store.alerts.claim_rings(NOW) == ()


async def test_a_delivery_that_fails_is_tried_again(
    tmp_path: Path, store: Store, hostile: HostileProvider, fake_clock: FakeClock
) -> None:
    hostile.on("POST", "/hook", hostile.answer({}, 503), hostile.answer({}))
    settings = configured(tmp_path, notify_webhook=f"{hostile.url}/hook")
    store.alerts.raise_once(ALERT)
    await deliver_unsent(settings, store, "hostile", clock=fake_clock.clock)
    assert len(hostile.sent("POST", "/hook")) == 2


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ({"notify_command": ["/no/such"]}, SettingsError, "cannot be run"),
        ({"notify_command": ["false"]}, SettingsError, "code 1"),
        ({"notify_webhook": "http://127.0.0.1:9/secret"}, UnreachableError, "webhook"),
    ],
)
async def test_what_cannot_be_notified_says_why_without_the_address(
    tmp_path: Path, said: dict[str, Any], error: type[TintypeError], words: str
) -> None:
    with pytest.raises(error, match=words) as found:
        await deliver(configured(tmp_path, **said), ALERT)
    assert "secret" not in str(found.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("notify", ["nan", "never"]),
        ("notify_command", "notify-send words"),
        ("notify_webhook", "ftp://secret"),
        ("notify_terminal", "loud"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, name: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=name) as found:
        configured(tmp_path, **{name: value})
    assert "secret" not in str(found.value)


async def test_what_had_ended_before_is_no_news_and_what_ends_meanwhile_is(
    tmp_path: Path, store: Store
) -> None:
    settings = configured(tmp_path)
    alerting = Alerting(settings, settings.profiles["openai"], store)
    ended = situation(status="succeeded").progress
    alerting.hear(ended)
    assert store.alerts.of("openai", JOB.id) == ()
    alerting.hear(situation().progress)
    alerting.hear(ended)
    alerting.hear(ended)
    await alerting.aclose()
    (alert,) = [one for one in store.alerts.of("openai", JOB.id) if one.rule == "ended"]
    assert alert.words == "Job cards [2J: it has succeeded."
    assert store.alerts.unsent("openai") == ()
