"""A training as a TrainJob of Kubeflow Trainer: the object that is asked for, and what it says.

Source: the CRD trainjobs.trainer.kubeflow.org, v1alpha1, and the runtime torch-distributed, of
Kubeflow Trainer 2.3 (August 2026); pods by the reference of Kubernetes 1.34.
"""

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tintype.engines import launch as launching
from tintype.engines.launchers import LaunchState
from tintype.engines.tickets import Ticket, worker_command
from tintype.errors import EngineError

Json = Mapping[str, Any]
GROUP = "trainer.kubeflow.org"
API_VERSION = f"{GROUP}/v1alpha1"
OURS = "app.kubernetes.io/managed-by=tintype"
"""The label of what Tintype has made."""
JOBSET = "jobset.sigs.k8s.io/jobset-name"
"""The label by which a pod says whose it is: a JobSet's name is that of its TrainJob."""
RUNTIME, RUNTIME_KIND = "torch-distributed", "ClusterTrainingRuntime"
NODE = "node"
"""What a runtime's job and container that train are called."""
GRACE_S = 120
"""How long a trainer may take to save its state once it is asked to leave."""
CRASHES = "CrashLoopBackOff"
"""What Kubernetes calls it that a container ends as soon as it is started."""
OPTIONS: Mapping[str, str] = {
    "claim": "the volume claim (PersistentVolumeClaim) of the disk that is shared",
    "mount": "where that disk is on this machine, and in the pods: the same path",
    "namespace": "where jobs are created (that of the context, or of the pod)",
    "kubeconfig": "the file to reach the cluster by (KUBECONFIG, ~/.kube/config)",
    "context": "one of its contexts (the current one)",
    "runtime": f"a ClusterTrainingRuntime ({RUNTIME}), or TrainingRuntime/NAME",
    "image": "an image that has Tintype (that of the runtime)",
    "python": "Python in that image (python3; without an image this one)",
    "gpus": "GPUs of the pod",
    "gpu-resource": "what the cluster calls them (nvidia.com/gpu)",
    "cpus": "processors of the pod",
    "memory": "memory of the pod, such as 64Gi",
    "queue": "a LocalQueue of Kueue",
    "user": "who the trainer is in the pod: a number, or `image` (whoever runs the server)",
}
"""Options of `launcher_options`, and what each is."""


def check_options(options: Mapping[str, str]) -> None:
    """Refuse what would be refused for every job.

    Raises:
        EngineError: if an option is unknown, lacks, or has a value that cannot be.
    """
    for name in options.keys() - OPTIONS.keys():
        raise EngineError(
            f"{name!r} is no option of Kubernetes that can be chosen.",
            advice=f"There are {', '.join(OPTIONS)}.",
        )
    for name in ("claim", "mount"):
        if not options.get(name):
            raise EngineError(
                f"Kubernetes needs the option {name}: {OPTIONS[name]}.",
                advice='Such as launcher_options = {claim = "shared", mount = "/shared"}.',
            )
    numbers = {"gpus": r"[1-9]\d{0,3}", "cpus": r"[1-9]\d*(\.\d+|m)?", "user": r"\d+|image"}
    patterns = {**numbers, "memory": r"[1-9]\d*([KMGT]i?)?", "mount": r"/.+"}
    for name, pattern in patterns.items():
        if name in options and not re.fullmatch(pattern, options[name]):
            raise EngineError(f"The option {name} cannot be {options[name]!r}: {OPTIONS[name]}.")


def wanted(options: Mapping[str, str]) -> Mapping[str, str]:
    """What has to be there, by its path in the API."""
    kind, _, runtime = options.get("runtime", RUNTIME).rpartition("/")
    place = "namespaces/{namespace}/trainingruntimes" if kind == "TrainingRuntime" else ""
    claim = f"api/v1/namespaces/{{namespace}}/persistentvolumeclaims/{options['claim']}"
    return {
        f"apis/{API_VERSION}/{place or 'clustertrainingruntimes'}/{runtime}": f"runtime {runtime}",
        claim: f"volume claim {options['claim']}",
    }


def object_name(ticket: Ticket) -> str:
    """What a ticket's TrainJob is called: pods' names, which are longer, may have 63 letters."""
    return "tintype-" + re.sub(r"[^a-z0-9-]", "-", ticket.name.lower())[-39:].lstrip("-")


