"""Outlines drawn without a font: the four suits, and curves to make other things of.

Coordinates are within −1…1, y pointing down, to be scaled and moved to where they are drawn.
"""

import math
from collections.abc import Iterable, Sequence

Point = tuple[float, float]
Colour = tuple[int, int, int]


def bezier(start: Point, *curves: tuple[Point, Point, Point], steps: int = 24) -> list[Point]:
    """Points along cubic Bézier curves, each given by two control points and its end."""
    points = [start]
    for first, second, end in curves:
        for step in range(1, steps + 1):
            t = step / steps
            a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            points.append(
                (
                    a * start[0] + b * first[0] + c * second[0] + d * end[0],
                    a * start[1] + b * first[1] + c * second[1] + d * end[1],
                )
            )
        start = end
    return points


def mirrored(half: Sequence[Point]) -> list[Point]:
    """A closed outline from its left half, which begins and ends on the axis x = 0."""
    return [*half, *((-x, y) for x, y in reversed(half[1:-1]))]


def circle(x: float, y: float, radius: float, steps: int = 48) -> list[Point]:
    """Points on a circle."""
    return [
        (
            x + radius * math.cos(2 * math.pi * step / steps),
            y + radius * math.sin(2 * math.pi * step / steps),
        )
        for step in range(steps)
    ]


def placed(
    points: Iterable[Point], x: float, y: float, scale: float, *, turn: float = 0.0
) -> list[Point]:
    """The points scaled, turned by so many degrees clockwise, and moved to a place."""
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    return [(x + scale * (a * cos - b * sin), y + scale * (a * sin + b * cos)) for a, b in points]


def star(points: int, inner: float) -> list[Point]:
    """A star with so many points, its notches so far from the middle."""
    return [
        (
            (1 if at % 2 == 0 else inner) * math.sin(math.pi * at / points),
            -(1 if at % 2 == 0 else inner) * math.cos(math.pi * at / points),
        )
        for at in range(2 * points)
    ]


_STEM = mirrored(
    bezier(
        (0, 0.2), ((-0.05, 0.7), (-0.15, 0.9), (-0.42, 1.0)), ((-0.3, 1.0), (-0.1, 1.0), (0, 1.0))
    )
)

SUITS: dict[str, list[list[Point]]] = {
    "hearts": [
        mirrored(
            bezier(
                (0, 0.98),
                ((-0.22, 0.62), (-0.98, 0.22), (-0.98, -0.38)),
                ((-0.98, -0.98), (-0.2, -1.02), (0, -0.46)),
            )
        )
    ],
    "spades": [
        mirrored(
            bezier(
                (0, -1.0),
                ((-0.2, -0.62), (-0.94, -0.22), (-0.94, 0.28)),
                ((-0.94, 0.82), (-0.22, 0.86), (0, 0.36)),
            )
        ),
        _STEM,
    ],
    "diamonds": [
        mirrored(
            bezier(
                (0, -1.0),
                ((-0.16, -0.62), (-0.46, -0.24), (-0.74, 0.0)),
                ((-0.46, 0.24), (-0.16, 0.62), (0, 1.0)),
            )
        )
    ],
    "clubs": [
        circle(0, -0.54, 0.43),
        circle(-0.5, 0.2, 0.43),
        circle(0.5, 0.2, 0.43),
        [(-0.2, -0.3), (0.2, -0.3), (0.3, 0.3), (-0.3, 0.3)],
        _STEM,
    ],
}
"""The outlines of each suit, to be filled one over the other."""
