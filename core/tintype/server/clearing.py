"""Removing what an ended job needs no longer."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

from tintype.engines import launch as launching
from tintype.server.records import JobRecord, Tuned
from tintype.server.state import State
from tintype.server.training import DATA, ENGINE


async def clear(state: State, job: JobRecord) -> None:
    """Remove what an ended job needs no longer: all but its log and the models that live."""
    keep = {state.folder / model.path for model in state.all(Tuned, job_id=job.id)}
    await asyncio.to_thread(_clear, state.job_folder(job.id), keep)


def _clear(folder: Path, keep: set[Path]) -> None:
    shutil.rmtree(folder / DATA, ignore_errors=True)
    for name in (
        launching.REPORTS,
        launching.ORDER,
        launching.WANTED,
        launching.EXIT,
        launching.RESERVE,
        launching.TICKET,
    ):
        (folder / name).unlink(missing_ok=True)
    for path in _others(folder / ENGINE, keep):
        remove(path)


def _others(folder: Path, keep: set[Path]) -> Iterator[Path]:
    """Everything in a folder that neither is one of `keep` nor leads to one."""
    if not folder.is_dir():
        return
    for path in list(folder.iterdir()):
        if path in keep:
            continue
        if any(path in one.parents for one in keep):
            yield from _others(path, keep)
        else:
            yield path


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
