"""Images that are the same or alike, within files and between them."""

import io
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageEnhance
from tests.core.dataset.conftest import Builder

from tintype.dataset import open_dataset
from tintype.dataset.near import Repeats, find_repeats, most_alike
from tintype.errors import DatasetError
from tintype.images.likeness import Gallery, likeness


def scene(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A drawn scene with shapes of many colours."""
    import random

    drawn = random.Random(seed)
    image = Image.new("RGB", size, tuple(drawn.randrange(256) for _ in range(3)))
    pen = ImageDraw.Draw(image)
    for _ in range(9):
        x, y = drawn.randrange(size[0]), drawn.randrange(size[1])
        far = (x + drawn.randrange(40, 160), y + drawn.randrange(40, 120))
        pen.rectangle([(x, y), far], fill=tuple(drawn.randrange(256) for _ in range(3)))
    return image


def encoded(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


CHANGES = {
    "resized": lambda image: encoded(image.resize((160, 120))),
    "enlarged": lambda image: encoded(image.resize((640, 480))),
    "recompressed": lambda image: encoded(image, "JPEG", quality=40),
    "brighter": lambda image: encoded(ImageEnhance.Brightness(image).enhance(1.06), "WEBP"),
    "cut by 1 %": lambda image: encoded(image.crop((3, 2, 320, 240))),
    "palette": lambda image: encoded(image.quantize(64), "PNG"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_image_is_known_again(change: Any) -> None:
    gallery = Gallery()
    before = [gallery.add(likeness(encoded(scene(seed)))) for seed in range(40)]
    assert len(set(before)) == 40
    after = [gallery.add(likeness(change(scene(seed)))) for seed in range(40)]
    assert after == before


@pytest.mark.parametrize(
    "marks",
    [
        [(10, 10), (200, 10), (10, 180), (120, 90)],  # the same mark elsewhere
        [(60, 60), (66, 60), (60, 70), (72, 72)],  # and not far away
    ],
)
def test_a_small_mark_on_a_plain_ground_is_what_the_image_is_about(
    marks: list[tuple[int, int]],
) -> None:
    gallery = Gallery()
    for x, y in marks:
        image = Image.new("RGB", (256, 256), (250, 245, 230))
        ImageDraw.Draw(image).ellipse([(x, y), (x + 40, y + 40)], fill=(120, 120, 120))
        gallery.add(likeness(encoded(image)))
    assert len(gallery.groups) == len(marks)


def test_flat_images_of_other_colours_are_others() -> None:
    gallery = Gallery()
    for colour in ("red", "blue", "white", "black", "red"):
        gallery.add(likeness(encoded(Image.new("RGB", (30, 20), colour))))
    assert gallery.groups == [[0, 4], [1], [2], [3]]


async def found_in(*paths: Path) -> Repeats:
    async with AsyncExitStack() as held:
        opened = [await held.enter_async_context(open_dataset(path)) for path in paths]
        return [step async for step in find_repeats(opened)][-1]


async def test_repetitions_and_leaks_are_told_apart(build: Any) -> None:
    a, b, c = (encoded(scene(seed)) for seed in (1, 2, 3))
    small_a = encoded(scene(1).resize((160, 120)), "JPEG", quality=70)
    url = build.data_url
    train = build.jsonl(
        build.chat(url(a), answer="one"),
        build.chat(url(small_a), answer="one"),
        build.chat(url(a), question="Another?", answer="two"),
        build.chat(url(b), answer="three"),
        build.chat("https://example.invalid/x.png", answer="four"),
        "no JSON",
        name="train.jsonl",
    )
    test = build.jsonl(
        build.chat(url(encoded(scene(2), "WEBP"))), build.chat(url(c)), name="test.jsonl"
    )
    found = await found_in(train, test)
    assert (found.rows, found.images, found.distinct, found.unknown) == (8, 7, 6, 1)
    said = [(group.same, group.is_leak, [p.line for p in group.places]) for group in found.groups]
    assert said == [(False, True, [4, 1]), (False, False, [1, 2, 3])]
    assert found.leaking(train) == (4,)
    assert found.repeated == {train: (2,)}


async def test_the_same_bytes_are_said_to_be_the_same(build: Any) -> None:
    image = build.data_url(encoded(scene(5)))
    far = "https://example.invalid/x.png"
    path = build.jsonl(
        *(build.chat(one, answer=str(at)) for at, one in enumerate([image, far] * 2))
    )
    found = await found_in(path)
    assert [(group.same, len(group.places)) for group in found.groups] == [(True, 2), (True, 2)]
    assert (found.unknown, found.repeated) == (2, {})


async def test_the_rows_most_like_one_come_first(build: Builder) -> None:
    def striped(colour: str, size: tuple[int, int]) -> str:
        image = Image.new("RGB", size, colour)
        image.paste("black", (0, 0, size[0] // 2, size[1] // 3))
        out = io.BytesIO()
        image.save(out, "PNG")
        return build.data_url(out.getvalue())

    plain = build.data_url(build.image("green", (64, 48)))
    red, small = striped("red", (64, 48)), striped("red", (32, 24))
    rows = [plain, red, striped("blue", (64, 48)), "data:image/png;base64,AAAA", small]
    path = build.jsonl(*(build.chat(url) for url in rows), build.chat(answer="none"))
    async with open_dataset(path) as dataset:
        found = [each async for each in most_alike(dataset, 1)][-1]
        assert (found.rows, found.found[:2], set(found.found[2:])) == (6, (1, 4), {0, 2})
        with pytest.raises(DatasetError):
            async for _ in most_alike(dataset, 5):
                pass
