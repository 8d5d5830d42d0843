"""Archives: written and verified against copying and hashing the same bytes; memory.

    python -m benchmarks.keeping

A provider's network is left out: its files lie in a folder and are read in pieces, as they would
come. Each way runs in a process of its own, whose largest memory is measured.
"""

import hashlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import Figure, Timer

MB = 1 << 20
SIZE_MB, PARTS = 1024, 8
QUICK = {"size_mb": 8}


def measure(size_mb: int = SIZE_MB) -> list[Figure]:
    """Copy and hash, keep and verify, pack and verify."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "source"
        source.mkdir()
        block = os.urandom(MB)
        for number in range(PARTS):
            with (source / f"{number}.jsonl").open("wb") as file:
                for _ in range(max(1, size_mb // PARTS)):
                    file.write(block)
        plain, plain_cpu, _ = _apart("copied", source, folder / "plain")
        kept, kept_cpu, memory = _apart("kept", source, folder / "kept")
        packed, packed_cpu, packed_memory = _apart("packed", folder / "kept", folder / "kept.zip")
    return [
        Figure(f"{size_mb:,} MB copied and hashed", plain, "s"),
        Figure("the same kept in an archive and verified", kept, "s"),
        Figure("kept / copied and hashed", kept / plain, "×", limit=2),
        Figure("... in processor time", kept_cpu / plain_cpu, "×", limit=2),
        Figure("packed into a .zip and verified", packed, "s"),
        Figure("... in processor time", packed_cpu, "s"),
        Figure(
            "largest memory of keeping and packing", max(memory, packed_memory), "MB", limit=150
        ),
    ]


def _apart(way: str, source: Path, target: Path) -> tuple[float, float, float]:
    """Seconds, those of a processor, and MB of one way, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.keeping", way, str(source), str(target)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, processor, memory = map(float, done.stdout.split())
    return seconds, processor, memory


def _copied(source: Path, target: Path) -> None:
    """Copy every file to the disk, and hash what was copied."""
    target.mkdir()
    for path in sorted(source.iterdir()):
        with path.open("rb") as file, (target / path.name).open("wb") as out:
            shutil.copyfileobj(file, out, MB)
            out.flush()
            os.fsync(out.fileno())
    for path in sorted(target.iterdir()):
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")


def _kept(source: Path, target: Path) -> None:
    from tintype.keeping.folder import archive_folder
    from tintype.keeping.manifest import Manifest
    from tintype.keeping.readme import readme

    with archive_folder(target) as archive:
        for path in sorted(source.iterdir()):
            with archive.part(f"files/{path.name}", "a file") as part, path.open("rb") as file:
                while block := file.read(MB):
                    part.write(block)
        parts = tuple(archive.parts.values())
        manifest = Manifest("p", "openai", "u", "t", "2026-11-28", (), (), parts)
        archive.finish(manifest, readme(manifest))
    _verified(target)


def _packed(source: Path, target: Path) -> None:
    from tintype.keeping import pack

    for _ in pack(source, target):
        pass
    _verified(target)


def _verified(target: Path) -> None:
    from tintype.keeping import verify

    [*_, last] = verify(target)
    assert last.verification is not None
    assert not last.verification.faults


if __name__ == "__main__":
    if len(sys.argv) == 1:
        from benchmarks.figures import machine, report

        print(machine())
        report(measure())
    else:
        ways: dict[str, Callable[[Path, Path], None]] = {
            "copied": _copied,
            "kept": _kept,
            "packed": _packed,
        }
        timer = Timer()
        ways[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
        print(*timer.spent(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
