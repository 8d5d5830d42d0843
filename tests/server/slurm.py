"""Slurm's `sbatch`, `squeue`, `scancel` and `sinfo`, as tests need them: a cluster in a folder.

Its folder holds the cluster: `jobs.json`, and files by which a test changes what happens: `hold`
(jobs stay in the queue; the reason), `deaf` (squeue and sinfo fail; the words), `refuse` (sbatch
fails; the words), `lost` (sbatch takes the job, and fails with these words), `ends` (what a job
that is gone ended as), `late` (squeue does not know yet that a job runs), `partition` (sinfo's line
of the second).
"""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

HERE = Path(sys.argv[0]).parent
JOBS = HERE / "jobs.json"


def said(name: str) -> str:
    try:
        return (HERE / name).read_text()
    except FileNotFoundError:
        return ""


def jobs() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(said("jobs.json") or "[]")
    return found


def keep(found: list[dict[str, Any]]) -> None:
    JOBS.with_suffix(".new").write_text(json.dumps(found))
    JOBS.with_suffix(".new").replace(JOBS)


def run(job: dict[str, Any]) -> None:
    """Run it in a process of its own, which leaves its exit code."""
    options = job["options"]
    names = options["export"].split(",")
    with open(options["output"], "ab") as output:
        child = subprocess.Popen(
            ["/bin/sh", "-c", f"/bin/sh {job['script']}; echo $? > {job['script']}.code"],
            cwd=options["chdir"],
            env={name: os.environ[name] for name in names if name in os.environ},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    job["pid"] = child.pid


def state(job: dict[str, Any]) -> str:
    if job["cancelled"] and (not job["pid"] or not lives(job["pid"])):
        return "CANCELLED"
    if not job["pid"]:
        return "PENDING"
    if lives(job["pid"]):
        return "PENDING" if said("late") else "RUNNING"
    code = Path(f"{job['script']}.code")
    ended = code.read_text().strip() if code.exists() else "9"
    return said("ends") or ("COMPLETED" if ended == "0" else "FAILED")


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def sbatch(arguments: list[str]) -> int:
    if words := said("refuse"):
        sys.stderr.write(f"sbatch: error: {words}\n")
        return 1
    found = jobs()
    options = dict(one[2:].partition("=")[::2] for one in arguments)
    script = HERE / f"{len(found) + 1}.sh"
    script.write_text(sys.stdin.read())
    job = {"options": options, "script": str(script), "pid": 0, "cancelled": False}
    if not said("hold"):
        run(job)
    keep([*found, job])
    if words := said("lost"):
        sys.stderr.write(f"sbatch: error: {words}\n")
        return 1
    sys.stdout.write(f"{len(found) + 1}\n")
    return 0


def squeue() -> int:
    if words := said("deaf"):
        sys.stderr.write(f"{words}\n")
        return 1
    found = jobs()
    for number, job in enumerate(found, start=1):
        if not job["pid"] and not said("hold") and not job["cancelled"]:
            run(job)
        reason = said("hold") if not job["pid"] else "None"
        name = job["options"]["job-name"]
        sys.stdout.write("|".join((str(number), state(job), "n1", name, reason)) + "\n")
    keep(found)
    return 0


def sinfo(arguments: list[str]) -> int:
    if words := said("deaf"):
        sys.stderr.write(f"sinfo: error: {words}\n")
        return 1
    partitions = "debug*|up|1\n" + (said("partition") or "gpu|up|4\n")
    sys.stdout.write("slurm 22.05.8\n" if "--version" in arguments else partitions)
    return 0


def scancel(arguments: list[str]) -> int:
    found, wanted = jobs(), arguments[-1]
    for number, job in enumerate(found, start=1):
        if wanted not in (str(number), f"--name={job['options']['job-name']}"):
            continue
        job["cancelled"] |= "--signal=TERM" not in arguments
        if job["pid"]:
            with suppress(ProcessLookupError):
                os.killpg(job["pid"], signal.SIGTERM if len(arguments) > 1 else signal.SIGKILL)
    keep(found)
    return 0


if __name__ == "__main__":
    command, given = Path(sys.argv[0]).name, sys.argv[1:]
    sys.exit(
        {"sbatch": sbatch, "scancel": scancel, "sinfo": sinfo}.get(command, lambda _: squeue())(
            given
        )
    )
