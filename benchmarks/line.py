"""The app over slow lines: bytes to the terminal, and the time until the screen is right.

    python -m benchmarks.line [--lines A,B,C] [--ways now,full,full-C] [--rows one,held] \
        [--kind xterm-256color|sixel|kitty] [--size 140x42] [--pty] [--json]

Lines: no delay; A 40 ms one way and 1 MB/s; B 150 ms and 100 KB/s; C 400 ms and 20 KB/s. Ways:
`now` is the app as it is, `full` with every frame painted whole (`TINTYPE_FULL_REPAINT=1`),
`now-C` and `full-C` the same through `ssh -C`. Between them stands an SSH server of one's own on
loopback where OpenSSH is installed, else a pseudo-terminal with the same limits (`--pty`).

The time until right is that of the last change of the screen. Where words are expected it is that
at which they are there, and the last change, if it came later, is noted beside it: what was counted
or checked meanwhile. The dataset is made for the purpose: 200 rows with JPEGs of
some 25 KB each, like photographs. The job reports four steps a second.
"""

import argparse
import base64
import contextlib
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.link import LINES, Line, Program, Seat, plain_seat, ssh_server
from benchmarks.terminal import Display, changes

IMAGES = 200
HELD = 90
"""A key held for three seconds, at 30 a second."""
WATCHED_S = 20.0
PATIENCE_S = 90.0
DOWN, ESCAPE, TAB = b"\x1b[B", b"\x1b", b"\t"
WAYS = ("now", "full", "full-C")
LINE_NAMES = tuple(one.name for one in LINES)
QUICK: dict[str, Any] = {
    "lines": ("no delay",),
    "ways": ("now",),
    "rows": ("open", "one"),
    "pty": True,
    "images": 8,
    "quiet_s": 0.5,
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One row of the table on one line."""

    line: str
    way: str
    row: str
    to_terminal: int
    """Bytes."""
    carried: int
    """Bytes over the line, SSH's own among them."""
    right_s: float | None
    """From the last key until the screen was right; none if it never was."""
    over_s: float
    """How long bytes were counted."""
    note: str = ""


@dataclass(slots=True)
class Desk:
    """A person at a terminal, over a line, doing one thing after the other."""

    seat: Seat
    line: Line
    way: str
    display: Display
    done: list[Measured]
    wanted: Sequence[str]
    patience_s: float
    """How long nothing must come, besides the line's own time, for the app to have finished."""
    written: int = 0
    """Pieces that the display has taken."""
    began: tuple[int, int] = (0, 0)
    """Bytes to the terminal and over the line, before what is measured began."""

    @property
    def quiet_s(self) -> float:
        """How long nothing must come, all in all."""
        return self.patience_s + 2 * self.line.round_trip_s

    def go(self, row: str, keys: bytes, words: str) -> None:
        """Press keys, or start; wait until words are there and nothing changes any more."""
        self._begin()
        self.seat.type(keys)
        began_s = time.monotonic()
        while not self._shows(words) and time.monotonic() - began_s < PATIENCE_S:
            self._write_all()
            time.sleep(0.05)
        right_s = self.seat.pieces[self.written - 1][0] - began_s if self._shows(words) else None
        quiet = self.seat.quiet(self.quiet_s, PATIENCE_S)
        over_s, last_s = time.monotonic() - began_s, self.seat.pieces[-1][0] - began_s
        note = f"last change after {last_s:.1f} s" if quiet else "never quiet"
        self._note(row, self._sizes(), right_s, over_s, note)

    def act(self, row: str, keys: bytes, *, times: int = 1, words: str = "") -> None:
        """Press keys, wait until nothing changes any more, and note what that took."""
        self._begin()
        began = len(self.seat.pieces)
        for number in range(times):
            if number:
                time.sleep(1 / 30)
            self.seat.type(keys)
        pressed_s = time.monotonic()
        quiet = self.seat.quiet(self.quiet_s, PATIENCE_S)
        over_s, sizes = time.monotonic() - pressed_s, self._sizes()
        right_s = self._right(began, pressed_s, words)
        note = "" if quiet else "never quiet"
        if words and not self._shows(words):
            right_s, note = None, f"no {words!r} on the screen"
        self._note(row, sizes, right_s, over_s, note)

    def watch(self, row: str, seconds: float) -> None:
        """Press nothing for a while."""
        self._begin()
        time.sleep(seconds)
        sizes = self._sizes()
        self._note(row, sizes, None, seconds, f"{sizes[0] / seconds:,.0f} bytes/s")

    def find(self, row: str, keys: bytes, words: str) -> None:
        """Press a key while much goes on, and wait for words; the rest may go on."""
        self._begin()
        self.seat.type(keys)
        pressed_s, right_s = time.monotonic(), None
        while right_s is None and time.monotonic() - pressed_s < PATIENCE_S:
            at = self.written
            self._write_all()
            if self._shows(words):
                right_s = self.seat.pieces[max(at, self.written - 1)][0] - pressed_s
            time.sleep(0.01)
        self._note(row, self._sizes(), right_s, time.monotonic() - pressed_s)

    def _begin(self) -> None:
        self._write_all()
        self.began = self.seat.size, self.seat.carried()

    def _sizes(self) -> tuple[int, int]:
        """Bytes to the terminal and over the line, since what is measured began."""
        return self.seat.size - self.began[0], self.seat.carried() - self.began[1]

    def _right(self, began: int, pressed_s: float, words: str) -> float | None:
        """When the screen changed last; with words, when they were there."""
        last_s, found_s = pressed_s, None
        pieces = list(self.seat.pieces)
        for at_s, _ in changes(self.display, pieces[began:]):
            last_s = at_s
            if words and found_s is None and self._shows(words):
                found_s = at_s
        self.written = len(pieces)
        return max(0.0, (found_s if words and found_s is not None else last_s) - pressed_s)

    def _shows(self, words: str) -> bool:
        return any(words in line for line in self.display.display)

    def _write_all(self) -> None:
        for _, piece in self.seat.pieces[self.written :]:
            self.display.write(piece)
            self.written += 1

    def _note(
        self,
        row: str,
        sizes: tuple[int, int],
        right_s: float | None,
        over_s: float,
        note: str = "",
    ) -> None:
        """Note what was measured, if it is wanted."""
        if row not in self.wanted:
            return
        self.done.append(Measured(self.line.name, self.way, row, *sizes, right_s, over_s, note))
        right = "" if right_s is None else f"{right_s:6.2f} s"
        size, carried = (f"{one:>10,} B" for one in sizes)
        words = f"{self.line.name:<9}{self.way:<8}{row:<12}{size} {carried} {right:>9}"
        print(f"{words}  {note}".rstrip(), file=sys.stderr, flush=True)


def browse(desk: Desk) -> None:
    """The rows of the table in which nothing runs, as far as the last one that is wanted."""
    last = 1 + 1 + 10 + HELD
    steps: list[tuple[str, Callable[[], None]]] = [
        ("open", lambda: desk.go("open", b"", "answer 0001")),
        ("one", lambda: desk.act("one", DOWN)),
        ("ten", lambda: desk.act("ten", DOWN, times=10)),
        ("tab", lambda: desk.act("tab", TAB)),
        ("image", lambda: desk.act("", b"\x1b[Z")),  # back to the list
        ("image", lambda: desk.act("image", b"f")),
        ("esc", lambda: desk.act("esc", ESCAPE)),
        ("held", lambda: desk.act("held", DOWN, times=HELD, words=f"answer {last:04}")),
        ("jobs", lambda: desk.go("jobs", b"4", "No jobs")),
        ("nothing", lambda: desk.watch("nothing", 5.0)),
    ]
    while steps and steps[-1][0] not in desk.wanted:
        steps.pop()
    for _, step in steps:
        step()


def follow(desk: Desk) -> None:
    """The rows of the table in which a job trains."""
    desk.go("", b"", "q Quit")
    desk.seat.type(b"4")
    time.sleep(4 + 4 * desk.line.round_trip_s)
    desk.watch("watching", WATCHED_S)
    desk.find("key", b"?", "lists all as commands")


NAMES = ("open", "one", "ten", "tab", "image", "esc", "held", "jobs", "nothing", "watching", "key")
LIMITS: dict[str, Callable[[Line], float]] = {
    "held": lambda line: 1.5 * line.round_trip_s + 0.3,
    "key": lambda line: 2 * line.round_trip_s + 0.3,
}
"""What is promised, in seconds."""
SIZES = {"one": 12_000, "jobs": 10_000, "nothing": 0}
"""What is promised in half-blocks, in bytes to the terminal."""


def run(
    lines: Sequence[str] = LINE_NAMES,
    ways: Sequence[str] = WAYS,
    rows: Sequence[str] = NAMES,
    kind: str = "xterm-256color",
    size: tuple[int, int] = (140, 42),
    pty: bool = False,
    images: int = IMAGES,
    quiet_s: float = 2.0,
) -> list[Measured]:
    """Measure every row on every line, in every way."""
    done: list[Measured] = []
    with contextlib.ExitStack() as stack:
        # A recorder that is just ending may still write.
        made = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(made))
        sshd = None if pty else stack.enter_context(ssh_server())
        open_seat = sshd.seat if sshd is not None else plain_seat
        data = made_dataset(folder, images)
        watched = set(rows) & {"watching", "key"}
        server = stack.enter_context(training(folder, data)) if watched else None
        for line in LINES:
            for way in ways if line.name in lines else ():
                for visit in (browse, follow):
                    if visit is follow and server is None:
                        continue
                    if visit is browse and not set(rows) - {"watching", "key"}:
                        continue
                    home = folder / f"{line.name}-{way}-{visit.__name__}".replace(" ", "-")
                    program = _app(home, way, kind, size, data if visit is browse else None)
                    if visit is follow and server is not None:
                        (home / "data").mkdir(parents=True)
                        (home / "data" / "server").symlink_to(server)
                    with open_seat(line, program) as seat:
                        visit(Desk(seat, line, way, Display(*size), done, rows, quiet_s))
                    _stop_recorder(home)
    return done


