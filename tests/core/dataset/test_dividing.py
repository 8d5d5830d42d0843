"""Splits, folds and subsets: what goes where, and what is written."""

import io
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tintype.dataset import open_dataset, read_rows
from tintype.dataset.dividing import (
    Divided,
    Draw,
    divide,
    folding,
    labels_of,
    picking,
    splitting,
)
from tintype.dataset.example import Example, Message, TextPart
from tintype.dataset.sampling import RowTraits, apportioned, drawn, grouped
from tintype.detection import CONVENTIONS, Box
from tintype.errors import DatasetError

SHARES = (Fraction(8, 10), Fraction(1, 10), Fraction(1, 10))

rows = st.lists(
    st.tuples(
        st.lists(st.sampled_from("abcdefghijkl"), min_size=1, max_size=3),
        st.sets(st.sampled_from(("cat", "dog", "rare")), max_size=2),
    ),
    max_size=60,
).map(
    lambda every: [
        RowTraits(at, tuple(keys), frozenset(labels)) for at, (keys, labels) in enumerate(every)
    ]
)


async def divided(source: Path, draw: Draw, **options: Any) -> Divided:
    async with open_dataset(source) as dataset:
        return [step async for step in divide(dataset, draw, **options)][-1]


def answers(path: Path) -> list[str]:
    return [row.value["messages"][-1]["content"] for row, _ in read_rows(path)]


@given(rows, st.integers(0, 5), st.booleans())
def test_every_row_is_in_one_part_and_images_are_in_one_only(
    every: list[RowTraits], seed: int, stratified: bool
) -> None:
    found = apportioned(grouped(every), SHARES, seed=seed, stratified=stratified)
    assert found.keys() == {row.index for row in every}
    parts: dict[str, set[int]] = {}
    for row in every:
        for key in row.keys:
            parts.setdefault(key, set()).add(found[row.index])
    assert all(len(one) == 1 for one in parts.values())


@given(rows, st.integers(0, 5), st.randoms())
def test_the_draw_depends_on_the_rows_and_not_on_their_order(
    every: list[RowTraits], seed: int, chance: Any
) -> None:
    shuffled = list(every)
    chance.shuffle(shuffled)
    assert apportioned(grouped(every), SHARES, seed=seed) == apportioned(
        grouped(shuffled), SHARES, seed=seed
    )


def test_shares_are_exact_and_each_label_has_its_share_of_each_part() -> None:
    every = [
        RowTraits(at, (f"{at:03}",), frozenset({"rare" if at % 10 == 0 else "usual"}))
        for at in range(200)
    ]
    found = apportioned(grouped(every), SHARES, seed=3, stratified=True)
    assert Counter(found.values()) == {0: 160, 1: 20, 2: 20}
    assert Counter(found[row.index] for row in every if "rare" in row.labels) == {0: 16, 1: 2, 2: 2}
    unique = [RowTraits(at, (str(at),), frozenset({f"title {at}"})) for at in range(100)]
    parts = Counter(apportioned(grouped(unique), SHARES, seed=3, stratified=True).values())
    assert parts == {0: 80, 1: 10, 2: 10}


def test_no_part_is_empty_while_there_are_images_enough() -> None:
    every = [RowTraits(at, (str(at),)) for at in range(3)]
    assert set(apportioned(grouped(every), SHARES, seed=0).values()) == {0, 1, 2}


@pytest.mark.parametrize("stratified", [False, True])
def test_a_subset_has_as_many_rows_as_are_asked_for(stratified: bool) -> None:
    every = [RowTraits(at, (str(at % 7),), frozenset({str(at % 3)})) for at in range(50)]
    chosen = drawn(every, 15, seed=1, stratified=stratified)
    assert len(chosen) == 15
    assert list(chosen) == sorted(set(chosen))
    assert drawn(every, 15, seed=1, stratified=stratified) == chosen
    assert drawn(every, 15, seed=2, stratified=stratified) != chosen
    assert len(drawn(every, 99, seed=1)) == 50
    if stratified:
        assert Counter(at % 3 for at in chosen) == {0: 5, 1: 5, 2: 5}


