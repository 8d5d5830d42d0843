"""A fixed copy has none of the problems that it claims to fix."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tintype.dataset import open_dataset, read_rows
from tintype.dataset.copied_rows import ExportNote
from tintype.dataset.embed import Exported, export
from tintype.dataset.treatment import Treatment
from tintype.detection import CONVENTIONS
from tintype.rules import Problem, check, fixing, rules_of


async def fixed(source: Path, target: Path, **options: Any) -> tuple[Exported, list[ExportNote]]:
    async with open_dataset(source) as dataset:
        treatment = fixing(rules_of("openai"), **options)
        reports = [step async for step in export(dataset, target, treatment, replace=True)]
    return reports[-1], [note for step in reports for note in step.notes]


async def problems(path: Path) -> list[Problem]:
    async with open_dataset(path) as dataset:
        found = [p async for batch in check(dataset, rules_of("openai")) for p in batch.problems]
    return [problem for problem in found if problem.rule not in ("few_examples", "n_examples")]


def spoiled(build: Any) -> dict[str, Callable[[], Any]]:
    """Rows, each with one fault of an image, by the rule that sees it."""
    png, jpeg = build.image(size=(30, 20)), build.image(format="JPEG", size=(30, 20))
    url, text = build.data_url(png), base64.b64encode(png).decode()
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 0.0), 3: "E", 4: (13.0, 24.0, 0.0)})
    located = build.image(format="JPEG", size=(30, 20), exif=exif.tobytes())
    lines = "\r\n".join(text[at : at + 76] for at in range(0, len(text), 76))

    def typed(media_type: str, data: bytes) -> Any:
        return build.chat(f"data:{media_type};base64,{base64.b64encode(data).decode()}")

    def said(content: Any, **more: Any) -> Any:
        answer = {"role": "assistant", "content": "A box"}
        return {"messages": [{"role": "user", "content": content}, answer], **more}

    return {
        "image_type": lambda: typed("image/jpeg", png),
        "image_type ": lambda: typed("application/octet-stream", jpeg),
        "image_type  ": lambda: typed("text/plain", jpeg),
        "image_location": lambda: build.chat(build.data_url(located)),
        "image_orientation": lambda: build.chat(
            build.data_url(build.image(format="JPEG", size=(30, 20), orientation=6))
        ),
        "image_spelling": lambda: build.chat(f"data:image/png;base64,{lines}"),
        "image_spelling ": lambda: build.chat(f"data:image/png;base64, {text}"),
        "image_spelling  ": lambda: build.chat(text),
        "image_spelling   ": lambda: build.chat(f"data:image/png;base64,b'{text}'"),
        "image_spelling    ": lambda: build.chat(repr(png)),
        "image_mode": lambda: build.chat(build.data_url(build.image(mode="L", size=(30, 20)))),
        "image_format": lambda: build.chat(build.data_url(build.image(format="BMP"))),
        "image_in_text": lambda: said(url),
        "image_in_text ": lambda: said(f"Look at ![it]({url}). What is it?"),
        "content": lambda: said([{"type": "image_url", "image_url": url}]),
        "content ": lambda: said([{"type": "input_image", "image_url": url}]),
        "content  ": lambda: said([{"type": "image", "image": url}]),
        "extra_key": lambda: said("<image>What?", images=["img/a.jpg"]),
        "image_origin": lambda: build.chat("img/a.jpg"),
        "messages_missing": lambda: {
            "image": "img/a.jpg",
            "conversations": [
                {"from": "human", "value": "<image>\nWhat?"},
                {"from": "gpt", "value": "A box"},
            ],
        },
        "messages_missing ": lambda: {"image": "img/a.jpg", "prefix": "p", "suffix": "s"},
    }


async def test_what_is_claimed_to_be_fixed_is_gone_afterwards(build: Any) -> None:
    build.file("img/a.jpg", build.image(format="JPEG", size=(30, 20)))
    for rule, make in spoiled(build).items():
        path = build.jsonl(make())
        found = await problems(path)
        assert rule.strip() in {problem.rule for problem in found}, (rule, found)
        target = build.folder / "copy" / "rows.jsonl"
        report, notes = await fixed(path, target)
        assert (report.rows, report.undone, notes) == (1, 0, []), rule
        assert report.images == 1, rule
        assert await problems(target) == [], rule
        ((row, _),) = read_rows(target)
        assert [image.origin for image in row.images] == ["data"], rule


async def test_a_fixed_copy_makes_no_image_of_what_an_answer_holds(build: Any) -> None:
    url = build.data_url(build.image(size=(40, 40)))
    for answer in (url, f"Here it is: {url} as you see."):
        row = build.chat(url)
        row["messages"][-1]["content"] = answer
        await fixed(build.jsonl(row), build.folder / "copy.jsonl")
        copied = json.loads((build.folder / "copy.jsonl").read_text())
        assert copied["messages"][-1]["content"] == answer
        assert {p.severity for p in await problems(build.folder / "copy.jsonl")} == {"warning"}


async def test_what_cannot_be_fixed_is_named_and_stays(build: Any) -> None:
    path = build.jsonl(
        build.chat(build.data_url(build.image())),
        {"messages": [{"role": "user", "content": "<image><image>"}], "images": ["a.jpg"]},
        "no json",
        build.chat("gone.png"),
    )
    report, notes = await fixed(path, build.folder / "copy.jsonl")
    assert [note.line for note in notes] == [2, 2, 3, 4]
    assert (report.rows, report.dropped, report.undone) == (3, 1, 4)
    assert len(list(read_rows(build.folder / "copy.jsonl"))) == report.rows


async def test_a_file_of_which_nothing_can_be_read_gives_no_copy(build: Any) -> None:
    build.jsonl(build.chat(), build.chat())
    text = (build.folder / "data.jsonl").read_text()
    path = build.file("wide.jsonl", text.replace("\n", "\r\n").encode("utf-16"))
    report, notes = await fixed(path, build.folder / "copy.jsonl")
    assert (report.rows, report.files) == (0, ())
    assert report.undone == len(notes) > 0
    assert not (build.folder / "copy.jsonl").exists()


async def test_images_are_shrunk_as_the_advice_says(build: Any) -> None:
    path = build.jsonl(build.chat(build.data_url(build.image(size=(6_000, 4_500), format="JPEG"))))
    report, _ = await fixed(path, build.folder / "copy.jsonl", max_side=600)
    assert (report.rows, report.images, report.undone) == (1, 1, 0)
    async with open_dataset(build.folder / "copy.jsonl") as copied:
        facts = await copied.image(0, 0)
    assert len(facts) < 50_000


@pytest.mark.parametrize("count", [1, 300])
async def test_bare_base64_of_any_length_is_an_image(build: Any, count: int) -> None:
    data = build.image(size=(count, count), format="BMP") if count > 1 else build.image()
    # A large one is cut out of the line before it is parsed; a small one is not.
    png = build.image(size=(40, 40)) + b"\0" * len(data)
    path = build.jsonl(build.chat(base64.b64encode(png).decode()))
    ((row, _),) = read_rows(path)
    (image,) = row.images
    assert (image.origin, image.media_type) == ("data", "image/png")
    assert image.misspelling == "no data:image/…;base64, before"
    assert "iVBOR" not in str(row.value)


@pytest.mark.parametrize("count", [40, 30_000])
@pytest.mark.parametrize(
    ("altered", "said"),
    [
        (lambda text: text.replace("+", "-").replace("/", "_"), "- and _ in place of"),
        (lambda text: text.replace("+", "%2B").replace("/", "%2f"), "%2B, %2F or %3D"),
        (lambda text: text.rstrip("="), "no = at its end"),
        (lambda text: text, ""),
    ],
)
async def test_base64_that_a_program_has_rewritten_is_named_and_turned_back(
    build: Any, count: int, altered: Callable[[str], str], said: str
) -> None:
    data = build.image(size=(40, 40)) + b"\xfb\xff" * count
    data += b"\0" * (1 + -len(data) % 3)  # one byte over: two `=` at the end
    url = f"data:image/png;base64,{altered(base64.b64encode(data).decode())}"
    path = build.jsonl(build.chat(url))
    ((row, _),) = read_rows(path)
    assert row.images[0].misspelling.startswith(said)
    assert bool(row.images[0].misspelling) == bool(said)
    report, _ = await fixed(path, build.folder / "copy.jsonl")
    assert (report.rows, report.undone) == (1, 0)
    ((row, _),) = read_rows(build.folder / "copy.jsonl")
    assert row.images[0].misspelling == ""
    async with open_dataset(build.folder / "copy.jsonl") as copied:
        assert await copied.image(0, 0) == data


async def test_images_that_stay_on_the_web_are_counted(build: Any) -> None:
    url = "https://example.com/a.png"
    path = build.jsonl(build.chat(url), build.chat(build.data_url(build.image())))
    report, _ = await fixed(path, build.folder / "copy.jsonl")
    assert (report.images, report.on_the_web) == (0, 1)


async def test_a_copy_asks_for_another_detail_and_has_its_boxes_in_another_convention(
    build: Any, tmp_path: Path
) -> None:
    noise = Image.effect_noise((300, 200), 90).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "PNG")
    row = build.chat(build.data_url(out.getvalue()))
    row["messages"][-1]["content"] = "<loc0102><loc0205><loc0512><loc0614> cat"
    said = build.chat(build.data_url(out.getvalue()))
    said["messages"][-1]["content"] = "I see <loc0102><loc0205><loc0512><loc0614> cat, I think"
    source, target = build.jsonl(row, said), tmp_path / "copy.jsonl"
    boxes = (CONVENTIONS["paligemma"], CONVENTIONS["qwen2.5-vl"])
    wanted = Treatment(detail="low", boxes=boxes, smaller=True, quality=60)
    async with open_dataset(source) as dataset:
        reports = [step async for step in export(dataset, target, wanted)]
    made = [json.loads(line) for line in target.read_text().splitlines()]
    image = made[0]["messages"][0]["content"][1]["image_url"]
    assert image["detail"] == "low"
    assert image["url"].startswith("data:image/jpeg;base64,")
    assert len(image["url"]) < len(build.data_url(out.getvalue()))
    assert "bbox_2d" in made[0]["messages"][-1]["content"]
    assert made[1]["messages"][-1]["content"] == said["messages"][-1]["content"]
    notes = [note for step in reports for note in step.notes]
    assert [(note.line, "left as they are" in note.message) for note in notes] == [(2, True)]
    assert json.loads(source.read_text().splitlines()[0]) == row
