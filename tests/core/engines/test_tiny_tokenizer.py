import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.engines.tiny.tokenizer import (
    FIRST_PIECE,
    MAX_PIECES,
    PAD,
    AnswerTokens,
    PromptWords,
    character_bytes,
    next_bytes,
    pieces,
    words,
)

texts = st.text(st.characters(exclude_categories=["Cs"]))
places = st.integers(0, 1100).map(lambda place: f"<loc{place:04d}>")
mixed = st.lists(texts | places | st.sampled_from([" ", " ; ", "日本", "😀", "<loc"])).map("".join)


@given(mixed)
def test_the_pieces_of_a_text_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


@given(mixed, st.lists(mixed, max_size=3))
def test_any_text_comes_back_whatever_was_learnt(text: str, learnt: list[str]) -> None:
    tokens = AnswerTokens.learn(learnt)
    encoded = tokens.encode(text)
    assert tokens.decode(encoded) == text
    assert all(FIRST_PIECE - 256 <= token < tokens.count for token in encoded)


def test_positions_are_one_token_each() -> None:
    tokens = AnswerTokens.learn(["<loc0000><loc1023> nine of spades"])
    encoded = tokens.encode("<loc0161><loc1023> nine of spades")
    assert [token - tokens.first_loc for token in encoded[:2]] == [161, 1023]
    assert [tokens.spell(token) for token in encoded[2:]] == [b" nine", b" of", b" spades"]


def test_a_position_beyond_the_last_is_ordinary_text() -> None:
    tokens = AnswerTokens.learn(["<loc0001>"])
    assert max(tokens.encode("<loc1024>")) < tokens.first_loc


def test_without_boxes_there_are_no_position_tokens() -> None:
    tokens = AnswerTokens.learn(["yes", "no"])
    assert not tokens.boxes
    assert tokens.count == tokens.first_loc == FIRST_PIECE + 2


def test_too_many_pieces_leave_the_rarest_to_bytes() -> None:
    rare = [
        f"w{chr(97 + at % 26)}{chr(97 + at // 26 % 26)}{chr(97 + at // 676)}" for at in range(5000)
    ]
    tokens = AnswerTokens.learn([*rare, "often", "often"])
    assert len(tokens.known) == MAX_PIECES
    assert "often" in tokens.known
    assert tokens.decode(tokens.encode(" ".join(rare))) == " ".join(rare)


def test_words_that_all_prompts_share_are_left_out() -> None:
    known = PromptWords.learn(["what is red here", "what is blue here", "is red or blue here"])
    assert known.ignored == ("here", "is")
    assert set(known.known) == {"what", "red", "blue"}
    assert len(known.encode("Here is RED")) == 1


def test_unknown_words_share_a_few_vectors() -> None:
    known = PromptWords.learn(["a b", "b c", "c a"])
    unknown = known.encode("zebra crossing")
    assert unknown == known.encode("Zebra Crossing")
    assert all(PAD < word < known.count for word in unknown)


def test_characters_without_spaces_between_are_words_each() -> None:
    assert words("これは何?") == ["こ", "れ", "は", "何", "?"]


@given(mixed)
def test_any_prompt_can_be_read(text: str) -> None:
    known = PromptWords.learn(["one two", "two three"])
    assert all(PAD < word < known.count for word in known.encode(text))


@given(st.characters(exclude_categories=["Cs"]))
def test_bytes_that_may_follow_are_those_that_do(character: str) -> None:
    encoded = character.encode()
    assert character_bytes(encoded[0]) == len(encoded)
    for at in range(1, len(encoded)):
        assert encoded[at] in next_bytes(encoded[:at])


@pytest.mark.parametrize("lead", [*range(0x80, 0xC2), *range(0xF5, 0x100)])
def test_no_character_begins_with_a_byte_that_cannot_begin_one(lead: int) -> None:
    assert character_bytes(lead) == 0


def test_whatever_may_follow_makes_characters() -> None:
    for lead in range(0xC2, 0xF5):
        for second in next_bytes(bytes([lead])):
            rest = bytes([0x80] * (character_bytes(lead) - 2))
            assert len((bytes([lead, second]) + rest).decode()) == 1