async def test_rows_that_share_an_image_under_another_name_stay_together(build: Any) -> None:
    images = [build.image(colour) for colour in ("red", "green", "blue", "white", "black")]
    files = [build.file(f"{at}.png", data).name for at, data in enumerate(images)]
    written = [build.chat(name, answer=name) for name in files]
    written += [
        build.chat(build.data_url(data), answer=name)
        for data, name in zip(images, files, strict=True)
    ]
    source = build.jsonl(*written, "no json")
    before = source.read_bytes()
    folder = build.folder / "out"
    draw = splitting(folder, valid=Fraction(1, 5), test=Fraction(1, 5), seed=4)
    done = await divided(source, draw)
    found = {name: answers(folder / f"{name}.jsonl") for name in ("train", "valid", "test")}
    assert {name: len(set(each)) for name, each in found.items()} == {
        "train": 3,
        "valid": 1,
        "test": 1,
    }
    assert list(done.rows.values()) == [6, 2, 2]
    assert list(done.images.values()) == [3, 1, 1]
    assert done.written.files == tuple(folder / f"{name}.jsonl" for name in found)
    assert all(url.startswith("data:") for path in done.rows for _, urls in read_rows(path)
               for url in urls)  # fmt: skip
    assert source.read_bytes() == before


async def test_images_that_are_alike_stay_together_if_that_is_asked(build: Any) -> None:
    rows = []
    for seed in range(6):
        image = Image.effect_noise((64, 64), 60 + seed).convert("RGB")
        image.paste((40 * seed, 255 - 40 * seed, 90), (8 * seed, 4, 8 * seed + 16, 60))
        for form in ("PNG", "JPEG"):
            out = io.BytesIO()
            image.save(out, form)
            url = build.data_url(out.getvalue(), f"image/{form.lower()}")
            rows.append(build.chat(url, answer=str(seed)))
    draw = folding(build.folder / "folds", 3)
    await divided(build.jsonl(*rows), draw, near=True)
    held_out = [answers(build.folder / "folds" / f"fold-{at}" / "valid.jsonl") for at in (1, 2, 3)]
    assert all(set(Counter(each).values()) == {2} for each in held_out)


async def test_beside_the_dataset_rows_are_copied_byte_for_byte(build: Any) -> None:
    build.file("a.png", build.image())
    source = build.jsonl(*[build.chat("a.png", answer=str(at)) for at in range(9)])
    target = build.folder / "few.jsonl"
    await divided(source, picking(target, 3, how="first"))
    assert target.read_bytes() == b"".join(source.read_bytes().splitlines(keepends=True)[:3])
    with pytest.raises(DatasetError, match="exists"):
        await divided(source, picking(target, 3))
    with pytest.raises(DatasetError, match="is the dataset itself"):
        await divided(source, picking(source, 3), replace_files=True)


async def test_a_subset_of_images_has_all_rows_of_each(build: Any) -> None:
    urls = [build.data_url(build.image(colour)) for colour in ("red", "green", "blue")]
    source = build.jsonl(*[build.chat(urls[at % 3], answer=str(at % 3)) for at in range(9)])
    target = build.folder / "two.jsonl"
    await divided(source, picking(target, 2, by_image=True))
    assert set(Counter(answers(target)).values()) == {3}
    assert len(answers(target)) == 6


async def test_folds_hold_every_row_out_once(build: Any) -> None:
    source = build.jsonl(*[build.chat(question=str(at), answer=str(at)) for at in range(10)])
    folder = build.folder / "folds"
    dry = await divided(source, folding(folder, 3), dry_run=True)
    assert not folder.exists()
    done = await divided(source, folding(folder, 3))
    assert done.rows == dry.rows
    held_out = [answers(folder / f"fold-{at}" / "valid.jsonl") for at in (1, 2, 3)]
    assert sorted(answer for each in held_out for answer in each) == sorted(map(str, range(10)))
    for at, out in enumerate(held_out, 1):
        trained = answers(folder / f"fold-{at}" / "train.jsonl")
        assert sorted(trained + out) == sorted(map(str, range(10)))


async def test_nothing_to_write_is_said(build: Any) -> None:
    with pytest.raises(DatasetError, match="has no row to write"):
        await divided(build.jsonl("no json"), folding(build.folder, 2))


@pytest.mark.parametrize("name", CONVENTIONS)
def test_labels_are_those_of_the_boxes_whatever_their_convention(name: str) -> None:
    boxes = [Box("cat", 0.1, 0.1, 0.5, 0.5), Box("big dog", 0.2, 0.3, 0.6, 0.9)]
    answer = CONVENTIONS[name].write(boxes, (640, 480))
    shown = Example(0, 1, (Message("assistant", (TextPart(answer),)),))
    assert labels_of(shown) == {"cat", "big dog"}
