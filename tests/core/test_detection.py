"""Boxes in text: written strictly, read tolerantly, matched and drawn."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tintype.detection import (
    LOC,
    Box,
    clean_label,
    detect_prompt,
    format_boxes,
    iou,
    match,
    mean_iou,
    name_convention,
    parse_boxes,
    prompt_labels,
    reading_order,
)
from tintype.detection.colours import class_colour, colours
from tintype.detection.drawing import BoxStyle, draw_boxes

CARDS = (
    "<loc0161><loc0145><loc0640><loc0451> 9 of spades ; "
    "<loc0120><loc0485><loc0556><loc0744> 10 of spades"
)

bins = st.integers(0, 1023)
labels = st.text(
    st.characters(codec="utf-8", exclude_characters=";", exclude_categories=["C", "Z"]), min_size=1
).filter(lambda label: clean_label(label) == label and reads_as(label))


def reads_as(label: str) -> bool:
    """Whether a label has nothing at its end that models put there."""
    return parse_boxes(f"<loc0000><loc0000><loc0001><loc0001> {label}").boxes[0].label == label


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    y = sorted((draw(bins), draw(bins)))
    x = sorted((draw(bins), draw(bins)))
    return Box(draw(labels), y[0] / 1024, x[0] / 1024, y[1] / 1024, x[1] / 1024)


def test_boxes_are_written_y_first_in_1024_bins_of_four_digits() -> None:
    written = format_boxes(
        [
            Box("9 of spades", 161 / 1024, 145 / 1024, 640 / 1024, 451 / 1024),
            Box("king", 0.0, 0.5, 1.0, 2.0),
        ]
    )
    assert written == (
        "<loc0161><loc0145><loc0640><loc0451> 9 of spades ; "
        "<loc0000><loc0512><loc1023><loc1023> king"
    )


def test_the_prompt_names_the_labels_in_the_order_given() -> None:
    assert detect_prompt(["ace of spades", "king; or queen"]) == (
        "detect ace of spades ; king, or queen"
    )
    assert prompt_labels("detect ace of spades ; king") == ("ace of spades", "king")
    assert prompt_labels("What is this?") == ()


def test_neat_answers_are_read_without_flaws() -> None:
    parsed = parse_boxes(CARDS)
    assert [box.label for box in parsed.boxes] == ["9 of spades", "10 of spades"]
    assert parsed.boxes[0].y_max == 640 / 1024
    assert parsed.flaws == ()
    assert [CARDS[slice(*span)] for span in parsed.spans] == CARDS.split(" ; ")


@pytest.mark.parametrize(
    ("text", "count", "flaw"),
    [
        ("<loc0001><loc0002><loc0003> cat", 0, "3 of 4 coordinates"),
        ("<loc0003><loc0002><loc0001><loc0004> cat", 1, "the corners are reversed"),
        ("<loc0001><loc0002><loc0003><loc0004>", 1, "the box has no label"),
        ("<loc0001><loc0002><loc0003><loc2048> cat", 1, "<loc2048> is beyond 1023"),
        ("<loc1><loc0002><loc0003><loc0004> cat", 1, "<loc1> does not have four digits"),
        ("<loc0001><loc0002><loc0003><loc0002> cat", 1, "the box is empty"),
        (
            "I see <loc0001><loc0002><loc0003><loc0004> cat",
            1,
            "text outside any box: 'I see'",
        ),
        (
            "<loc0001><loc0002><loc0003><loc0004> cat\nDone!",
            1,
            "text outside any box: 'Done!'",
        ),
        ("<loc12a> cat", 0, "'<loc12a>' is not a <locNNNN>"),
        (f"<loc{'9' * 5000}><loc0002><loc0003><loc0004> cat", 1, f"<loc{'9' * 12}> is beyond 1023"),
    ],
)
def test_untidy_answers_are_read_as_far_as_they_go(text: str, count: int, flaw: str) -> None:
    parsed = parse_boxes(text)
    assert len(parsed.boxes) == count
    assert flaw in [found.message for found in parsed.flaws]


@pytest.mark.parametrize(
    "text",
    [
        "<loc0001><loc0002><loc0003><loc0004> a;<loc0001><loc0002><loc0003><loc0004> b",
        "<loc0001><loc0002><loc0003><loc0004>a ;<loc0001><loc0002><loc0003><loc0004>b ; ",
        "<loc0001> <loc0002> <loc0003> <loc0004> a\n<loc0001>, <loc0002>, <loc0003>, <loc0004> b",
        "<loc0001><loc0002><loc0003><loc0004> a<loc0001><loc0002><loc0003><loc0004> b",
    ],
)
def test_separators_may_be_sloppy(text: str) -> None:
    parsed = parse_boxes(text)
    assert [box.label.rstrip(".") for box in parsed.boxes] == ["a", "b"]
    assert parsed.flaws == ()


@pytest.mark.parametrize(
    ("after", "flaw"),
    [
        ("cat<eos>", "an end mark after the label: '<eos>'"),
        ("cat </s>", "an end mark after the label: '</s>'"),
        ("cat<|im_end|>", "an end mark after the label: '<|im_end|>'"),
        ("cat.", "punctuation after the label: '.'"),
        ('"cat"', "quotes around the label: '\"\"'"),
        ("“cat”.", "quotes around the label: '“”'"),
        ("**cat**", "emphasis around the label: '**'"),
        ("*cat*", "emphasis around the label: '*'"),
        ("cat**", "emphasis around the label: '**'"),
        (": cat", "punctuation before the label: ':'"),
        ("- cat", "punctuation before the label: '-'"),
        ("label: **cat** - 0.9", "a confidence after the label: '0.9'"),
        ("cat with confidence 0.93", "a confidence after the label: '0.93'"),
        ("cat (score: 87%)", "a confidence after the label: '87%'"),
        ("cat, conf=.9", "a confidence after the label: '.9'"),
        ("cat <loc02", "an incomplete token after the label: '<loc02'"),
        ("cat 0.93", "a confidence after the label: '0.93'"),
        ("cat (93%)", "a confidence after the label: '93%'"),
        ("cat: 0.9<eos>", "a confidence after the label: '0.9'"),
    ],
)
def test_what_stands_around_a_label_is_no_part_of_it(after: str, flaw: str) -> None:
    parsed = parse_boxes(f"<loc0001><loc0002><loc0003><loc0004> {after}")
    assert [box.label for box in parsed.boxes] == ["cat"]
    assert flaw in [found.message for found in parsed.flaws]


@pytest.mark.parametrize("again", ["-", "- ", ".9", " 0.9", "*", "*a", "label:", "(", " ."])
def test_a_runaway_label_is_read_in_no_time(again: str) -> None:
    began_s = time.process_time()
    parse_boxes(f"<loc0001><loc0002><loc0003><loc0004> {again * 20_000}")
    assert time.process_time() - began_s < 5  # 0.03 here; it was minutes


@pytest.mark.parametrize(
    "label", ["model 3.5", "v1.0", "__background__", "T-shirt", "class A", "cap"]
)
def test_what_belongs_to_a_label_stays(label: str) -> None:
    parsed = parse_boxes(f"<loc0001><loc0002><loc0003><loc0004> {label}")
    assert ([box.label for box in parsed.boxes], parsed.flaws) == ([label], ())


@pytest.mark.parametrize("label", ["9 of spades", "no. 5", "U.S.A", "3.5 mm jack", "100 %-juice"])
def test_numbers_and_stops_within_a_label_stay(label: str) -> None:
    parsed = parse_boxes(f"<loc0001><loc0002><loc0003><loc0004> {label}")
    assert [box.label for box in parsed.boxes] == [label]
    assert parsed.flaws == ()


def test_coordinates_over_several_lines_are_read_and_said() -> None:
    parsed = parse_boxes("<loc0160>\n<loc0053>\n<loc0720>\n<loc0373>\n box ; " + CARDS)
    assert [box.label for box in parsed.boxes] == ["box", "9 of spades", "10 of spades"]
    assert [flaw.message for flaw in parsed.flaws] == ["coordinates over several lines"]


def test_a_box_that_is_repeated_is_said_once() -> None:
    parsed = parse_boxes(" ; ".join([CARDS.partition(" ; ")[0]] * 8))
    assert len(parsed.boxes) == 8
    assert [flaw.message for flaw in parsed.flaws] == ["the same box 8 times"]


def test_other_separators_are_read() -> None:
    four = "<loc0001><loc0002><loc0003><loc0004>"
    assert parse_boxes(f"{four} a|b").boxes[0].label == "a|b"
    for between in (" | ", "\n", ", ", " "):
        parsed = parse_boxes(f"{four} a{between}{four} b")
        assert [box.label for box in parsed.boxes] == ["a", "b"], between


def test_a_text_without_boxes_is_no_flaw() -> None:
    assert parse_boxes("Yes.") == parse_boxes("")
    assert parse_boxes("Yes.").flaws == ()


def test_segmentation_tokens_are_no_part_of_a_label() -> None:
    parsed = parse_boxes("<loc0001><loc0002><loc0003><loc0004> <seg001><seg127> cat")
    assert parsed.boxes[0].label == "cat"


@given(st.lists(boxes(), max_size=5))
def test_what_is_written_is_read_back(written: list[Box]) -> None:
    parsed = parse_boxes(format_boxes(written))
    assert list(parsed.boxes) == written
    for flaw in parsed.flaws:
        assert flaw.message == "the box is empty" or flaw.message.startswith("the same box ")
    assert format_boxes(parsed.boxes) == format_boxes(written)


@given(st.lists(boxes(), max_size=5), st.sampled_from(["", " ; ", ";", " cat", ".", "\n"]))
def test_a_neat_answer_is_read_as_the_same_answer_after_a_space(
    written: list[Box], after: str
) -> None:
    text = format_boxes([*written, *written[:1]]) + after
    neat, spaced = parse_boxes(text), parse_boxes(" " + text)
    assert neat.boxes == spaced.boxes
    assert [(at + 1, end + 1) for at, end in neat.spans] == list(spaced.spans)
    assert [(one.message, one.start + 1, one.end + 1) for one in neat.flaws] == [
        (one.message, one.start, one.end) for one in spaced.flaws
    ]


@given(st.text(st.sampled_from("<loc0159>;, \nab"), max_size=120) | st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    parsed = parse_boxes(text)
    assert len(parsed.boxes) == len(parsed.spans)
    for box in parsed.boxes:
        assert 0 <= box.y_min <= box.y_max < 1
        assert 0 <= box.x_min <= box.x_max < 1
    for start, end in parsed.spans:
        assert 0 <= start < end <= len(text)
    assert all(0 <= flaw.start <= flaw.end <= len(text) for flaw in parsed.flaws)
    clean_label(text)
    name_convention(text)


@given(st.floats(), st.floats(), st.floats(), st.floats())
def test_any_numbers_can_be_written(a: float, b: float, c: float, d: float) -> None:
    assert len(LOC.read(LOC.write([Box("x", a, b, c, d)])).boxes) == 1


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (CARDS, LOC.name),
        ('[{"bbox_2d": [10, 20, 30, 40], "label": "cat"}]', "JSON objects with a box of 4 numbers"),
        ("<loc_12><loc_3><loc_4><loc_5>", "Florence's `<loc_…>` tokens, x first, 1000 bins"),
        ("cat [0.1, 0.2, 0.3, 0.4]", "lists of 4 numbers"),
        ("a cat", ""),
    ],
)
def test_other_conventions_are_recognised(text: str, name: str) -> None:
    assert name_convention(text) == name


def test_iou_is_the_shared_part() -> None:
    a = Box("x", 0, 0, 0.5, 0.5)
    assert iou(a, a) == 1
    assert iou(a, Box("x", 0, 0.25, 0.5, 0.75)) == pytest.approx(1 / 3)
    assert iou(a, Box("x", 0.5, 0.5, 1, 1)) == 0


@given(boxes(), boxes())
def test_iou_is_symmetric_and_bounded(a: Box, b: Box) -> None:
    assert iou(a, b) == pytest.approx(iou(b, a))
    assert 0 <= iou(a, b) <= 1


def test_matching_takes_the_best_overlap_of_the_same_label() -> None:
    truth = [Box("cat", 0, 0, 0.4, 0.4), Box("dog", 0, 0, 0.4, 0.4)]
    said = [Box("cat", 0, 0, 0.4, 0.3), Box("Cat", 0, 0, 0.4, 0.4), Box("cow", 0, 0, 0.4, 0.4)]
    assert [(pair.predicted, pair.truth) for pair in match(said, truth)] == [(1, 0)]
    assert len(match(said, truth, by_label=False)) == 2
    assert match(said[:1], truth, threshold=0.8) == ()


def test_missed_and_invented_boxes_lower_the_mean_iou() -> None:
    cat = Box("cat", 0, 0, 0.4, 0.4)
    dog = Box("dog", 0.5, 0.5, 1, 1)
    assert mean_iou([cat], [cat]) == 1
    assert mean_iou([cat], [cat, dog]) == 0.5
    assert mean_iou([cat, dog], [cat]) == 0.5
    assert mean_iou([], []) == 1
    assert mean_iou([cat], []) == 0


@given(st.lists(boxes(), max_size=4), st.lists(boxes(), max_size=4))
def test_mean_iou_lies_between_nothing_and_all(a: list[Box], b: list[Box]) -> None:
    assert 0 <= mean_iou(a, b) <= 1
    assert math.isclose(mean_iou(a, b), mean_iou(b, a), abs_tol=1e-9)


def test_boxes_are_read_in_lines_from_left_to_right() -> None:
    left, right = Box("left", 0.1, 0, 0.5, 0.4), Box("right", 0.02, 0.5, 0.42, 0.9)
    below = Box("below", 0.6, 0.2, 0.9, 0.5)
    assert reading_order([below, right, left]) == (left, right, below)
    lifted = Box("left", 0.0, 0, 0.4, 0.4)
    assert reading_order([right, lifted, below]) == (lifted, right, below)


@given(
    st.lists(boxes(), max_size=6).flatmap(
        lambda found: st.tuples(st.just(found), st.permutations(found))
    )
)
def test_the_order_of_boxes_does_not_depend_on_how_they_came(
    pair: tuple[list[Box], list[Box]],
) -> None:
    first, second = pair
    assert sorted(map(str, reading_order(first))) == sorted(map(str, first))
    middles = [((box.y_min + box.y_max), (box.x_min + box.x_max)) for box in first]
    if len(set(middles)) == len(middles):
        assert reading_order(first) == reading_order(second)


def test_drawing_leaves_the_image_as_it_was() -> None:
    image = Image.new("L", (200, 100), 128)
    drawn = draw_boxes(image, [Box("cat", 0.2, 0.2, 0.8, 0.8)])
    assert drawn.mode == "RGB"
    assert drawn.size == (200, 100)
    assert image.getcolors() == [(20_000, 128)]


def test_truth_is_drawn_solid_and_a_prediction_dashed() -> None:
    image = Image.new("RGB", (400, 400))
    box = Box("", 0.25, 0.25, 0.75, 0.75)
    colour = colours([""])[""]

    def coloured(drawn: Image.Image) -> int:
        return sum(drawn.getpixel((x, 100)) == colour for x in range(100, 300))

    assert coloured(draw_boxes(image, [box])) >= 198
    assert 60 < coloured(draw_boxes(image, [], [box])) < 140


def test_labels_keep_their_colour_from_image_to_image() -> None:
    assert colours(["b", "a"]) == colours(["a", "b", "B"])
    assert class_colour("cat") == class_colour(" Cat") == class_colour("cat ·2")
    assert colours(["cat", "dog"])["cat"] == colours(["cat", "ant"])["cat"]


@pytest.mark.parametrize("size", [(1, 1), (16, 9), (3, 400), (640, 480)])
def test_images_of_any_size_can_be_drawn_on(size: tuple[int, int]) -> None:
    crowd = [Box(f"label \x1b[31m {n}" * 20, n / 9, 0.9, 1.4, -0.2) for n in range(9)]
    assert draw_boxes(Image.new("RGB", size), crowd, crowd, look=BoxStyle(thickness=3)).size == size
