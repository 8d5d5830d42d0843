"""Trainings given to Slurm: a stand-in of its commands, and the real one where it is installed."""

import asyncio
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.conftest import running_server
from tests.server.conftest import (
    Create,
    Failure,
    First,
    Reaches,
    Read,
    Rows,
    Until,
    eventually,
    words,
)

from tintype.engines import launch, tickets
from tintype.engines.launchers import NAMES, Launchers, processes, state_of
from tintype.engines.slurm import SlurmLauncher
from tintype.engines.worker import run
from tintype.errors import EngineError
from tintype.server.run import Options, Running, start, stop
from tintype.settings import forms

OPTIONS = {"partition": "gpu", "gres": "gpu:1", "exclusive": ""}
RANKS = {"ranks": "2"}


class Cluster:
    """What happens in the cluster."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, name: str, words: str) -> None:
        """From now on, and for as long as it is not let."""
        (self.folder / name).write_text(words)

    def let(self, name: str) -> None:
        (self.folder / name).unlink()

    @property
    def jobs(self) -> list[dict[str, Any]]:
        path = self.folder / "jobs.json"
        found: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
        return found


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    folder = tmp_path / "slurm"
    folder.mkdir()
    code = Path(__file__).with_name("slurm.py").read_text()
    for name in ("sbatch", "squeue", "scancel", "sinfo"):
        (folder / name).write_text(f"#!{sys.executable} -SE\n{code}")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr("tintype.engines.slurm.POLL_S", 0.1)
    return Cluster(folder)


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(tmp_path / "provider", launcher="slurm", launcher_options=OPTIONS | RANKS)


@pytest.fixture
def provider(cluster: Cluster, options: Options, scripted_engine: None) -> Iterator[Running]:
    with running_server(options) as running:
        yield running


def created(running: Running, rows: bytes, then: Callable[[], Any]) -> str:
    """Create a job, and wait for something."""
    with openai.OpenAI(base_url=running.url, api_key=running.token) as client:
        file = client.files.create(file=("rows.jsonl", rows), purpose="fine-tune").id
        id = client.fine_tuning.jobs.create(model="scripted", training_file=file).id
        eventually(then)
        return id


def ended_well(running: Running, id: str) -> None:
    """Wait until a job has succeeded."""
    with openai.OpenAI(base_url=running.url, api_key=running.token) as client:
        eventually(lambda: client.fine_tuning.jobs.retrieve(id).status in ("succeeded", "failed"))
        assert client.fine_tuning.jobs.retrieve(id).status == "succeeded"


def test_a_job_waits_in_the_cluster_runs_there_and_succeeds(
    cluster: Cluster,
    create: Create,
    reaches: Reaches,
    job_events: Read,
    until: Until,
    rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted")
    cluster.has("hold", "Resources")
    first, second = create(rows()).id, create(rows()).id
    until(lambda: "Slurm job 1 waits: Resources." in words(job_events(first)))
    until(lambda: "Slurm job 2 waits: Resources." in words(job_events(second)))
    assert reaches(first, "queued")
    cluster.let("hold")
    reaches(first, "succeeded")
    reaches(second, "succeeded")
    said = words(job_events(first))
    assert said.count("Fine-tuning job started") == 1
    assert said.index("Slurm job 1 waits: Resources.") < said.index("Fine-tuning job started")
    given = cluster.jobs[0]["options"]
    assert {name: given.get(name) for name in OPTIONS} == OPTIONS
    assert "OPENAI_API_KEY" not in given["export"]
    assert "ranks" not in given
    assert len(cluster.jobs) == 2


def test_a_server_that_comes_back_finds_the_job_and_submits_no_second(
    cluster: Cluster, options: Options, scripted_engine: None, rows: Rows
) -> None:
    cluster.has("hold", "Priority")
    with running_server(options) as before:
        id = created(before, rows(), lambda: cluster.jobs)
    ticket = tickets.read_ticket(options.folder / "jobs" / id)
    assert ticket is not None
    tickets.write_ticket(options.folder / "jobs" / id, tickets.Ticket("slurm", ticket.name))
    cluster.let("hold")
    there = Options(options.folder)  # whose new jobs are its own; that one stays Slurm's
    with running_server(there) as after:
        ended_well(after, id)
    assert len(cluster.jobs) == 1


async def test_a_server_that_stops_its_trainings_takes_one_that_waited_out_of_the_queue(
    cluster: Cluster, options: Options, scripted_engine: None, warm_starts: None, rows: Rows
) -> None:
    cluster.has("hold", "Resources")
    running = await start(options.folder, launcher="slurm", launcher_options=OPTIONS | RANKS)
    id = await asyncio.to_thread(created, running, rows(), lambda: cluster.jobs)
    await stop(running, training=True)
    assert cluster.jobs[0]["cancelled"]
    cluster.let("hold")
    with running_server(options) as after:
        await asyncio.to_thread(ended_well, after, id)
    assert len(cluster.jobs) == 2


async def test_a_server_stops_though_one_of_its_trainings_cannot_be_ended(
    cluster: Cluster, options: Options, scripted_engine: None, warm_starts: None, rows: Rows
) -> None:
    cluster.has("hold", "Resources")
    running = await start(options.folder, launcher="slurm", launcher_options=OPTIONS | RANKS)
    first = await asyncio.to_thread(created, running, rows(), lambda: cluster.jobs)
    folder = options.folder / "jobs" / first
    await asyncio.to_thread(eventually, lambda: tickets.read_ticket(folder).id)  # type: ignore[union-attr]
    await asyncio.to_thread(created, running, rows(), lambda: len(cluster.jobs) == 2)
    (folder / f"{launch.TICKET}.new").mkdir()  # nothing can be written there
    await stop(running, training=True)
    assert [bool(job["cancelled"]) for job in cluster.jobs] == [False, True]


def test_a_job_that_sbatch_took_without_saying_so_is_found_by_its_name(
    cluster: Cluster, create: Create, reaches: Reaches, rows: Rows
) -> None:
    cluster.has("lost", "Socket timed out on send/recv operation")
    assert reaches(create(rows()).id, "succeeded")
    assert len(cluster.jobs) == 1


def test_what_slurm_refuses_is_said_and_ends_the_job(
    cluster: Cluster, create: Create, rows: Rows, failure: Failure
) -> None:
    cluster.has("refuse", "invalid partition specified: gpu")
    id = create(rows()).id
    assert failure(id).startswith("Slurm refused the job: invalid partition specified: gpu.")
    assert not cluster.jobs


def test_while_slurm_cannot_be_asked_nothing_is_given_up(
    cluster: Cluster,
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
    cluster.has("deaf", "slurm_load_jobs error: Unable to contact slurm controller")
    said = "Slurm cannot be asked: slurm_load_jobs error: Unable to contact slurm controller."
    until(lambda: said in words(job_events(id)))
    assert reaches(id, "running")
    let_go(id)
    reaches(id, "succeeded")
    assert len(cluster.jobs) == 1


def test_a_job_that_reports_while_slurm_still_has_it_wait_is_submitted_once(
    cluster: Cluster,
    create: Create,
    reaches: Reaches,
    job_events: Read,
    let_go: Callable[[str], None],
    first_step: First,
    rows: Rows,
) -> None:
    cluster.has("late", "yes")
    id = create(rows(wait_at=2)).id
    first_step(id)
    reaches(id, "running")
    said = words(job_events(id))
    assert said.index("Fine-tuning job started") < said.index("Step 1/6: training loss=1.00")
    cluster.let("late")
    let_go(id)
    reaches(id, "succeeded")
    assert len(cluster.jobs) == 1


def test_pausing_takes_a_waiting_job_out_of_the_queue_and_resuming_submits_it_again(
    cluster: Cluster,
    client: openai.OpenAI,
    create: Create,
    reaches: Reaches,
    until: Until,
    rows: Rows,
) -> None:
    cluster.has("hold", "Resources")
    id = create(rows()).id
    until(lambda: cluster.jobs)
    client.fine_tuning.jobs.pause(id)
    until(lambda: cluster.jobs[0]["cancelled"])
    reaches(id, "paused")
    cluster.let("hold")
    client.fine_tuning.jobs.resume(id)
    reaches(id, "succeeded")
    assert len(cluster.jobs) == 2


def test_cancelling_ends_it_there_too(
    cluster: Cluster,
    client: openai.OpenAI,
    create: Create,
    job_events: Read,
    rows: Rows,
    first_step: First,
) -> None:
    id = create(rows(wait_at=2)).id
    first_step(id)
    assert client.fine_tuning.jobs.cancel(id).status == "cancelled"
    assert words(job_events(id)).count("Fine-tuning job cancelled") == 1


def test_a_job_that_somebody_cancelled_in_slurm_is_not_submitted_again(
    cluster: Cluster, create: Create, rows: Rows, first_step: First, failure: Failure
) -> None:
    id = create(rows(wait_at=2)).id
    first_step(id)
    assert os.spawnlp(os.P_WAIT, "scancel", "scancel", "1") == 0
    assert failure(id) == "Slurm job 1 was cancelled, and not by Tintype."
    assert len(cluster.jobs) == 1


def test_a_job_whose_time_was_up_goes_on_in_another(
    cluster: Cluster, create: Create, reaches: Reaches, job_events: Read, rows: Rows
) -> None:
    cluster.has("ends", "TIMEOUT")
    id = create(rows(kill_at=3)).id
    reaches(id, "succeeded")
    assert len(cluster.jobs) == 2
    said = words(job_events(id))
    assert "Slurm job 1 ended: timeout (None)." in said
    steps = [one.split(":")[0] for one in said if one.startswith("Step ")]
    assert len(steps) == len(set(steps))


def test_a_trainer_whose_ticket_is_anothers_leaves_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tickets.write_ticket(tmp_path, tickets.Ticket("slurm", "the-second", "2"))
    run(tmp_path, "the-first")
    assert "is not, or no longer, the trainer of" in capsys.readouterr().err
    assert not (tmp_path / launch.EXIT).exists()


def test_a_trainer_shows_itself_and_leaves_when_another_has_taken_its_place(
    tmp_path: Path,
) -> None:
    tickets.write_ticket(tmp_path, tickets.Ticket("slurm", "the-first", "1"))
    tickets.Heartbeat(tmp_path, "the-first").beat()
    assert tickets.is_heard(tmp_path)
    code = (
        "import pathlib, sys\nfrom tintype.engines.tickets import Heartbeat\n"
        "Heartbeat(pathlib.Path(sys.argv[1]), 'the-first').beat()\n"
    )
    tickets.begin(tmp_path, "slurm")
    assert not tickets.is_heard(tmp_path)
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, check=False)
    assert (done.returncode, tickets.is_heard(tmp_path)) == (1, False)
    assert b"the-first is no longer the trainer of" in done.stderr


def test_a_trainer_that_shows_itself_runs_although_its_scheduler_cannot_be_asked(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.has("deaf", "Unable to contact slurm controller")
    name = tickets.begin(tmp_path, "slurm").name
    assert asyncio.run(state_of(SlurmLauncher({}), tmp_path)).phase == "unknown"
    tickets.Heartbeat(tmp_path, name).beat()
    assert asyncio.run(state_of(SlurmLauncher({}), tmp_path)).phase == "running"


@pytest.mark.parametrize("option", ["wrap", "export", "output", "Bad name", "--gres"])
def test_options_that_are_not_a_persons_to_choose_are_refused(option: str) -> None:
    with pytest.raises(EngineError, match="is no option of sbatch that can be chosen"):
        SlurmLauncher({option: "x"})


def test_whether_slurm_is_there_is_said(cluster: Cluster) -> None:
    there = SlurmLauncher({"partition": "gpu"}).reach()
    assert (there.words, there.advice) == ("Slurm 22.05.8, partition gpu (up, nodes: 4)", None)
    assert SlurmLauncher({}).reach().words == "Slurm 22.05.8, partition debug (up, nodes: 1)"
    lacks = SlurmLauncher({"partition": "tpu"}).reach()
    assert lacks.words.endswith("there is no partition tpu")
    assert (lacks.advice or "").endswith("debug, gpu.")
    cluster.has("partition", "gpu|drain|4\n")
    assert SlurmLauncher({"partition": "gpu"}).reach().advice
    cluster.has("deaf", "Unable to contact slurm controller")
    silent = SlurmLauncher({}).reach()
    assert silent.words == "Slurm cannot be asked: Unable to contact slurm controller"


def test_an_unknown_launcher_is_refused_with_those_there_are() -> None:
    with pytest.raises(EngineError, match=r"no launcher 'pbs'\. There are local, slurm, ray"):
        Launchers("pbs")
    assert forms.LAUNCHERS == NAMES


@pytest.mark.parametrize(
    ("launcher", "options", "expected"),
    [
        ("local", {}, 1),
        ("local", {"ranks": "4"}, 4),
        ("slurm", {"ranks": "all", "gres": "gpu:h100:8"}, 8),
        ("slurm", {"ranks": "all"}, None),
        ("ray", {"ranks": "all", "entrypoint_num_gpus": "2"}, 2),
        ("kubernetes", {"ranks": "all", "gpus": "4"}, 4),
        ("slurm", {"gres": "gpu:8"}, 1),
    ],
)
def test_how_many_processes_train_together_is_an_option_of_any_launcher(
    launcher: str, options: dict[str, str], expected: int | None
) -> None:
    assert processes(launcher, options) == expected
    needed = {"claim": "c", "mount": "/m"} if launcher == "kubernetes" else {}
    assert Launchers(launcher, {**options, **needed}).ranks == options.get("ranks", "")
    with pytest.raises(EngineError, match="'many', which is no number of processes"):
        Launchers(launcher, {"ranks": "many"})


def test_without_slurm_a_job_is_refused_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(EngineError, match="Slurm refused the job: sbatch is not installed here"):
        SlurmLauncher({}).launch(tmp_path)


# ------------------------------------------------------------------------------- the real one

CONFIGURATION = """
ClusterName=tintype
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={at}/munge
CryptoType=crypto/munge
StateSaveLocation={at}/state
SlurmdSpoolDir={at}/spool
SlurmctldPidFile={at}/slurmctld.pid
SlurmdPidFile={at}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1
ReturnToService=2
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs=1 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES State=UP
"""
"""One node with one processor, in a folder, for as long as a test lasts."""


@contextmanager
def real_slurm(at: Path) -> Iterator[None]:
    """Run a cluster of this machine; the test is skipped where it does not install."""
    if os.geteuid() or not all(map(shutil.which, ("munged", "slurmctld", "slurmd", "sbatch"))):
        pytest.skip("Slurm is not installed, or this is not root")
    with ExitStack() as stack:
        ports = []
        for _ in range(2):
            bound = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            ports.append(bound.getsockname()[1])
    for name in ("state", "spool"):
        (at / name).mkdir(parents=True)
    (at / "key").write_bytes(secrets.token_bytes(128))
    (at / "key").chmod(0o400)
    host = socket.gethostname().split(".")[0]
    text = CONFIGURATION.format(host=host, ports=ports, at=at)
    (at / "slurm.conf").write_text(text)
    own = {f"--{name}={at / name}" for name in ("key-file", "pid-file", "log-file", "seed-file")}
    own -= {f"--key-file={at / 'key-file'}"}
    daemons = (
        ["munged", "-F", "--force", f"--socket={at / 'munge'}", f"--key-file={at / 'key'}", *own],
        ["slurmctld", "-D"],
        ["slurmd", "-D"],
    )
    os.environ["SLURM_CONF"] = str(at / "slurm.conf")
    started = []
    try:
        for command in daemons:
            with open(at / "said", "ab") as said:
                started.append(subprocess.Popen(command, stdout=said, stderr=said))
            if command[0] == "munged" and not _comes(lambda: (at / "munge").exists()):
                pytest.skip("munge does not start here")
        if not _comes(lambda: b"idle" in subprocess.run(["sinfo"], capture_output=True).stdout):
            pytest.skip(f"Slurm does not start here: {(at / 'said').read_text()[-500:]}")
        yield
    finally:
        del os.environ["SLURM_CONF"]
        for process in reversed(started):
            process.terminate()
            process.wait()


def _comes(looked: Callable[[], bool]) -> bool:
    deadline_s = time.monotonic() + 15
    while not (found := looked()) and time.monotonic() < deadline_s:
        time.sleep(0.1)
    return found


@pytest.fixture
def real(tmp_path: Path, scripted_engine: None) -> Iterator[Options]:
    with real_slurm(tmp_path / "real"):
        yield Options(tmp_path / "provider", launcher="slurm", launcher_options={"time": "5"})


def test_real_slurm_submits_runs_cancels_and_is_found_again(
    real: Options, rows: Rows, until: Until
) -> None:
    with running_server(real) as before:
        client = openai.OpenAI(base_url=before.url, api_key=before.token)
        waiting = client.files.create(file=("a.jsonl", rows(wait_at=2)), purpose="fine-tune").id
        quick = client.files.create(file=("b.jsonl", rows()), purpose="fine-tune").id
        jobs = client.fine_tuning.jobs
        first = jobs.create(model="scripted", training_file=waiting).id
        until(lambda: jobs.retrieve(first).status == "running")
        second, third = (jobs.create(model="scripted", training_file=quick).id for _ in range(2))
        waits = re.compile(r"Slurm job [23] waits: (Resources|Priority)\.")  # one or the other
        until(lambda: any(waits.match(one.message) for one in jobs.list_events(second, limit=50)))
        assert jobs.retrieve(second).status == "queued"
        until(lambda: tickets.read_ticket(real.folder / "jobs" / third))
        jobs.cancel(third)
        until(lambda: jobs.retrieve(third).status == "cancelled")
    # What ended the server's own trainers has ended the first; the next server submits it again.
    with running_server(real) as after:
        client = openai.OpenAI(base_url=after.url, api_key=after.token)
        jobs = client.fine_tuning.jobs
        until(lambda: jobs.retrieve(second).status == "succeeded")
        engine = real.folder / "jobs" / first / "engine"
        engine.mkdir(exist_ok=True)
        (engine / "go").touch()
        until(lambda: jobs.retrieve(first).status == "succeeded")
    listed = subprocess.run(
        ["squeue", "--noheader", "--states=all", "--format=%j %T"], capture_output=True, text=True
    ).stdout
    assert listed.count(second) == 1
    assert f"{third}" in listed
    assert "CANCELLED" in listed
