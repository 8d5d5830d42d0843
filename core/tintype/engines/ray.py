"""Trainers as jobs of a Ray cluster, through the REST API of its head node.

The server's folder has to be on a disk that the nodes share, and Tintype's Python too. The
submission id is the name in the ticket, so a job is found again whatever became of the answer. If
the cluster wants a token, it is in `RAY_AUTH_TOKEN`.

Source: the Ray Jobs REST API and its OpenAPI specification, Ray 2.60.
"""

import os
import re
import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tintype.engines import launch as launching
from tintype.engines.launchers import LauncherLook, LaunchState
from tintype.engines.tickets import (
    Ticket,
    begin,
    end,
    passed_on,
    read_ticket,
    worker_command,
)
from tintype.errors import EngineError

if TYPE_CHECKING:
    import httpx2

POLL_S = 2.0
"""How often a job is asked for."""
ANSWER_S, REST_S = 10.0, 5.0
"""How long its head node may take to answer, and is left alone when it has not."""
ADDRESS = "http://127.0.0.1:8265"
"""Where Ray's head node listens by default."""
TOKEN = "RAY_AUTH_TOKEN"
_NUMBERS = ("entrypoint_num_cpus", "entrypoint_num_gpus", "entrypoint_memory")


class RayLauncher:
    """Jobs of one Ray cluster."""

    name = "ray"
    queues = True
    obey_s = 120.0

    def __init__(self, options: Mapping[str, str]) -> None:
        """Take where the cluster is, and what each job is submitted with.

        Args:
            options: `address`, and `entrypoint_num_gpus`, `entrypoint_num_cpus` or
                `entrypoint_memory` (bytes).

        Raises:
            EngineError: if there is no such option, or its value is no number.
        """
        self._address = options.get("address", ADDRESS).rstrip("/")
        if not re.match(r"https?://[^/]", self._address):
            raise EngineError(
                "The address of Ray is no address of a web page.", advice=f"Such as {ADDRESS}."
            )
        try:
            self._numbers = {name: _number(options[name]) for name in _NUMBERS if name in options}
        except ValueError:
            raise EngineError(f"Options of Ray such as {_NUMBERS[0]} are numbers.") from None
        for option in options.keys() - {"address", *_NUMBERS}:
            raise EngineError(
                f"{option!r} is no option of Ray that can be chosen.",
                advice=f"There are address, {', '.join(_NUMBERS)}.",
            )
        self._silent_until_s, self._trouble = 0.0, ""
        self._known: dict[str, tuple[float, LaunchState]] = {}

    def launch(self, folder: Path) -> None:
        """Submit the job.

        Raises:
            EngineError: if Ray refuses it. If it cannot be reached, `state` says so.
        """
        ticket = begin(folder, self.name)
        variables = [f"{name}={value}" for name, value in passed_on().items()]
        command = shlex.join(["env", *variables, *worker_command(folder, ticket.name)])
        log = shlex.quote(os.fspath(folder / launching.LOG))
        asked = {
            "entrypoint": f"exec {command} >> {log} 2>&1",
            "submission_id": ticket.name,
            **self._numbers,
        }
        try:
            answered = self._asked("POST", "jobs/", json=asked)
        except OSError:
            return
        if answered.status_code in (400, 401, 403, 404, 422):
            raise EngineError(
                f"Ray refused the job: {_said(answered)}.",
                advice="Change `launcher_options` in the settings, or the launcher.",
            )

    def state(self, folder: Path) -> LaunchState:
        """What Ray says; if it cannot be asked, the state is unknown."""
        ticket = read_ticket(folder)
        if ticket is None or launching.ending(folder) is not None:  # its last act
            return LaunchState("gone")
        at_s, state = self._known.get(ticket.name, (-POLL_S, None))
        if state is None or time.monotonic() - at_s >= POLL_S:
            state = self._look(ticket)
            self._known[ticket.name] = time.monotonic(), state
        if state.phase == "gone":
            self._known.pop(ticket.name, None)
        return state

    def reach(self) -> LauncherLook:
        """Which version answers."""
        try:
            answered = self._asked("GET", "version")
            version = answered.json()["ray_version"]
        except OSError as error:
            return LauncherLook(
                f"Ray cannot be asked: {error}", f"Set `address`, such as {ADDRESS}."
            )
        except (ValueError, KeyError, TypeError):
            advice = f"Set {TOKEN} to its token, and `address` to its head node."
            return LauncherLook(
                f"{self._host} does not answer as Ray does: {_said(answered)}", advice
            )
        return LauncherLook(f"Ray {version} at {self._host}")

    def interrupt(self, folder: Path) -> None:
        """Have Ray stop it: the trainer saves its state and leaves."""
        self.kill(folder)

    def kill(self, folder: Path) -> None:
        """Have Ray stop it; after some seconds it is killed."""
        ticket = end(folder)
        if ticket is not None:
            self._known.pop(ticket.name, None)
            try:
                self._asked("POST", f"jobs/{ticket.name}/stop")
            except OSError:
                return

    def _look(self, ticket: Ticket) -> LaunchState:
        if time.monotonic() < self._silent_until_s:
            return LaunchState("unknown", self._trouble)
        try:
            answered = self._asked("GET", f"jobs/{ticket.name}")
        except OSError as error:  # it is not waited for again for each job
            self._silent_until_s = time.monotonic() + REST_S
            self._trouble = f"Ray cannot be asked: {error}."
            return LaunchState("unknown", self._trouble)
        if answered.status_code == 404:
            return LaunchState("gone")
        try:
            said: Mapping[str, Any] = answered.json()
            status, message = str(said["status"]), " ".join(str(said.get("message") or "").split())
        except (ValueError, KeyError, TypeError, AttributeError):
            return LaunchState("unknown", f"Ray cannot be asked: {_said(answered)}.")
        return _state_of(ticket, status, message)

    @property
    def _host(self) -> str:
        return urlsplit(self._address).hostname or "its address"

    def _asked(self, method: str, path: str, **given: Any) -> "httpx2.Response":
        """Ask the head node.

        Raises:
            OSError: if it does not answer.
        """
        import httpx2

        token = _token()
        if not (token.isascii() and token.isprintable()):
            raise OSError(f"{TOKEN} has characters that cannot be sent")
        headers = {"authorization": f"Bearer {token}"} if token else {}
        url = f"{self._address}/api/{path}"
        try:
            return httpx2.request(method, url, headers=headers, timeout=ANSWER_S, **given)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            words = " ".join(str(error).split()) or type(error).__name__
            raise OSError(f"{self._host} does not answer ({words[:200]})") from None


