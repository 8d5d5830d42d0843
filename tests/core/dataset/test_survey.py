"""One pass over everything, with the facts of every image."""

from contextlib import aclosing
from typing import Any

from tintype.dataset import open_dataset
from tintype.dataset.fetcher import HOST_PATIENCE_S
from tintype.dataset.files import MAX_IMAGE_BYTES
from tintype.dataset.survey import Surveyed, survey


async def surveyed(path: Any, *, allow_private: bool = False, **options: Any) -> list[Surveyed]:
    async with open_dataset(path, allow_private=allow_private) as dataset:
        return [item async for batch in survey(dataset, **options) for item in batch]


async def test_every_row_comes_with_the_facts_of_its_images(build: Any) -> None:
    red, wide = build.image(), build.image("blue", (20, 4), format="JPEG")
    build.file("wide.jpg", wide)
    path = build.jsonl(
        build.chat(build.data_url(red), "wide.jpg"),
        "no json",
        build.chat(),
        build.chat("none.png", "data:image/png;base64,@@@@", "ftp://e.org/a.png"),
    )
    items = await surveyed(path)
    assert [item.row.line for item in items] == [1, 2, 3, 4]
    facts = [(image.format, image.width, image.height) for image in items[0].images]
    assert facts == [("png", 8, 6), ("jpeg", 20, 4)]
    assert items[1].row.flaw
    assert items[2].images == ()
    assert [image.flaw for image in items[3].images] == [
        "no such file",
        "not valid base64",
        "inaccessible URL",
    ]
    assert all(image.detail for image in items[3].images)


async def test_images_too_large_to_be_read_are_said_to_be_so(build: Any) -> None:
    with (build.folder / "huge.png").open("wb") as file:
        file.truncate(MAX_IMAGE_BYTES + 1)  # a hole: no disk is used
    url = "data:image/png;base64," + "A" * (MAX_IMAGE_BYTES * 4 // 3 + 8)
    (item,) = await surveyed(build.jsonl(build.chat("huge.png", url)))
    assert [image.flaw for image in item.images] == ["too large", "too large"]
    assert item.images[0].size_bytes == MAX_IMAGE_BYTES + 1
    assert item.images[1].size_bytes > MAX_IMAGE_BYTES


async def test_rows_keep_their_order_whatever_thread_is_done_first(build: Any) -> None:
    urls = [build.data_url(build.image(size=(8 + n % 7, 6))) for n in range(20)]
    path = build.jsonl(*(build.chat(urls[n % 20]) for n in range(700)))
    items = await surveyed(path)
    assert [item.row.index for item in items] == list(range(700))
    assert all(item.images[0].width == 8 + item.row.index % 20 % 7 for item in items)


async def test_equal_images_are_probed_once(build: Any) -> None:
    url = build.data_url(build.image())
    items = await surveyed(build.jsonl(*(build.chat(url) for _ in range(5)), build.chat(url, url)))
    (facts, *others) = [image for item in items for image in item.images]
    assert all(other is facts for other in others)


async def test_images_on_the_network_can_be_left_alone(build: Any) -> None:
    items = await surveyed(build.jsonl(build.chat("https://example.org/a.png")), fetch=False)
    assert items[0].images[0].flaw == "not fetched"


async def test_images_on_private_addresses_are_inaccessible(build: Any) -> None:
    items = await surveyed(build.jsonl(build.chat("http://127.0.0.1:1/a.png")))
    assert items[0].images[0].flaw == "inaccessible URL"
    assert items[0].images[0].detail.startswith("inaccessible URL")


async def test_an_image_on_the_network_is_fetched_once(build: Any, hostile: Any) -> None:
    hostile.on("GET", "/a.png", hostile.answer(build.image()))
    rows = [build.chat(f"{hostile.url}/a.png") for _ in range(50)]
    items = await surveyed(build.jsonl(*rows), allow_private=True)
    assert {item.images[0].width for item in items} == {8}
    assert len(hostile.requests) == 1


async def test_a_host_that_never_sends_an_image_is_given_up(build: Any, hostile: Any) -> None:
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += HOST_PATIENCE_S / 10
        return now

    rows = [build.chat(f"{hostile.url}/{n}.png") for n in range(60)]
    items = await surveyed(build.jsonl(*rows), allow_private=True, clock=clock)
    # The last ones say that this machine gave up: the provider may have more luck.
    assert [item.images[0].flaw for item in items[:3]] == ["inaccessible URL"] * 3
    assert items[-1].images[0].flaw == "not reached"
    assert len(hostile.requests) < 30
    assert "was given up because it did not answer" in items[-1].images[0].detail


async def test_what_the_host_says_is_told_from_what_this_machine_meets(
    build: Any, hostile: Any
) -> None:
    statuses = (401, 403, 404, 410, 408, 429, 500, 503)
    for status in statuses:
        hostile.on("GET", f"/{status}", hostile.answer({}, status=status))
    hostile.on("GET", "/page", hostile.answer(b"<!doctype html><p>Sign in"))
    urls = [f"{hostile.url}/{status}" for status in statuses]
    urls += [f"{hostile.url}/page", "http://127.0.0.1:1/closed", "https://no.such.invalid/a.png"]
    (item,) = await surveyed(build.jsonl(build.chat(*urls)), allow_private=True)
    assert [image.unknown for image in item.images] == [False] * 4 + [True] * 4 + [
        False, True, True,
    ]  # fmt: skip
    assert item.images[-3].flaw == "not an image"
    assert item.images[-1].detail.startswith("not reached: the host name cannot be resolved")


async def test_a_survey_may_be_left_at_any_time(build: Any) -> None:
    path = build.jsonl(*(build.chat(build.data_url(build.image())) for _ in range(300)))
    async with open_dataset(path) as dataset, aclosing(survey(dataset)) as batches:
        async for _ in batches:
            break