def _app(home: Path, way: str, kind: str, size: tuple[int, int], dataset: Path | None) -> Program:
    """The app as it is started in one of the ways."""
    environ = {**_environment(home), "TERM": "xterm-kitty" if kind == "kitty" else "xterm-256color"}
    if way.startswith("full"):
        environ["TINTYPE_FULL_REPAINT"] = "1"
    opened = [str(dataset)] if dataset is not None else []
    command = [sys.executable, "-m", "tintype_tui", *opened]
    return Program(command, environ, size, kind, compressed=way.endswith("-C"))


def _stop_recorder(home: Path) -> None:
    """End the recorder that an app or a training has begun."""
    command = [sys.executable, "-m", "tintype_tui", "record", "--stop"]
    subprocess.run(command, env={**os.environ, **_environment(home)}, stdout=2, check=False)


def _environment(home: Path) -> dict[str, str]:
    return {
        "TINTYPE_HOME": str(home),
        "TINTYPE_PROFILE": "tintype",
        "TINTYPE_ENGINES": f"{Path(__file__).with_name('paced.py')}:Paced",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
    }


def made_dataset(folder: Path, rows: int) -> Path:
    """Write rows with JPEGs like photographs: shapes, gradients and some noise."""
    from PIL import Image

    draw = random.Random(7)
    path = folder / "photos" / "train.jsonl"
    path.parent.mkdir()
    with path.open("w", encoding="ascii") as file:
        for number in range(1, rows + 1):
            small = Image.frombytes("RGB", (12, 9), draw.randbytes(12 * 9 * 3))
            noise = Image.effect_noise((640, 480), 12).convert("RGB")
            image = Image.blend(small.resize((640, 480), Image.Resampling.BICUBIC), noise, 0.2)
            out = io.BytesIO()
            image.save(out, "JPEG", quality=60)
            url = "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
            content = [
                {"type": "text", "text": f"What is in image {number}?"},
                {"type": "image_url", "image_url": {"url": url}},
            ]
            answer = {"role": "assistant", "content": f"answer {number:04}"}
            messages = [{"role": "user", "content": content}, answer]
            file.write(json.dumps({"messages": messages}) + "\n")
    return path


