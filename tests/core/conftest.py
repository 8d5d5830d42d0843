"""What tests of the library share: a connection to the hostile provider, and a store."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tintype.api import Api
from tintype.store import Store, open_store


@pytest.fixture
async def api(hostile: Any, fake_clock: Any) -> AsyncIterator[Api]:
    """A connection to the hostile provider."""
    async with hostile.connect(clock=fake_clock.clock) as api:
        yield api


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "store.sqlite") as store:
        yield store
