"""Random sessions: keys, resizes, stalls, cuts, and answers that are late, lost or doubled.

    python -m benchmarks.sessions [--minutes 60] [--seed 1] [--rounds 12] [--kind sixel|tmux|…]

The app runs in a pseudo-terminal that misbehaves, every sixth time with tmux in between. After
each round of random keys, in all panes and what lies over them, the line is well again, and what
the emulator shows must be what it shows after a full repaint; words typed into the search through
all of it must all be there. Each session ends by `q`, by a signal at any moment (stalled or not),
or by a terminal that goes away: within a second, with the terminal as it was and nothing typed into
the shell. What went wrong is printed with the seed that brings it back.
"""

import argparse
import base64
import contextlib
import fcntl
import json
import os
import random
import select
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.line import _environment, made_dataset
from benchmarks.terminal import KINDS, Answering, Display

QUICK: dict[str, Any] = {"sessions": 1, "rounds": 1}
KEYS = (
    *([b"\x1b[B"] * 6),
    *([b"\x1b[A"] * 3),
    *(b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"2", b"2", b"\t", b"\x1b[Z", b"\x1b", b"\x1b"),
    *(b"j", b"k", b"f", b"p", b"v", b"c", b"b", b"s", b"x", b"!", b"?", b"+", b"-", b"z", b"W"),
    *(b":", b"\x10", b"\x14", b"\x0c", b"o", b"/", b"\x1b[19~"),
    *(b"\x1b[6~", b"\x1b[5~", b"\x1b[F", b"\x1b[H", b"\x1b[C", b"\x1b[D"),
)
"""None of them asks, launches, writes or leaves."""
SIZES = ((140, 42), (120, 40), (80, 24), (100, 30))
FAULTS = ("none", "stall", "late", "lost", "doubled", "resize")
TMUX_CONFIG = """\
set -g status off
set -g escape-time 10
set -g default-terminal tmux-256color
set -as terminal-features ",xterm*:RGB"
"""
PATIENCE_S = 20.0
SETTLED_S = 0.1
QUIET_S = 0.7
"""How long nothing must come for the app to have finished."""
TMUX = "tmux"
"""The kind of terminal with a tmux of one's own between it and the app."""
ALL_KINDS = (*KINDS, *((TMUX,) if shutil.which("tmux") else ()))
TRIES = 20
SOON_S = 1.0
"""How long an app may take to end after a signal."""


@dataclass(slots=True)
class Fault:
    """How a terminal misbehaves."""

    late_s: float = 0.0
    """How late answers are."""
    lost: float = 0.0
    """Which share of the answers never comes."""
    doubled: bool = False


