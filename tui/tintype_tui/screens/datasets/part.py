"""What a part of the pane is: a widget that is given the shared values and says what it wants.

The values come down by `data_bind` and are replaced whole; nobody but the pane changes them. What
a part wants goes up as one of the messages below. A part has its own workers, which end when
another dataset is opened.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.widgets import Static

from tintype.assessment import Assessment
from tintype.dataset import Dataset
from tintype.dataset.arrangement import Arrangement
from tintype.dataset.marks import Marks
from tintype.selection import Condition
from tintype.selection.columns import FieldColumns
from tintype_tui.screen import Part
from tintype_tui.screens.datasets.opened import Opened
from tintype_tui.text import visible


def stop_workers(part: Part, group: str) -> bool:
    """Cancel what a part has under way in a group; whether there was anything."""
    running = [each for each in part.workers if each.node is part and each.group == group]
    found = [each for each in running if each.is_running]
    for worker in found:
        worker.cancel()
    return bool(found)


class Edited(Message):
    """What lies over the dataset is another: its rows are to be read again."""


class WantColumns(Message):
    """Read what the rows say."""


@dataclass
class Narrow(Message):
    """Show, of the rows that are shown, only those for which a condition holds."""

    condition: Condition


class DatasetPart(Part):
    """A part of the pane Datasets."""

    opened: var[Opened | None] = var(None)
    assessed: var[Assessment | None] = var(None)
    """What the pass over the open dataset has found so far; none before it begins."""
    arrangement: var[Arrangement] = var(Arrangement())
    marks: var[Marks] = var(Marks())
    columns: var[FieldColumns | None] = var(None)
    """What the rows say; none until it was wanted and has been read."""
    index: var[int] = var(0)
    """The row that is looked at."""

    @dataclass
    class Select(Message):
        """Look at a row."""

        index: int
        view: "View | None" = None
        """The view whose cursor stands there already, if it is one that says so."""

    @dataclass
    class Arrange(Message):
        """Change what is shown, whatever it is by then; stay at the row, or go to the first."""

        change: Callable[[Arrangement], Arrangement]
        from_top: bool = False

    @dataclass
    class Remark(Message):
        """Change the marks, whatever they are by then."""

        change: Callable[[Marks], Marks]

    @property
    def dataset(self) -> Dataset | None:
        """The dataset that is open."""
        return self.opened.dataset if self.opened else None

    def watch_opened(self, before: Opened | None, now: Opened | None) -> None:
        same = before is not None and now is not None and before.dataset is now.dataset
        if not same:
            self.workers.cancel_node(self)
            self.begun()
        if now is not None and now.complete and not (same and before and before.complete):
            self.completed()

    def begun(self) -> None:
        """Another dataset is open, or none; not all of its rows need be known yet."""

    def completed(self) -> None:
        """All of its rows are known."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a dataset no key means anything."""
        return self.opened is not None or None

    def stop(self) -> bool:
        """Stop what the person waits for; whether there was anything."""
        return False


class Words(DatasetPart):
    """A part in the title line; while it has nothing to say, it takes no room."""

    DEFAULT_CSS = """
    Words { width: auto; height: 1; padding-left: 1; }
    Words Static { width: auto; height: 1; }
    """

    doing: var[str] = var("")
    """What goes on, in place of the words."""

    def compose(self) -> ComposeResult:
        yield Static()

    def words(self) -> str:
        """What there is to say."""
        raise NotImplementedError

    def say(self) -> None:
        """Say what there is to say by now."""
        words = self.doing or self.words()
        self.display = bool(words)
        for line in self.query(Static):  # none before it is composed, nor at the end
            line.update(Content(visible(words)))

    def watch_doing(self) -> None:
        self.say()
        _note(self)


def _note(part: Words) -> None:
    """List what goes on among everything that is under way."""
    name = part.opened.path.name if part.opened else "Dataset"
    words = part.doing.removeprefix("· ").partition(",")[0]
    part.session.tasks.note(part, name, words, part.stop, "datasets")


def is_busy(line: Words) -> bool:
    """Whether a part does something that no key but Esc may stop; if so, it is said."""
    if line.doing:
        line.pane.say(f"Not yet: {line.doing.removeprefix('· ')}.")
    return bool(line.doing)


class View(DatasetPart):
    """One way of looking over the rows."""

    ROOMY: ClassVar[bool] = False
    """Whether it needs more room than a list of rows."""
    WHOLE: ClassVar[bool] = False
    """Whether it takes the place of everything, the row too."""
    HINT: ClassVar[str] = ""
    """Its own keys, for the title line."""

    class Show(Message):
        """Show a view, or, if it is seen, the rows."""

        def __init__(self, view: "View") -> None:
            super().__init__()
            self.view = view

    class Leave(Message):
        """Back to the rows."""

    class Enlarge(Message):
        """Show the image of the row that is looked at, alone."""

    def action_show(self) -> None:
        """Show this; the key of a view is bound to it."""
        self.post_message(self.Show(self))

    def go(self, index: int) -> None:
        """Put the cursor to a row."""

    def mark(self) -> None:
        """Mark the row looked at, or unmark it."""
        index = self.index
        self.post_message(self.Remark(lambda marks: marks.toggled(index)))

    def take_focus(self) -> None:
        """Take the keys."""
        self.focus()