@contextlib.contextmanager
def training(folder: Path, data: Path) -> Iterator[Path]:
    """A job that trains until the end of the benchmark; yields its server's folder."""
    import asyncio

    from tintype.server import run as servers

    home = folder / "trains"
    environ = {**os.environ, **_environment(home)}
    command = [sys.executable, "-m", "tintype_tui", "train", str(data), "--model", "paced"]
    subprocess.run([*command, "--epochs", "50", "--yes"], env=environ, check=True, stdout=2)
    server = home / "data" / "server"
    try:
        yield server
    finally:
        if (running := servers.find(server)) is not None:
            asyncio.run(servers.stop(running, training=True))
        _stop_recorder(home)
        shutil.rmtree(home, ignore_errors=True)


def measure(**options: Any) -> list[Figure]:
    """Measure, and say what is promised of what the app does now."""
    lines = {line.name: line for line in LINES}
    figures = []
    for one in run(**options):
        name = f"{one.line}, {one.way}: {one.row}"
        promised = one.way == "now"
        most = SIZES.get(one.row) if promised else None
        figures.append(Figure(f"{name}, to the terminal", one.to_terminal, "bytes", limit=most))
        if one.right_s is not None:
            within = LIMITS[one.row](lines[one.line]) if promised and one.row in LIMITS else None
            figures.append(Figure(f"{name}, right after", one.right_s, "s", limit=within))
        elif one.note:
            figures.append(Figure(name, None, "s", note=one.note))
    return figures


