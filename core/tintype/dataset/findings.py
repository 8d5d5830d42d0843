"""What stands out in a dataset and its splits: leaks, repetitions, contradictions, outliers.

Each finding names the lines that it is about, so that they can be looked at and marked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from tintype.dataset.spread import Spread, spread
from tintype.dataset.statistics import Statistics


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that stands out."""

    name: str
    lines: tuple[int, ...]
    """In the file looked at, in order."""
    note: str = ""
    """How many, how much."""


def findings(own: Statistics, others: Mapping[str, Statistics]) -> tuple[Finding, ...]:
    """What stands out in a file, against the other splits by name; the worst first."""
    contradicting = chain.from_iterable(found.lines for found in own.contradictions)
    repeated = chain.from_iterable(own.repeated_rows)
    shared = chain.from_iterable(own.repeated_images.values())
    longest = sorted(own.longest_answers)
    found = (
        *(_leak(own, name, other) for name, other in others.items()),
        _finding("contradicting answers", contradicting, len(own.contradictions), "question"),
        _finding("duplicate rows", repeated, len(own.repeated_rows), "group"),
        _finding("empty answers", own.empty_answers, 0, ""),
        _finding("images on several rows", shared, len(own.repeated_images), "image"),
        Finding("longest answers", tuple(line for line, _ in longest), _between(own.answer_chars)),
    )
    return tuple(finding for finding in found if finding.lines)


def quantities(statistics: Statistics) -> dict[str, Spread]:
    """The distributions worth a look, by what they are of."""
    sizes = statistics.image_sizes.items()
    kilopixels = (w * h // 1000 for (w, h), times in sizes for _ in range(times))
    aspects = (round(100 * w / max(1, h)) for (w, h), times in sizes for _ in range(times))
    found = {
        "answer, characters": statistics.answer_chars,
        "question, characters": statistics.prompt_chars,
        "image, bytes": statistics.image_bytes,
        "image, thousand pixels": spread(kilopixels),
        "image, width in % of height": spread(aspects),
    }
    return {name: each for name, each in found.items() if each.count}


def _leak(own: Statistics, name: str, other: Statistics) -> Finding:
    shared = [digest for digest in own.images_on if digest in other.images_on]
    lines = chain.from_iterable(
        own.repeated_images.get(digest, (own.images_on[digest],)) for digest in shared
    )
    return _finding(f"images also in {name}", lines, len(shared), "image")


def _finding(name: str, lines: Iterable[int], count: int, noun: str) -> Finding:
    note = f"{count:,} {noun}{'' if count == 1 else 's'}" if count else ""
    return Finding(name, tuple(sorted(set(lines))), note)


def _between(chars: Spread) -> str:
    return f"max {chars.high:,} characters, median {chars.median:,}"
