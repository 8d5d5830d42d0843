"""Trainings given to Ray: a stand-in of its REST API that runs what it is given."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.conftest import running_server
from tests.server.conftest import Create, Failure, First, Reaches, Read, Rows, Until, words

from tintype.engines.launchers import LauncherLook
from tintype.engines.ray import RayLauncher
from tintype.errors import EngineError
from tintype.server.run import Options, Running

WAITS = "Job has not started yet. It may be waiting for resources."


class Head:
    """What a head node is asked, and what it does: as Ray 2.60 answers."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.tokens: list[str] = []
        self.holds = self.loses = False
        self.fails = 0

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if self.fails:
            return self.fails, "Internal Server Error"
        if path == "/api/version":
            return 200, {"ray_version": "2.60.0"}
        return self.answer_of_jobs(method, path, body)

    def answer_of_jobs(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        name, _, act = path.removeprefix("/api/jobs/").partition("/")
        if method == "POST" and not name:
            self.jobs[body["submission_id"]] = {"asked": body, "status": "PENDING"}
            return (500, "lost") if self.loses else (200, {"submission_id": body["submission_id"]})
        if name not in self.jobs:
            return 404, f"Job {name} does not exist"
        job = self.jobs[name]
        if act == "stop":
            job["status"] = "STOPPED"
            if name in self.processes:
                os.killpg(self.processes[name].pid, signal.SIGTERM)
            return 200, {"stopped": True}
        if job["status"] == "PENDING" and not self.holds:
            command = ["/bin/sh", "-c", job["asked"]["entrypoint"]]
            self.processes[name] = subprocess.Popen(command, start_new_session=True)
            job["status"] = "RUNNING"
        elif job["status"] == "RUNNING" and self.processes[name].poll() is not None:
            job["status"] = "FAILED" if self.processes[name].returncode else "SUCCEEDED"
        return 200, {"status": job["status"], "message": WAITS}


@pytest.fixture
def head() -> Iterator[tuple[Head, str]]:
    node = Head()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            node.tokens.append(self.headers.get("authorization", ""))
            sent = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, said = node.answer(self.command, self.path, json.loads(sent or "null"))
            body = (said if isinstance(said, str) else json.dumps(said)).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield node, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
        for process in node.processes.values():
            process.kill()
            process.wait()


@pytest.fixture
def node(head: tuple[Head, str]) -> Head:
    return head[0]


@pytest.fixture
def provider(
    tmp_path: Path,
    head: tuple[Head, str],
    scripted_engine: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Running]:
    monkeypatch.setattr("tintype.engines.ray.POLL_S", 0.1)
    monkeypatch.setenv("RAY_AUTH_TOKEN", "ray-token-planted")
    options = {"address": head[1], "entrypoint_num_gpus": "1"}
    made = Options(tmp_path / "provider", launcher="ray", launcher_options=options)
    with running_server(made) as running:
        yield running


def test_a_job_waits_at_ray_runs_there_and_succeeds(
    node: Head, create: Create, reaches: Reaches, job_events: Read, until: Until, rows: Rows
) -> None:
    node.holds = True
    id = create(rows()).id
    until(lambda: f"Ray has the job wait: {WAITS}" in words(job_events(id)))
    assert reaches(id, "queued")
    node.holds = False
    reaches(id, "succeeded")
    assert words(job_events(id)).count("Fine-tuning job started") == 1
    (job,) = node.jobs.values()
    assert job["asked"]["entrypoint_num_gpus"] == 1
    assert set(node.tokens) == {"Bearer ray-token-planted"}
    assert "planted" not in job["asked"]["entrypoint"]


def test_a_job_whose_answer_was_lost_is_found_by_its_name(
    node: Head, create: Create, reaches: Reaches, rows: Rows
) -> None:
    node.loses = True
    assert reaches(create(rows()).id, "succeeded")
    assert len(node.jobs) == 1


def test_while_ray_cannot_be_asked_nothing_is_given_up(
    node: Head,
    create: Create,
    reaches: Reaches,
    job_events: Read,
    let_go: Callable[[str], None],
    until: Until,
    rows: Rows,
    first_step: First,
) -> None:
    id = create(rows(wait_at=2)).id
    first_step(id)
    node.fails = 503
    said = "Ray cannot be asked: Internal Server Error (HTTP 503)."
    until(lambda: said in words(job_events(id)))
    assert reaches(id, "running")
    let_go(id)
    reaches(id, "succeeded")
    assert len(node.jobs) == 1


def test_paused_it_leaves_ray_and_resumed_it_is_submitted_again(
    node: Head, client: openai.OpenAI, create: Create, reaches: Reaches, until: Until, rows: Rows
) -> None:
    node.holds = True
    id = create(rows()).id
    until(lambda: node.jobs)
    client.fine_tuning.jobs.pause(id)
    until(lambda: [job["status"] for job in node.jobs.values()] == ["STOPPED"])
    reaches(id, "paused")
    node.holds = False
    client.fine_tuning.jobs.resume(id)
    reaches(id, "succeeded")
    assert len(node.jobs) == 2


def test_a_job_that_somebody_stopped_at_ray_is_not_submitted_again(
    node: Head, create: Create, rows: Rows, first_step: First, failure: Failure
) -> None:
    id = create(rows(wait_at=2)).id
    first_step(id)
    assert node.answer("POST", f"/api/jobs/{next(iter(node.jobs))}/stop", None)[0] == 200
    assert failure(id) == "The Ray job was stopped, and not by Tintype."
    assert len(node.jobs) == 1


def test_what_ray_refuses_is_said_and_ends_the_job(
    node: Head, create: Create, rows: Rows, failure: Failure
) -> None:
    node.fails = 401
    id = create(rows()).id
    assert failure(id).startswith("Ray refused the job: Internal Server Error (HTTP 401).")


def test_an_address_where_nobody_listens_is_said(tmp_path: Path) -> None:
    launcher = RayLauncher({"address": "http://somebody:planted@127.0.0.1:9"})
    launcher.launch(tmp_path)
    state = launcher.state(tmp_path)
    assert state.phase == "unknown"
    assert "planted" not in state.words
    assert state.words.startswith("Ray cannot be asked: 127.0.0.1 does not answer")
    assert launcher.reach().words.startswith("Ray cannot be asked: 127.0.0.1 does not answer")


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("planted\n", "Ray 2.60.0 at 127.0.0.1"),
        ("plan\nted", "cannot be sent"),
        ("plantéd", "cannot be sent"),
    ],
)
def test_a_token_is_not_shown_when_it_cannot_be_sent(
    head: tuple[Head, str], monkeypatch: pytest.MonkeyPatch, token: str, said: str
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", token)
    found = RayLauncher({"address": head[1]}).reach().words
    assert said in found
    assert "plan" not in found


def test_whether_ray_is_there_is_said(head: tuple[Head, str]) -> None:
    launcher = RayLauncher({"address": head[1]})
    assert launcher.reach() == LauncherLook("Ray 2.60.0 at 127.0.0.1")
    head[0].fails = 401
    found = launcher.reach()
    assert found.words.endswith("does not answer as Ray does: Internal Server Error (HTTP 401)")
    assert "RAY_AUTH_TOKEN" in (found.advice or "")


@pytest.mark.parametrize(
    "options", [{"working_dir": "x"}, {"entrypoint_num_gpus": "many"}, {"address": "head:8265"}]
)
def test_options_that_ray_does_not_know_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(EngineError):
        RayLauncher(options)
