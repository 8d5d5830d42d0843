"""An image drawn in a terminal's protocol: for the first time, and when an earlier session drew it.

A photograph of 25 KB at 90×34 cells of 10×20 pixels, on a fast line (`sparing`: on a slow one).
What earlier sessions have encoded is read from the cache folder. In processor time.

    python -m benchmarks.drawing
"""

import asyncio
import base64
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, report
from benchmarks.line import made_dataset
from tintype.overlay import cache_folder
from tintype_tui.widgets.image import Room, Wanted, drawing, kept
from tintype_tui.widgets.image.recent import RecentDrawings

RUNS = 15
QUICK = {"runs": 1}
ROOM = Room(90, 34, (10, 20))


def timed(work: Callable[[], object], runs: int) -> float:
    """Median milliseconds of CPU; each time as in a session that has just begun."""
    times = []
    for _ in range(runs):
        with kept._writing:
            drawing._recent = RecentDrawings()
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return median(times) * 1_000


def measure(runs: int = RUNS) -> list[Figure]:
    """Draw in each protocol whose encoding is kept, first with no cache."""
    figures = []
    with tempfile.TemporaryDirectory() as made:
        row = json.loads(made_dataset(Path(made), 1).read_text().splitlines()[0])
        url = row["messages"][0]["content"][1]["image_url"]["url"]
        data = base64.b64decode(url.partition(",")[2])
        for name, wanted in {
            "sixel": Wanted(data, ROOM, protocol="sixel"),
            "kitty, sparing": Wanted(data, ROOM, protocol="kitty", sparing=True),
        }.items():

            def draw(wanted: Wanted = wanted) -> None:
                asyncio.run(drawing.draw(wanted))

            figures.append(Figure(f"{name}, drawn", timed(draw, runs), "ms"))
            token = cache_folder.set(lambda: Path(made))
            try:
                draw()
                figures.append(Figure(f"{name}, drawn before", timed(draw, runs), "ms"))
                with kept._writing:
                    entry = max(Path(made).rglob("*.drawn"), key=lambda one: one.stat().st_mtime_ns)
                read = timed(lambda entry=entry: kept.ENTRIES.read(entry.parent, entry.stem), runs)  # type: ignore[misc]
                figures.append(Figure(f"{name}, read", read, "ms", f"{entry.stat().st_size:,} B"))
            finally:
                cache_folder.reset(token)
    return figures


if __name__ == "__main__":
    report(measure())
