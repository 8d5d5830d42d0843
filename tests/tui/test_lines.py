"""Lines for little room keep what they are for: a whole id, a whole reason."""

from tintype_tui.commands.status import WIDTH, fitted
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
    assert several[-1] == "! 2 more profiles could not be asked."
