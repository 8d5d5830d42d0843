"""A frame of the chart, against the least work that keeps the extremes and against a peer.

The same four curves of 10,000 points, at 140×42 cells, one point appended to each before every
frame, as when a training is watched. Printed with the ratio to the floor: the minimum and maximum
of every dot column in plain Python, with nothing drawn. `textual-plot` is measured in the same run
if it is installed.

    python -m benchmarks.chart
"""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from random import Random
from statistics import median

from textual.app import App, ComposeResult
from textual.geometry import Region

from benchmarks.figures import Figure, report
from tintype.metrics import Series
from tintype_tui.widgets.chart import Chart, Trace

WIDTH, HEIGHT = 140, 42
CURVES = 4
FRAMES = 25
POINTS = (10_000, 100_000)
QUICK = {"sizes": POINTS[:1], "frames": 1}


def curves(points: int) -> tuple[Trace, ...]:
    """Noisy falling curves, always the same."""
    random = Random(1)
    return tuple(
        Trace(
            Series(
                f"loss_{number}",
                (
                    (x, (2 + number / 2) * math.exp(-3 * x / points) + random.random() / 4)
                    for x in range(points)
                ),
            ),
            f"loss {number}",
            number,
        )
        for number in range(CURVES)
    )


def timed(work: Callable[[], object], frames: int) -> float:
    """Median milliseconds of CPU; wall time on a busy machine says little."""
    times = []
    for _ in range(frames):
        start = time.thread_time()
        work()
        times.append(time.thread_time() - start)
    return median(times) * 1_000


def floor(points: int, frames: int) -> float:
    """The least that keeps extremes: minimum and maximum of every dot column."""
    lists = [trace.series.values() for trace in curves(points)]
    columns = (WIDTH - 10) * 2

    def thin() -> list[tuple[float, float]]:
        found = []
        for values in lists:
            for column in range(columns):
                part = values[column * points // columns : (column + 1) * points // columns]
                found.append((min(part), max(part)) if part else (0.0, 0.0))
        return found

    return timed(thin, frames)


async def frame(points: int, smoothing: float, frames: int) -> tuple[float, float]:
    """A frame with a new point on every curve, and one in which nothing is new."""
    chart = Chart(curves(points), heading="Loss")

    class Bench(App[None]):
        def compose(self) -> ComposeResult:
            yield chart

    async with Bench().run_test(size=(WIDTH, HEIGHT)) as pilot:
        chart.smoothing = smoothing
        await pilot.pause()
        whole = Region(0, 0, WIDTH, HEIGHT)

        def grown() -> None:
            chart.set_reactive(
                Chart.traces,
                tuple(
                    Trace(
                        trace.series.extended([trace.series.last + 1], [0.5]),
                        trace.name,
                        trace.slot,
                    )
                    for trace in chart.traces
                ),
            )
            chart.refresh()
            chart.render_lines(whole)

        changed = timed(grown, frames)
        return changed, timed(lambda: chart.render_lines(whole), frames)


async def peer(points: int, frames: int) -> Figure:
    """The same with textual-plot, given every point."""
    name = f"textual-plot, {CURVES} × {points:,}"
    if find_spec("textual_plot") is None:
        return Figure(name, None, "ms", "not installed, skipped")
    from textual_plot import PlotWidget  # type: ignore[import-not-found,unused-ignore]

    plot = PlotWidget()

    class Bench(App[None]):
        def compose(self) -> ComposeResult:
            yield plot

    data = [(trace.series.steps(), trace.series.values()) for trace in curves(points)]
    async with Bench().run_test(size=(WIDTH, HEIGHT)) as pilot:
        await pilot.pause()

        def drawn() -> None:
            plot.clear()
            for steps, values in data:
                plot.plot(x=steps, y=values)
            plot._render_plot()

        return Figure(name, timed(drawn, frames), "ms", "without the lines of text")


def measure(sizes: Sequence[int] = POINTS, frames: int = FRAMES) -> list[Figure]:
    """All figures, the peer's in the same run."""
    found = []
    for points in sizes:
        least = floor(points, frames)
        label = f"{CURVES} × {points:,}"
        found.append(Figure(f"least work, {label}", least, "ms", "minimum and maximum alone"))
        for smoothing in (0.0, 0.9):
            changed, unchanged = asyncio.run(frame(points, smoothing, frames))
            what = f"chart frame, {label}, " + ("smoothed" if smoothing else "as reported")
            found.append(Figure(what, changed, "ms", f"{changed / least:.1f}× the least work"))
            found.append(Figure(f"{what}, nothing new", unchanged, "ms"))
    found.append(asyncio.run(peer(sizes[0], min(frames, 7))))
    return found


if __name__ == "__main__":
    report(measure())