def _token() -> str:
    return os.environ.get(TOKEN, "").strip()


def _number(text: str) -> float:
    number = float(text)
    return int(number) if number.is_integer() else number


def _state_of(ticket: Ticket, status: str, message: str) -> LaunchState:
    """What is known of a job by what Ray says of it."""
    if status == "PENDING":
        return LaunchState("waiting", f"Ray has the job wait: {message[:300] or 'pending'}")
    if status == "RUNNING":
        return LaunchState("running", f"Ray runs the job {ticket.name}.")
    if status == "STOPPED" and not ticket.is_ended:
        words = "The Ray job was stopped, and not by Tintype."
        return LaunchState("gone", words, is_final=True)
    if status == "FAILED":
        why = f" ({message[:300].rstrip('.')})" if message else ""
        return LaunchState("gone", f"The Ray job {ticket.name} failed{why}.")
    return LaunchState("gone")


def _said(answered: "httpx2.Response") -> str:
    """What went wrong, in one line."""
    lines = [line for line in answered.text.splitlines() if line.strip()]
    words = " ".join(lines[-1].split())[:300].rstrip(".") if lines else ""
    if token := _token():
        words = words.replace(token, "…")
    return f"{words} (HTTP {answered.status_code})" if words else f"HTTP {answered.status_code}"
