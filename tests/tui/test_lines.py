"""Lines keep what they are for: a whole id, a whole reason, the colour of each class."""

from textual.content import Content

from tintype.detection import Box, parse_boxes
from tintype.detection.colours import class_colour, colours
from tintype.evaluation import AnswerOfRow, EvaluatedModel, EvaluatedRow
from tintype_tui.commands.status import WIDTH, fitted
from tintype_tui.screens.evaluate.looked_at import Looked, looked_words
from tintype_tui.words.answers import box_lines, legend
from tintype_tui.words.inventory import trouble_lines

WHY = "The provider cannot be reached: " + "a reason of many words, " * 8 + "check the base_url."


def test_an_id_is_whole_in_a_line_of_the_status_however_long() -> None:
    assert fitted("running    cards   3/9", "ftjob-" + "a" * 24).endswith(" ftjob-" + "a" * 24)
    assert len(fitted("running    cards   3/9", "ftjob-" + "a" * 24)) == WIDTH
    assert fitted("running    cards   3/9", "x" * 90).endswith(" " + "x" * 90)


def test_why_a_profile_could_not_be_asked_is_whole_where_there_is_room() -> None:
    (first, *rest) = trouble_lines([("openai", WHY)], 78, 8)
    assert first.startswith("! openai: The provider cannot be reached")
    assert rest[-1].endswith("check the base_url.")
    several = trouble_lines([(f"p{n}", WHY) for n in range(5)], 78, 8)
    assert len(several) == 7  # two lines each of three, and how many there are besides
    assert several[-1] == "! 2 more lists could not be read."


def _colours(words: Content) -> dict[str, str]:
    """The colour before each class named in a text."""
    found = {}
    for start, _, style in words.spans:
        if str(style).startswith("rgb"):
            name = words.plain[start + 2 :].splitlines()[0].split("  ")[0]
            found[name.partition(" is ")[0].partition(" IoU")[0]] = str(style)
    return found


def test_a_class_has_one_colour_on_images_in_legends_in_every_pane_and_while_it_streams() -> None:
    truth = "<loc0010><loc0010><loc0500><loc0500> cat ; <loc0510><loc0510><loc0900><loc0900> dog"
    said = truth.replace(" dog", " Fox")
    whole, begun = parse_boxes(said), parse_boxes(said[: said.index(" ; <loc0510>") + 9])
    row = EvaluatedRow(0, 1, "detect cat ; dog", (truth,), "i", (100, 100), "", "")
    answer = AnswerOfRow(EvaluatedModel("m", "p"), said, {}, {}, {}, {}, {}, {})
    texts = {
        "Datasets and Playground, of the row": legend(parse_boxes(truth).boxes),
        "Playground, streaming": Content("\n").join(box_lines(begun, "")),
        "Playground": Content("\n").join(box_lines(whole, truth)),
        "Evaluate": looked_words(Looked(0, row, (answer,)), 0),
    }
    for place, text in texts.items():
        shown = _colours(text)
        assert "cat" in shown, place
        for name, colour in shown.items():
            assert colour == "rgb({},{},{})".format(*class_colour(name)), place
    on_image = colours(box.label for box in (*whole.boxes, *parse_boxes(truth).boxes))
    assert on_image == {name: class_colour(name) for name in ("cat", "dog", "fox")}
    many = legend(Box(f"class {n}", 0, 0, 1, 1) for n in range(20))
    assert many.plain.endswith("class 7  and 12 more")
