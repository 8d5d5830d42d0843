"""A slow line on one machine: a program in a terminal, and a terminal that it cannot reach faster.

With OpenSSH on the machine (`sshd` of one's own on loopback, with keys of its own) the line lies
between its client and its server, with all that they buffer; elsewhere between a pseudo-terminal
and the screen, with as much buffered as sshd would.
"""

import contextlib
import fcntl
import os
import pty
import select
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.terminal import Answering

Ends = tuple[Callable[[int], bytes], Callable[[bytes], object]]
"""What one end of a line reads with, empty at the end, and what the other writes with."""

SSHD_BUFFER = 2 << 20
"""What sshd takes from a program before the other side has it: a channel's window."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line between a person and a machine."""

    name: str
    delay_s: float
    """One way."""
    bytes_per_s: float

    @property
    def round_trip_s(self) -> float:
        """There and back, of nothing."""
        return 2 * self.delay_s


LINES = (
    Line("no delay", 0.0, 1e9),
    Line("A", 0.040, 1_000_000),
    Line("B", 0.150, 100_000),
    Line("C", 0.400, 20_000),
)


class Way:
    """One direction of a line: delayed, no faster than it can, and full when it is full."""

    def __init__(self, line: Line, ends: Ends, *, room: int, compressed: bool = False) -> None:
        self._line, (self._read, self._write), self._room = line, ends, room
        self._zip = zlib.compressobj(6) if compressed else None
        self._under_way: deque[tuple[float, float, bytes]] = deque()
        self._bytes = 0
        self._change = threading.Condition()
        self.carried = 0
        """Bytes that the line has carried so far."""
        for task in (self._take, self._give):
            threading.Thread(target=task, daemon=True).start()

    def _take(self) -> None:
        free_s = 0.0  # when the line has carried what it has
        while True:
            with self._change:
                self._change.wait_for(lambda: self._bytes < self._room)
            try:
                data = self._read(2048)
            except OSError:
                data = b""
            size = len(data)
            if self._zip is not None and data:
                size = len(self._zip.compress(data) + self._zip.flush(zlib.Z_SYNC_FLUSH))
            free_s = max(free_s, time.monotonic()) + size / self._line.bytes_per_s
            with self._change:
                self.carried += size
                self._bytes += size
                self._under_way.append((free_s, size, data))
                self._change.notify_all()
            if not data:
                return

    def _give(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: bool(self._under_way))
                sent_s, size, data = self._under_way[0]
            time.sleep(max(0.0, sent_s + self._line.delay_s - time.monotonic()))
            with self._change:
                self._under_way.popleft()
                self._bytes -= int(size)
                self._change.notify_all()
            if not data:
                return
            try:
                self._write(data)
            except OSError:
                return


@dataclass(slots=True)
class Seat:
    """The terminal that a person sits at: what has come, when, and what is typed."""

    fd: int
    kind: str = "xterm-256color"
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    carried: Callable[[], int] = lambda: 0
    """Bytes that the line has carried to the terminal."""
    over: bool = False

    def __post_init__(self) -> None:
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        answering = Answering(self.kind)
        while True:
            try:
                data = os.read(self.fd, 1 << 16)
            except OSError:
                data = b""
            if not data:
                self.over = True
                return
            self.pieces.append((time.monotonic(), data))
            if replies := answering.replies(data):
                self.type(replies)

    def type(self, keys: bytes) -> None:
        """Press keys; the terminal's answers go the same way."""
        with contextlib.suppress(OSError):  # the program has ended
            os.write(self.fd, keys)

    @property
    def size(self) -> int:
        """Bytes that have come to the terminal so far."""
        return sum(len(piece) for _, piece in list(self.pieces))

    def quiet(self, quiet_s: float, most_s: float) -> bool:
        """Wait until nothing has come for a while; whether that was within `most_s`."""
        began = time.monotonic()
        while time.monotonic() - began < most_s:
            last_s = max(self.pieces[-1][0] if self.pieces else 0.0, began)
            if time.monotonic() - last_s > quiet_s:
                return True
            time.sleep(0.02)
        return False


