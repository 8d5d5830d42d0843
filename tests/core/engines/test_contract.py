"""`check_engine` passes engines that keep the contract, and names what others break."""

import runpy
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tintype.engines import check_engine
from tintype.engines.base import Piece, Step
from tintype.engines.tiny.engine import Tiny

SCRIPTED = runpy.run_path(str(Path(__file__).parents[2] / "server" / "scripted.py"))


@pytest.mark.parametrize("engine", [Tiny(), SCRIPTED["ScriptedEngine"]()], ids=["tiny", "scripted"])
def test_our_own_engines_keep_the_contract(engine: Any) -> None:
    assert check_engine(engine) == ()


class Sound:
    """An engine that keeps the contract, to be spoilt below."""

    def __init__(self) -> None:
        self.sound = SCRIPTED["ScriptedEngine"]()
        self.card = self.sound.card

    def resolve(self, examples: int, asked: Any) -> Any:
        return self.sound.resolve(examples, asked)

    def train(self, order: Any, report: Callable[[Any], None], wanted: Any) -> Any:
        return self.sound.train(order, report, wanted)

    def open(self, weights: Path | None) -> Any:
        return self.sound.open(weights)


class Deaf(Sound):
    def train(self, order: Any, report: Callable[[Any], None], wanted: Any) -> Any:
        return super().train(order, report, lambda: "")


class Forgetful(Sound):
    def resolve(self, examples: int, asked: Any) -> Any:
        return replace(super().resolve(examples, asked), n_epochs=7)


class Counting(Sound):
    def train(self, order: Any, report: Callable[[Any], None], wanted: Any) -> Any:
        def told(what: Any) -> None:
            report(replace(what, step=what.step * 2) if isinstance(what, Step) else what)

        return super().train(order, told, wanted)


class Mute(Sound):
    def open(self, weights: Path | None) -> Any:
        class Model:
            def answer(self, turns: Any, sampling: Any) -> Iterator[Piece]:
                yield Piece("a")

        return Model()


class Crashing(Sound):
    def open(self, weights: Path | None) -> Any:
        raise KeyError("nothing")


@pytest.mark.parametrize(
    ("engine", "sentence"),
    [
        (Deaf(), "`train` never called `wanted`"),
        (Deaf(), "`train` ended as succeeded although `wanted` said 'pause'"),
        (Forgetful(), "`resolve` changed what was asked for"),
        (Counting(), "Steps were reported out of order"),
        (Mute(), "A trained model set no finish_reason on its last piece"),
        (Mute(), "`open` accepted a damaged checkpoint silently"),
        (Crashing(), f"The engine Crashing failed ({__file__}, line "),
    ],
)
def test_what_breaks_the_contract_is_a_sentence(engine: Any, sentence: str) -> None:
    assert any(found.startswith(sentence) for found in check_engine(engine)), check_engine(engine)
