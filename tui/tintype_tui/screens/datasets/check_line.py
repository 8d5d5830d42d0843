"""The check: asked for when every row is known, and its verdict in the title line."""

from collections import Counter

from textual.reactive import var

from tintype.assessment import Assessment
from tintype_tui import requests
from tintype_tui.screens.datasets.part import Words
from tintype_tui.text import count


class CheckLine(Words):
    """`checking 34 %`, then `2 errors, 1 warning`."""

    profile_name: var[str] = var("")
    """Whose provider's rules apply."""

    def completed(self) -> None:
        self.post_message(requests.AssessDataset())

    def watch_profile_name(self, before: str, now: str) -> None:
        if before and self.opened is not None and self.opened.complete:
            self.post_message(requests.AssessDataset())

    def watch_assessed(self) -> None:
        self.say()

    def words(self) -> str:
        return f"· {verdict(self.assessed)}" if self.assessed is not None else ""


def verdict(assessed: Assessment) -> str:
    """`2 errors, 1 warning`, or how far the check has come."""
    if assessed.summary is None:
        return f"checking {assessed.share:.0%}"
    totals = Counter[str]()
    for rule in assessed.summary.counts:
        totals[rule.severity] += rule.total
    found = [count(totals[each], each) for each in ("error", "skip", "warning") if totals[each]]
    seen = "; pixels not decoded" if undecoded(assessed) else ""
    return f"{', '.join(found) or 'no problems'}{seen}"


def undecoded(assessed: Assessment | None) -> bool:
    """Whether images were judged by their structure alone, because the file is large."""
    summary = assessed.summary if assessed is not None else None
    return summary is not None and summary.images > 0 and not summary.decoded
