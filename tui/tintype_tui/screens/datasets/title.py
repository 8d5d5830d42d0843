"""What is open: its name, how much it is, whether it is still being read or has changed."""

from textual.reactive import var

from tintype_tui.screens.datasets.part import Words
from tintype_tui.text import count, size


class Title(Words):
    """`cards/train.jsonl · 240 rows · 6.4 MB`."""

    hint: var[str] = var("")
    """The keys of the view that is shown."""

    def watch_opened(self, before: object, now: object) -> None:
        self.say()

    def watch_arrangement(self) -> None:
        self.say()

    def watch_hint(self) -> None:
        self.say()

    def words(self) -> str:
        if (opened := self.opened) is None:
            return ""
        filtered = bool(self.arrangement.why)
        words = (
            f"{opened.path.parent.name}/{opened.path.name}",
            self.hint,
            "changed: R reads it again" if opened.stale else "",
            "" if filtered else count(opened.rows, "row"),
            "" if filtered else size(opened.dataset.size_bytes),
            "" if opened.complete else f"reading {opened.share:.0%}",
        )
        return " · ".join(filter(None, words))
