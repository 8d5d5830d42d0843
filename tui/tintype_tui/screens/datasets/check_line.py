"""The check: asked for when every row is known; its verdict, and why a row costs what it costs."""

from collections import Counter
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.reactive import var

from tintype.assessment import Assessment
from tintype_tui import requests
from tintype_tui.screens.datasets.part import Words
from tintype_tui.screens.why import Why
from tintype_tui.text import count


class CheckLine(Words):
    """`checking 34 %`, then `2 errors, 1 warning`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "dollar_sign",
            "why",
            "Why so many tokens",
            id="data.why",
            key_display="$",
            show=False,
            tooltip="the formula with the numbers of this row",
        ),
    ]

    profile_name: var[str] = var("")
    """Whose provider's rules apply."""

    def completed(self) -> None:
        self.post_message(requests.AssessDataset())

    def watch_profile_name(self, before: str, now: str) -> None:
        if before and self.opened is not None and self.opened.complete:
            self.post_message(requests.AssessDataset())

    def watch_assessed(self) -> None:
        self.say()

    def action_why(self) -> None:
        """Explain the tokens of the row that is looked at."""
        found = self.assessed
        if found is None or self.index >= len(found.figures.tokens):
            self.pane.say("This row has not been counted yet.")
            return
        self.app.push_screen(Why(found, self.index))

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
    earlier = "; checked earlier" if assessed.earlier else ""
    return f"{', '.join(found) or 'no problems'}{seen}{earlier}"


def undecoded(assessed: Assessment | None) -> bool:
    """Whether images were judged by their structure alone, because the file is large."""
    summary = assessed.summary if assessed is not None else None
    return summary is not None and summary.images > 0 and not summary.decoded