class BadTerminal:
    """A terminal with a program in it, that reads and answers as badly as it is asked to."""

    def __init__(self, command: Sequence[str], environ: dict[str, str], kind: str) -> None:
        self.size = SIZES[0]
        self.display = Display(*self.size)
        self.written = bytearray()
        self.fault = Fault()
        self._random = random.Random(3)
        self._answering = Answering(kind)
        self._replies: list[tuple[float, bytes]] = []
        self._stalled_until_s = 0.0
        self._last_s = time.monotonic()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self.master, self.slave = os.openpty()
        self.before = termios.tcgetattr(self.slave)
        self._set_size()
        self.process = subprocess.Popen(
            command,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env={**os.environ, **environ},
            preexec_fn=_take_control,
        )
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._over.is_set():
            now_s = time.monotonic()
            flows = now_s >= self._stalled_until_s
            ready = select.select([self.master] if flows else [], [], [], 0.01)[0]
            try:
                if ready:
                    self._take()
                while self._replies and self._replies[0][0] <= time.monotonic():
                    os.write(self.master, self._replies.pop(0)[1])
            except OSError:
                return

    def _take(self) -> None:
        with self._lock:
            data = os.read(self.master, 1 << 16)
            self.written += data
            self.display.write(data)
            self._last_s = time.monotonic()
        replies = self._answering.replies(data)
        if not replies or self._random.random() < self.fault.lost:
            return
        due_s = time.monotonic() + self.fault.late_s * self._random.random()
        if self._replies:
            due_s = max(due_s, self._replies[-1][0])
        self._replies += [(due_s, replies)] * (2 if self.fault.doubled else 1)

    def _set_size(self) -> None:
        columns, rows = self.size
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, size: tuple[int, int]) -> None:
        """Become larger or smaller."""
        with self._lock:
            self.size = size
            self.display.resize(size[1], size[0])
        self._set_size()

    def stall(self, seconds: float) -> None:
        """Take nothing for a while."""
        self._stalled_until_s = time.monotonic() + seconds

    def type(self, keys: bytes) -> None:
        """Press keys."""
        with contextlib.suppress(OSError):
            os.write(self.master, keys)

    def well(self) -> None:
        """Behave, and wait until nothing comes any more."""
        self.fault, self._stalled_until_s = Fault(), 0.0
        began_s = time.monotonic()
        while time.monotonic() - began_s < PATIENCE_S:
            quiet_s = time.monotonic() - max(began_s, self._last_s)
            if quiet_s > QUIET_S and not self._replies:
                return
            time.sleep(0.02)

    def settle(self) -> None:
        """Take what has been written by now."""
        end_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < end_s:
            with self._lock:
                waiting = select.select([self.master], [], [], 0)[0]
                if not waiting and time.monotonic() - self._last_s > SETTLED_S:
                    return
            time.sleep(0.01)

    def shows(self, words: str) -> bool:
        """Whether words are on the screen."""
        with self._lock:
            return any(words in line for line in self.display.display)

    def until(self, words: str) -> bool:
        """Wait until words are on the screen; whether they ever were."""
        end_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < end_s:
            if self.shows(words):
                return True
            time.sleep(0.05)
        return False

    def rows(self) -> list[tuple[Any, ...]]:
        """The cells, of a blank only what can be seen of it."""
        with self._lock:
            return [tuple(map(_seen, row)) for row in self.display.cells()]

    def texts(self) -> list[str]:
        """The rows as text."""
        with self._lock:
            return list(self.display.display)

    def ended(self, limit_s: float) -> float | None:
        """How long the program takes to end from now; none if it does not within the limit."""
        began_s = time.monotonic()
        try:
            self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            return None
        return time.monotonic() - began_s

    def spoilt(self) -> str:
        """What is wrong with the terminal after the program has ended; empty if nothing is."""
        self._stalled_until_s = 0.0
        time.sleep(self.fault.late_s + 0.1)
        if termios.tcgetattr(self.slave) != self.before:
            return "the terminal's modes are not as they were"
        left = bytes(self.written)
        for on, off in ((b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b[?25l", b"\x1b[?25h")):
            if left.rfind(on) > left.rfind(off):
                return f"{on!r} has not been undone"
        if left.rfind(b"\x1b[?1003h") > left.rfind(b"\x1b[?1003l"):
            return "the mouse is still taken"
        waiting = bytearray(4)
        fcntl.ioctl(self.slave, termios.FIONREAD, waiting, True)
        if any(waiting):
            tty = termios.tcgetattr(self.slave)
            tty[3] &= ~termios.ICANON
            termios.tcsetattr(self.slave, termios.TCSANOW, tty)
            return f"typed into the shell: {os.read(self.slave, 200)!r}"
        return ""

    def close(self) -> None:
        """Go away."""
        self._over.set()
        self._thread.join(1)
        for fd in (self.master, self.slave):
            with contextlib.suppress(OSError):
                os.close(fd)

    def kill(self) -> None:
        """End what is left."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.close()


def _take_control() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _seen(cell: Any) -> Any:
    drawn_on = cell.underscore or cell.reverse or cell.strikethrough
    return cell if cell.data != " " or drawn_on else (" ", cell.bg)


@dataclass(slots=True)
class Account:
    """What came of the sessions."""

    sessions: int = 0
    rounds: int = 0
    keys: int = 0
    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    spoilt: list[str] = field(default_factory=list)
    ends_s: list[float] = field(default_factory=list)
    """From a signal until the app had ended."""

    def note(self, kind: str, words: str) -> None:
        """Note what went wrong, and say it at once."""
        getattr(self, kind).append(words)
        print(f"{kind}: {words}", file=sys.stderr, flush=True)


class Visit:
    """One session."""

    def __init__(self, seed: int, folder: Path, data: Path, kind: str, account: Account) -> None:
        self.seed, self.account = seed, account
        self.random = random.Random(seed)
        self.name = f"seed {seed} ({kind})"
        self.faults = ""
        environ = _environment(folder / "home")
        self.asked = folder / "asked.json"
        environ["CHECKED"] = str(self.asked)
        environ["TERM"] = "xterm-kitty" if kind == "kitty" else "xterm-256color"
        command = [sys.executable, "-m", "benchmarks.checked_app", str(data)]
        self.tmux: list[str] = []
        if kind == TMUX:
            config = folder / "tmux.conf"
            config.write_text(TMUX_CONFIG)
            self.tmux = ["tmux", "-S", str(folder / f"tmux-{seed}"), "-f", str(config)]
            command = [*self.tmux, "new-session", shlex.join(command)]
            kind = "xterm-256color"
        self.terminal = BadTerminal(command, environ, kind)

    def run(self, rounds: int) -> None:
        """Go through all of it."""
        self.account.sessions += 1
        try:
            if not self.terminal.until("answer 0001"):
                self.account.note("dead", f"{self.name}: nothing was ever shown")
                return
            for number in range(rounds):
                if not self._round(number):
                    return
            self._leave()
        finally:
            self.terminal.kill()
            if self.tmux:
                subprocess.run([*self.tmux, "kill-server"], stderr=subprocess.DEVNULL)

    def _signal(self, number: signal.Signals) -> None:
        """Send the app a signal, past a tmux that it is in."""
        if not self.tmux:
            self.terminal.process.send_signal(number)
            return
        asked = [*self.tmux, "list-panes", "-a", "-F", "#{pane_pid}"]
        found = subprocess.run(asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for pid in found.stdout.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), number)

    def _round(self, number: int) -> bool:
        """Some keys on a bad line, then a look; whether the app is still there."""
        where = f"{self.name}, round {number + 1}"
        self.account.rounds += 1
        self._misbehave(self.random.choice(FAULTS))
        self._keys(self.random.randrange(3, 25))
        self.terminal.well()
        if self.terminal.process.poll() is not None:
            code = self.terminal.process.returncode
            self.account.note("dead", f"{where}: ended with {code}\n" + self._screen())
            return False
        self._compare(where)
        if self.random.random() < 0.4:
            self._type_words(where)
        return True

    def _misbehave(self, fault: str) -> None:
        terminal, seed = self.terminal, self.random
        self.faults = fault
        if fault == "stall":
            terminal.stall(seed.uniform(0.1, 2.5))
        elif fault == "late":
            terminal.fault = Fault(late_s=seed.uniform(0.05, 1.0))
        elif fault == "lost":
            terminal.fault = Fault(lost=seed.uniform(0.1, 1.0))
        elif fault == "doubled":
            terminal.fault = Fault(doubled=True)
        elif fault == "resize":
            for _ in range(seed.randrange(1, 6)):
                terminal.resize(seed.choice(SIZES))
                time.sleep(seed.uniform(0.0, 0.1))

    def _keys(self, count: int) -> None:
        for key in self.random.choices(KEYS, k=count):
            self.account.keys += 1
            self.terminal.type(key)
            # Escape and what follows within Textual's 0.1 s are one key, on every terminal.
            least_s = 0.15 if key == b"\x1b" else 0.0
            time.sleep(max(least_s, self.random.choice((0.0, 0.0, 0.03, 0.1))))

    def _compare(self, where: str) -> None:
        """What is seen must be what the app has drawn, and that what it should have."""
        for _ in range(TRIES):
            before = self._answer()
            self.terminal.settle()
            shown, texts = self.terminal.rows(), self.terminal.texts()
            after = self._answer()
            if after is None:
                self.account.note("dead", f"{where}, {self.faults}: no answer\n" + self._screen())
                return
            if before is not None and before["written"] == after["written"]:
                break
        else:
            return  # something moves all the time
        unlike = sorted({*before["differ"]} & {*after["differ"]})
        whole = Display(*after["size"])
        whole.write(b"\x1b[?7l" + base64.b64decode(after["drawn"]))  # lines do not wrap
        wanted = [tuple(map(_seen, row)) for row in whole.cells()]
        rows = [y for y, row in enumerate(wanted) if row != shown[y]]
        lines = [f"{y:>3} seen  {texts[y]!r}\n    drawn {whole.display[y]!r}" for y in rows]
        lines += [f"{y:>3} is not as Textual has it: {texts[y]!r}" for y in unlike]
        if lines:
            self.account.note("wrong", f"{where}, {self.faults}\n" + "\n".join(lines))

    def _answer(self) -> dict[str, Any] | None:
        """What the app says should be seen; none if it does not say so."""
        self.asked.unlink(missing_ok=True)
        self._signal(signal.SIGUSR1)
        end_s = time.monotonic() + PATIENCE_S
        while not self.asked.exists():
            if time.monotonic() > end_s or self.terminal.process.poll() is not None:
                return None
            time.sleep(0.01)
        answer: dict[str, Any] = json.loads(self.asked.read_text())
        return answer

    def _type_words(self, where: str) -> None:
        """Every letter typed into a field is in it."""
        # What follows an Escape soon, or comes with it on a busy machine, is one key with it.
        for key in (b"\x1b", b"\x1b", b"\x1b", b"2", b"/"):
            self.terminal.type(key)
            self.terminal.well()
        word = "".join(self.random.choices("bcdfghjklmnpqrstvwxz", k=14))
        self._misbehave(self.random.choice(FAULTS[:-1]))
        for letter in word:
            self.account.keys += 1
            self.terminal.type(letter.encode())
            time.sleep(self.random.choice((0.0, 0.0, 0.02, 0.2)))
        self.terminal.well()
        if not self.terminal.until(word):
            words = f"{where}, {self.faults}: not all of {word!r} is there\n"
            self.account.note("lost", words + self._screen())
        self.terminal.type(b"\x15\x1b")
        time.sleep(0.2)

    def _leave(self) -> None:
        """End it in one of the ways that there are."""
        way = self.random.choice(("q", "SIGTERM", "SIGHUP", "SIGTERM", "gone"))
        where, terminal = f"{self.name}, by {way}", self.terminal
        self._end(way)
        if (took_s := terminal.ended(PATIENCE_S)) is None:
            self.account.note("dead", f"{where}: it does not end\n" + self._screen())
            return
        if way != "q":
            self.account.ends_s.append(took_s)
            if took_s > SOON_S:
                print(f"slow: {where}, {self.faults}: {took_s:.2f} s", file=sys.stderr, flush=True)
        if way != "gone" and (trouble := terminal.spoilt()):
            self.account.note("spoilt", f"{where}: {trouble}")

    def _end(self, way: str) -> None:
        if way == "q":
            for key in (b"\x1b", b"\x1b", b"\x1b", b"q"):
                self.terminal.type(key)
                self.terminal.well()
            return
        self._misbehave(self.random.choice(FAULTS))
        self._keys(self.random.randrange(0, 12))
        if way == "gone":
            self.terminal.close()
        else:
            self._signal(signal.Signals[way])

    def _screen(self) -> str:
        return "\n".join(line.rstrip() for line in self.terminal.texts())


def run(
    sessions: int | None = None,
    minutes: float = 2.0,
    rounds: int = 12,
    first: int = 1,
    kinds: Sequence[str] = ALL_KINDS,
) -> Account:
    """Go through so many sessions, or as many as there is time for."""
    account = Account()
    end_s = time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = made_dataset(folder, 30)
        seed = first
        while account.sessions < sessions if sessions is not None else time.monotonic() < end_s:
            kind = kinds[seed % len(kinds)]
            Visit(seed, folder, data, kind, account).run(rounds)
            seed += 1
        _stop_server(folder / "home" / "data" / "server")
    return account


def _stop_server(folder: Path) -> None:
    import asyncio

    from tintype.server import run as servers

    if (running := servers.find(folder)) is not None:
        asyncio.run(servers.stop(running, training=True))


def measure(**options: Any) -> list[Figure]:
    """Go through sessions, and say what is promised of them."""
    return figures(run(**options))


def figures(account: Account) -> list[Figure]:
    """What came of sessions."""
    slowest_s = max(account.ends_s) if account.ends_s else None
    return [
        Figure("random sessions", account.sessions, ""),
        Figure("rounds of keys on a bad line", account.rounds, ""),
        Figure("keys", account.keys, ""),
        Figure("rounds after which a cell was wrong", len(account.wrong), "", limit=0),
        Figure("words of which a letter was lost", len(account.lost), "", limit=0),
        Figure("apps that died or did not end", len(account.dead), "", limit=0),
        Figure("terminals that were spoilt", len(account.spoilt), "", limit=0),
        Figure("the slowest end after a signal or a cut", slowest_s, "s", limit=SOON_S),
    ]


def main() -> None:
    """Go through sessions as the command line says; exit code 1 if anything went wrong."""
    from benchmarks.figures import machine, report

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--sessions", type=int)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=ALL_KINDS)
    given = parser.parse_args()
    kinds = (given.kind,) if given.kind else ALL_KINDS
    account = run(given.sessions, given.minutes, given.rounds, given.seed, kinds)
    print(machine())
    report(figures(account))
    sys.exit(bool(account.wrong or account.lost or account.dead or account.spoilt))


if __name__ == "__main__":
    main()
