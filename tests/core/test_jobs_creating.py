from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from tintype import jobs
from tintype.api import Api
from tintype.errors import ApiError, ForbiddenError, NotFoundError, UnreachableError
from tintype.jobs import TOKEN
from tintype.jobs.creating import create
from tintype.jobs.results import decoded
from tintype.resources import Job, JobRequest
from tintype.store import MadeFrom, Source, Store, open_store

if TYPE_CHECKING:
    from tests.conftest import FakeClock, HostileProvider

REQUEST = JobRequest("m", "file-1", suffix="cards", metadata={"team": "a"})
NOW = 1_795_132_800
"""What the fake clock says at its start, in Unix seconds."""


class Jobs:
    """Jobs behind the hostile provider; replies can be lost after the job was made."""

    def __init__(self, provider: HostileProvider) -> None:
        self.provider = provider
        self.made: list[dict[str, Any]] = []
        self.replies: list[Any] = []
        """Given in place of the next replies to `create`, whose job is made if `makes` says so."""
        self.makes: list[bool] = []
        self.filters = True
        self.keeps_metadata = True
        self.dates = True
        self.visible = True
        provider.on("POST", "/fine_tuning/jobs", self._create)
        provider.on("GET", "/fine_tuning/jobs", self._list)
        provider.on("GET", "/fine_tuning/jobs/[^/]+", self._one)
        provider.on("POST", "/fine_tuning/jobs/[^/]+/(cancel|pause|resume)", self._steer)

    def _create(self, request: Any) -> Any:
        if self.makes.pop(0) if self.makes else True:
            job = {
                **request.json,
                "id": f"ftjob-{len(self.made) + 1}",
                "status": "queued",
                "created_at": NOW + len(self.made),
            }
            if not self.keeps_metadata:
                job["metadata"] = None
            if not self.dates:
                job["created_at"] = None
            self.made.append(job)
        return self.replies.pop(0) if self.replies else self.provider.answer(self.made[-1])

    def _list(self, request: Any) -> Any:
        token = request.query.get(f"metadata[{TOKEN}]")
        found = self.made[::-1] if self.visible else []
        if token and self.filters:
            found = [job for job in found if (job["metadata"] or {}).get(TOKEN) == token]
        return self.provider.answer({"data": found, "has_more": False})

    def _one(self, request: Any) -> Any:
        return self.provider.answer(self._named(request.path))

    def _steer(self, request: Any) -> Any:
        job = self._named(request.path)
        verb = request.path.rsplit("/", 1)[1]
        job["status"] = {"cancel": "cancelled", "pause": "paused", "resume": "running"}[verb]
        return self.replies.pop(0) if self.replies else self.provider.answer(job)

    def _named(self, path: str) -> dict[str, Any]:
        return next(job for job in self.made if job["id"] == path.split("/")[3])


@pytest.fixture
def provided(hostile: HostileProvider) -> Jobs:
    return Jobs(hostile)


async def test_a_job_is_created_marked_and_kept_with_what_it_was_made_from(
    api: Api, store: Store, provided: Jobs, fake_clock: FakeClock
) -> None:
    made_from = MadeFrom(Source("/a.jsonl", "d", 12), estimate={"cost_usd": None})
    job = await create(api, store, REQUEST, made_from, clock=fake_clock.clock)
    assert job.id == "ftjob-1"
    assert job.metadata["team"] == "a"
    kept = store.jobs.find("hostile", "ftjob-1")
    assert kept is not None
    assert (kept.job, kept.made_from) == (job, made_from)
    assert store.jobs.pending() == ()
    assert fake_clock.slept == []


async def test_asking_for_the_same_again_after_an_answer_makes_another(
    api: Api, store: Store, provided: Jobs, fake_clock: FakeClock
) -> None:
    first = await create(api, store, REQUEST, clock=fake_clock.clock)
    second = await create(api, store, REQUEST, clock=fake_clock.clock)
    assert first.id != second.id
    assert first.metadata[TOKEN] != second.metadata[TOKEN]


LOST = [{"reset": True}, {"cut": True, "body": {}}, {"status": 500}, {"status": 504}]
GARBLED = [{"body": b"<html>"}, {"body": []}, {"status": 408}]


