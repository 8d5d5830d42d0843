"""What tests start is started as it would be without them."""

import fcntl
import os
import select
from pathlib import Path

import pytest

from tintype.engines import launch


@pytest.mark.parametrize("number", [60, 100, 101, 102, 200])
def test_what_is_started_has_its_open_files_whatever_their_numbers(
    number: int, tmp_path: Path, warm_starts: None
) -> None:
    (tmp_path / "said.py").write_text("import os, sys\nos.write(int(sys.argv[1]), b'here')\n")
    reading, writing = os.pipe()
    kept = fcntl.fcntl(writing, fcntl.F_DUPFD, number)
    os.close(writing)
    launch.detach(
        ["-P", "-m", "said", str(kept)],
        log=tmp_path / "log",
        folder=tmp_path,
        environment={"PYTHONPATH": os.fspath(tmp_path)},
        keep=[kept],
    )
    os.close(kept)
    assert select.select([reading], [], [], 60)[0]
    assert os.read(reading, 9) == b"here", (tmp_path / "log").read_text()
    os.close(reading)
