"""What is left of a crash: a report in a file, and a sentence that says where it is.

The report is a traceback without the values of variables, for those hold keys and other people's
data. What an error says of itself may hold them too; keys are hidden there.
"""

import math
import platform
import sys
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from textual.worker import WorkerFailed

from tintype.errors import FileError
from tintype.paths import append_private, modified
from tintype_tui.text import one_line, visible

LOG = "crash.log"
MAX_BYTES = 1 << 20
"""Beyond this the reports of earlier crashes are dropped."""


def reported(
    error: BaseException | None, details: str, folder: Path, started_s: float = math.inf
) -> str:
    """Write a report, and say in a few plain lines what happened.

    Args:
        error: What was raised.
        details: What else is known, in place of or beside it.
        folder: Where the log is kept; it need not exist.
        started_s: When Tintype was started, in seconds of the epoch. Of an update since then, parts
            that were not yet loaded are of another version than the rest.
    """
    if isinstance(error, WorkerFailed):
        error = error.error
    what = "" if error is None else f"{type(error).__name__}: {error}"
    lines = ["Tintype stopped because of an internal error."]
    if _is_updated(started_s):
        lines = ["Tintype stopped because its files were changed while it ran, as an update does."]
    if brief := one_line(_hidden(what or details.strip().rpartition("\n")[2]))[:200]:
        lines.append(f"  {brief}")
    try:
        report = _report(error, details).encode(errors="backslashreplace")
        path = append_private(folder / LOG, report, max_bytes=MAX_BYTES)
    except FileError as refused:
        lines.append(f"The crash report could not be written. {visible(refused.message)}")
    else:
        lines.append(f"The report is in {visible(str(path))}.")
    lines.append("Trainings under way go on; `tintype` opens where you left it.")
    return "\n".join(lines)


def _is_updated(started_s: float) -> bool:
    """Whether another version is installed, or a file that was loaded has been written since."""
    from importlib.metadata import version

    from tintype import __version__

    for name, module in list(sys.modules.items()):
        if name.startswith("tintype") and (file := getattr(module, "__file__", None)):
            with suppress(FileError):
                if modified(Path(file)).timestamp() > started_s:
                    return True
    with suppress(ImportError):
        return version("tintype") != __version__
    return False


def _report(error: BaseException | None, details: str) -> str:
    from tintype import __version__

    head = f"{datetime.now(UTC).isoformat()} tintype {__version__}, Python "
    head += f"{platform.python_version()}, {platform.system()}\n"
    told = "".join(traceback.format_exception(error)) if error is not None else ""
    return visible_lines(_hidden(f"{head}{told}{details}")) + "\n\n"


def visible_lines(text: str) -> str:
    """Text of several lines with everything else that a terminal would obey made visible."""
    return "\n".join(visible(line) for line in text.splitlines())


def _hidden(text: str) -> str:
    from tintype.api.redaction import redact

    return redact(text)
