"""Two versions of a dataset compared."""

from pathlib import Path
from typing import Any

from tintype.dataset import open_dataset
from tintype.dataset.comparing import ChangedPair, VersionDifference, compare_versions
from tintype.dataset.edits import content_key


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


async def test_rows_that_differ_in_data_that_is_no_image_differ(build: Any) -> None:
    pages = ["data:application/pdf;base64," + letter * 400 for letter in "AB"]
    before, after = (build.jsonl(build.chat(question=page), name=page[-1]) for page in pages)
    found = await compared(before, after)
    assert (found.same, found.added, found.gone) == (0, (1,), (1,))
    async with open_dataset(before) as one, open_dataset(after) as two:
        keys = [content_key((await each.lines(0, 1, 10_000))[0]) for each in (one, two)]
    assert keys[0] != keys[1]
