"""Answers cut at a stop sequence.

A sequence may arrive in several pieces, so text that could still become one is held back until it
is known.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from tintype.engines.base import Piece


async def until_stop(
    pieces: AsyncGenerator[Piece, None], stops: Sequence[str]
) -> AsyncGenerator[Piece, None]:
    """Yield the pieces up to the first stop sequence, which is left out; then stop the work."""
    held = ""
    try:
        async for piece in pieces:
            text = held + piece.text
            found = min((at for stop in stops if (at := text.find(stop)) >= 0), default=-1)
            if found >= 0:
                yield replace(piece, text=text[:found], finish_reason="stop")
                return
            kept = 0 if piece.finish_reason else _beginning(text, stops)
            held = text[len(text) - kept :]
            yield replace(piece, text=text[: len(text) - kept])
        if held:
            yield Piece(held, 0)
    finally:
        await pieces.aclose()


def _beginning(text: str, stops: Sequence[str]) -> int:
    """How many last characters of the text are the beginning of a stop sequence."""
    return max(
        (
            size
            for stop in stops
            for size in range(1, min(len(stop), len(text) + 1))
            if text.endswith(stop[:size])
        ),
        default=0,
    )
