"""Text is counted as tiktoken counts it, without a network, whatever the text."""

import hashlib
import struct
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiktoken_ext import openai_public  # type: ignore[import-untyped]

from tintype.tokens import count_text, counter, special_tokens
from tintype.tokens import text as counting

HASHES = {
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
}


@pytest.mark.parametrize("name", HASHES)
def test_the_packed_ranks_are_those_that_tiktoken_would_download(name: str) -> None:
    lines = (b"%b %d\n" % (b64encode(token), rank) for token, rank in counting._ranks(name).items())
    assert hashlib.sha256(b"".join(lines)).hexdigest() == HASHES[name]


@pytest.mark.parametrize("name", HASHES)
def test_the_pattern_is_that_of_tiktoken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_public, "load_tiktoken_bpe", lambda *args, **kwargs: {})
    theirs: dict[str, Any] = getattr(openai_public, name)()
    assert counting._PATTERNS[name] == theirs["pat_str"]


def test_known_counts() -> None:
    assert count_text("") == 0
    assert count_text("hello world") == 2
    assert count_text("tiktoken is great!") == 6
    assert count_text("antidisestablishmentarianism", "cl100k_base") == 6
    assert count_text("お誕生日おめでとう", "cl100k_base") == 9
    assert count_text("お誕生日おめでとう") == 8


def test_what_looks_like_a_special_token_is_text() -> None:
    assert count_text("<|endoftext|>") > 1


def test_special_tokens_are_found_once_each_in_order() -> None:
    text = "a <|im_start|> b <|fim_suffix|> c <|im_start|> d <|loc0001|> <| endoftext |>"
    assert special_tokens(text) == ("<|im_start|>", "<|fim_suffix|>")
    assert special_tokens("<loc0161><loc0145>") == ()


@pytest.mark.parametrize("unit", [" ", "a", "\n", "漢", "ab1 ", "!", "\u0301", "\x00", "\ud800"])
def test_a_million_of_anything_is_counted(unit: str) -> None:
    assert count_text(unit * 1_000_000) > 1_000


@settings(max_examples=30)
@given(st.lists(st.text("abc XYZ", min_size=1, max_size=12), min_size=1, max_size=40))
def test_a_long_text_counts_the_same_in_pieces(words: list[str]) -> None:
    text = " ".join(words)
    long = (text + " end of it. ") * (70_000 // len(text))
    pieces = counting._pieces(long)
    assert "".join(pieces) == long
    assert len(pieces) > 1
    assert sum(counting._count(piece, "o200k_base") for piece in pieces) == counting._count(
        long, "o200k_base"
    )


@given(st.text())
def test_any_text_can_be_counted(text: str) -> None:
    assert 0 <= count_text(text) <= 4 * len(text)
    special_tokens(text)


PIECES = (
    *"aBz09 '.,!?/-(\n\t\x1c\u00a0é中²½٣😀\u0301",
    *("the ", " fox", "'s", "'LL", "12", "345 ", ' {"x": 0.125}', ".\n", "word\n\nNext", "\n/a"),
)


@pytest.mark.parametrize("name", ["o200k_base", "cl100k_base"])
@given(texts=st.lists(st.lists(st.sampled_from(PIECES)).map("".join) | st.text(), max_size=5))
def test_word_by_word_the_count_is_that_of_the_whole(name: str, texts: list[str]) -> None:
    count_words = counter(name)
    for text in (*texts, *texts):
        assert count_words(text) == (count_text(text, name), " ".join(text.split()))


@pytest.mark.parametrize("name", ["o200k_base", "cl100k_base"])
def test_numbers_of_up_to_three_digits_are_tokens(name: str) -> None:
    numbers = [f"{number:0{width}}" for width in (1, 2, 3) for number in range(10**width)]
    assert {count_text(number, name) for number in numbers} == {1}


def test_the_packed_form_is_as_documented() -> None:
    import lzma

    for name, count in (("o200k_base", 199_998), ("cl100k_base", 100_256)):
        packed = lzma.decompress((counting._DATA / f"{name}.bin.xz").read_bytes())
        assert struct.unpack_from("<I", packed) == (count,)