def table(done: Sequence[Measured]) -> str:
    """The measurements in Markdown: a row each, a column for each line and way.

    Bytes are those to the terminal; of `ssh -C`, which makes fewer of them, those over the line.
    """
    columns = list(dict.fromkeys((one.line, one.way) for one in done))
    head = "| action | " + " | ".join(f"{line}, {way}" for line, way in columns) + " |"
    lines = [head, "|---" * (len(columns) + 1) + "|"]
    for row in dict.fromkeys(one.row for one in done):
        cells = []
        for column in columns:
            found = [one for one in done if one.row == row and (one.line, one.way) == column]
            cells.append(_cell(found[0]) if found else "–")
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(one: Measured) -> str:
    size = one.carried if one.way.endswith("-C") else one.to_terminal
    if one.row in ("watching", "nothing"):
        return f"{size / one.over_s / 1000:.2f} KB/s"
    sent = f"{size / 1000:.1f} KB"
    note = f" ({one.note})" if one.note else ""
    return f"{sent}, {'never' if one.right_s is None else f'{one.right_s:.1f} s'}{note}"


def main() -> None:
    """Measure what the command line names, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", default=",".join(LINE_NAMES))
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--rows", default=",".join(NAMES))
    parser.add_argument("--kind", default="xterm-256color")
    parser.add_argument("--size", default="140x42")
    parser.add_argument("--pty", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    columns, rows = map(int, given.size.split("x"))
    done = run(
        given.lines.split(","),
        given.ways.split(","),
        given.rows.split(","),
        given.kind,
        (columns, rows),
        given.pty,
    )
    print(json.dumps([asdict(one) for one in done], indent=1) if given.json else table(done))


if __name__ == "__main__":
    main()