def train_job(
    folder: Path, ticket: Ticket, options: Mapping[str, str], environment: Mapping[str, str]
) -> Json:
    """The object to be created for a job.

    Raises:
        EngineError: if the folder is not on the disk that is shared.
    """
    mount = Path(options["mount"])
    if not folder.is_relative_to(mount):
        raise EngineError(
            f"The server's folder is not on the shared disk: {mount} does not hold it.",
            advice="Have TINTYPE_HOME there, or let `mount` in `launcher_options` say where it is.",
        )
    key, _, value = OURS.partition("=")
    labels = {key: value}
    if queue := options.get("queue"):
        labels["kueue.x-k8s.io/queue-name"] = queue
    kind, _, runtime = options.get("runtime", RUNTIME).rpartition("/")
    return {
        "apiVersion": API_VERSION,
        "kind": "TrainJob",
        "metadata": {
            "name": object_name(ticket),
            "labels": labels,
            "annotations": {"tintype/job": folder.name, "tintype/ticket": ticket.name},
        },
        "spec": {
            "runtimeRef": {"apiGroup": GROUP, "kind": kind or RUNTIME_KIND, "name": runtime},
            "trainer": {
                "numNodes": 1,
                "command": ["/bin/sh", "-c", _command(folder, ticket, options)],
                "env": [
                    {"name": name, "value": value}
                    for name, value in {**_NOBODY, **environment}.items()
                ],
                **({"image": options["image"]} if "image" in options else {}),
                **_resources(options),
            },
            "runtimePatches": [
                {"manager": "tintype/server", "trainingRuntimeSpec": _patch(options)}
            ],
        },
    }


_NOBODY = {"HOME": "/tmp", "LOGNAME": "tintype", "USER": "tintype"}
"""For libraries that ask who they are: the user of the pod need not have a name there."""


def _command(folder: Path, ticket: Ticket, options: Mapping[str, str]) -> str:
    python = options.get("python") or ("python3" if "image" in options else "")
    command = worker_command(folder, ticket.name, python=python)
    log = shlex.quote(os.fspath(folder / launching.LOG))
    return f"exec {shlex.join(command)} >> {log} 2>&1"


def _resources(options: Mapping[str, str]) -> Json:
    gpu = options.get("gpu-resource", "nvidia.com/gpu")
    names = {"gpus": gpu, "cpus": "cpu", "memory": "memory"}
    amounts = {name: options[option] for option, name in names.items() if option in options}
    if not amounts:
        return {}
    return {"resourcesPerNode": {"limits": amounts, "requests": amounts}}


def _patch(options: Mapping[str, str]) -> Json:
    user = options.get("user", "")
    who = {} if user == "image" else {"runAsUser": int(user or os.getuid())}
    if not user:
        who["runAsGroup"] = os.getgid()
    mounts = [{"name": "tintype", "mountPath": options["mount"]}]
    claim = {"claimName": options["claim"]}
    pod = {
        "terminationGracePeriodSeconds": GRACE_S,
        "volumes": [{"name": "tintype", "persistentVolumeClaim": claim}],
        "containers": [{"name": NODE, "volumeMounts": mounts}],
        **({"securityContext": who} if who else {}),
    }
    job = {"name": NODE, "template": {"spec": {"template": {"spec": pod}}}}
    return {"template": {"spec": {"replicatedJobs": [job]}}}


def state_of(job: Json, pods: Sequence[Json] | None) -> LaunchState:
    """What is known of a training by its TrainJob and its pods; none if they may not be listed."""
    name = job["metadata"]["name"]
    live = list(filter(is_live, pods or ()))
    conditions = {
        str(one.get("type")): one
        for one in _listed(job.get("status"), "conditions")
        if one.get("status") == "True"
    }
    if live and (conditions.keys() & {"Complete", "Failed"} or _deleted(job)):
        return LaunchState("running", f"The TrainJob {name} is ending.")
    if "Complete" in conditions:
        return LaunchState("gone")
    if failed := conditions.get("Failed"):
        return _failure(name, failed, pods or ())
    if _deleted(job):
        return LaunchState("running", f"The TrainJob {name} is ending.")
    if suspended := conditions.get("Suspended"):
        return LaunchState(
            "waiting", f"The TrainJob {name} waits: {_said(suspended, 'suspended')}."
        )
    if pods is None:
        return _without_pods(name, job)
    return _by_pods(name, job, live or pods)


