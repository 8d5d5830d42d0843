"""Notifying somebody: a webhook, a command of one's own; terminals ring by themselves.

An alert is claimed in the store before it is sent, so that no second process sends it. What cannot
be delivered after a few tries is logged, and was shown by the app in any case.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from tintype.api import SYSTEM, Clock, one_line
from tintype.errors import SettingsError, UnreachableError
from tintype.jobs import JobProgress
from tintype.pricing import Prices, load_prices
from tintype.recorder.alerts import Situation, judged
from tintype.settings import Profile, Settings
from tintype.store import Alert, Store, month_of

LOG = logging.getLogger("tintype.recorder")
TRIES, FIRST_S = 4, 5.0
"""How often a delivery is tried, and the first wait; each later one is three times as long."""
JUDGE_S = 30.0
"""How often jobs that say nothing are judged."""
LAST_S = 20.0
"""How long the end of a recorder waits for what it sends."""
COMMAND_S, WEBHOOK_S = 30.0, 15.0
"""How long a command, or a webhook's server, may take."""


def body_of(alert: Alert) -> dict[str, str]:
    """Return what a webhook is sent, and a command reads: no keys, no data of a dataset.

    `text` is what Slack and Mattermost show, `content` what Discord shows.
    """
    return {
        "text": alert.words,
        "content": alert.words,
        "rule": alert.rule,
        "profile": alert.profile,
        "job": alert.job_id,
        "at": alert.raised_at.isoformat(),
    }


async def deliver(settings: Settings, alert: Alert) -> None:
    """Send an alert by every way that is configured.

    Raises:
        UnreachableError: if a webhook's server cannot be reached or refuses.
        SettingsError: if a command cannot be run, or fails.
    """
    try:
        if settings.notify_command:
            await _run(settings.notify_command, alert)
    finally:
        if settings.notify_webhook:
            await _post(settings.notify_webhook, alert)


async def deliver_unsent(
    settings: Settings, store: Store, profile: str, *, clock: Clock = SYSTEM
) -> None:
    """Send what has not been sent of a profile, each alert once.

    Raises:
        StoreError: if the store cannot be read or written.
    """
    for alert in store.alerts.unsent(profile):
        if not store.alerts.claim(alert, "sent"):
            continue
        wait_s = FIRST_S
        for left in reversed(range(TRIES)):
            try:
                await deliver(settings, alert)
                break
            except (UnreachableError, SettingsError) as error:
                LOG.warning("Cannot notify of %r: %s", alert.words, error)
                if left:
                    await clock.sleep(wait_s)
                wait_s *= 3


async def _post(url: str, alert: Alert) -> None:
    import httpx2

    try:
        async with httpx2.AsyncClient(timeout=WEBHOOK_S, follow_redirects=False) as client:
            answer = await client.post(url, json=body_of(alert))
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise UnreachableError(
            f"The webhook cannot be reached ({type(error).__name__}).",
            advice="Check notify_webhook.",
        ) from error
    if not answer.is_success:
        raise UnreachableError(
            f"The webhook answers with HTTP {answer.status_code}.", advice="Check notify_webhook."
        )


async def _run(command: Sequence[str], alert: Alert) -> None:
    """Run a command: its arguments one by one, never a line for a shell."""
    said = {"words": alert.words, "rule": alert.rule, "job": alert.job_id, "profile": alert.profile}
    arguments = [_filled(one, said) for one in command]
    try:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"The command {command[0]} cannot be run: {error}.", advice="Check notify_command."
        ) from error
    try:
        async with asyncio.timeout(COMMAND_S):
            await process.communicate(json.dumps(body_of(alert)).encode())
    except TimeoutError:
        raise SettingsError(
            f"The command {command[0]} takes longer than {COMMAND_S:.0f} s.",
            advice="Check notify_command.",
        ) from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        raise SettingsError(
            f"The command {command[0]} fails with code {process.returncode}.",
            advice="Check notify_command.",
        )


def _filled(argument: str, said: dict[str, str]) -> str:
    for name, value in said.items():
        argument = argument.replace(f"{{{name}}}", one_line(value))
    return argument


def example(profile: str, now: datetime) -> Alert:
    """Return an alert to test the ways with."""
    return Alert(profile, "ftjob-test", "test", now, "Job test: this is a test of notifications.")


class Alerting:
    """What the recorder notices of the jobs that it follows, and sends."""

    def __init__(
        self, settings: Settings, profile: Profile, store: Store, *, clock: Clock = SYSTEM
    ) -> None:
        self._settings, self._profile, self._store, self._clock = settings, profile, store, clock
        self._prices: Prices | None = None
        self._latest: dict[str, Situation] = {}
        self._judge_at = 0.0
        self._sending: asyncio.Task[None] | None = None

    def hear(self, progress: JobProgress) -> None:
        """Judge what a job has said."""
        before = self._latest.get(progress.job.id)
        if before is None and progress.job.ended:
            return  # it ended long before: that is no news
        moments = [event.created_at for event in progress.events]
        heard_at = before.heard_at if before else progress.job.created_at
        now = self._situation(progress, max([heard_at, *moments]))
        self._latest[progress.job.id] = now
        if progress.events or before is None or before.progress.job != progress.job:
            self._judge(now)
        if progress.job.ended:
            self._judge_at = 0.0

    def tick(self) -> None:
        """Judge what nobody says: silence. And send what has not been sent."""
        if self._clock.monotonic() >= self._judge_at:
            self._judge_at = self._clock.monotonic() + JUDGE_S
            for known in self._latest.values():
                self._judge(replace(known, now=self._clock.now()))
            self._send()

    async def aclose(self) -> None:
        """Send what is left, for some seconds at most."""
        self._send()
        if self._sending is not None:
            await asyncio.wait({self._sending}, timeout=LAST_S)
            self._sending.cancel()

    def _situation(self, progress: JobProgress, heard_at: datetime) -> Situation:
        now, limit = self._clock.now(), self._settings.month_limit_usd
        if self._prices is None:
            self._prices = load_prices(self._settings.prices)
        end = self._prices.deadline(self._profile.provider, progress.job.model)
        spent = limit and self._store.spending.total(month_of(now.astimezone())).known_usd
        return Situation(
            progress,
            now,
            heard_at,
            spent or Decimal(0),
            limit,
            end.days_left(now.date()) if end is not None else None,
        )

    def _judge(self, known: Situation) -> None:
        job = known.progress.job
        for rule, words in judged(known, self._settings.notify).items():
            alert = Alert(self._profile.name, job.id, rule, known.now, words)
            if self._store.alerts.raise_once(alert):
                LOG.info("%s", words)
                self._send()

    def _send(self) -> None:
        if self._sending is not None and self._sending.done():
            failed, self._sending = self._sending.exception(), None
            if failed is not None:
                LOG.warning("Cannot notify: %s", failed)
        if self._sending is None:
            sending = deliver_unsent(
                self._settings, self._store, self._profile.name, clock=self._clock
            )
            self._sending = asyncio.create_task(sending)
