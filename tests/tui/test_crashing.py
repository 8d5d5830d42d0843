"""What is said when the app has ended by an error."""

import time
from pathlib import Path

from tintype_tui.crashing import reported


def test_an_update_while_it_ran_is_named_as_the_cause(tmp_path: Path) -> None:
    error = ImportError("cannot import name 'JobsPane'")
    assert "files were changed while it ran" in reported(error, "", tmp_path, 0.0)
    assert "an internal error" in reported(error, "", tmp_path, time.time())