def _failure(name: str, failed: Json, pods: Sequence[Json]) -> LaunchState:
    if any("OOMKilled" in _ends(pod) for pod in pods):
        words = f"Kubernetes ended the TrainJob {name}: it took more memory than it may. "
        advice = "Allow it more (`memory`), or train with a smaller batch."
        return LaunchState("gone", words + advice, is_final=True)
    words = f"The TrainJob {name} failed: {_said(failed, 'no reason is given')}."
    return LaunchState(
        "gone", words, is_final=failed.get("reason") == "TrainingRuntimeNotSupported"
    )


def _without_pods(name: str, job: Json) -> LaunchState:
    jobs = _listed(job.get("status"), "jobsStatus")
    if any(one.get("ready") for one in jobs):
        return LaunchState("running", f"The TrainJob {name} runs.")
    why = "its pod is not ready" if any(one.get("active") for one in jobs) else "it has no pod yet"
    return LaunchState("waiting", f"The TrainJob {name} waits: {why} (pods may not be listed).")


def _by_pods(name: str, job: Json, pods: Sequence[Json]) -> LaunchState:
    if not pods:
        seen = bool(job.get("status"))
        why = "it has no pod yet" if seen else "Kubeflow Trainer has not taken it up yet"
        return LaunchState("waiting", f"The TrainJob {name} waits: {why}.")
    for pod in pods:
        if why := _waits(pod):
            return LaunchState("waiting", f"The TrainJob {name} waits: {why}.")
    phases = {_phase(pod) for pod in pods}
    if "Running" in phases:
        nodes = {str((pod.get("spec") or {}).get("nodeName") or "a node") for pod in pods}
        return LaunchState("running", f"The TrainJob {name} runs on {', '.join(sorted(nodes))}.")
    if phases <= {"Succeeded", "Failed"}:  # Kubernetes starts it again, or has yet to say its end
        return LaunchState("running", f"The TrainJob {name} is ending.")
    words = f"The pod of the TrainJob {name} is in a state that is not known"
    return LaunchState("unknown", f"{words} ({', '.join(sorted(phases))}).")


def _waits(pod: Json) -> str:
    """Why a pod does not run yet, or not at the moment; empty if it does, or has ended."""
    status = pod.get("status")
    for one in _listed(status, "initContainerStatuses") + _listed(status, "containerStatuses"):
        waiting = (one.get("state") or {}).get("waiting")
        if waiting and waiting.get("reason") not in ("ContainerCreating", "PodInitializing"):
            if waiting.get("reason") == CRASHES:  # its message counts the seconds
                return f"{CRASHES}: its container ends again and again ({_ends(pod)})"
            ended = "; out of memory before" if "OOMKilled" in _ends(pod) else ""
            return _said(waiting, "its container waits") + ended
    if _phase(pod) != "Pending":
        return ""
    for one in _listed(status, "conditions"):
        if one.get("type") == "PodScheduled" and one.get("status") == "False":
            return _said(one, "it has no node yet")
    return "its pod is being started"


def _ends(pod: Json) -> str:
    """Reasons for which containers of a pod have ended."""
    ends = [
        (one.get(when) or {}).get("terminated") or {}
        for one in _listed(pod.get("status"), "containerStatuses")
        for when in ("state", "lastState")
    ]
    return ", ".join(str(end["reason"]) for end in ends if end.get("reason"))


def _said(one: Json, otherwise: str) -> str:
    """What Kubernetes says of something: its message, and its reason if that is not in it."""
    message = " ".join(str(one.get("message") or "").split())[:300].rstrip(".")
    reason = str(one.get("reason") or "")
    if reason and reason not in message:
        return f"{reason}: {message}" if message else reason
    return message or otherwise


def is_live(pod: Json) -> bool:
    """Whether a pod may still do something."""
    return _phase(pod) not in ("Succeeded", "Failed")


def _phase(pod: Json) -> str:
    return str((pod.get("status") or {}).get("phase") or "Unknown")


def _deleted(job: Json) -> bool:
    return bool(job["metadata"].get("deletionTimestamp"))


def _listed(status: Json | None, name: str) -> list[Json]:
    return [one for one in (status or {}).get(name) or () if isinstance(one, Mapping)]
