from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tintype import jobs
from tintype.api import Api, Patience
from tintype.api.retrying import back_off, may_pass
from tintype.errors import (
    ApiError,
    AuthenticationError,
    NotFoundError,
    RateLimitError,
    UnreachableError,
)
from tintype.jobs import JobProgress, Pace
from tintype.jobs.following import LONGEST_S, pace_for
from tintype.settings import EMBEDDED, OPENAI
from tintype.store import Store, open_store

if TYPE_CHECKING:
    from tests.conftest import Diary, FakeClock, HostileProvider

PACE = Pace(1.0, 8.0, 1)


async def followed(
    api: Api, store: Store, clock: FakeClock, pace: Pace = PACE
) -> list[JobProgress]:
    following = jobs.follow(api, store, "ftjob-1", clock=clock.clock, pace=pace)
    return [progress async for progress in following]


def steps(found: list[JobProgress]) -> list[int]:
    return [event.data["step"] for progress in found for event in progress.events]


async def test_a_job_of_many_pages_is_told_once_and_in_full(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock
) -> None:
    diary.add(1_234)
    diary.end()
    found = await followed(api, store, fake_clock)
    assert sorted(steps(found)) == list(range(1, 1_235))
    assert all(len(progress.events) <= 1_100 for progress in found)
    assert [e.data["step"] for e in await store.jobs.events("hostile", "ftjob-1")] == list(
        range(1, 1_235)
    )
    last = found[-1]
    assert last.job.status == "succeeded"
    assert len(last.metrics.series["train_loss"]) == 1_234
    assert last.fresh_at is not None


async def test_a_batch_is_in_order_though_many_events_share_a_second(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock
) -> None:
    diary.add(500, per_second=300)
    diary.end()
    found = await followed(api, store, fake_clock)
    assert [steps([progress]) for progress in found if progress.events] == [list(range(1, 501))]


