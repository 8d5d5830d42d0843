"""Trainers as TrainJobs of a Kubernetes cluster with Kubeflow Trainer, through its REST API.

The server's folder has to be on a disk that the pods can mount under the same path. A TrainJob is
called by the name in the ticket: to create it a second time is refused by Kubernetes itself, so
that it is asked for until it is known to be there, whatever became of the answers. Deleting it has
its pod save its state and leave.

Needed are the rights to create, list and delete trainjobs; to list pods and to read pods/log for
reasons. How the cluster is reached: `kubernetes_api`; what is asked for: `trainjob`.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype.engines import launch as launching
from tintype.engines.kubernetes_api import KubernetesApi, SilenceError
from tintype.engines.launchers import LauncherLook, LaunchState
from tintype.engines.tickets import Ticket, begin, end, passed_on, read_ticket, write_ticket
from tintype.engines.trainjob import (
    API_VERSION,
    CRASHES,
    JOBSET,
    NODE,
    OURS,
    check_options,
    is_live,
    object_name,
    state_of,
    train_job,
    wanted,
)
from tintype.errors import EngineError

if TYPE_CHECKING:
    from tintype.engines.trainjob import Json

POLL_S = 2.0
"""How often the cluster is asked, for all jobs at once."""
_REFUSALS = (400, 403, 404, 405, 413, 415, 422)
LOG_LINES = 50


class KubernetesLauncher:
    """TrainJobs in one namespace of one cluster."""

    name = "kubernetes"
    queues = True
    obey_s = 150.0

    def __init__(self, options: Mapping[str, str] | None) -> None:
        """Take where the cluster is, and what each job is created with.

        Args:
            options: See `trainjob.OPTIONS`; none if new jobs go elsewhere: then the cluster of
                those there are is not known.

        Raises:
            EngineError: if one is unknown, lacks, or has a value that cannot be.
        """
        if options is not None:
            check_options(options)
        self._options = dict(options or {})
        self._api = KubernetesApi(self._options)
        self._asked_s = -POLL_S
        self._jobs: dict[str, Json] = {}
        self._pods: Sequence[Json] | None = None
        self._seen: set[str] = set()
        self._trouble = ""
        self._looks: dict[str, tuple[float, LaunchState]] = {}
        """By the names in tickets: what a listing said, and when that was."""

    def launch(self, folder: Path) -> None:
        """Create the TrainJob.

        Raises:
            EngineError: if Kubernetes refuses it. If it cannot be reached, `state` says so and
                asks again.
        """
        if (before := read_ticket(folder)) is not None:
            self._delete(before)
        ticket = begin(folder, self.name)
        self._asked_s = -POLL_S
        with suppress(SilenceError):
            self._create(folder, ticket)

    def state(self, folder: Path) -> LaunchState:
        """What Kubernetes says; if it cannot be asked, the state is unknown."""
        ticket = read_ticket(folder)
        if ticket is None or launching.ending(folder) is not None:  # its last act
            return LaunchState("gone")
        if not self._options:
            words = "The job was given to Kubernetes, which is not the launcher any more."
            return LaunchState("unknown", f"{words} Choose it again, and restart the server.")
        try:
            self._ask()
        except SilenceError as silence:
            return LaunchState("unknown", f"Kubernetes cannot be asked: {silence}.")
        listed_s, found = self._looks.get(ticket.name, (0.0, None))
        if found is None or listed_s != self._asked_s:
            listed_s = self._asked_s
            self._looks[ticket.name] = listed_s, (found := self._look(folder, ticket))
        return found

    def reach(self) -> LauncherLook:
        """Which cluster it is, and whether Trainer, runtime and volume claim are there."""
        try:
            version = self._api.call("GET", "version").json()["gitVersion"]
            jobs = self._api.call("GET", _path("trainjobs"), params={"limit": 1})
            where = f"Kubernetes {version} at {self._api.where}"
            if jobs.status_code == 404:
                advice = "Have Kubeflow Trainer 2.3 or newer installed there."
                return LauncherLook(f"{where}: Kubeflow Trainer is not there", advice)
            if not jobs.is_success:
                advice = f"Needed are the rights to create, list and delete trainjobs ({OURS})."
                return LauncherLook(f"{where}: {self._api.said(jobs)}", advice)
            for path, what in wanted(self._options).items():
                if self._api.call("GET", path).status_code == 404:
                    advice = "Change `launcher_options` in the settings, or have it made."
                    return LauncherLook(f"{where}: there is no {what}", advice)
        except SilenceError as silence:
            return LauncherLook(
                f"Kubernetes cannot be asked: {silence}", "See `kubectl cluster-info`."
            )
        except (ValueError, KeyError, TypeError):
            return LauncherLook(f"{self._api.where} answers, but not as Kubernetes does", "")
        return LauncherLook(f"{where}, {' and '.join(wanted(self._options).values())}")

    def interrupt(self, folder: Path) -> None:
        """Have the trainer save its state and leave."""
        self.kill(folder)

    def kill(self, folder: Path) -> None:
        """Delete the TrainJob: its pod saves its state, leaves, or is killed after a while."""
        ticket = end(folder)
        if ticket is not None:
            self._delete(ticket)

    def _look(self, folder: Path, ticket: Ticket) -> LaunchState:
        """What the last listing says of a job; asks for more, so once for each listing."""
        job = self._jobs.get(object_name(ticket))
        pods = self._pods_of(ticket)
        if job is None:
            return self._absent(folder, ticket, pods or ())
        self._seen.add(ticket.name)
        if not ticket.id:
            write_ticket(folder, _known(ticket, job))
        found = state_of(job, pods)
        if found.phase == "gone" and ticket.is_ended:
            return LaunchState("gone")
        if found.phase == "gone" or CRASHES in found.words:
            self._keep_log(folder, pods or ())
            printed = launching.last_words(folder)[:300]
            return replace(found, words=f"{found.words} {printed}".strip())
        return found

    def _absent(self, folder: Path, ticket: Ticket, pods: Sequence["Json"]) -> LaunchState:
        """What is known of a job that Kubernetes does not know, or does not know yet."""
        name = object_name(ticket)
        if any(map(is_live, pods)):
            return LaunchState("running", f"The TrainJob {name} is ending.")
        if ticket.is_ended:
            return LaunchState("gone")
        if ticket.id or ticket.name in self._seen:
            words = f"The TrainJob {name} was deleted, and not by Tintype."
            return LaunchState("gone", words, is_final=ticket.name in self._seen)
        try:
            self._create(folder, ticket)
        except (EngineError, SilenceError) as error:
            return LaunchState("waiting", f"Kubernetes has not taken the job yet: {error}")
        return LaunchState("waiting", f"The TrainJob {name} is created.")

    def _create(self, folder: Path, ticket: Ticket) -> None:
        """Have the TrainJob be there.

        Raises:
            EngineError: if Kubernetes refuses it.
            SilenceError: if it may be there, or will be another time.
        """
        asked = train_job(folder, ticket, self._options, passed_on())
        answered = self._api.call("POST", _path("trainjobs"), json=asked)
        if answered.status_code in _REFUSALS:
            raise EngineError(
                f"Kubernetes refused the job: {self._api.said(answered)}.",
                advice="Change `launcher_options` in the settings, or the launcher; "
                "`tintype doctor` looks at what there is.",
            )
        if answered.is_success:
            with suppress(ValueError, KeyError, TypeError, AttributeError):
                write_ticket(folder, _known(ticket, answered.json()))
        elif answered.status_code != 409:  # 409: it is there already
            raise SilenceError(f"{self._api.said(answered)}.")
        self._asked_s = -POLL_S

    def _delete(self, ticket: Ticket) -> None:
        """Have the TrainJob deleted, its pods first; that it is gone already is as good."""
        asked: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions"}
        asked["propagationPolicy"] = "Foreground"
        if ticket.id:
            asked["preconditions"] = {"uid": ticket.id}
        self._asked_s = -POLL_S
        with suppress(SilenceError, EngineError):
            self._api.call("DELETE", _path(f"trainjobs/{object_name(ticket)}"), json=asked)

    def _ask(self) -> None:
        """List all TrainJobs and pods, unless they were listed a moment ago.

        Raises:
            SilenceError: if that cannot be.
        """
        if time.monotonic() - self._asked_s >= POLL_S:
            try:
                self._list()
                self._trouble = ""
            except SilenceError as silence:
                self._trouble = str(silence)
            self._asked_s = time.monotonic()
        if self._trouble:
            raise SilenceError(self._trouble)

    def _list(self) -> None:
        jobs = self._listed(_path("trainjobs"), OURS)
        try:
            self._pods = self._listed(_path("pods", "api/v1"), JOBSET)
        except PermissionError:
            self._pods = None
        except SilenceError:
            if self._pods is not None:
                raise
        self._jobs = {str(job["metadata"]["name"]): job for job in jobs}

    def _listed(self, path: str, label: str) -> Sequence["Json"]:
        answered = self._api.call("GET", path, params={"labelSelector": label})
        if answered.status_code == 403 and not label == OURS:
            raise PermissionError
        try:
            if not answered.is_success:
                raise ValueError
            items = answered.json()["items"]
            return [one for one in items or () if one["metadata"]["name"]]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SilenceError(self._api.said(answered)) from None

    def _pods_of(self, ticket: Ticket) -> Sequence["Json"] | None:
        if self._pods is None:
            return None
        name = object_name(ticket)
        return [
            pod for pod in self._pods if (pod["metadata"].get("labels") or {}).get(JOBSET) == name
        ]

    def _keep_log(self, folder: Path, pods: Sequence["Json"]) -> None:
        """Keep what a pod printed that could not even begin: where the trainer's own log is."""
        if launching.last_words(folder):
            return
        for pod in pods[-1:]:
            path = _path(f"pods/{pod['metadata']['name']}/log", "api/v1")
            asked = {"container": NODE, "tailLines": LOG_LINES}
            with suppress(SilenceError, OSError):
                answered = self._api.call("GET", path, params=asked)
                if answered.is_success and answered.text.strip():
                    (folder / launching.LOG).write_text(answered.text[-8192:])


def _known(ticket: Ticket, job: "Json") -> Ticket:
    return Ticket(ticket.launcher, ticket.name, str(job["metadata"]["uid"]), ticket.is_ended)


def _path(resource: str, version: str = f"apis/{API_VERSION}") -> str:
    return f"{version}/namespaces/{{namespace}}/{resource}"
