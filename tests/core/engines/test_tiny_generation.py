"""Answers: what is written is what training scores, and always text."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tintype.engines.base import Sampling, Turn
from tintype.engines.tiny import pointing
from tintype.engines.tiny.answering import TinyAnswerer, untrained
from tintype.engines.tiny.engine import Tiny
from tintype.engines.tiny.generation import Writing, best, likeliest, sampled
from tintype.engines.tiny.layout import Shape
from tintype.engines.tiny.model import Batch, TinyModel
from tintype.engines.tiny.tape import Array, Tape
from tintype.engines.tiny.tokenizer import BEGIN, END, FIRST_BYTE, AnswerTokens, PromptWords

BOXES = "<loc0100><loc0300><loc0500><loc0900> cell ; <loc0200><loc0350> x <loc0550><loc0600>"
TURNS = (Turn("user", ("what is it?", Image.new("RGB", (40, 30), "red"))),)


def small(answer: str = BOXES, seed: int = 0, context: int = 24) -> tuple[TinyModel, Batch]:
    """A model with wild weights, and three examples: two images, one, and none."""
    shape = Shape(size_px=32, width=16, heads=2, blocks=2, context=context, prompt_words=4)
    model = TinyModel(shape, AnswerTokens.learn([answer]), PromptWords())
    rng = np.random.default_rng(seed)
    model.weights.draw(rng)
    model.weights.values += 0.1 * rng.standard_normal(model.weights.values.shape).astype("f4")
    batch = Batch(
        rng.standard_normal((2, 8, 8, 15)).astype("f4"),
        np.asarray([[0, 1], [1, -1], [-1, -1]]),
        np.asarray([[65, 5, 6], [65, 7, 0], [65, 3, 0]]),
        np.asarray([[0, 0.7, 0.7], [0, 1, 0], [0, 1, 0]], np.float32),
    )
    return model, batch


@pytest.mark.parametrize("answer", [BOXES, "no boxes at all"])
def test_what_is_remembered_changes_nothing(answer: str) -> None:
    """Token by token, each target has the probability that the loss gives it at once."""
    model, batch = small(answer)
    target = np.asarray([*model.tokens.encode(answer), END])
    given = np.asarray([BEGIN, *target[:-1]])
    writing = Writing(model, batch)
    logs = np.zeros(3)
    for token, following in zip(given, target, strict=True):
        logs += np.log(writing.after(np.full(3, token))[:, following])
    for row in range(3):
        cut = slice(row, row + 1)
        one = Batch(batch.channels, batch.images[cut], batch.words[cut], batch.asked[cut])
        loss, _ = model.loss(Tape(), one, given[None], target[None], 1)
        assert logs[row] == pytest.approx(-float(loss.value), rel=2e-3)


def test_probabilities_add_up() -> None:
    model, batch = small()
    share = Writing(model, batch).after(np.full(3, BEGIN))
    assert share.shape == (3, model.tokens.count)
    assert share.sum(-1) == pytest.approx(1)
    assert (share >= 0).all()


def test_a_padded_batch_answers_like_each_alone() -> None:
    model, batch = small()
    together = likeliest(model, batch, lambda: None)
    for row in range(3):
        cut = slice(row, row + 1)
        kept = int((batch.words[row] > 0).sum())
        alone = Batch(
            batch.channels, batch.images[cut], batch.words[cut, :kept], batch.asked[cut, :kept]
        )
        assert likeliest(model, alone, lambda: None) == [together[row]]


def test_the_likeliest_is_a_position_if_positions_together_are() -> None:
    share = np.zeros((2, 10 + 1024))
    share[:, 4] = 0.3
    share[0, 10 + 200 : 10 + 300] = 0.007
    share[1, 10 + 200 : 10 + 220] = 0.007
    assert best(share, 10).tolist()[1] == 4
    assert best(share, 10)[0] == pytest.approx(10 + 250, abs=20)


def test_a_narrow_peak_does_not_outweigh_what_lies_together() -> None:
    share = np.zeros((1, 10 + 1024))
    share[0, 10 + 100] = 0.1
    share[0, 10 + 500 : 10 + 520] = 0.04
    assert best(share, 10)[0] == pytest.approx(10 + 510, abs=8)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.floats(0.2, 3), st.floats(0.05, 1))
def test_what_an_untrained_model_writes_is_text(
    seed: int, temperature: float, top_p: float
) -> None:
    sampling = Sampling(temperature=temperature, top_p=top_p, seed=seed)
    answer = list(TinyAnswerer(untrained()).answer(TURNS, sampling))
    assert [piece.finish_reason for piece in answer[:-1]] == [None] * (len(answer) - 1)
    assert answer[-1].finish_reason in ("stop", "length")
    assert all(piece.text.encode() for piece in answer[:-1])
    assert sum(piece.tokens for piece in answer) <= 48


def test_the_same_seed_writes_the_same_and_another_does_not() -> None:
    def text(seed: int) -> str:
        pieces = TinyAnswerer(untrained()).answer(TURNS, Sampling(temperature=1, seed=seed))
        return "".join(piece.text for piece in pieces)

    assert text(1) == text(1) != text(2)


def test_at_temperature_nought_the_seed_does_not_matter() -> None:
    model, batch = small()
    one = Batch(batch.channels, batch.images[:1], batch.words[:1], batch.asked[:1])
    first, second = (list(sampled(model, one, Sampling(seed=seed))) for seed in (1, 2))
    assert first == second


def test_a_vanishing_top_p_takes_the_likeliest() -> None:
    model, batch = small("a b c")
    one = Batch(batch.channels, batch.images[:1], batch.words[:1], batch.asked[:1])
    greedy = list(sampled(model, one, Sampling()))
    assert list(sampled(model, one, Sampling(temperature=2, top_p=1e-9, seed=3))) == greedy


def test_an_answer_is_no_longer_than_asked_and_says_so() -> None:
    answer = list(TinyAnswerer(untrained()).answer(TURNS, Sampling(max_tokens=3)))
    assert answer[-1].finish_reason == "length"
    assert sum(piece.tokens for piece in answer) == 3
    assert [
        piece.finish_reason
        for piece in TinyAnswerer(untrained()).answer(TURNS, Sampling(max_tokens=0))
    ] == ["length"]


def test_an_answer_can_be_left_at_any_time() -> None:
    answer = TinyAnswerer(untrained()).answer(TURNS, Sampling(temperature=1, seed=0))
    next(answer)
    answer.close()  # type: ignore[attr-defined]
    assert list(answer) == []


@pytest.mark.parametrize(
    "turns",
    [
        (),
        (Turn("user", ("",)),),
        (
            Turn("system", ("be brief",)),
            Turn("user", ("hi",)),
            Turn("assistant", ("yes",)),
            Turn("user", ("?",)),
        ),
        (Turn("user", ("two", Image.new("RGBA", (9, 9)), Image.new("L", (900, 1)))),),
        (Turn("user", ("日本 😀 \ud800 " * 400,)),),
    ],
)
def test_any_conversation_is_answered(turns: tuple[Turn, ...]) -> None:
    answer = list(Tiny().open(None).answer(turns, Sampling(temperature=1, seed=0)))
    assert answer[-1].finish_reason


def test_half_a_character_is_never_written() -> None:
    model, _ = small("x")
    model.weights["out.bias"].value[FIRST_BYTE + "€".encode()[0]] = 1e4
    pieces = list(TinyAnswerer(model).answer(TURNS, Sampling(max_tokens=8)))
    assert [len(piece.text) for piece in pieces] == [1, 1, 0]
    assert [piece.tokens for piece in pieces] == [3, 3, 2]


def test_cells_that_wrote_a_box_do_not_write_it_again() -> None:
    """Coverage: the same proposals, asked again, prefer what is not written yet."""
    model, batch = small()
    one = Batch(batch.channels, batch.images[:1], batch.words[:1], batch.asked[:1])
    proposals = model.encode(Tape(), one).proposals
    assert proposals is not None
    mean, _ = proposals.moments()
    pointer = pointing.Pointer(proposals, cover=0.0)
    cells = proposals.hidden.shape[1]
    looks, order = np.zeros((1, cells), np.float32), np.zeros((1, 30), np.float32)
    pointer.density(looks, order)
    before = pointer.weight.copy()
    written: Array = np.rint(mean[0, 3])
    for place in written.astype(int):
        pointer.write(np.asarray([place]))
        pointer.density(looks, order)
    pointer.write(np.asarray([-1]))
    pointer.density(looks, order)
    loss = before - pointer.weight
    assert loss[0, 3] > 4
    assert loss[0, 3] >= loss[0].max() - 1e-3
