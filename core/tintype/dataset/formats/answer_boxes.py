"""Which convention the boxes in a source's own answers are written in, said with the evidence."""

from collections.abc import Mapping, Sequence
from typing import Any

from tintype.dataset.formats.images import TakenImage
from tintype.dataset.formats.report import ImportLog
from tintype.detection import judge_convention

_MOST = 240
_SIGNS = ("[", "<loc", "<box", "<|box")


class AnswerBoxes:
    """Collects answers with boxes, and judges them together."""

    def __init__(self) -> None:
        self._samples: list[tuple[str, tuple[int, int] | None]] = []

    def add(self, messages: Sequence[Mapping[str, Any]], taken: Sequence[TakenImage]) -> None:
        """Look at the answers of a row."""
        if len(self._samples) >= _MOST:
            return
        size = taken[0].facts.upright_size if len(taken) == 1 else None
        for message in messages:
            text = message.get("content") if message.get("role") == "assistant" else None
            if isinstance(text, str) and any(sign in text for sign in _SIGNS):
                self._samples.append((text, size))

    def say(self, log: ImportLog) -> None:
        """Note what the answers are written in, if they hold boxes."""
        verdict = judge_convention(self._samples)
        if verdict is None:
            return
        others = f" ({verdict.certainty})" if verdict.certainty != "certain" else ""
        evidence = " ".join(verdict.evidence)
        words = (
            f"answers hold boxes in the convention {verdict.convention.name}{others}: {evidence}"
        )
        log.note("box-convention", words, count=verdict.rows)
