"""Trainings given to Kubernetes: a stand-in of its API that takes and runs TrainJobs."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest
from tests.conftest import running_server
from tests.server.conftest import Create, Failure, First, Reaches, Read, Rows, Until, words

from tintype.engines import tickets
from tintype.engines.kubernetes import KubernetesLauncher
from tintype.engines.launchers import LaunchState
from tintype.engines.tickets import Ticket
from tintype.engines.trainjob import JOBSET, object_name, state_of, train_job
from tintype.errors import EngineError
from tintype.server.run import Options, Running

Json = dict[str, Any]
TOKEN = "kube-token-planted"
SCHEMA = json.loads(Path(__file__).with_name("trainjob_schema.json").read_text())["schema"]
JOBS = "/apis/trainer.kubeflow.org/v1alpha1/namespaces/ml/trainjobs"
NAMESPACE = "/api/v1/namespaces/ml"
PODS = f"{NAMESPACE}/pods"
KINDS = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}


def flaws(value: Any, schema: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """What a structural schema of Kubernetes refuses, unknown fields among it."""
    if "type" in schema and not isinstance(value, KINDS[schema["type"]]):
        yield f"{at}: {value!r} is no {schema['type']}"
    elif isinstance(value, dict):
        yield from fields_amiss(value, schema, at)
    elif isinstance(value, list):
        if len(value) > schema.get("maxItems", len(value)):
            yield f"{at}: too many"
        for one in value:
            yield from flaws(one, schema["items"], f"{at}[]")
    elif not is_within(value, schema):
        yield f"{at}: {value!r} is not allowed"


def fields_amiss(value: Json, schema: Mapping[str, Any], at: str) -> Iterator[str]:
    known, free = schema.get("properties", {}), schema.get("additionalProperties")
    yield from (f"{at}: lacks {name}" for name in schema.get("required", ()) if name not in value)
    for name, inner in value.items():
        if name in known or free:
            yield from flaws(inner, known.get(name, free), f"{at}.{name}")
        elif known:
            yield f"{at}: does not know {name}"


def is_within(value: Any, schema: Mapping[str, Any]) -> bool:
    if not isinstance(value, str):
        return bool(value >= schema.get("minimum", value))
    long_enough = len(value) >= schema.get("minLength", 0)
    fits = long_enough and len(value) <= schema.get("maxLength", len(value))
    return fits and bool(re.search(schema.get("pattern", ""), value))


class Api:
    """What an API server is asked, and what it and Kubeflow Trainer do then."""

    def __init__(self) -> None:
        self.objects: dict[str, Json] = {}
        self.made: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.tokens: set[str] = set()
        self.waits: Json | None = None
        """The status of a pod that does not run yet."""
        self.loses = False
        """Whether it takes an object and says nothing."""
        self.refuses: dict[tuple[str, str], tuple[int, Json | str]] = {}
        """Answers by method and path, instead of the right ones."""

    def answer(self, method: str, path: str, asked: Json) -> tuple[int, Json | str]:
        self.asked.append((method, path))
        for (refused, start), answer in self.refuses.items():
            if refused == method and path.startswith(start):
                return answer
        acts = {"POST": self._create, "DELETE": self._delete, "GET": self._get}
        return acts[method](path, asked)

    def _get(self, path: str, _: Json) -> tuple[int, Json | str]:
        if path == "/version":
            return 200, {"gitVersion": "v1.34.2"}
        self._turn()
        return 200, {"items": self._pods() if path == PODS else list(self.objects.values())}

    def _delete(self, path: str, asked: Json) -> tuple[int, Json | str]:
        name = path.rpartition("/")[2]
        if name not in self.objects:
            return 404, status(404, f'trainjobs "{name}" not found')
        if (asked.get("preconditions") or {}).get("uid") not in (None, f"uid-{name}"):
            return 409, status(409, "the UID in the precondition does not match")
        self.objects[name]["metadata"]["deletionTimestamp"] = "2026-11-28T15:00:00Z"
        if name in self.processes:
            os.killpg(self.processes[name].pid, signal.SIGTERM)
        return 200, self.objects[name]

    def _create(self, _: str, asked: Json) -> tuple[int, Json | str]:
        name = asked["metadata"]["name"]
        if name in self.objects:
            return 409, status(409, f'trainjobs "{name}" already exists')
        if found := [*flaws(asked, SCHEMA)]:
            return 422, status(422, f"TrainJob is invalid: {'; '.join(found)}")
        self.made.append(name)
        self.objects[name] = {**asked, "metadata": {**asked["metadata"], "uid": f"uid-{name}"}}
        return (500, "") if self.loses else (201, self.objects[name])

    def _turn(self) -> None:
        for name, job in list(self.objects.items()):
            process = self.processes.get(name)
            if process is None and not self.waits and "deletionTimestamp" not in job["metadata"]:
                command = job["spec"]["trainer"]["command"]
                self.processes[name] = subprocess.Popen(command, start_new_session=True)
            elif "deletionTimestamp" in job["metadata"] and (
                not process or process.poll() is not None
            ):
                del self.objects[name]
            elif process and process.poll() is not None:
                what = "Failed" if process.returncode else "Complete"
                job["status"] = {"conditions": [{"type": what, "status": "True", "reason": "Done"}]}

    def _pods(self) -> list[Json]:
        pods = []
        for name in self.objects:
            process = self.processes.get(name)
            code = process.poll() if process else None
            ended = "Succeeded" if code == 0 else "Failed"
            phase = {"phase": "Running" if code is None else ended}
            made = {"name": f"{name}-node-0-0-abcde", "labels": {JOBSET: name}}
            found = (self.waits or {"phase": "Pending"}) if process is None else phase
            pods.append({"metadata": made, "spec": {"nodeName": "gpu-7"}, "status": found})
        return pods


def status(code: int, message: str) -> Json:
    return {"kind": "Status", "status": "Failure", "message": message, "code": code}


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Api, dict[str, str]]]:
    api = Api()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            api.tokens.add(self.headers.get("authorization", ""))
            sent = self.rfile.read(int(self.headers.get("content-length", 0)))
            code, said = api.answer(
                self.command, urlsplit(self.path).path, json.loads(sent or "{}")
            )
            body = (said if isinstance(said, str) else json.dumps(said)).encode()
            self.send_response(code)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_DELETE = do_GET

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    monkeypatch.setattr("tintype.engines.kubernetes.POLL_S", 0.1)
    monkeypatch.setattr("tintype.engines.kubernetes_api.REST_S", 0.1)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        config = tmp_path / "kubeconfig"
        config.write_text(KUBECONFIG.format(port=server.server_port, token=TOKEN))
        yield api, {"kubeconfig": str(config), "claim": "shared", "mount": str(tmp_path)}
        server.shutdown()
        thread.join()
        for process in api.processes.values():
            process.kill()
            process.wait()


KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters:
- cluster:
    server: http://127.0.0.1:{port}
  name: home
contexts:
- context:
    cluster: home
    namespace: ml
    user: me
  name: home
current-context: home
users:
- name: me
  user:
    token: {token}
"""


