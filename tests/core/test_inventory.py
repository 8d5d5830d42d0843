"""What there is at all profiles: gathered, composed, ended, used by what, and planned by date."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests import deadline_provider as known

from tintype import inventory
from tintype.api import Api
from tintype.budget import Confirmation, Limits
from tintype.errors import AuthenticationError, ConfirmationError, NotFoundError, SettingsError
from tintype.inventory import Inventory, InventoryItem, Ref
from tintype.inventory.planning import last_safe_day
from tintype.pricing import Deadline, Prices
from tintype.resources import Job
from tintype.settings import Profile
from tintype.store import MadeFrom, Probe, Source, Store

PROFILES = {
    "openai": Profile("openai", "openai"),
    "locked": Profile("locked", "openai"),
    "tintype": Profile("tintype", "tintype"),
}
FREE = Limits(confirm_from_usd=Decimal(1))


@pytest.fixture
async def api(ending: known.DeadlineProvider, fake_clock: Any) -> Any:
    connected = ending.hostile.connect(
        clock=fake_clock.clock, name="openai", provider="openai", key_env="OPENAI_API_KEY"
    )
    async with connected as api:
        yield api


async def gather(api: Api, store: Store, clock: Any, *profiles: str) -> dict[str, str]:
    async def connect(name: str) -> Api:
        if name == "locked":
            raise AuthenticationError("There is no key for profile locked.")
        return api

    names = profiles or ("openai",)
    last = [step async for step in inventory.gather(names, connect, store, clock=clock.clock)][-1]
    return dict(last.troubles)


def taken(store: Store, tmp_path: Path, today: date = known.TODAY, **own: Any) -> Inventory:
    found = inventory.read_known(store, tmp_path / "evaluations")
    return inventory.compose(found, PROFILES, Prices(**own), today)


def at(found: Inventory, kind: Any, id: str) -> InventoryItem:
    return found.by_ref[Ref("openai", kind, id)]


async def test_everything_at_a_provider_is_found_with_its_use_and_its_end(
    api: Api, store: Store, fake_clock: Any, tmp_path: Path
) -> None:
    assert not await gather(api, store, fake_clock)
    found = taken(store, tmp_path)
    cards = at(found, "model", known.CARDS)
    assert (cards.title, cards.base, cards.presence) == ("cards", known.GPT_4O, "present")
    assert cards.made_from[0] == Ref("openai", "job", "ftjob-cards")
    # Its own entry has no date, its base's has; the other tells its own.
    assert cards.end is not None
    assert (cards.end.date, cards.end.source) == (known.SHUTDOWN, "api, base model")
    assert cards.end.replacement == "gpt-6-luna"
    covers = at(found, "model", known.COVERS).end
    assert covers is not None
    assert covers.source == "api"
    assert cards.days_left(found.today) == 47
    assert cards.price is not None
    assert at(found, "checkpoint", f"{known.CARDS}:ckpt-step-2").step == 2
    assert at(found, "job", "ftjob-covers").took_s == 41 * 3600
    assert at(found, "file", "file-cards-train").used_by == (Ref("openai", "job", "ftjob-cards"),)
    assert at(found, "file", "file-cards-results").purpose == "fine-tune-results"
    assert {item.ref.id for item in found.items if item.orphan} == {"file-orphan", known.LOST}
    assert {item.ref.id for item in found.items if item.ref.kind == "base"} == {
        known.GPT_4O, known.GPT_41, known.NANO,
    }  # fmt: skip
    assert at(found, "model", known.OLD).is_lost
    assert found.read_at is not None


async def test_checkpoints_that_the_provider_has_dropped_are_no_things_of_their_own(
    api: Api, ending: known.DeadlineProvider, store: Store, fake_clock: Any, tmp_path: Path
) -> None:
    checkpoint = f"{known.CARDS}:ckpt-step-2"
    del ending.models[checkpoint]
    await gather(api, store, fake_clock)
    found = taken(store, tmp_path)
    assert checkpoint not in {item.ref.id for item in found.items}
    [retired] = inventory.chosen(found, "is:retired kind:checkpoint")
    assert (retired.ref.id, retired.presence) == (checkpoint, "missing")
    assert inventory.lineage(found, retired.ref).kind != "unknown"
    del ending.models[known.CARDS]
    fake_clock.elapsed_s += 60
    await gather(api, store, fake_clock)
    assert at(taken(store, tmp_path), "checkpoint", checkpoint).presence == "missing"


async def test_without_the_api_the_dated_table_counts_and_ones_own_before_it(
    store: Store, tmp_path: Path, fake_clock: Any
) -> None:
    job = Job("ftjob-1", known.GPT_4O, "succeeded", fake_clock.clock.now(), "file-1",
              fine_tuned_model=known.CARDS)  # fmt: skip
    store.jobs.remember("openai", job, seen_at=fake_clock.clock.now())
    end = at(taken(store, tmp_path), "model", known.CARDS).end
    assert end is not None
    assert (end.date, end.source) == (known.SHUTDOWN, "table")
    assert "Deprecations" in end.about
    mine = Deadline("openai", known.GPT_4O, date(2026, 11, 20), "a letter", date=date(2027, 3, 1))
    own = at(taken(store, tmp_path, own=(mine,)), "model", known.CARDS).end
    assert own is not None
    assert (own.date, own.source) == (date(2027, 3, 1), "your table")
    # Nothing was listed: nothing is missing, and nothing is an orphan.
    assert all(item.presence == "unknown" for item in taken(store, tmp_path).items)
    assert not any(item.orphan for item in taken(store, tmp_path).items)


async def test_a_profile_that_cannot_be_asked_is_a_sentence_and_the_others_are_asked(
    api: Api, store: Store, fake_clock: Any, tmp_path: Path
) -> None:
    troubles = await gather(api, store, fake_clock, "locked", "openai")
    assert troubles == {"locked": "There is no key for profile locked."}
    found = taken(store, tmp_path)
    assert found.troubles == (("locked", "There is no key for profile locked."),)
    assert at(found, "model", known.CARDS)
    assert found.read_at is None


async def test_a_list_that_fails_leaves_the_other_lists_and_what_was_known(
    api: Api, ending: known.DeadlineProvider, store: Store, fake_clock: Any, tmp_path: Path
) -> None:
    await gather(api, store, fake_clock)
    fake_clock.elapsed_s += 60
    broken = ending.hostile.answer({"error": {"message": "Bad day"}}, 500)
    ending.hostile.on("GET", "/files", broken)
    del ending.models[known.LOST]
    troubles = await gather(api, store, fake_clock)
    assert "list the files" in troubles["openai"]
    found = taken(store, tmp_path)
    assert at(found, "file", "file-orphan").presence == "present"
    lost = at(found, "model", known.LOST)
    assert (lost.presence, lost.is_lost) == ("missing", True)
    # A rate limit is waited for, if it is not long.
    busy = ending.hostile.answer(b"slow down", 429, headers={"retry-after": "2"})
    ending.hostile.on("GET", "/files", busy, busy, ending.hostile.answer({"data": []}))
    assert not await gather(api, store, fake_clock)


async def test_what_is_listed_twice_is_asked_once_for_its_checkpoints(
    api: Api, ending: known.DeadlineProvider, store: Store, fake_clock: Any
) -> None:
    await gather(api, store, fake_clock)
    before = len(ending.hostile.sent("GET", "/fine_tuning/jobs/.*/checkpoints"))
    await gather(api, store, fake_clock)
    assert before == 3
    assert len(ending.hostile.sent("GET", "/fine_tuning/jobs/.*/checkpoints")) == before


async def test_leaving_a_gathering_stops_it(
    api: Api, ending: known.DeadlineProvider, store: Store, fake_clock: Any
) -> None:
    ending.hostile.on("GET", "/models", ending.hostile.answer(hang=True))

    async def connect(name: str) -> Api:
        return api

    gathering = inventory.gather(["openai"], connect, store, clock=fake_clock.clock)
    assert (await anext(gathering)).under_way == ("openai",)
    await gathering.aclose()
    assert not ending.hostile.sent("GET", "/files")


async def test_however_often_it_is_broken_off_in_the_end_everything_is_known_once(
    api: Api, ending: known.DeadlineProvider, store: Store, fake_clock: Any, tmp_path: Path
) -> None:
    asked = ending.hostile.requests
    for most in range(8):  # requests that are answered before it is broken off
        asked.clear()
        gathering = asyncio.create_task(gather(api, store, fake_clock))
        while len(asked) < most and not gathering.done():  # noqa: ASYNC110
            await asyncio.sleep(0)
        gathering.cancel()
        with suppress(asyncio.CancelledError):
            await gathering
    assert not await gather(api, store, fake_clock)
    items = taken(store, tmp_path).items
    assert len(items) == len({item.ref for item in items}) == 22
    assert all(item.presence == "present" for item in items)


async def test_the_lineage_goes_from_the_data_to_the_evaluations(
    api: Api, store: Store, fake_clock: Any, tmp_path: Path
) -> None:
    await gather(api, store, fake_clock)
    source = Source("/data/cards.jsonl", "ab" * 32, 10)
    store.jobs.made_from("openai", "ftjob-cards", MadeFrom(training=source))
    found = taken(store, tmp_path)
    uses = (inventory.EvaluationUse("20261101-1", datetime(2026, 11, 1, tzinfo=UTC), 7),)
    found = replace(
        found,
        items=tuple(
            replace(i, evaluations=uses) if i.ref.id == known.CARDS else i for i in found.items
        ),
    )
    node, names = inventory.lineage(found, Ref("openai", "model", known.CARDS)), []
    while True:
        names.append(node.kind)
        if not node.children:
            break
        (node,) = node.children
    assert names == ["data", "file", "job", "model", "evaluation"]
    tree = inventory.lineage(found, Ref("openai", "file", "file-cards-train"))
    (file,) = tree.children
    (job,) = file.children
    assert tree.detail == "sha256:abababababab"
    assert [child.kind for child in job.children] == ["checkpoint", "model"]
    base = inventory.lineage(found, Ref("openai", "base", known.GPT_4O))
    assert {child.kind for child in base.children} == {"job", "model"}  # of the orphan no job


async def test_a_lineage_in_circles_comes_to_an_end(store: Store, tmp_path: Path) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    for id, base, made in (("a", "ft:y:o::2", "ft:x:o::1"), ("b", "ft:x:o::1", "ft:y:o::2")):
        job = Job(id, base, "succeeded", now, "file-1", fine_tuned_model=made)
        store.jobs.remember("openai", job, seen_at=now)
    found = taken(store, tmp_path)
    for item in found.items:
        assert inventory.lineage(found, item.ref).name


async def test_a_probe_says_who_answers_for_a_few_tokens_that_are_in_the_ledger(
    api: Api, ending: known.DeadlineProvider, store: Store, fake_clock: Any, tmp_path: Path
) -> None:
    await gather(api, store, fake_clock)

    async def probed(*models: str, agreed: Confirmation) -> dict[str, str]:
        return {
            name: one.state
            async for name, one in inventory.probe(
                api, store, models, limits=FREE, confirmation=agreed, prices=Prices(),
                clock=fake_clock.clock,
            )
        }  # fmt: skip

    states = await probed(known.CARDS, known.OLD, agreed=Confirmation(yes=True))
    assert states == {known.CARDS: "answers", known.OLD: "gone"}
    found = taken(store, tmp_path)
    reach = at(found, "model", known.CARDS).reach
    assert reach is not None
    assert reach.state == "answers"
    assert [one.model for one in store.spending.entries()] == [known.CARDS]
    assert ending.hostile.sent("POST", "/chat/completions")[0].json["max_completion_tokens"] == 5
    # A cost that is not known has to be confirmed; nothing is sent before.
    ending.asked.clear()
    with pytest.raises(ConfirmationError):
        await probed("mystery", agreed=Confirmation())
    assert not ending.asked


async def test_the_latest_sign_counts_a_list_after_a_probe_and_a_probe_where_nothing_is_listed(
    api: Api, ending: known.DeadlineProvider, store: Store, fake_clock: Any, tmp_path: Path
) -> None:
    for name in (known.LOST, known.CARDS):
        store.inventory.add_probe("openai", name, Probe(fake_clock.clock.now(), "answers"))
    fake_clock.elapsed_s += 60
    unlisted = ending.models.pop(known.CARDS)
    await gather(api, store, fake_clock)
    found = taken(store, tmp_path)
    assert known.CARDS in {item.ref.id for item in inventory.in_use(found)}
    ending.models[known.CARDS] = unlisted
    del ending.models[known.LOST]
    fake_clock.elapsed_s += 60
    await gather(api, store, fake_clock)
    assert at(taken(store, tmp_path), "model", known.LOST).is_lost


async def test_only_the_whole_id_typed_out_deletes(
    api: Api, ending: known.DeadlineProvider, store: Store, fake_clock: Any, tmp_path: Path
) -> None:
    await gather(api, store, fake_clock)
    found = taken(store, tmp_path)
    lost, file = at(found, "model", known.LOST), at(found, "file", "file-orphan")
    with pytest.raises(ConfirmationError):
        await inventory.delete(api, store, lost, typed="lost")
    assert known.LOST in ending.models
    await inventory.delete(api, store, lost, typed=f" {known.LOST} ")
    await inventory.delete(api, store, file, typed=file.ref.id)
    assert known.LOST not in ending.models
    left = {item.ref.id for item in taken(store, tmp_path).items}
    assert not left & {known.LOST, "file-orphan"}
    for kind, id in (("job", "ftjob-cards"), ("base", known.GPT_4O)):
        with pytest.raises(SettingsError):
            await inventory.delete(api, store, at(found, kind, id), typed=id)


async def test_a_file_is_fetched_whole_or_said_to_have_vanished(
    api: Api, ending: known.DeadlineProvider, store: Store, fake_clock: Any, tmp_path: Path
) -> None:
    await gather(api, store, fake_clock)
    found = taken(store, tmp_path)
    target = tmp_path / "cards.jsonl"
    await inventory.download(api, at(found, "file", "file-cards-train"), target)
    assert target.read_bytes() == ending.contents["file-cards-train"]
    with pytest.raises(NotFoundError):
        await inventory.download(api, at(found, "file", "file-old-train"), tmp_path / "old")
    assert not (tmp_path / "old").exists()


async def test_an_alias_and_a_note_stay_with_a_thing(
    api: Api, store: Store, fake_clock: Any, tmp_path: Path
) -> None:
    await gather(api, store, fake_clock)
    cards = at(taken(store, tmp_path), "model", known.CARDS)
    inventory.rename(store, cards, alias="the good one")
    cards = at(taken(store, tmp_path), "model", known.CARDS)
    inventory.rename(store, cards, note="shown to the board")
    cards = at(taken(store, tmp_path), "model", known.CARDS)
    assert (cards.title, cards.naming.note) == ("the good one", "shown to the board")
    inventory.rename(store, cards, alias="", note="")
    assert not store.inventory.namings()
    # The note of a job is that of the list of jobs.
    job = at(taken(store, tmp_path), "job", "ftjob-cards")
    inventory.rename(store, job, note="overfitted")
    assert store.labels.of("openai", "ftjob-cards").note == "overfitted"
    assert at(taken(store, tmp_path), "job", "ftjob-cards").naming.note == "overfitted"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("kind:model is:ending", {known.CARDS, known.COVERS, known.LOST}),
        ("is:orphan kind:file", {"file-orphan"}),
        ("is:gone kind:model", {known.OLD}),
        ("kind:job -state:succeeded", {"ftjob-failed"}),
        ("profile:tintype", set()),
    ],
)
async def test_words_choose_what_is_listed(
    api: Api, store: Store, fake_clock: Any, tmp_path: Path, words: str, expected: set[str]
) -> None:
    await gather(api, store, fake_clock)
    chosen = inventory.chosen(taken(store, tmp_path), words)
    assert {item.ref.id for item in chosen} == expected


async def test_what_ends_first_is_first_and_what_is_over_comes_after(
    api: Api, store: Store, fake_clock: Any, tmp_path: Path
) -> None:
    await gather(api, store, fake_clock)
    found = taken(store, tmp_path)
    first, *_, last = inventory.chosen(found, "kind:model")
    assert first.ref.id != known.OLD
    assert last.ref.id == known.OLD
    largest = inventory.chosen(found, "kind:file", "largest")
    assert largest[0].size_bytes == max(item.size_bytes or 0 for item in found.items)


async def test_a_plan_names_the_last_safe_day_of_what_takes_longest(
    api: Api, store: Store, fake_clock: Any, tmp_path: Path
) -> None:
    await gather(api, store, fake_clock)
    plan = inventory.plan_by_date(taken(store, tmp_path))
    assert [model.ref.id for model in plan.lost] == [known.OLD]
    first, *others = plan.steps
    # 41 h, twice, is four days; one more to compare.
    assert first.last_safe == date(2027, 1, 9)
    assert {model.ref.id for model in first.models} == {known.COVERS, known.LOST}
    assert first.assumed  # nobody knows how long the lost one took: the longest stands in
    assert first.training_end is not None
    assert first.training_end.date == known.TRAINING_ENDS
    assert [step.last_safe for step in others] == [date(2027, 1, 12)]
    assert len(plan.models) == 3


@pytest.mark.parametrize(
    ("took", "expected"),
    [
        (None, None),
        (timedelta(minutes=1), date(2027, 1, 12)),
        (timedelta(hours=12), date(2027, 1, 12)),
        (timedelta(hours=13), date(2027, 1, 11)),
        (timedelta(hours=41), date(2027, 1, 9)),
    ],
)
def test_a_training_may_fail_once_and_a_day_is_left(
    took: timedelta | None, expected: date | None
) -> None:
    assert last_safe_day(known.SHUTDOWN, took.total_seconds() if took else None) == expected


async def test_golden_answers_cost_what_an_epoch_of_the_data_has_tokens(
    api: Api, store: Store, fake_clock: Any, tmp_path: Path
) -> None:
    await gather(api, store, fake_clock)
    cost = inventory.golden_cost(taken(store, tmp_path))
    # 41,152 tokens at $3.75 and 4,115 at $15 a million; at $3 and $12 for the other.
    assert cost.likely_usd == Decimal("0.21604500") + Decimal("0.17283600")
    assert (cost.models, cost.unknown) == (3, 1)


async def test_soon_is_sixty_days_and_nothing_to_lose_is_no_warning(
    api: Api, store: Store, fake_clock: Any, tmp_path: Path, settings_of: Callable[..., Any]
) -> None:
    settings = settings_of(PROFILES)
    assert inventory.deadline_warning(store, settings, known.TODAY) is None
    await gather(api, store, fake_clock)
    warning = inventory.deadline_warning(store, settings, known.TODAY)
    assert warning is not None
    assert (warning.models, warning.days_left, warning.profiles) == (3, 47, ("openai",))
    for day in (known.SHUTDOWN - timedelta(days=60), known.SHUTDOWN):
        assert inventory.deadline_warning(store, settings, day) is None
    assert inventory.deadline_warning(store, settings, known.SHUTDOWN - timedelta(days=1))


@pytest.fixture
def settings_of(tmp_path: Path) -> Callable[..., Any]:
    """Settings with other profiles."""
    from tintype.settings import folders, load

    def made(profiles: Any) -> Any:
        places = folders({"TINTYPE_HOME": str(tmp_path)})
        return replace(load(environ={}, places=places), profiles=profiles)

    return made
