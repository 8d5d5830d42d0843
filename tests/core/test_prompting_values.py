"""Lineup, draft and consent: what the playground decides, without a terminal."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tintype.budget import Demand
from tintype.prompting import (
    Agreement,
    Draft,
    Foreseen,
    Lineup,
    OpenQuestion,
    Parameters,
    Prompt,
    QuestionOrigin,
    SessionSpending,
    Subject,
    agreement,
    read_draft,
)
from tintype.tokens import Range

names = st.lists(st.sampled_from("abcdef"), max_size=6).map(tuple)


def foreseen(usd: str | None, model: str = "m") -> Foreseen:
    cost = None if usd is None else Decimal(usd)
    return Foreseen(model, Range(1, 1, 1), 1, cost, cost)


@given(names, st.lists(st.sampled_from(["next", "left", "right", "remove", "of"]), max_size=12))
def test_a_lineup_stays_whole_whatever_is_done(models: tuple[str, ...], done: list[str]) -> None:
    lineup = Lineup().of(models)
    for step in done:
        lineup = {
            "next": lineup.next_boxes(),
            "left": lineup.looking_at(lineup.current - 1),
            "right": lineup.looking_at(lineup.current + 1),
            "remove": lineup.removed(),
            "of": lineup.of(models[:3]),
        }[step]
        assert 0 <= lineup.current < max(1, len(lineup.models))
        assert len(lineup.models) <= 4
        assert lineup.shown in ("current", "all", "none")


def test_the_next_model_is_current_when_one_is_removed_and_the_only_one_stays() -> None:
    lineup = Lineup(("a", "b", "c"), current=1)
    assert lineup.removed().model == "c"
    assert lineup.removed().removed().model == "a"
    assert Lineup(("a",)).removed() == Lineup(("a",))
    assert lineup.added("d").model == "d"
    assert lineup.replaced("x").models == ("a", "x", "c")
    assert lineup.of(("z", "b")).model == "b"


def test_boxes_are_of_each_model_then_of_all_then_of_none() -> None:
    lineup = Lineup(("a", "b"))
    seen = []
    for _ in range(4):
        lineup = lineup.next_boxes()
        seen.append((lineup.shown, lineup.current))
    assert seen == [("current", 1), ("all", 1), ("none", 1), ("current", 0)]
    assert Lineup(("a",)).next_boxes().shown == "none"


def test_a_draft_is_read_back_and_broken_ones_are_empty() -> None:
    draft = Draft("Why?", QuestionOrigin(Path("/x/test.jsonl"), 3), ("a", "b"), "tintype")
    assert read_draft(draft.kept()) == draft
    broken: Any
    for broken in (None, [], "x", {"models": 3, "question": {}, "origin": None}):
        assert read_draft(broken) == Draft()


def test_a_model_chosen_elsewhere_goes_before_the_drafts_unless_it_is_one_of_them() -> None:
    draft = Draft("", models=("a", "b"), profile="p")
    assert draft.lineup("p", "", "f").models == ("a", "b")
    assert draft.lineup("p", "b", "f").models == ("a", "b")
    assert draft.lineup("p", "c", "f").models == ("c",)
    assert draft.lineup("other", "", "f").models == ("f",)
    assert draft.lineup("other", "", "") == Lineup()


def test_nothing_is_fetched_again_unasked_and_rows_of_other_data_are_left(tmp_path: Path) -> None:
    train = tmp_path / "train.jsonl"
    train.write_text("")
    row = QuestionOrigin(train, 2)
    assert Draft("", QuestionOrigin(url="https://x.example/a.png")).place(None) == QuestionOrigin()
    assert Draft("", row).place(train) == row
    assert Draft("", row).place(tmp_path / "elsewhere" / "train.jsonl") == QuestionOrigin()
    assert Draft("", QuestionOrigin(tmp_path / "a.png")).place(train).path == tmp_path / "a.png"


def test_each_limits_worth_must_be_typed_and_each_unknown_price_once() -> None:
    def typed(session: SessionSpending, *costs: Foreseen) -> str | None:
        unknown = Demand("unknown", "") if any(one.most_usd is None for one in costs) else None
        wanted = session.demanded(costs, Decimal(5), unknown)
        return wanted.typed if wanted else None

    session = SessionSpending()
    assert typed(session, foreseen("0")) is None
    assert typed(session, foreseen("4.99")) is None
    assert typed(session, foreseen("5")) == "5.00"
    agreed = session.consented([foreseen("5")]).answered(Decimal(5))
    assert typed(agreed, foreseen("4.99")) is None
    assert typed(agreed, foreseen("5")) == "5.00"
    assert typed(session, foreseen(None)) == "unknown"
    blind = session.consented([foreseen(None)]).answered(None)
    assert typed(blind, foreseen(None)) is None
    assert typed(blind, foreseen(None, "another")) == "unknown"
    assert (blind.unknown, blind.spent_usd) == (1, Decimal(0))


def test_words_answer_the_rows_own_question_only_and_boxes_any() -> None:
    row = Subject("r", expected="yes", question="Is it?", origin=QuestionOrigin(Path("/x"), 1))
    asked = OpenQuestion(row, Prompt(" Is it? "))
    assert (asked.expected, asked.is_typed_over) == ("yes", False)
    other = OpenQuestion(row, Prompt("What?", parameters=Parameters(temperature=None)))
    assert (other.expected, other.is_typed_over) == ("", True)


def test_an_answer_agrees_by_words_or_by_boxes() -> None:
    box = "<loc0000><loc0000><loc0512><loc0512> cat"
    assert agreement("x", "") is None
    same, other = agreement(" A  Cat ", "a cat"), agreement("dog", "a cat")
    assert same == Agreement(good=True)
    assert other == Agreement(good=False)
    assert agreement(box, box) == Agreement(good=True, iou=1.0)