@pytest.fixture
def api(served: tuple[Api, dict[str, str]]) -> Api:
    return served[0]


@pytest.fixture
def options(tmp_path: Path, served: tuple[Api, dict[str, str]]) -> Options:
    given = {**served[1], "image": "tintype:0", "python": sys.executable, "gpus": "2"}
    return Options(tmp_path / "provider", launcher="kubernetes", launcher_options=given)


@pytest.fixture
def provider(options: Options, scripted_engine: None) -> Iterator[Running]:
    with running_server(options) as running:
        yield running


@pytest.fixture
def launcher(served: tuple[Api, dict[str, str]]) -> KubernetesLauncher:
    return KubernetesLauncher(served[1])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "jobs" / "ftjob-Ab12"
    made.mkdir(parents=True)
    return made


def test_a_job_waits_in_the_cluster_with_the_reason_runs_there_and_succeeds(
    api: Api, create: Create, reaches: Reaches, job_events: Read, until: Until, rows: Rows
) -> None:
    why = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."
    lacking = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": why}
    api.waits = {"phase": "Pending", "conditions": [lacking]}
    id = create(rows()).id
    until(lambda: any(f"Unschedulable: {why}" in said for said in words(job_events(id))))
    assert reaches(id, "queued")
    api.waits = None
    reaches(id, "succeeded")
    assert words(job_events(id)).count("Fine-tuning job started") == 1
    assert len(api.made) == 1
    assert api.tokens == {f"Bearer {TOKEN}"}
    asked = json.dumps(api.objects)
    assert TOKEN not in asked
    assert '"limits": {"nvidia.com/gpu": "2"}' in asked


