"""Two versions of a dataset compared."""

from pathlib import Path
from typing import Any

from tintype.dataset import open_dataset
from tintype.dataset.comparing import ChangedPair, VersionDifference, compare_versions


async def compared(before: Path, after: Path) -> VersionDifference:
    async with open_dataset(before) as one, open_dataset(after) as two:
        return [step async for step in compare_versions(one, two)][-1]


async def test_rows_are_found_again_wherever_they_stand(build: Any) -> None:
    red, blue, green = (build.data_url(build.image(c)) for c in ("red", "blue", "green"))
    rows = [
        build.chat(red, answer="red"),
        build.chat(blue, answer="blue"),
        build.chat(question="text", answer="same"),
        build.chat(red, answer="red"),
        build.chat(green, question="Which?", answer="green"),
    ]
    before = build.jsonl(*rows, "no json", name="before.jsonl")
    changed = [
        rows[2],
        build.chat(red, answer="crimson"),
        build.chat(blue, question="Which colour?", answer="blue"),
        rows[0],
        build.chat(question="new"),
    ]
    found = await compared(before, build.jsonl(*changed, name="after.jsonl"))
    assert found.same == 2
    assert found.changed == (ChangedPair(4, 2, "answer"), ChangedPair(2, 3, "question"))
    assert (found.added, found.gone) == ((5,), (5,))
    assert (found.images_added, found.images_gone) == (0, 1)
    assert (await compared(before, before)).is_none
