"""A disk without space: a job ends with the reason, and the server goes on when there is some."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tintype.server.run import Running

_MOUNTED = 'mount -t tmpfs -o size=16m none "$1" && shift && exec "$@"'
_UNSHARE = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _MOUNTED, "sh"]


def can_mount(folder: Path) -> bool:
    """Whether a disk of one's own can be had here."""
    if shutil.which("unshare") is None:
        return False
    return not subprocess.run([*_UNSHARE, folder, "true"], capture_output=True).returncode


@pytest.fixture
def provider(tmp_path: Path, scripted_engine: None) -> Iterator[Running]:
    """A server whose disk has 16 MB; `provider.folder` is seen through the server's eyes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if not can_mount(disk):
        pytest.skip("no small disk can be mounted here")
    command = [
        sys.executable,
        "-m",
        "tintype_tui",
        "serve",
        "--folder",
        str(disk / "server"),
        "--json",
    ]
    with subprocess.Popen([*_UNSHARE, disk, *command], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            said = json.loads(process.stdout.readline())
            folder = Path(f"/proc/{process.pid}/root{disk}/server")
            token = (folder / "token").read_text()
            yield Running(folder, said["base_url"], token, process.pid, datetime.now(UTC), "")
        finally:
            process.terminate()


def fill(path: Path) -> None:
    """Leave no space on a disk."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass


def test_a_training_on_a_full_disk_fails_with_the_reason_and_the_next_one_works(
    provider: Running,
    client: Any,
    create: Callable[..., Any],
    job_events: Callable[[str], list[Any]],
    let_go: Callable[[str], None],
    reaches: Callable[..., Any],
    rows: Callable[..., bytes],
    until: Callable[..., Any],
) -> None:
    id = create(rows(wait_at=3)).id
    until(lambda: [event for event in job_events(id) if event.type == "metrics"][1:])
    filling = provider.folder.parent / "filling"
    fill(filling)
    let_go(id)
    error = until(lambda: client.fine_tuning.jobs.retrieve(id).error)
    assert error.code == "training_failed"
    assert error.message == (
        "The trainer could not read or write its files: No space left on device. "
        "Free some space, then train again."
    )
    filling.unlink()
    assert reaches(create(rows()).id, "succeeded").trained_tokens