def test_a_job_whose_answer_was_lost_is_created_once_and_followed_without_the_right_to_list_pods(
    api: Api, create: Create, reaches: Reaches, rows: Rows
) -> None:
    api.loses = True
    api.refuses = {("GET", PODS): (403, status(403, "pods is forbidden"))}
    assert reaches(create(rows()).id, "succeeded")
    assert len(api.made) == 1


def test_a_server_that_comes_back_finds_the_job_and_creates_no_second(
    api: Api, options: Options, scripted_engine: None, rows: Rows, until: Until
) -> None:
    api.waits = {"phase": "Pending"}
    with (
        running_server(options) as before,
        openai.OpenAI(base_url=before.url, api_key=before.token) as client,
    ):
        file = client.files.create(file=("rows.jsonl", rows()), purpose="fine-tune").id
        id = client.fine_tuning.jobs.create(model="scripted", training_file=file).id
        until(lambda: api.made)
    ticket = tickets.read_ticket(options.folder / "jobs" / id)
    assert ticket is not None
    tickets.write_ticket(options.folder / "jobs" / id, Ticket("kubernetes", ticket.name))
    api.waits = None
    with (
        running_server(options) as after,
        openai.OpenAI(base_url=after.url, api_key=after.token) as client,
    ):
        until(lambda: client.fine_tuning.jobs.retrieve(id).status == "succeeded")
    assert len(api.made) == 1


