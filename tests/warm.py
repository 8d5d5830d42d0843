"""Servers and trainers that start warm: forked from a process that has imported what they import.

Nine tenths of a start are imports, and most journeys start a server and a trainer: a second of a
processor for each. `python -P tests/warm.py SOCKET` is the process that is forked: on request, with
the arguments, environment, folder, output and open files that `launch.detach` gives to a new
process. What is forked runs its module from the beginning, in a session of its own, like that one.
"""

import fcntl
import gc
import importlib
import json
import os
import runpy
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tintype.engines import launch

IMPORTED = ("tintype.engines.tiny.engine", "tintype.engines.worker", "tintype.server.listening")


@contextmanager
def standing_by() -> Iterator[str]:
    """A process that is forked on request; gives the path of its socket."""
    with tempfile.TemporaryDirectory(prefix="tintype-") as folder:
        path = os.path.join(folder, "warm")
        with subprocess.Popen(
            [sys.executable, "-P", __file__, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | launch.ONE_THREAD,
            start_new_session=True,
        ) as process:
            assert process.stdin
            assert process.stdout
            assert process.stdout.readline(), "nothing can be started warm"
            yield path
            process.stdin.close()


def detaching(path: str) -> Callable[..., None]:
    """What does as `launch.detach` does, by forking the process at a socket."""

    def detach(
        arguments: Sequence[str],
        *,
        log: Path,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        keep: Sequence[int] = (),
    ) -> None:
        order = {
            "arguments": arguments,
            "environment": {**os.environ, **(environment or {})},
            "folder": os.fspath(folder),
            "keep": keep,
        }
        with log.open("ab") as output, socket.socket(socket.AF_UNIX) as asked:
            asked.connect(path)
            socket.send_fds(asked, [b"."], [output.fileno(), *keep])
            asked.sendall(json.dumps(order).encode())
            asked.shutdown(socket.SHUT_WR)
            assert asked.recv(1), "nothing was started"

    return detach


def _forked(path: str) -> Sequence[str]:
    """Fork for whoever asks, until who started this has gone; returns in what is forked."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        os.write(sys.stdout.fileno(), b"listening\n")
        while listener in select.select([listener, sys.stdin], [], [])[0]:
            with listener.accept()[0] as asked:
                if not os.fork():
                    if os.fork():
                        os._exit(0)
                    listener.close()
                    return _become(asked)
            os.wait()
    return ()


def _become(asked: socket.socket) -> Sequence[str]:
    """Take over what a new process would be given; returns its arguments."""
    os.setsid()
    _, received, _, _ = socket.recv_fds(asked, 1, 16)
    with asked.makefile("rb") as file:
        order = json.load(file)
    # What was received is first put out of the way of the numbers it is to have.
    above = max(3, *order["keep"]) + 1
    log, *kept = [fcntl.fcntl(one, fcntl.F_DUPFD, above) for one in received]
    asked.sendall(b".")
    asked.close()
    for one in received:
        os.close(one)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    for one, number in [(log, 1), (log, 2), *zip(kept, order["keep"], strict=True)]:
        os.dup2(one, number)
    for one in (log, *kept):
        os.close(one)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    sys.path[:0] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    arguments: Sequence[str] = order["arguments"]
    return arguments


def _main(path: str) -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()
    if arguments := _forked(path):
        launch.detach = detaching(path)
        module = arguments[list(arguments).index("-m") + 1]
        sys.argv = [module, *arguments[list(arguments).index("-m") + 2 :]]
        sys.modules.pop(module, None)
        runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main(sys.argv[1])
