"""How long a provider that is asked too much wants us to wait."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def requested_wait_s(headers: Mapping[str, str], message: str) -> float | None:
    """Seconds, from the headers (milliseconds, seconds or a date), else from the message.

    None if nothing is said; a day at the most.
    """
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return _bounded(float(headers.get(name, "")) * unit_s)
        except ValueError:
            continue
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
        wait = date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)
        return _bounded(wait.total_seconds())
    except (ValueError, TypeError):
        pass
    found = re.search(r"try again in (?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)(m?s))?", message)
    if not found or not any(found.groups()):
        return None
    hours, minutes, rest, unit = found.groups()
    seconds = float(rest or 0) * (0.001 if unit == "ms" else 1.0)
    return _bounded(int(hours or 0) * 3600 + int(minutes or 0) * 60 + seconds)


def _bounded(wait_s: float) -> float:
    """A day at the most; a wait that is no number raises `ValueError`."""
    if math.isnan(wait_s):
        raise ValueError
    return min(max(wait_s, 0.0), 86_400.0)


def words(seconds: float) -> str:
    """`3 s`, `2 min`, `1 h`."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{round(seconds / 3600)} h"