async def test_an_ended_job_opens_offline_and_asks_nobody(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    diary.add(2_500)
    diary.end()
    before = await followed(api, store, fake_clock)
    hostile.requests.clear()
    again = await followed(api, store, fake_clock)
    assert hostile.requests == []
    assert steps(again) == list(range(1, 2_501))
    assert [len(progress.events) for progress in again] == [0, 1_000, 1_000, 500]
    assert again[-1].metrics.series == before[-1].metrics.series


async def test_events_that_come_while_pages_are_read_are_neither_lost_nor_doubled(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock
) -> None:
    """New events push old ones from one page to the next; cursors are by id, so nothing shifts."""
    diary.add(450)

    def meanwhile(number: int) -> None:
        if number < 12:
            diary.add(37)
        elif number == 12:
            diary.end()

    diary.before_page = meanwhile
    found = await followed(api, store, fake_clock)
    assert sorted(steps(found)) == list(range(1, len(diary.events) + 1))


async def leave_after(api: Api, store: Store, clock: FakeClock, steps_known: int) -> None:
    """Follow until so many steps are known and a look has come to its end, then leave."""
    following = jobs.follow(api, store, "ftjob-1", clock=clock.clock, pace=PACE)
    async with aclosing(following):
        async for progress in following:
            if progress.metrics.last_step >= steps_known and not progress.events:
                return


async def test_what_was_said_while_the_app_was_away_is_read_and_no_more(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock
) -> None:
    diary.add(5_000)
    await leave_after(api, store, fake_clock, 5_000)
    diary.add(10_000)
    diary.end()
    diary.pages_read = 0
    found = await followed(api, store, fake_clock)
    assert sorted(steps(found)) == list(range(1, 15_001))
    assert diary.pages_read < 110


async def test_a_reading_that_broke_off_leaves_no_gap_for_the_next_run(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    """The newest pages are known afterwards; they must not be taken for all that there is."""
    diary.add(100)
    await leave_after(api, store, fake_clock, 100)
    diary.add(900)
    diary.pages_read = 0
    diary.before_page = lambda number: hostile.answer(reset=True) if number > 3 else None
    following = jobs.follow(api, store, "ftjob-1", clock=fake_clock.clock, pace=PACE)
    async with aclosing(following):
        async for progress in following:
            if progress.trouble:
                break
    kept = await store.jobs.events("hostile", "ftjob-1")
    assert len(kept) == 400
    diary.before_page = lambda number: None
    diary.end()
    assert sorted(steps(await followed(api, store, fake_clock))) == list(range(1, 1_001))


async def test_a_network_that_goes_away_is_a_trouble_and_following_goes_on_by_itself(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    """It goes on at its cursor: no page that has been read is read again."""
    diary.add(1_000)
    diary.end()
    diary.before_page = lambda number: hostile.answer(reset=True) if 4 < number < 13 else None
    found = await followed(api, store, fake_clock)
    troubled = [progress for progress in found if progress.trouble]
    assert len(troubled) == 4
    assert "was lost" in troubled[0].trouble
    assert all(progress.next_look_s for progress in troubled)
    assert not found[-1].trouble
    assert sorted(steps(found)) == list(range(1, 1_001))
    assert diary.pages_read == 8 + 10 + 1


async def test_a_trouble_tells_how_old_what_is_shown_is(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    diary.add(3)
    started = fake_clock.clock.now()
    following = jobs.follow(api, store, "ftjob-1", clock=fake_clock.clock, pace=PACE)
    async with aclosing(following):
        await anext(following)
        hostile.on("GET", "/fine_tuning/jobs/ftjob-1", hostile.answer({}, 503))
        stale = [await anext(following) for _ in range(6)]
    assert {progress.fresh_at for progress in stale} == {started}
    assert fake_clock.elapsed_s > 20


async def test_a_rate_limit_is_waited_for_as_long_as_it_says(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    diary.add(5)
    diary.end()
    limit = hostile.answer({"error": {"message": "slow"}}, 429, {"Retry-After": "33"})
    diary.before_page = lambda number: limit if number == 1 else None
    found = await followed(api, store, fake_clock)
    assert "The rate limit of" in found[0].trouble
    assert found[0].next_look_s is not None
    assert 33 <= found[0].next_look_s <= 34
    assert 33 <= fake_clock.slept[0] <= 34
    assert steps(found) == [1, 2, 3, 4, 5]


async def test_an_absurd_wait_is_named_and_the_job_is_looked_at_before(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    diary.end()
    limit = hostile.answer({"error": {"message": "slow"}}, 429, {"Retry-After": "86400"})
    diary.before_page = lambda number: limit if number == 1 else None
    found = await followed(api, store, fake_clock)
    assert "Try again in 24 h" in found[0].trouble
    assert found[0].next_look_s == LONGEST_S
    assert found[-1].job.status == "succeeded"


async def test_pages_that_come_shuffled_and_doubled_are_merged(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock
) -> None:
    shuffle = random.Random(7)

    def arranged(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        mixed = items + items[:20]
        shuffle.shuffle(mixed)
        return [*mixed, *items[-1:]]  # cursors need the last one at the end

    diary.add(777)
    diary.arranged = arranged
    diary.end()
    found = await followed(api, store, fake_clock)
    assert sorted(steps(found)) == list(range(1, 778))


async def test_a_provider_that_lists_oldest_first_is_read_to_the_end(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    def rising(request: Any) -> Any:
        ids = [event["id"] for event in diary.events]
        start = ids.index(request.query["after"]) + 1 if "after" in request.query else 0
        items = diary.events[start : start + 100]
        return hostile.answer({"data": items, "has_more": start + 100 < len(ids)})

    hostile.on("GET", "/fine_tuning/jobs/ftjob-1/events", rising)
    diary.add(350, per_second=60)
    await leave_after(api, store, fake_clock, 350)
    diary.add(350, per_second=60)
    diary.end()
    found = await followed(api, store, fake_clock)
    assert sorted(steps(found)) == list(range(1, 701))
    kept = await store.jobs.events("hostile", "ftjob-1")
    assert [event.data["step"] for event in kept][:350] == list(range(1, 351))


async def test_a_list_without_end_is_a_trouble_and_not_a_loop(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    diary.add(100)
    diary.end()
    again = {"data": diary.events[::-1], "has_more": True}
    hostile.on("GET", "/fine_tuning/jobs/ftjob-1/events", hostile.answer(again))
    found = await followed(api, store, fake_clock)
    assert sorted(steps(found)) == list(range(1, 101))
    assert "repeats" in found[-1].trouble


async def test_a_cursor_that_the_provider_forgot_begins_the_reading_anew(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    diary.add(450)
    diary.end()
    gone = hostile.answer({"error": {"message": "No such event"}}, 404)
    diary.before_page = lambda number: gone if number == 3 else None
    found = await followed(api, store, fake_clock)
    assert [bool(progress.trouble) for progress in found].count(True) == 1
    assert sorted(steps(found)) == list(range(1, 451))


async def test_events_that_come_after_the_end_are_waited_for(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock
) -> None:
    diary.add(3)
    diary.end()
    diary.before_page = lambda number: diary.add(1) if number == 2 else None
    found = await followed(api, store, fake_clock, Pace(1.0, 8.0, 2))
    assert steps(found) == [1, 2, 3, 4]
    assert diary.pages_read == 4


async def test_the_longer_nothing_happens_the_less_often_it_is_asked(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock
) -> None:
    def happens(number: int) -> None:
        if number == 10:
            diary.add(1)
        if number == 20:
            diary.end()

    diary.before_page = happens
    await followed(api, store, fake_clock)
    waits = fake_clock.slept
    assert waits[0] < 2
    assert 6 < waits[8] < 10
    assert waits[9] < 2
    assert max(waits) < 10


async def test_a_state_that_is_not_known_here_is_said_as_long_as_it_lasts(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock
) -> None:
    diary.add(1)
    diary.job["status"] = "zombie\x1b[2J"

    async def soon(seconds: float) -> None:
        diary.job["status"] = "succeeded"

    fake_clock.wake = soon
    found = await followed(api, store, fake_clock)
    assert "the state “zombie [2J”, which is not known here" in found[0].trouble
    assert (found[-1].job.status, found[-1].trouble) == ("succeeded", "")


async def test_a_job_that_nobody_knows_is_waited_for_as_long_as_anything_else(
    hostile: HostileProvider, store: Store, diary: Diary, fake_clock: FakeClock
) -> None:
    diary.end()
    busy = [hostile.answer({}, 429, {"Retry-After": "40"})] * 2
    hostile.on("GET", "/fine_tuning/jobs/ftjob-1", *busy, hostile.answer(diary.job))
    async with hostile.connect(clock=fake_clock.clock, patience=Patience()) as api:
        found = await followed(api, store, fake_clock)
    assert found[-1].job.status == "succeeded"
    assert fake_clock.elapsed_s >= 80


async def test_a_job_that_is_paused_is_followed_until_it_goes_on(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock
) -> None:
    def happens(number: int) -> None:
        status = {2: "paused", 4: "running", 6: "cancelled"}.get(number)
        diary.job["status"] = status or diary.job["status"]

    diary.before_page = happens
    found = await followed(api, store, fake_clock)
    told = [progress.job.status for progress in found]
    assert list(dict.fromkeys(told)) == ["running", "paused", "cancelled"]
    assert "running" in told[told.index("paused") :]


async def test_a_job_the_provider_deleted_is_still_told_from_the_store(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    diary.add(3)
    await leave_after(api, store, fake_clock, 3)
    hostile.on("GET", "/fine_tuning/jobs/ftjob-1", hostile.answer({}, 404))
    found = await followed(api, store, fake_clock)
    assert steps(found) == [1, 2, 3]
    assert "no longer has this job" in found[-1].trouble


async def test_a_job_nobody_knows_is_an_error(
    api: Api, store: Store, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    with pytest.raises(NotFoundError):
        await followed(api, store, fake_clock)
    hostile.on("GET", "/fine_tuning/jobs/ftjob-1", hostile.answer(reset=True))
    with pytest.raises(UnreachableError):
        await followed(api, store, fake_clock)


async def test_a_key_that_is_not_accepted_any_more_is_an_error(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    diary.add(3)
    await leave_after(api, store, fake_clock, 3)
    hostile.on("GET", "/fine_tuning/jobs/ftjob-1", hostile.answer({}, 401))
    with pytest.raises(AuthenticationError):
        await followed(api, store, fake_clock)


async def test_checkpoints_are_kept_when_the_provider_drops_them(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    def checkpoints(*numbers: int) -> Any:
        items = [
            {"id": f"c{n}", "step_number": n, "fine_tuned_model_checkpoint": f"m:{n}"}
            for n in numbers
        ]
        return hostile.answer({"data": items, "has_more": False})

    path = "/fine_tuning/jobs/ftjob-1/checkpoints"
    hostile.on("GET", path, checkpoints(1, 2), checkpoints(2, 3))
    diary.add(1)
    diary.before_page = lambda number: diary.end() if number == 3 else None
    found = await followed(api, store, fake_clock)
    assert [one.step for one in found[-1].checkpoints] == [1, 2, 3]
    assert found[-1].checkpoints[0].model == "m:1"


async def test_a_provider_without_events_or_checkpoints_is_followed_all_the_same(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    for name in ("events", "checkpoints"):
        hostile.on("GET", f"/fine_tuning/jobs/ftjob-1/{name}", hostile.answer({}, 404))
    diary.end()
    found = await followed(api, store, fake_clock)
    assert found[-1].job.ended


async def test_two_followers_of_one_store_both_see_everything_once(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock
) -> None:
    diary.add(300)

    def happens(number: int) -> None:
        if number < 20:
            diary.add(9)
        elif number == 20:
            diary.end()

    diary.before_page = happens
    async with open_store(store.path) as other:
        both = await asyncio.gather(
            followed(api, store, fake_clock), followed(api, other, fake_clock)
        )
    for found in both:
        assert sorted(steps(found)) == list(range(1, len(diary.events) + 1))
    assert len(await store.jobs.events("hostile", "ftjob-1")) == len(diary.events)


async def test_events_of_one_second_are_in_order_after_a_reading_that_broke_off(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    diary.add(265, per_second=500)
    diary.before_page = lambda number: hostile.answer(reset=True) if number == 3 else None
    following = jobs.follow(api, store, "ftjob-1", clock=fake_clock.clock, pace=PACE)
    async with aclosing(following):
        await anext(following)
    diary.end()
    await followed(api, store, fake_clock)
    kept = await store.jobs.events("hostile", "ftjob-1")
    assert [event.data["step"] for event in kept] == list(range(1, 266))


HAPPENINGS = st.lists(
    st.one_of(
        st.integers(1, 250).map(lambda count: ("says", count)),
        st.sampled_from(["breaks", "limits", "fails", "leaves", "nothing"]).map(
            lambda what: (what, 0)
        ),
    ),
    max_size=25,
)


@dataclass
class Happening:
    """What happens as each page is asked for; when the script is over, the job ends."""

    hostile: HostileProvider
    diary: Diary
    script: Iterator[tuple[str, int]]
    per_second: int
    leaving: bool = False

    def __call__(self, number: int) -> Any:
        what, count = next(self.script, ("ends", 0))
        self.leaving = self.leaving or what == "leaves"
        if what == "says":
            self.diary.add(count, per_second=self.per_second)
        if what == "ends":
            self.diary.end()
        faults: dict[str, dict[str, Any]] = {
            "breaks": {"reset": True},
            "fails": {"status": 500},
            "limits": {"status": 429},
        }
        return self.hostile.answer({}, **faults[what]) if what in faults else None


async def one_run(api: Api, path: Path, clock: FakeClock, happening: Happening) -> list[int] | None:
    """Follow as one run of the program does: what it said, or none if it was left early."""
    found: list[JobProgress] = []
    async with open_store(path) as store:
        following = jobs.follow(api, store, "ftjob-1", clock=clock.clock, pace=PACE)
        async with aclosing(following):
            async for progress in following:
                found.append(progress)
                if happening.leaving:
                    happening.leaving = False
                    return None
    return steps(found)


@given(script=HAPPENINGS, per_second=st.sampled_from([1, 30, 500]), mixed=st.booleans())
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_happens_between_pages_every_event_is_told_and_kept_once(
    stand: Callable[[], AbstractAsyncContextManager[tuple[HostileProvider, Diary, FakeClock]]],
    tmp_path_factory: pytest.TempPathFactory,
    script: list[tuple[str, int]],
    per_second: int,
    mixed: bool,
) -> None:
    """A run that is left and begun again tells everything again, from the store or the network."""

    async def live() -> None:
        path = tmp_path_factory.mktemp("s") / "t.sqlite"
        async with stand() as (hostile, diary, clock), hostile.connect(clock=clock.clock) as api:
            diary.add(30, per_second=per_second)
            diary.before_page = happening = Happening(hostile, diary, iter(script), per_second)
            if mixed:
                diary.arranged = lambda items: [*items[1::2], *items[::2], *items[-1:]]
            told = None
            while told is None:
                told = await one_run(api, path, clock, happening)
            async with open_store(path) as store:
                kept = [e.data["step"] for e in await store.jobs.events("hostile", "ftjob-1")]
            everything = list(range(1, len(diary.events) + 1))
            assert sorted(told) == everything
            assert sorted(kept) == everything
            if not mixed:
                assert kept == everything

    asyncio.run(live())


async def test_leaving_in_the_middle_stops_at_once(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock
) -> None:
    diary.add(10)
    task = asyncio.create_task(followed(api, store, fake_clock))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_the_embedded_provider_is_asked_more_often_than_others() -> None:
    assert pace_for(EMBEDDED).fastest_s < 1 < pace_for(OPENAI).fastest_s


def test_waits_grow_vary_and_are_bounded() -> None:
    error = UnreachableError("x", code="cut")
    waits = [back_off(error, failures) for failures in range(1, 40)]
    assert waits[0] < 1.3
    assert 6 < waits[3] < 10
    assert max(waits) <= 72
    assert len(set(waits[8:])) > 20
    assert 7 <= back_off(RateLimitError("x", retry_after_s=7), 1) <= 8
    assert back_off(RateLimitError("x", retry_after_s=7), 9) >= 48  # it never lowers our own pace


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (UnreachableError("x", code="cut"), True),
        (UnreachableError("x", code="name"), True),
        (UnreachableError("x", code="certificate"), False),
        (UnreachableError("x", code="web_page"), False),
        (UnreachableError("x", status=302), False),
        (RateLimitError("x"), True),
        (RateLimitError("x", code="insufficient_quota"), False),
        (ApiError("x", status=503), True),
        (ApiError("x", status=400), False),
        (ApiError("x"), False),
    ],
)
def test_only_what_may_pass_is_tried_again(error: ApiError, passes: bool) -> None:
    assert may_pass(error) is passes


async def test_a_look_at_a_job_does_not_wait_for_its_end(
    api: Api, store: Store, diary: Diary, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    diary.add(250)
    kept, events = await jobs.look_at(api, store, "ftjob-1", clock=fake_clock.clock)
    assert (kept.job.status, len(events), fake_clock.slept) == ("running", 250, [])
    diary.add(10)
    diary.pages_read = 0
    _, events = await jobs.look_at(api, store, "ftjob-1", clock=fake_clock.clock)
    assert (len(events), diary.pages_read) == (260, 2)  # until one holds nothing new
    hostile.on("GET", "/fine_tuning/jobs/ftjob-1", hostile.answer(reset=True))
    _, events = await jobs.look_at(api, store, "ftjob-1", clock=fake_clock.clock)
    assert len(events) == 260


async def test_a_look_at_a_job_that_nobody_knows_says_so(
    api: Api, store: Store, fake_clock: FakeClock
) -> None:
    with pytest.raises(NotFoundError):
        await jobs.look_at(api, store, "ftjob-9", clock=fake_clock.clock)
