"""Every dataset of the zoo becomes what it must, or is refused as it must be.

A new format is added by adding fixtures to `zoo/`: this test finds them.
"""

from pathlib import Path

import pytest
from tests.core.dataset.zoo import NAMES, ZOO, expected, faults, imported


@pytest.mark.parametrize("name", NAMES)
async def test_a_dataset_becomes_what_it_must(name: str, tmp_path: Path) -> None:
    want = expected(name)
    made = await imported(ZOO / name / "data" / want["open"], tmp_path / "out", keep_empty=True)
    assert not faults(want, made)
