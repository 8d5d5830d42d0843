"""Trainers as TrainJobs of a Kubernetes cluster with Kubeflow Trainer, through its REST API.

The server's folder has to be on a disk that the pods can mount under the same path. A TrainJob is
called by the name in the ticket: to create it a second time is refused by Kubernetes itself, so
that it is asked for until it is known to be there, whatever became of the answers. Deleting it has
its pod save its state and leave.

Needed are the rights to create, list and delete trainjobs; to list pods and to read pods/log for
reasons. How the cluster is reached: `kubeconfig`; what is asked for: `trainjob`.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tintype.engines import launch as launching
from tintype.engines.kubeconfig import Access, find_access
from tintype.engines.launchers import LaunchState
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
)
from tintype.errors import EngineError

if TYPE_CHECKING:
    import httpx2

    from tintype.engines.trainjob import Json

POLL_S = 2.0
"""How often the cluster is asked, for all jobs at once."""
ANSWER_S, REST_S, LONGEST_REST_S = 10.0, 5.0, 60.0
"""How long it may take to answer, is left alone when it has not, and at most if it asks so."""
ACCESS_S = 60.0
"""For how long what signs in is used before it is read again."""
_REFUSALS = (400, 403, 404, 405, 413, 415, 422)
LOG_LINES = 50


class _SilenceError(Exception):
    """Kubernetes has given no answer that says anything of a job."""


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
        self._access: tuple[float, Access, httpx2.Client] | None = None
        self._asked_s, self._silent_until_s, self._trouble = -POLL_S, 0.0, ""
        self._jobs: dict[str, Json] = {}
        self._pods: Sequence[Json] | None = None
        self._seen: set[str] = set()

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
        with suppress(_SilenceError):
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
        except _SilenceError as silence:
            return LaunchState("unknown", f"Kubernetes cannot be asked: {silence}.")
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

    def interrupt(self, folder: Path) -> None:
        """Have the trainer save its state and leave."""
        self.kill(folder)

    def kill(self, folder: Path) -> None:
        """Delete the TrainJob: its pod saves its state, leaves, or is killed after a while."""
        ticket = end(folder)
        if ticket is not None:
            self._delete(ticket)

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
        except (EngineError, _SilenceError) as error:
            return LaunchState("waiting", f"Kubernetes has not taken the job yet: {error}")
        return LaunchState("waiting", f"The TrainJob {name} is created.")

    def _create(self, folder: Path, ticket: Ticket) -> None:
        """Have the TrainJob be there.

        Raises:
            EngineError: if Kubernetes refuses it.
            _SilenceError: if it may be there, or will be another time.
        """
        asked = train_job(folder, ticket, self._options, passed_on())
        answered = self._call("POST", self._path("trainjobs"), json=asked)
        if answered.status_code in _REFUSALS:
            raise EngineError(
                f"Kubernetes refused the job: {self._said(answered)}.",
                advice="Change `launcher_options` in the settings, or the launcher; "
                "`tintype doctor` looks at what there is.",
            )
        if answered.is_success:
            with suppress(ValueError, KeyError, TypeError, AttributeError):
                write_ticket(folder, _known(ticket, answered.json()))
        elif answered.status_code != 409:  # 409: it is there already
            raise _SilenceError(f"{self._said(answered)}.")
        self._asked_s = -POLL_S

    def _delete(self, ticket: Ticket) -> None:
        """Have the TrainJob deleted, its pods first; that it is gone already is as good."""
        asked: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions"}
        asked["propagationPolicy"] = "Foreground"
        if ticket.id:
            asked["preconditions"] = {"uid": ticket.id}
        self._asked_s = -POLL_S
        with suppress(_SilenceError, EngineError):
            self._call("DELETE", self._path(f"trainjobs/{object_name(ticket)}"), json=asked)

    def _ask(self) -> None:
        """List all TrainJobs and pods, unless they were listed a moment ago.

        Raises:
            _SilenceError: if that cannot be.
        """
        if time.monotonic() - self._asked_s < POLL_S:
            return
        jobs = self._listed(self._path("trainjobs"), OURS)
        try:
            self._pods = self._listed(self._path("pods", "api/v1"), JOBSET)
        except PermissionError:
            self._pods = None
        except _SilenceError:
            if self._pods is not None:
                raise
        self._jobs = {str(job["metadata"]["name"]): job for job in jobs}
        self._asked_s = time.monotonic()

    def _listed(self, path: str, label: str) -> Sequence["Json"]:
        answered = self._call("GET", path, params={"labelSelector": label})
        if answered.status_code == 403 and not label == OURS:
            raise PermissionError
        try:
            if not answered.is_success:
                raise ValueError
            items = answered.json()["items"]
            return [one for one in items or () if one["metadata"]["name"]]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _SilenceError(self._said(answered)) from None

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
            path = self._path(f"pods/{pod['metadata']['name']}/log", "api/v1")
            asked = {"container": NODE, "tailLines": LOG_LINES}
            with suppress(_SilenceError, OSError):
                answered = self._call("GET", path, params=asked)
                if answered.is_success and answered.text.strip():
                    (folder / launching.LOG).write_text(answered.text[-8192:])

    def _path(self, resource: str, version: str = f"apis/{API_VERSION}") -> str:
        return f"{version}/namespaces/{{namespace}}/{resource}"

    def _call(self, method: str, path: str, **given: Any) -> "httpx2.Response":
        """Ask the cluster.

        Raises:
            _SilenceError: if it does not answer, or wants to be left alone.
        """
        import httpx2

        if time.monotonic() < self._silent_until_s:
            raise _SilenceError(self._trouble)
        try:
            access, client = self._signed_in()
            url = f"{access.server}/{path.format(namespace=access.namespace)}"
            answered = client.request(method, url, **given)
        except EngineError as error:
            self._rest(f"{error.message} {error.advice}".strip().rstrip("."))
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            words = " ".join(str(error).split()) or type(error).__name__
            self._rest(f"{access.host} does not answer ({self._clean(words)[:200]})")
        if answered.status_code == 401:
            self._sign_out()
            self._rest("it does not take what signs in (HTTP 401). Sign in to the cluster again")
        if answered.status_code == 429:
            self._rest(f"it is busy ({self._said(answered)})", answered.headers.get("retry-after"))
        return answered

    def _rest(self, trouble: str, seconds: str | None = None) -> NoReturn:
        """Leave the cluster alone for a moment: it is not waited for again for each job."""
        rest_s = float(seconds) if seconds and seconds.isdecimal() else REST_S
        self._silent_until_s = time.monotonic() + min(max(rest_s, REST_S), LONGEST_REST_S)
        self._trouble = trouble
        raise _SilenceError(trouble) from None

    def _signed_in(self) -> "tuple[Access, httpx2.Client]":
        import httpx2

        if self._access is None or time.monotonic() - self._access[0] > ACCESS_S:
            self._sign_out()
            access = find_access(self._options)
            headers = {"authorization": f"Bearer {access.token}"} if access.token else {}
            client = httpx2.Client(verify=access.context, timeout=ANSWER_S, headers=headers)
            self._access = time.monotonic(), access, client
        return self._access[1:]

    def _sign_out(self) -> None:
        if self._access is not None:
            self._access[2].close()
        self._access = None

    def _clean(self, words: str) -> str:
        token = self._access[1].token if self._access else ""
        return words.replace(token, "…") if token else words

    def _said(self, answered: "httpx2.Response") -> str:
        """What went wrong, in one line."""
        try:
            words = str(answered.json()["message"])
        except (ValueError, KeyError, TypeError):
            words = answered.text
        words = self._clean(" ".join(words.split()))[:300].rstrip(".")
        code = f"HTTP {answered.status_code}"
        return f"{words} ({code})" if words else code


def _known(ticket: Ticket, job: "Json") -> Ticket:
    return Ticket(ticket.launcher, ticket.name, str(job["metadata"]["uid"]), ticket.is_ended)
