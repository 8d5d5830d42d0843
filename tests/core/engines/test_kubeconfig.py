"""How a Kubernetes cluster is found: kubeconfigs as they are, and what may not be said of them."""

import ssl
import sys
from pathlib import Path

import pytest

from tintype.engines import kubeconfig
from tintype.engines.kubeconfig import find_access
from tintype.errors import EngineError

SECRET = "planted-secret"
CLOUDS = f"""\
# written by a tool
apiVersion: v1
kind: Config
preferences: {{}}
clusters:
  - name: "east"   # quoted
    cluster:
      server: https://10.0.0.1:6443
      insecure-skip-tls-verify: true
  - cluster:
      server: http://west.example
    name: west
contexts:
- context:
    cluster: east
    user: clerk
  name: east
- context: {{}}
  name: empty
- name: 'it''s west'
  context: {{}}
current-context: east
users:
- name: clerk
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      args:
      - -c
      - "print('{{\\"status\\": {{\\"token\\": \\"{SECRET}\\"}}}}')"
      command: {sys.executable}
      env: null
      installHint: Install the tool by following
        https://example.com/tool
      interactiveMode: IfAvailable
      provideClusterInfo: true
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config"
    file.write_text(CLOUDS)
    return file


def test_a_kubeconfig_of_a_cloud_is_read_and_its_tool_gives_the_token(config: Path) -> None:
    found = find_access({"kubeconfig": str(config), "namespace": "ml"})
    assert (found.server, found.namespace, found.token) == ("https://10.0.0.1:6443", "ml", SECRET)
    assert isinstance(found.context, ssl.SSLContext)
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "users: [{name: &x planted, user: *x}]", "planted", "- a\nb: planted", "a: 'planted", "\t:",
        "users: [{name: a, user: planted}]", "users: !!python/object:os.planted {}", "[" * 5000,
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_without_a_word_of_it(config: Path, text: str) -> None:
    config.write_text(text)
    with pytest.raises(EngineError) as caught:
        find_access({"kubeconfig": str(config)})
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"context": "north"}, "no context 'north'"),
        ({"context": "empty"}, "names no server"),
        ({"kubeconfig": "/nowhere/config"}, "There is no kubeconfig"),
    ],
)
def test_what_lacks_is_said(config: Path, given: dict[str, str], said: str) -> None:
    with pytest.raises(EngineError, match=said):
        find_access({"kubeconfig": str(config), **given})


def test_a_tool_that_fails_is_said_without_what_it_printed(config: Path) -> None:
    config.write_text(CLOUDS.replace("print(", "raise SystemExit("))
    with pytest.raises(EngineError) as caught:
        find_access({"kubeconfig": str(config)})
    assert SECRET not in str(caught.value)
    assert "exit code 1" in str(caught.value)


@pytest.mark.parametrize("token", [f"{SECRET}\nmore", f"{SECRET}é"])
def test_a_token_that_cannot_be_sent_is_refused_before_it_could_be_shown(
    config: Path, token: str
) -> None:
    file = config.with_name("token")
    file.write_text(f"{SECRET}\n")
    given = {"kubeconfig": str(config)}
    config.write_text(CLOUDS[: CLOUDS.index("    exec:")] + "    tokenFile: token\n")
    assert find_access(given).token == SECRET
    file.write_text(token)
    with pytest.raises(EngineError, match="cannot be used") as caught:
        find_access(given)
    assert SECRET not in str(caught.value)


def test_a_pod_finds_its_own_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import certifi

    for name, text in (("token", f"{SECRET}\n"), ("namespace", "ml")):
        (tmp_path / name).write_text(text)
    (tmp_path / "ca.crt").write_text(Path(certifi.where()).read_text())
    monkeypatch.setattr(kubeconfig, "SERVICE_ACCOUNT", tmp_path)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    found = find_access({})
    assert (found.server, found.token) == ("https://[fd00::1]:6443", SECRET)
    assert found.namespace == "ml"
    (tmp_path / "ca.crt").write_text("no certificate")
    with pytest.raises(EngineError, match="service account cannot be read"):
        find_access({})