@pytest.mark.parametrize("lost", LOST + GARBLED)
@pytest.mark.parametrize("filters", [True, False])
async def test_a_job_whose_reply_was_lost_is_found_and_not_made_again(
    api: Api,
    store: Store,
    provided: Jobs,
    fake_clock: FakeClock,
    hostile: HostileProvider,
    lost: dict[str, Any],
    filters: bool,
) -> None:
    provided.filters = filters
    provided.made = [{"id": "ftjob-0", "metadata": {TOKEN: "other"}, "created_at": NOW}]
    provided.replies = [hostile.answer(**{"body": {}, **lost})]
    job = await create(api, store, REQUEST, clock=fake_clock.clock)
    assert job.id == "ftjob-2"
    assert len(provided.made) == 2
    assert len(hostile.sent("POST", "/fine_tuning/jobs")) == 1
    assert store.jobs.pending() == ()


async def test_a_provider_that_refuses_the_filter_is_asked_without_it(
    api: Api, store: Store, provided: Jobs, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    real = provided._list
    hostile.on(
        "GET",
        "/fine_tuning/jobs",
        lambda request: (
            hostile.answer({"error": {"message": "unknown parameter"}}, 400)
            if any("metadata" in name for name in request.query)
            else real(request)
        ),
    )
    provided.replies = [hostile.answer(reset=True)]
    assert (await create(api, store, REQUEST, clock=fake_clock.clock)).id == "ftjob-1"
    assert len(provided.made) == 1


@pytest.mark.parametrize("dates", [True, False])
async def test_a_provider_that_drops_metadata_is_recognised_by_what_went_in(
    api: Api,
    store: Store,
    provided: Jobs,
    fake_clock: FakeClock,
    hostile: HostileProvider,
    dates: bool,
) -> None:
    provided.keeps_metadata, provided.dates = False, dates
    provided.filters = False
    earlier = await create(api, store, REQUEST, clock=fake_clock.clock)
    provided.replies = [hostile.answer(reset=True)]
    job = await create(api, store, REQUEST, clock=fake_clock.clock)
    assert (earlier.id, job.id) == ("ftjob-1", "ftjob-2")
    assert len(provided.made) == 2


async def test_a_request_that_never_arrived_is_sent_again_after_looking(
    api: Api, store: Store, provided: Jobs, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    provided.makes = [False, True]
    provided.replies = [hostile.answer(reset=True)]
    job = await create(api, store, REQUEST, clock=fake_clock.clock)
    assert job.id == "ftjob-1"
    assert len(hostile.sent("POST", "/fine_tuning/jobs")) == 2
    assert len(hostile.sent("GET", "/fine_tuning/jobs")) >= 3


async def test_of_two_jobs_that_came_about_after_all_the_first_stays(
    api: Api, store: Store, provided: Jobs, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    """The first send made a job that no list showed until the second was sent."""
    provided.visible = False
    real = provided._create

    def made(request: Any) -> Any:
        answer = real(request)
        provided.visible = len(provided.made) == 2
        return answer

    hostile.on("POST", "/fine_tuning/jobs", made)
    provided.replies = [hostile.answer(reset=True)]
    job = await create(api, store, REQUEST, clock=fake_clock.clock)
    assert job.id == "ftjob-1"
    assert [one["status"] for one in provided.made] == ["queued", "cancelled"]


async def test_a_job_in_doubt_is_looked_for_by_the_next_run_before_anything_is_sent(
    api: Api, store: Store, provided: Jobs, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    real = provided._list
    hostile.on("GET", "/fine_tuning/jobs", hostile.answer(reset=True))
    provided.replies = [hostile.answer(reset=True)]
    with pytest.raises(UnreachableError, match="did not say whether") as caught:
        await create(api, store, REQUEST, clock=fake_clock.clock)
    assert caught.value.code == "in_doubt"
    assert len(store.jobs.pending("hostile")) == 1
    hostile.on("GET", "/fine_tuning/jobs", real)
    async with open_store(store.path) as again:
        job = await create(api, again, REQUEST, clock=fake_clock.clock)
        assert again.jobs.pending() == ()
    assert job.id == "ftjob-1"
    assert len(hostile.sent("POST", "/fine_tuning/jobs")) == 1


async def test_a_provider_that_never_makes_it_is_given_up_but_remembered(
    api: Api, store: Store, provided: Jobs, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    provided.makes = [False] * 9
    provided.replies = [hostile.answer({}, 500)] * 9
    with pytest.raises(UnreachableError):
        await create(api, store, REQUEST, clock=fake_clock.clock)
    assert len(hostile.sent("POST", "/fine_tuning/jobs")) == 3
    assert len(store.jobs.pending()) == 1


async def test_a_refusal_is_told_at_once_and_leaves_nothing_pending(
    api: Api, store: Store, provided: Jobs, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    body = {"error": {"message": "winding down", "code": "training_not_available"}}
    hostile.on("POST", "/fine_tuning/jobs", hostile.answer(body, 403))
    with pytest.raises(ForbiddenError):
        await create(api, store, REQUEST, clock=fake_clock.clock)
    assert len(hostile.requests) == 1
    assert store.jobs.pending() == ()


async def test_what_never_left_this_machine_is_not_looked_for(
    store: Store, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    hostile.url = "http://127.0.0.1:1/v1"
    async with hostile.connect() as api:
        with pytest.raises(UnreachableError, match="nothing answers"):
            await create(api, store, REQUEST, clock=fake_clock.clock)
    assert store.jobs.pending() == ()
    assert fake_clock.slept == []


async def test_a_file_that_is_still_being_processed_is_waited_for(
    api: Api, store: Store, provided: Jobs, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    message = "File 'file-1' is still being processed and is not ready to be used"
    provided.makes = [False, False, True]
    provided.replies = [hostile.answer({"error": {"message": message}}, 400)] * 2
    job = await create(api, store, REQUEST, clock=fake_clock.clock)
    assert job.id == "ftjob-1"
    assert fake_clock.slept == [2.0, 4.0]


@pytest.mark.parametrize("lost", [*LOST, {"status": 400}])
async def test_an_order_whose_reply_was_lost_is_looked_up(
    api: Api,
    store: Store,
    provided: Jobs,
    fake_clock: FakeClock,
    hostile: HostileProvider,
    lost: dict[str, Any],
) -> None:
    await create(api, store, REQUEST, clock=fake_clock.clock)
    for order, status in (
        (jobs.pause, "paused"),
        (jobs.resume, "running"),
        (jobs.cancel, "cancelled"),
    ):
        provided.replies = [hostile.answer(**{"body": {}, **lost})]
        job = await order(api, store, "ftjob-1", clock=fake_clock.clock)
        assert job.status == status
        kept = store.jobs.find("hostile", "ftjob-1")
        assert kept is not None
        assert kept.job.status == status


async def test_an_order_that_was_refused_is_an_error(
    api: Api, store: Store, provided: Jobs, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    await create(api, store, REQUEST, clock=fake_clock.clock)
    refusal = {"error": {"message": "Job has already completed"}}
    hostile.on("POST", "/fine_tuning/jobs/[^/]+/cancel", hostile.answer(refusal, 400))
    with pytest.raises(ApiError, match="already completed"):
        await jobs.cancel(api, store, "ftjob-1", clock=fake_clock.clock)


async def test_listed_jobs_are_kept(
    api: Api, store: Store, provided: Jobs, fake_clock: FakeClock
) -> None:
    for _ in range(3):
        await create(api, store, REQUEST, clock=fake_clock.clock)
    for job in ("ftjob-1", "ftjob-2", "ftjob-3"):
        store.jobs.forget("hostile", job)
    batches = [batch async for batch in jobs.listed(api, store, clock=fake_clock.clock)]
    assert [job.id for batch in batches for job in batch] == ["ftjob-3", "ftjob-2", "ftjob-1"]
    assert len(store.jobs.newest()) == 3


CSV = """\
step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy
1,2.5,0.1,,
2,1.5,0.2,3,0.3
"""


@pytest.mark.parametrize(
    "content",
    [
        CSV.encode(),
        base64.b64encode(CSV.encode()),
        base64.encodebytes(CSV.encode()),
        b"\xef\xbb\xbf" + CSV.encode(),
        CSV.replace("\n", "\r\n").encode(),
    ],
)
async def test_results_are_read_plain_or_encoded_and_kept(
    api: Api, store: Store, hostile: HostileProvider, fake_clock: FakeClock, content: bytes
) -> None:
    hostile.on("GET", "/files/file-9/content", hostile.answer(content))
    now = fake_clock.clock.now()
    job = Job("ftjob-1", "m", "succeeded", now, "file-1", result_files=("file-9",))
    store.jobs.remember("hostile", job, seen_at=now)
    found = await jobs.results(api, store, job)
    assert list(found.metrics.series["train_loss"]) == [(1, 2.5), (2, 1.5)]
    assert list(found.metrics.series["valid_loss"]) == [(2, 3.0)]
    assert (await jobs.results(api, store, job)).csv == found.csv
    assert len(hostile.requests) == 1


async def test_a_job_without_results_says_so(api: Api, store: Store, fake_clock: FakeClock) -> None:
    job = Job("ftjob-1", "m", "running", fake_clock.clock.now(), "file-1")
    with pytest.raises(NotFoundError, match="no results file"):
        await jobs.results(api, store, job)


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff\xfe", b"aGVsbG8=", b"a,b\n1,2\n"])
def test_what_is_no_results_file_is_an_error(content: bytes) -> None:
    with pytest.raises(ApiError, match="neither a CSV nor base64"):
        decoded(content)