@dataclass(frozen=True, slots=True)
class Program:
    """What a person starts, and in what terminal."""

    command: Sequence[str]
    environ: Mapping[str, str]
    size: tuple[int, int]
    """Columns and rows."""
    kind: str = "xterm-256color"
    """One of `benchmarks.terminal.KINDS`."""
    compressed: bool = False
    """Whether the line compresses, as `ssh -C` does."""


@contextlib.contextmanager
def plain_seat(line: Line, program: Program) -> Iterator[Seat]:
    """A program in a pseudo-terminal, and the line between that and the screen."""
    pid, master = _spawned(program.command, program.environ, program.size)
    near, far = socket.socketpair()
    down = Way(
        line,
        (lambda most: os.read(master, most), far.sendall),
        room=SSHD_BUFFER,
        compressed=program.compressed,
    )
    Way(line, (far.recv, lambda data: _write_all(master, data)), room=_room(line))
    try:
        yield Seat(near.fileno(), program.kind, carried=lambda: down.carried)
    finally:
        _end(pid, master, near, far)


class Sshd:
    """An SSH server of one's own on loopback, that lets in whoever has made it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        sshd = str(shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin"))
        for name in ("host", "user"):
            key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(key, check=True)
        if os.getuid() == 0:  # it wants this folder where it separates privileges
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.port = _free_port()
        config = folder / "config"
        config.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\n"
            f"AuthorizedKeysFile {folder}/user.pub\nStrictModes no\nUsePAM no\nPidFile none\n"
            "PermitRootLogin yes\nPasswordAuthentication no\n"
        )
        command = [sshd, "-D", "-e", "-f", str(config)]
        self._process = subprocess.Popen(command, stderr=(folder / "log").open("wb"))
        _listening(self.port)

    @staticmethod
    def possible() -> bool:
        """Whether OpenSSH's client and server are here."""
        found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        return bool(found and shutil.which("ssh") and shutil.which("ssh-keygen"))

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()

    @contextlib.contextmanager
    def seat(self, line: Line, program: Program) -> Iterator[Seat]:
        """A program at the other end of `ssh`, over a line."""
        listener = socket.create_server(("127.0.0.1", 0))
        # What the kernel holds is held by the line, too.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        environ = (f"{name}={value}" for name, value in program.environ.items())
        there = shlex.join(["env", *environ, *program.command])
        client = ["ssh", "-tt", "-F", "none", "-p", str(listener.getsockname()[1])]
        client += ["-i", str(self.folder / "user"), "-o", "StrictHostKeyChecking=no"]
        client += ["-o", f"UserKnownHostsFile={self.folder}/known", "-o", "LogLevel=ERROR"]
        client += ["-C"] if program.compressed else []
        client += ["127.0.0.1", there]
        pid, master = _spawned(client, {"TERM": "xterm-256color"}, program.size)
        near, _ = listener.accept()
        far = socket.socket()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        far.connect(("127.0.0.1", self.port))
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        down = Way(line, (far.recv, near.sendall), room=_room(line))
        Way(line, (near.recv, far.sendall), room=_room(line))
        try:
            yield Seat(master, program.kind, carried=lambda: down.carried)
        finally:
            _end(pid, master, near, far, listener)


def _room(line: Line) -> int:
    """As much as is under way at full rate, and a little: more would only be waited for."""
    return max(8192, int(min(line.bytes_per_s, 1e7) * line.round_trip_s))


def _spawned(
    command: Sequence[str], environ: Mapping[str, str], size: tuple[int, int]
) -> tuple[int, int]:
    pid, master = pty.fork()
    if pid == 0:
        os.execvpe(command[0], list(command), {**os.environ, **environ})
    columns, rows = size
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    return pid, master


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _end(pid: int, master: int, *sockets: socket.socket) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    os.close(master)
    for end in sockets:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _listening(port: int, patience_s: float = 10.0) -> None:
    end_s = time.monotonic() + patience_s
    while time.monotonic() < end_s:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        select.select([], [], [], 0.05)
    raise TimeoutError("sshd does not listen")


@contextlib.contextmanager
def ssh_server() -> Iterator[Sshd | None]:
    """An SSH server for a while; none where there is no OpenSSH."""
    if not Sshd.possible():
        sys.stderr.write("No OpenSSH here: a pseudo-terminal stands for it.\n")
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        server = Sshd(Path(folder))
        try:
            yield server
        finally:
            server.stop()