def test_while_kubernetes_cannot_be_asked_nothing_is_given_up(
    api: Api,
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
    for code in (401, 403, 404, 410, 429, 500):
        api.refuses = {("GET", JOBS): (code, status(code, f"odd answer for {TOKEN}"))}
        said = f"HTTP {code})"
        until(lambda said=said: said in "".join(words(job_events(id))))  # type: ignore[misc]
    assert reaches(id, "running")
    api.refuses = {}
    let_go(id)
    reaches(id, "succeeded")
    assert len(api.made) == 1
    assert TOKEN not in "".join(words(job_events(id)))


def test_paused_its_pod_saves_its_state_and_resumed_it_is_created_again(
    api: Api, client: openai.OpenAI, create: Create, reaches: Reaches, until: Until, rows: Rows
) -> None:
    api.waits = {"phase": "Pending"}
    id = create(rows()).id
    until(lambda: api.objects)
    client.fine_tuning.jobs.pause(id)
    until(lambda: not api.objects)
    reaches(id, "paused")
    api.waits = None
    client.fine_tuning.jobs.resume(id)
    reaches(id, "succeeded")
    assert len(set(api.made)) == 2


def test_a_job_that_somebody_deleted_is_not_created_again(
    api: Api, create: Create, rows: Rows, first_step: First, failure: Failure
) -> None:
    id = create(rows(wait_at=2)).id
    first_step(id)
    (name,) = api.made
    assert api.answer("DELETE", f"{JOBS}/{name}", {})[0] == 200
    assert failure(id) == f"The TrainJob {name} was deleted, and not by Tintype."
    assert len(api.made) == 1


def test_what_kubernetes_refuses_is_said_and_ends_the_job(
    api: Api, create: Create, rows: Rows, failure: Failure
) -> None:
    refused = status(403, f"trainjobs is forbidden: {TOKEN} may not")
    api.refuses = {("POST", JOBS): (403, refused)}
    said = failure(create(rows()).id)
    assert said.startswith(
        "Kubernetes refused the job: trainjobs is forbidden: … may not (HTTP 403)"
    )


def test_a_job_that_cannot_be_created_yet_is_asked_for_again_under_its_name(
    api: Api, launcher: KubernetesLauncher, folder: Path, until: Until
) -> None:
    api.waits = {"phase": "Pending"}
    api.refuses = {("POST", JOBS): (503, status(503, "the webhook does not answer"))}
    launcher.launch(folder)
    until(lambda: "the webhook does not answer" in launcher.state(folder).words)
    assert launcher.state(folder).phase == "waiting"
    api.refuses = {}
    until(lambda: "its pod is being started" in launcher.state(folder).words)
    assert len(api.made) == 1


@pytest.mark.parametrize(
    ("method", "path", "times"), [("GET", JOBS, 1), ("POST", JOBS, 2), ("GET", f"{PODS}/", 1)]
)
def test_a_cluster_that_fails_is_asked_no_more_often(
    api: Api,
    launcher: KubernetesLauncher,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    times: int,
) -> None:
    monkeypatch.setattr("tintype.engines.kubernetes.POLL_S", 1000.0)
    waits = {"reason": "CrashLoopBackOff", "message": "back-off 20s restarting"}
    api.waits = {"phase": "Running", "containerStatuses": [{"state": {"waiting": waits}}]}
    lost = {("POST", JOBS)} if path == JOBS else set()
    api.refuses = {one: (503, status(503, "odd")) for one in {(method, path), *lost}}
    launcher.launch(folder)
    assert len({launcher.state(folder) for _ in range(5)}) == 1
    asked = [one for one, at in api.asked if at.startswith(path)]
    assert asked.count(method) == times


def test_what_a_pod_printed_that_could_not_begin_is_kept(
    api: Api, launcher: KubernetesLauncher, folder: Path, until: Until
) -> None:
    api.refuses = {("GET", f"{PODS}/"): (200, "sh: cannot create log.txt\n")}
    waits = {"reason": "CrashLoopBackOff", "message": "back-off 20s restarting"}
    api.waits = {"phase": "Running", "containerStatuses": [{"state": {"waiting": waits}}]}
    launcher.launch(folder)
    until(lambda: "cannot create log.txt" in launcher.state(folder).words)


def test_a_job_of_a_cluster_that_is_not_known_any_more_is_not_given_up(folder: Path) -> None:
    tickets.begin(folder, "kubernetes")
    assert KubernetesLauncher(None).state(folder).phase == "unknown"


def told(status: Json | None = None, *pods: Json, deleted: bool = False) -> LaunchState:
    made = {"name": "t", **({"deletionTimestamp": "now"} if deleted else {})}
    found = [{"metadata": {"name": "p"}, "spec": {}, "status": one} for one in pods]
    return state_of({"metadata": made, "status": status}, found)


def condition(kind: str, **given: str) -> Json:
    return {"conditions": [{"type": kind, "status": "True", **given}]}


def container(reason: str, message: str = "", when: str = "waiting") -> Json:
    state = {when: {"reason": reason, "message": message}}
    return {"phase": "Pending", "containerStatuses": [{"name": "node", "state": state}]}


@pytest.mark.parametrize(
    ("state", "phase", "said", "final"),
    [
        (told(), "waiting", "Kubeflow Trainer has not taken it up yet", False),
        (told({"conditions": None}), "waiting", "it has no pod yet", False),
        (told({"jobsStatus": [{}]}), "waiting", "it has no pod yet", False),
        (told(condition("Suspended", message="no quota")), "waiting", "no quota", False),
        (told(None, container("ImagePullBackOff", "x")), "waiting", "ImagePullBackOff: x", False),
        (told(None, container("ContainerCreating")), "waiting", "is being started", False),
        (told(None, {"phase": "Running"}), "running", "runs on a node", False),
        (told(None, {"phase": "Odd"}), "unknown", "not known (Odd)", False),
        (told(None, {}), "unknown", "not known", False),
        (told(None, {"phase": "Failed"}), "running", "is ending", False),
        (told(condition("Complete")), "gone", "", False),
        (told(condition("Complete"), {"phase": "Running"}), "running", "is ending", False),
        (told(condition("Failed", reason="DeadlineExceeded")), "gone", "DeadlineExceeded", False),
        (told(condition("Failed", reason="TrainingRuntimeNotSupported")), "gone", "failed", True),
        (
            told(
                condition("Failed"),
                {**container("OOMKilled", when="terminated"), "phase": "Failed"},
            ),
            "gone",
            "more memory",
            True,
        ),
        (told(condition("Unheard"), {"phase": "Running"}), "running", "", False),
        (told(None, deleted=True), "running", "is ending", False),
    ],
)
def test_what_a_trainjob_says_is_understood(
    state: LaunchState, phase: str, said: str, final: bool
) -> None:
    assert (state.phase, state.is_final) == (phase, final)
    assert said in state.words


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"image": "registry.example/tintype:1", "gpus": "8", "cpus": "500m", "memory": "64Gi"},
        {"runtime": "TrainingRuntime/ours", "queue": "team", "user": "image"},
    ],
)
def test_what_is_asked_for_is_what_the_crd_takes(folder: Path, extra: dict[str, str]) -> None:
    given = {"claim": "shared", "mount": str(folder.parents[1]), **extra}
    ticket = Ticket("kubernetes", f"tintype-ftjob-{'Zz9' * 8}-0123abcd")
    made = train_job(folder, ticket, given, {"HF_HOME": "/shared/hf"})
    assert not [*flaws(made, SCHEMA)]
    assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", object_name(ticket))
    assert len(f"{object_name(ticket)}-node-0-0-abcde") <= 63
    assert [*flaws({**made, "spec": {**made["spec"], "trainer": {"nodes": 1}}}, SCHEMA)]


