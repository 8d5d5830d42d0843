"""After a handle is closed, whatever it is asked says so in a sentence: nothing foreign leaks."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tintype.api import ChatRequest, connect
from tintype.dataset import open_dataset
from tintype.errors import ApiError, DatasetError, StoreError
from tintype.settings import OPENAI, Secret
from tintype.store import open_store


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    async with open_store(tmp_path / "store.sqlite") as store:
        store.notes.write("a", {}, datetime.now(UTC))

    for asked in (
        lambda: store.jobs.newest(profile="p"),
        lambda: store.notes.write("a", {}, datetime.now(UTC)),
        lambda: store.spending.total(datetime.now(UTC)),
    ):
        with pytest.raises(StoreError, match=r"store\.sqlite has been closed"):
            asked()
    with pytest.raises(StoreError, match="has been closed"):
        await store.jobs.events("p", "j")


async def test_a_closed_connection_says_so_before_anything_is_sent() -> None:
    async with connect(OPENAI, Secret("sk-0123456789", origin="the test")) as api:
        pass

    with pytest.raises(ApiError, match="The connection to OpenAI has been closed"):
        await api.job("ftjob-1")
    with pytest.raises(ApiError, match="The connection to OpenAI has been closed"):
        await anext(api.chat(ChatRequest(model="m", messages=[])))


async def test_a_closed_dataset_says_so(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"messages":[]}\n')
    async with open_dataset(path) as dataset:
        await dataset.row(0)

    for asked in (dataset.row, dataset.messages, dataset.source):
        with pytest.raises(DatasetError, match="has been closed"):
            await asked(0)
