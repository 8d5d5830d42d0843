"""How a Kubernetes cluster is reached: by a kubeconfig, or from a pod by its service account.

No value of a kubeconfig is ever part of an error: any of them may be a secret.

Source: the reference of kubeconfig (v1) and of client authentication (ExecCredential v1),
Kubernetes 1.34.
"""

import base64
import json
import os
import ssl
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tintype.errors import EngineError
from tintype.yaml_reading import read_yaml

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod has what it may reach its own cluster by."""
EXEC_S = 30.0
"""How long a cloud's tool may take to give a token."""


@dataclass(frozen=True, slots=True)
class Access:
    """One cluster, and who asks it."""

    server: str
    namespace: str
    words: str
    """Where it was found, to be said."""
    token: str = field(default="", repr=False)
    context: "ssl.SSLContext | bool" = field(default=True, repr=False)
    """What vouches for the server, and for the client if it has a certificate."""

    @property
    def host(self) -> str:
        """Of the server, without anything secret that its address may hold."""
        return urlsplit(self.server).hostname or "its address"


def find_access(options: Mapping[str, str]) -> Access:
    """Find the cluster: by the file in `kubeconfig`, else by the environment, else by the pod.

    Args:
        options: `kubeconfig`, `context` and `namespace`, all of which may be absent.

    Raises:
        EngineError: if there is none, or it cannot be read.
    """
    named = options.get("kubeconfig") or os.environ.get("KUBECONFIG") or ""
    inside = SERVICE_ACCOUNT / "token"
    if not named and "KUBERNETES_SERVICE_HOST" in os.environ and inside.is_file():
        return _of_pod(options)
    files = [Path(one).expanduser() for one in named.split(os.pathsep) if one]
    files = [one for one in files or [Path("~/.kube/config").expanduser()] if one.is_file()]
    if not files:
        raise EngineError(
            "There is no kubeconfig, so that no Kubernetes cluster is known.",
            advice="Set KUBECONFIG, or `kubeconfig` in `launcher_options`, to its file.",
        )
    return _of_files(files, options)


def _of_pod(options: Mapping[str, str]) -> Access:
    host = os.environ["KUBERNETES_SERVICE_HOST"]
    host = f"[{host}]" if ":" in host else host
    try:
        return Access(
            f"https://{host}:{os.environ.get('KUBERNETES_SERVICE_PORT', '443')}",
            options.get("namespace") or (SERVICE_ACCOUNT / "namespace").read_text().strip(),
            "the service account of this pod",
            _sendable((SERVICE_ACCOUNT / "token").read_text()),
            _trusting((SERVICE_ACCOUNT / "ca.crt").read_text()),
        )
    except (OSError, ValueError) as error:
        raise EngineError(f"The service account cannot be read: {type(error).__name__}.") from None


