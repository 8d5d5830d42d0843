"""How the app begins and ends as a process."""

import gc
from pathlib import Path

import tintype_tui
from tintype_tui.lifetime import collect


def test_what_the_start_has_made_is_never_looked_through_again() -> None:
    thresholds = gc.get_threshold()
    gc.set_threshold(700, 10, 10)  # as Python has them: a command that was run here has its own
    gc.disable()
    try:
        collect()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 10_000
        assert gc.get_threshold()[0] > 700
        frozen = gc.get_freeze_count()
        collect()  # where collecting was never put off, nothing is kept
        assert gc.get_freeze_count() <= frozen  # what nobody needs any more goes by itself
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        gc.enable()


def test_what_is_left_ends_its_own_work_and_nobody_elses() -> None:
    """`workers` is the app's: among all of them is what holds a dataset open, or follows a job."""
    folder = Path(tintype_tui.__file__).parent
    ends = {path.name for path in folder.rglob("*.py") if "cancel_all(" in path.read_text("utf-8")}
    assert ends == {"ending.py"}
