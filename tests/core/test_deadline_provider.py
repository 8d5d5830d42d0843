"""What the scripted provider with OpenAI's deadlines says is read as OpenAI's would be."""

import base64
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from tests import deadline_provider as known

from tintype.api import Api, ChatRequest
from tintype.errors import ForbiddenError, NotFoundError
from tintype.resources import JobRequest


@pytest.fixture
async def api(ending: known.DeadlineProvider, fake_clock: Any) -> AsyncIterator[Api]:
    async with ending.hostile.connect(clock=fake_clock.clock) as api:
        yield api


async def test_it_lists_what_will_end_and_what_has_ended(
    api: Api, ending: known.DeadlineProvider
) -> None:
    models = {model.id: model for model in await api.models()}
    assert models[known.GPT_4O].shutdown_date == "2027-01-14"
    assert models[known.CARDS].shutdown_date is None
    with pytest.raises(NotFoundError, match="shut down"):
        await api.model(known.OLD)
    ending.today = known.SHUTDOWN
    with pytest.raises(NotFoundError):
        [piece async for piece in api.chat(ChatRequest(known.CARDS, []))]


async def test_files_vanish_between_listing_and_download(api: Api) -> None:
    listed = {file.id for file in (await api.files()).items}
    assert "file-old-train" in listed
    with pytest.raises(NotFoundError):
        await api.file_content("file-old-train")
    results = await api.file_content("file-cards-results")
    assert base64.b64decode(results).decode() == known.CSV


async def test_no_job_is_created_once_training_has_ended(
    api: Api, ending: known.DeadlineProvider
) -> None:
    order = JobRequest(known.GPT_4O, "file-cards-train")
    assert (await api.create_job(order)).status == "queued"
    ending.today = date(2027, 1, 6)
    with pytest.raises(ForbiddenError):
        await api.create_job(order)
