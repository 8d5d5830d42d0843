"""What to evaluate to begin with."""

from pathlib import Path

import pytest

from tintype.evaluation import proposed
from tintype.store import open_store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("train", "valid", "test"):
        (tmp_path / f"{name}.jsonl").touch()
    return tmp_path


async def test_a_base_is_evaluated_alone_and_on_the_test_split(folder: Path) -> None:
    async with open_store(folder / "store.db") as store:
        plan = proposed(store, "here", "tiny", folder / "train.jsonl")
        assert plan is not None
        assert plan.dataset == folder / "test.jsonl"
        assert [model.id for model in plan.models] == ["tiny@here"]
        assert (plan.scorers, plan.training) == ((), ())


async def test_a_tuned_model_stands_beside_others_and_its_base_and_that_is_compared_with(
    folder: Path,
) -> None:
    (folder / "test.jsonl").unlink()
    async with open_store(folder / "store.db") as store:
        tuned = "ft:tiny:me:cards:1"
        plan = proposed(store, "here", tuned, folder / "train.jsonl", beside=("big", tuned))
        assert plan is not None
        assert plan.dataset == folder / "valid.jsonl"
        assert [model.name for model in plan.models] == [tuned, "big", "tiny"]
        assert plan.compared_with.name == "tiny"


async def test_without_any_data_there_is_nothing_to_propose(folder: Path) -> None:
    async with open_store(folder / "store.db") as store:
        assert proposed(store, "here", "ft:tiny:me:cards:1") is None