def _of_files(files: Sequence[Path], options: Mapping[str, str]) -> Access:
    merged: dict[str, dict[str, tuple[Path, Mapping[str, Any]]]] = {}
    current = options.get("context", "")
    for file in files:
        config = _read(file)
        current = current or str(config.get("current-context") or "")
        for kind in ("context", "cluster", "user"):
            known = merged.setdefault(kind, {})
            for entry in config.get(f"{kind}s") or []:
                known.setdefault(str(entry["name"]), (file.parent, entry.get(kind) or {}))
    named = merged.get("context", {}).get(current)
    if named is None:
        raise EngineError(
            f"The kubeconfig has no context {current!r}." if current else "No context is chosen.",
            advice="`kubectl config get-contexts` lists them; `context` in `launcher_options` "
            "chooses one.",
        )
    context = named[1]
    home, cluster = merged["cluster"].get(str(context.get("cluster")), (Path(), {}))
    place, user = merged["user"].get(str(context.get("user")), (Path(), {}))
    server = str(cluster.get("server") or "")
    if urlsplit(server).scheme not in ("http", "https"):
        raise EngineError(f"The context {current!r} of the kubeconfig names no server.")
    namespace = options.get("namespace") or str(context.get("namespace") or "default")
    try:
        user = {**user, **_by_tool(user.get("exec"), place)}
        verify = _context(cluster, home, user, place)
        return Access(
            server.rstrip("/"), namespace, f"context {current}", _token(user, place), verify
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        words = f"What context {current!r} of the kubeconfig signs in with cannot be used"
        raise EngineError(f"{words} ({type(error).__name__}).") from None


def _read(file: Path) -> Mapping[str, Any]:
    try:
        found = read_yaml(file.read_text(encoding="utf-8"))
        for kind in ("contexts", "clusters", "users"):
            for one in found.get(kind) or []:
                if "name" not in one or not isinstance(one.get(kind[:-1]) or {}, Mapping):
                    raise ValueError
    except OSError as error:
        raise EngineError(f"The kubeconfig {file} cannot be read: {error.strerror}.") from None
    except (ValueError, AttributeError, TypeError):
        raise EngineError(
            f"The kubeconfig {file} is not understood.",
            advice="`kubectl config view` says what is wrong with it.",
        ) from None
    config: Mapping[str, Any] = found
    return config


def _token(user: Mapping[str, Any], place: Path) -> str:
    if user.get("tokenFile"):
        return _sendable((place / str(user["tokenFile"])).read_text())
    return _sendable(str(user.get("token") or ""))


def _sendable(token: str) -> str:
    """A token without the white space around it: what refuses to send others would show them."""
    if not (token := token.strip()).isascii() or not token.isprintable():
        raise ValueError
    return token


def _by_tool(tool: Any, place: Path) -> Mapping[str, Any]:
    """What the tool of a cloud answers that a user signs in by; nothing without one."""
    if not tool:
        return {}
    command = str(tool["command"])
    command = os.fspath(place / command) if os.sep in command else command
    given = {str(one["name"]): str(one["value"]) for one in tool.get("env") or []}
    asked = {"apiVersion": tool["apiVersion"], "kind": "ExecCredential"}
    asked["spec"] = {"interactive": False}
    try:
        done = subprocess.run(
            [command, *map(str, tool.get("args") or [])],
            env={**os.environ, **given, "KUBERNETES_EXEC_INFO": json.dumps(asked)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=EXEC_S,
            check=True,
        )
        status: Mapping[str, Any] = json.loads(done.stdout)["status"]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        code = getattr(error, "returncode", None)
        why = f"exit code {code}" if code is not None else type(error).__name__
        raise EngineError(
            f"{Path(command).name}, which signs in to the Kubernetes cluster, failed ({why}).",
            advice="Sign in again with the tool of your cloud, and try `kubectl get pods`.",
        ) from None
    names = {"token": "token", "clientCertificateData": "certificate", "clientKeyData": "key"}
    return {names[name]: value for name, value in status.items() if name in names}


def _context(
    cluster: Mapping[str, Any], home: Path, user: Mapping[str, Any], place: Path
) -> "ssl.SSLContext | bool":
    if urlsplit(str(cluster["server"])).scheme == "http":
        return True
    context = _trusting(_pem(cluster, "certificate-authority", home))
    if cluster.get("insecure-skip-tls-verify") is True:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    certificate = user.get("certificate") or _pem(user, "client-certificate", place)
    if certificate:
        key = user.get("key") or _pem(user, "client-key", place)
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:  # readable by nobody else
            file.write(f"{certificate}\n{key}\n")
            file.flush()
            context.load_cert_chain(file.name)
    return context


def _pem(entry: Mapping[str, Any], name: str, place: Path) -> str:
    if data := entry.get(f"{name}-data"):
        return base64.b64decode(str(data), validate=True).decode()
    return (place / str(entry[name])).read_text() if entry.get(name) else ""


def _trusting(authority: str) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority or None)