@pytest.mark.parametrize(
    "wrong", [{"claim": ""}, {"gpus": "all"}, {"partition": "gpu"}, {"mount": "shared"}]
)
def test_options_that_cannot_be_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(EngineError):
        KubernetesLauncher({"claim": "shared", "mount": "/shared", **wrong})


@pytest.mark.parametrize(
    ("answers", "said", "advised"),
    [
        ({}, "Kubernetes v1.34.2 at 127.0.0.1 (context home), namespace ml, runtime torch-", None),
        ({("GET", "/version"): (401, "")}, "asked: it does not take what signs in", "See"),
        ({("GET", JOBS): (404, "404 page not found")}, "Kubeflow Trainer is not there", "2.3"),
        ({("GET", JOBS): (403, status(403, f"no {TOKEN}"))}, "no … (HTTP 403)", "rights"),
        ({("GET", f"{NAMESPACE}/persistent"): (404, "")}, "no volume claim shared", "have"),
        ({("GET", "/version"): (200, "<html>")}, "not as Kubernetes does", ""),
    ],
)
def test_whether_a_cluster_is_there_is_said(
    api: Api, launcher: KubernetesLauncher, answers: Any, said: str, advised: str | None
) -> None:
    api.refuses = answers
    found = launcher.reach()
    assert said in found.words
    assert (found.advice is None) == (advised is None)
    assert (advised or "") in (found.advice or "")
    assert not api.made


def test_a_folder_that_no_pod_would_see_is_refused(folder: Path) -> None:
    with pytest.raises(EngineError, match="not on the shared disk"):
        KubernetesLauncher({"claim": "shared", "mount": "/elsewhere"}).launch(folder)
