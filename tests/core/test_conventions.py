"""Boxes of every family's convention: written, read, and found out from a set."""

import random
import time

import pytest

from tintype.detection import (
    CONVENTIONS,
    Box,
    Convention,
    find_written,
    judge_convention,
)

SIZES = [(640, 480), (1400, 900), (300, 420), (2000, 1500)]


def boxes_of(seed: int, count: int) -> list[Box]:
    drawn = random.Random(seed)
    made = []
    for at in range(count):
        y, x = drawn.uniform(0, 0.7), drawn.uniform(0, 0.7)
        high, wide = drawn.uniform(0.05, 0.95 - y), drawn.uniform(0.05, 0.95 - x)
        label = ["red car", "7 of spades", "Straße", 'a "quoted" one', "x"][at % 5]
        made.append(Box(label, y, x, y + high, x + wide))
    return made


def near(found: Box, box: Box) -> bool:
    sides = zip(found_sides(found), found_sides(box), strict=True)
    return found.label == box.label and all(abs(a - b) < 0.005 for a, b in sides)


def found_sides(box: Box) -> tuple[float, float, float, float]:
    return box.y_min, box.x_min, box.y_max, box.x_max


@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=CONVENTIONS)
def test_what_is_written_is_found_out_and_read_back(convention: Convention) -> None:
    rows = []
    for seed in range(12):
        size = SIZES[seed % len(SIZES)]
        boxes = boxes_of(seed, 3)
        rows.append((convention.write(boxes, size), size, boxes))
    verdict = judge_convention((text, size) for text, size, _ in rows)
    assert verdict is not None
    assert verdict.certainty in ("certain", "likely")
    assert verdict.convention.frame == convention.frame
    assert (verdict.boxes, verdict.rows, verdict.other_rows) == (36, 12, 0)
    for text, size, boxes in rows:
        parsed = verdict.convention.read(text, size)
        assert parsed.flaws == ()
        assert all(near(a, b) for a, b in zip(parsed.boxes, boxes, strict=True))


@pytest.mark.parametrize(
    ("answers", "size", "title"),
    [
        (['[{"bbox": [100, 200, 600, 470], "label": "a"}]'] * 9, (640, 480), "pixels, x first"),
        (
            ['[{"bbox": [500, 300, 100, 90], "label": "a"}]'] * 9,
            (640, 480),
            "pixels, left, top, width, height",
        ),
        (['[{"bbox_2d": [100, 700, 900, 990], "label": "a"}]'] * 9, (640, 480), "thousandths"),
        (["a: [0.5, 0.5, 0.9, 0.8]"] * 9, (640, 480), "fractions 0…1 of the image, x first"),
        (["a: [0.9, 0.8, 0.2, 0.1]"] * 9, (640, 480), "fractions 0…1 of the image, middle"),
        (["a: [40.5, 80, 90, 99.1]"] * 9, (640, 480), "per cent"),
        (['{"label": "a", "x1": 5, "y1": 6, "x2": 630, "y2": 470}'], (640, 480), "pixels, x first"),
        (
            ['{"label": "a", "x": 500, "y": 6, "width": 130, "height": 400}'],
            (640, 480),
            "pixels, left",
        ),
        (['[{"box_2d": [100, 700, 900, 990], "label": "a"}]'], (640, 480), "y first"),
    ],
)
def test_the_reading_that_the_numbers_allow_is_taken(
    answers: list[str], size: tuple[int, int], title: str
) -> None:
    verdict = judge_convention((answer, size) for answer in answers)
    assert verdict is not None
    assert title in verdict.convention.title


def test_two_readings_that_give_the_same_boxes_are_said_to() -> None:
    verdict = judge_convention([('[{"bbox_2d": [10, 20, 600, 400], "label": "a"}]', (1000, 1000))])
    assert verdict is not None
    assert verdict.certainty == "either"
    assert [one.unit.name for one in verdict.others] == ["1000"]


def test_rows_of_two_conventions_are_noticed() -> None:
    pixels = ('[{"bbox_2d": [1100, 700, 1350, 890], "label": "a"}]', (1400, 900))
    thousandths = ('[{"bbox_2d": [100, 930, 400, 990], "label": "a"}]', (1400, 900))
    verdict = judge_convention(
        [pixels] * 8 + [thousandths] * 2 + [("x<loc_1><loc_2><loc_3><loc_4>", None)]
    )
    assert verdict is not None
    assert verdict.certainty == "mixed"
    assert verdict.convention.frame.unit.name == "px"
    assert verdict.other_rows == 1


def test_without_boxes_there_is_no_verdict() -> None:
    assert judge_convention([("red", (10, 10)), ("[1, 2]", None), ("", None)]) is None


def test_pixels_of_an_image_of_unknown_size_are_not_guessed() -> None:
    parsed = CONVENTIONS["qwen2.5-vl"].read('[{"bbox_2d": [1, 2, 3, 4], "label": "a"}]')
    assert parsed.boxes == ()
    assert [flaw.message for flaw in parsed.flaws] == ["the size of the image is not known"]
    with pytest.raises(ValueError, match="size of the image"):
        CONVENTIONS["coco"].write([Box("a", 0, 0, 1, 1)])


def test_what_is_beyond_the_image_is_a_flaw_and_cut_off() -> None:
    parsed = CONVENTIONS["qwen3-vl"].read('[{"bbox_2d": [900, 500, 1200, 400], "label": "a"}]')
    assert parsed.boxes == (Box("a", 0.4, 0.9, 0.5, 1.0),)
    said = [flaw.message for flaw in parsed.flaws]
    assert said == ["the corners are reversed", "the box goes beyond the image"]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("7up<loc_1><loc_2><loc_3><loc_4><loc_5><loc_6><loc_7><loc_8>dog<loc_1><loc_2><loc_3><loc_4>",
         ["7up", "7up", "dog"]),
        ("<ref>a</ref><box>[[1,2,3,4],[5,6,7,8]]</box>", ["a", "a"]),
        ("<ref>a</ref><box>(1,2),(3,4)</box><box>(5,6),(7,8)</box>", ["a", "a"]),
        ('```json\n[{"bbox_2d": [1,\n2, 3, 4], "label": "hel\\"met"}, {"label": "b", "bbox_2d"',
         ['hel"met']),
        ("[1, 2, 3, 4] cat; [5, 6, 7, 8] dog", ["cat", "dog"]),
        ("- **cat**: [0.1, 0.2, 0.3, 0.4]\n- dog: [0.1, 0.2, 0.3, 0.5]", ["cat", "dog"]),
        ("no box [1, 2, 3]", []),
    ],
)  # fmt: skip
def test_labels_are_found_where_the_family_puts_them(text: str, labels: list[str]) -> None:
    _, found = find_written(text)
    assert [one.label for one in found] == labels


@pytest.mark.parametrize(
    "text",
    ["{" * 300_000, "[1," * 100_000, "<ref>" * 60_000, '"bbox_2d":' * 30_000, '{"a":{' * 50_000,
     "<loc_1>" * 50_000, "a " * 100_000 + "[1,2,3,4]", '{"bbox_2d": [1,2,3,4]' * 10_000],
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    before = time.process_time()
    find_written(text)
    assert time.process_time() - before < 3
