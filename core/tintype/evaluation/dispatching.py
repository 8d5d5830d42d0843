"""Those who ask: several providers at once, each at its own pace."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from tintype.api import Api, ChatRequest, Clock
from tintype.dataset import Dataset
from tintype.errors import ApiError
from tintype.evaluation.asking import STUCK, QuestionOutcome, answer_line, ask_patiently
from tintype.evaluation.costs import EvaluationCost, messages_of
from tintype.evaluation.judging import judge_format, judge_messages, read_grade
from tintype.evaluation.log import Key
from tintype.evaluation.pacing import SharedPace
from tintype.evaluation.plan import AskingLimits
from tintype.evaluation.reusing import key_of
from tintype.evaluation.run_folder import RunLog
from tintype.evaluation.run_state import RunState
from tintype.pricing import Prices

KEPT_QUESTIONS = 64
"""Questions kept for their other models; each may hold megabytes of images."""
HOPELESS = 20
"""So many failures in a row, and a run stops: the next thousand would fail alike."""
_OF_THE_ROW = (400, 413, 422)
"""Statuses that say something of one question, and nothing of the next."""

Stopped = Literal["", "paused", "budget"]


@dataclass(frozen=True, slots=True)
class RunFiles:
    """What a run reads its questions from, and writes what came of them to."""

    dataset: Dataset
    answers: RunLog
    grades: RunLog


class Dispatcher:
    """Asks, at each provider's own pace, until all is answered or somebody says stop."""

    def __init__(
        self,
        files: RunFiles,
        state: RunState,
        apis: Mapping[str, Api],
        prices: Prices,
        limits: AskingLimits,
        clock: Clock,
    ) -> None:
        self.state = state
        self.stopped: Stopped = ""
        self._files = files
        self._apis, self._prices, self._limits, self._clock = apis, prices, limits, clock
        self._paces = {
            name: SharedPace(clock, most=limits.concurrency, per_minute=limits.requests_per_minute)
            for name in apis
        }
        self._questions: OrderedDict[int, asyncio.Task[list[dict[str, Any]]]] = OrderedDict()
        self._stop_at_usd: Decimal | None = None
        self._each_usd = Decimal(0)
        self._failures: dict[str, int] = {}
        self._scoring = asyncio.Lock()  # a function from outside may expect to be alone
        self._sent = 0
        """Questions begun and not written down yet, of all providers."""

    def budget(self, cost: EvaluationCost, stop_at_usd: Decimal | None) -> None:
        """Stop softly once what is spent and under way could pass a sum."""
        self._stop_at_usd = stop_at_usd
        self._each_usd = max(
            (
                part.most_usd / part.questions
                for part in cost.parts
                if part.most_usd and part.questions
            ),
            default=Decimal(0),
        )

    def stop(self, why: Stopped) -> None:
        """Ask nothing more; what is under way is waited for."""
        self.stopped = self.stopped or why
        if self.stopped == "paused":
            for pace in self._paces.values():
                pace.stop()

    async def ask(self) -> None:
        """Ask everything that has no answer."""
        await self._all({name: self.state.missing(name) for name in self._apis}, self._one)

    async def grade(self) -> None:
        """Have every answer graded that has no grade."""
        judge = self.state.run.plan.judge
        assert judge is not None
        keys = await asyncio.to_thread(self.state.to_grade)
        await self._all({judge.model.profile: keys}, self._one_grade)

    def per_s(self) -> float:
        """Answers a second of late, of all providers."""
        return sum(pace.per_s() for pace in self._paces.values())

    def under_way(self) -> int:
        """Questions sent and not answered."""
        return sum(pace.under_way for pace in self._paces.values())

    def concurrency(self) -> int:
        """How many may be under way."""
        return sum(int(pace.limit) for pace in self._paces.values())

    def words(self, phase: str) -> str:
        """Why it waits or has ended, in a sentence; empty if there is nothing to say."""
        if phase == "budget":
            return "Stopped before the budget could be passed; what was answered is kept."
        if phase == "paused":
            return "Paused; what was answered is kept."
        if phase == "done" and (failed := self.state.failed):
            why = self.state.why_failed()
            return f"{failed:,} without an answer; run it again to ask these alone.{why}"
        waits = [pace.waits_s() for pace in self._paces.values()]
        longest = max(waits, default=0.0)
        return f"The provider wants a pause of {longest:.0f} s." if longest >= 1 else ""

    async def _all(
        self, work: Mapping[str, Iterator[Key]], one: Callable[[Key], Coroutine[Any, Any, None]]
    ) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for profile, keys in work.items():
                    group.create_task(self._at(profile, keys, one))
        except* ApiError as errors:
            raise errors.exceptions[0] from None

    async def _at(
        self, profile: str, keys: Iterator[Key], one: Callable[[Key], Coroutine[Any, Any, None]]
    ) -> None:
        """As many at once as the pace allows, and one more that waits for its turn."""
        pace = self._paces[profile]
        under_way: set[asyncio.Task[None]] = set()
        try:
            for key in keys:
                while len(under_way) > int(pace.limit) or self._must_wait():
                    under_way = await _one_less(under_way)
                if self.stopped:
                    break
                self._sent += 1
                under_way.add(asyncio.create_task(one(key)))
            while under_way:
                under_way = await _one_less(under_way)
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    def _must_wait(self) -> bool:
        """Whether one more question could pass the budget with those under way.

        If it could without any under way, nothing more is asked.
        """
        if self._stop_at_usd is None or self.stopped:
            return False
        left_usd = self._stop_at_usd - self.state.spent_usd - self._each_usd
        if left_usd < 0:
            self.stop("budget")
            return False
        return self._each_usd * self._sent > left_usd

    async def _one(self, key: Key) -> None:
        try:
            await self._answer(key)
        finally:
            self._sent -= 1

    async def _one_grade(self, key: Key) -> None:
        try:
            await self._grade(key)
        finally:
            self._sent -= 1

    async def _answer(self, key: Key) -> None:
        plan, (at, model_id, sample) = self.state.run.plan, key
        model = next(one for one in plan.models if one.id == model_id)
        row, chosen = self.state.rows[at], plan.parameters
        request = ChatRequest(
            model.name,
            await self._question(at),
            temperature=chosen.temperature,
            top_p=chosen.top_p,
            max_tokens=chosen.max_tokens,
            seed=None if chosen.seed is None else chosen.seed + sample,
            extra={"logprobs": True} if plan.logprobs else {},
        )
        api = self._apis[model.profile]
        outcome = await ask_patiently(
            api, request, self._paces[model.profile], self._limits, self._clock
        )
        cache = key_of(plan, row, model_id, sample)
        now = self._clock.now()
        line = answer_line(key, outcome, cache, api, request, self._prices, now)
        self._files.answers.write(line)
        if outcome.reply is not None:
            async with self._scoring:
                score = await asyncio.to_thread(self.state.score, line)
            self.state.take(line, score)
        else:
            self.state.fail(line)
        self._require_hope(model_id, outcome)

    async def _grade(self, key: Key) -> None:
        judge = self.state.run.plan.judge
        assert judge is not None
        row, answer = self.state.rows[key[0]], self.state.answers[key]
        messages = await self._question(key[0]) if judge.with_image else []
        asked = self.state.run.plan.question or row.question
        request = ChatRequest(
            judge.model.name,
            judge_messages(judge, messages, asked, row.truths, answer["text"]),
            temperature=0.0,
            response_format=judge_format(judge.grades),
        )
        api = self._apis[judge.model.profile]
        pace = self._paces[judge.model.profile]
        outcome = await ask_patiently(api, request, pace, self._limits, self._clock)
        line = answer_line(key, outcome, "", api, request, self._prices, self._clock.now())
        line["judge"] = judge.model.id
        if outcome.reply is not None:
            reply = outcome.reply
            finish = "content_filter" if reply.refusal else reply.finish_reason or "stop"
            found = read_grade(reply.text, tuple(judge.grades), finish_reason=finish)
            line |= {"grade": found.grade, "unscored": found.unscored, "reason": found.reason}
        self._files.grades.write(line)
        if outcome.reply is not None:
            self.state.take_grade(line)
        else:
            self.state.fail(line, grading=True)
        self._require_hope(f"judge {judge.model.id}", outcome)

    async def _question(self, at: int) -> list[dict[str, Any]]:
        """A row's messages, read and encoded once for all its models."""
        if at not in self._questions:
            plan, row = self.state.run.plan, self.state.rows[at]
            reading = asyncio.to_thread(messages_of, plan, self._files.dataset, row)
            self._questions[at] = asyncio.create_task(reading)
            while len(self._questions) > KEPT_QUESTIONS:
                self._questions.popitem(last=False)
        return await asyncio.shield(self._questions[at])

    def _require_hope(self, model: str, outcome: QuestionOutcome) -> None:
        """Stop where every further question would fail alike.

        Raises:
            ApiError: the last failure.
        """
        error = outcome.error
        if outcome.reply is not None or error is None:
            self._failures[model] = 0
            return
        if error.status in _OF_THE_ROW or error.code == STUCK:
            return
        self._failures[model] = self._failures.get(model, 0) + 1
        if outcome.is_fatal or self._failures[model] >= HOPELESS:
            raise error


async def _one_less(under_way: "set[asyncio.Task[None]]") -> "set[asyncio.Task[None]]":
    """Wait until one has ended; where all under way are another provider's, for a moment."""
    if not under_way:
        await asyncio.sleep(0.05)
        return under_way
    done, rest = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
    for one in done:
        if not one.cancelled():
            one.result()
    return rest
