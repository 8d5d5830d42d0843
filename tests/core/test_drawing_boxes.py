"""Boxes drawn, moved, renamed and deleted, and what an answer says then."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.detection import CONVENTIONS, Box
from tintype.detection.box_edits import DrawnBox, convention_of, redrawn
from tintype.detection.sketch import LOWER_RIGHT, WHOLE, Sketch, grip, moved, spanned, take_hold

SIZE = (640, 480)
CAT, DOG = Box("cat", 0.1, 0.2, 0.5, 0.6), Box("red dog", 0.3, 0.3, 0.7, 0.9)
OWL = Box("owl", 0.0, 0.0, 0.2, 0.1)
FENCED = """```json
[
  {"bbox_2d": [1, 2, 30, 40], "label": "cat", "score": 0.9},
  {"score": 1, "bbox_2d": [5, 6, 70, 80.5], "label": "dog"}
]
```"""


@pytest.mark.parametrize("name", list(CONVENTIONS))
def test_boxes_are_changed_in_the_convention_of_the_answer(name: str) -> None:
    convention = CONVENTIONS[name]
    text = convention.write([CAT, DOG], SIZE)
    one, two = (DrawnBox(box, at) for at, box in enumerate(convention.read(text, SIZE).boxes))
    wide = DrawnBox(replace(one.box, x_max=0.75, label="lynx"), 0)

    def said(*boxes: DrawnBox) -> str:
        return redrawn(text, convention, SIZE, boxes)

    assert said(one, two) == text
    assert said(one, two, DrawnBox(OWL)) == convention.write([one.box, two.box, OWL], SIZE)
    assert said(two) == convention.write([two.box], SIZE)
    assert said(wide, two) == convention.write([wide.box, two.box], SIZE)
    assert said() in ("none", "[]")
    assert redrawn("none", convention, SIZE, [DrawnBox(OWL)]) == convention.write([OWL], SIZE)


def test_what_is_not_changed_stays_to_the_character() -> None:
    convention = CONVENTIONS["qwen2.5-vl"]
    one, two = convention.read(FENCED, SIZE).boxes
    made = redrawn(
        FENCED, convention, SIZE, [DrawnBox(replace(one, x_max=0.5), 0), DrawnBox(two, 1)]
    )
    assert made == FENCED.replace("30, 40", "320, 40")
    made = redrawn(FENCED, convention, SIZE, [DrawnBox(two, 1), DrawnBox(OWL)])
    assert made == (
        '```json\n[\n  {"score": 1, "bbox_2d": [5, 6, 70, 80.5], "label": "dog"},\n'
        '  {"bbox_2d": [0, 0, 64, 96], "label": "owl"}\n]\n```'
    )


def test_one_label_for_several_boxes_is_not_lost_with_the_first() -> None:
    convention = CONVENTIONS["florence-2"]
    text = "cat<loc_1><loc_2><loc_30><loc_40><loc_5><loc_6><loc_70><loc_80>"
    _, two = convention.read(text).boxes
    assert redrawn(text, convention, None, [DrawnBox(two, 1)]) == (
        "cat<loc_5><loc_6><loc_70><loc_80>"
    )


def test_an_answer_that_says_more_is_not_written_over() -> None:
    loc = CONVENTIONS["paligemma"]
    with pytest.raises(ValueError, match="words in it"):
        redrawn("A cat on a sofa.", loc, SIZE, [DrawnBox(OWL)])
    text = "Here: <loc0001><loc0002><loc0300><loc0400> cat"
    (cat,) = loc.read(text).boxes
    with pytest.raises(ValueError, match="more than boxes"):
        redrawn(text, loc, SIZE, [])
    made = redrawn(text, loc, SIZE, [DrawnBox(replace(cat, label="dog"), 0)])
    assert made == text.replace("cat", "dog")


def test_a_row_in_another_notation_than_its_set_is_read_in_its_own() -> None:
    assert convention_of("none", SIZE, None).name == "paligemma"
    assert convention_of(FENCED, SIZE, None).notation.name == "json-bbox_2d"


def test_the_steps_of_one_gesture_are_undone_together() -> None:
    sketch = Sketch((DrawnBox(CAT, 0), DrawnBox(DOG, 1)))
    one = sketch.moved(WHOLE, 0.1, 0)
    two = one.moved(WHOLE, 0.1, 0).moved(LOWER_RIGHT, 0, 0.1)
    assert two.undo().boxes == one.moved(WHOLE, 0.1, 0).boxes
    assert two.undo().undo().boxes == sketch.boxes
    assert two.undo().undo().redo().redo().boxes == two.boxes
    other = one.next(1).next(-1).moved(WHOLE, 0.1, 0)
    assert other.undo().boxes == one.boxes


def test_boxes_are_drawn_named_and_deleted() -> None:
    sketch = Sketch().drawn(OWL).renamed("hen")
    assert sketch.chosen == replace(OWL, label="hen")
    gone = sketch.deleted()
    assert (gone.boxes, gone.chosen, gone.deleted(), gone.moved(WHOLE, 1, 1)) == (
        (),
        None,
        gone,
        gone,
    )
    assert gone.undo().chosen == sketch.chosen
    assert Sketch().undo() == Sketch().redo() == Sketch()


places = st.floats(0, 1)


@given(places, places, places, places, st.floats(-2, 2), st.floats(-2, 2))
def test_a_box_stays_inside_the_image_however_it_is_moved(
    left: float, top: float, right: float, bottom: float, across: float, down: float
) -> None:
    box = spanned("a", (left, top), (right, bottom))
    whole = moved(box, WHOLE, across, down)
    assert whole.x_max - whole.x_min == pytest.approx(box.x_max - box.x_min)
    for made in (whole, moved(box, LOWER_RIGHT, across, down), moved(box, {"x_min"}, across, down)):
        assert -1e-9 <= made.x_min < made.x_max <= 1 + 2e-3
        assert -1e-9 <= made.y_min < made.y_max <= 1 + 2e-3


def test_a_pointer_takes_hold_of_sides_corners_and_the_inside() -> None:
    sketch = Sketch((DrawnBox(Box("big", 0, 0, 1, 1)), DrawnBox(CAT)), at=1)

    def held(x: float, y: float) -> object:
        return grip(sketch, (x, y), (0.02, 0.02))

    assert held(0.2, 0.1) == (1, {"x_min", "y_min"})
    assert held(0.61, 0.3) == (1, {"x_max"})
    assert held(0.4, 0.3) == (1, WHOLE)
    assert held(0.8, 0.8) == (0, WHOLE)
    assert grip(Sketch(), (0.5, 0.5), (0.02, 0.02)) is None


def test_a_drag_is_one_step_however_it_goes() -> None:
    sketch = Sketch((DrawnBox(CAT),))
    new = take_hold(sketch, (0.7, 0.7), (0.02, 0.02))
    new.to((0.9, 0.9), "dog")
    made = new.to((0.5, 0.6), "dog")
    assert made.chosen == Box("dog", 0.6, 0.5, 0.7, 0.7)
    assert made.undo().boxes == sketch.boxes
    held = take_hold(sketch, (0.4, 0.3), (0.02, 0.02)).to((0.5, 0.3), "")
    assert held.chosen == moved(CAT, WHOLE, 0.5 - 0.4, 0)
    assert held.undo().boxes == sketch.boxes
    over = take_hold(sketch, (0.4, 0.3), (0.02, 0.02), new=True).to((0.5, 0.4), "dog")
    assert len(over.boxes) == 2
