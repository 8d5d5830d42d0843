"""The boxes of a set in another convention: rows before and after, side by side, then written."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import var
from textual.screen import ModalScreen
from textual.widgets import Static

from tintype.dataset.box_sets import BoxedRow
from tintype.detection import CONVENTIONS, Convention, Verdict
from tintype.detection.convention import converted
from tintype_tui.screens.dialogs import Once
from tintype_tui.text import clip, one_line, visible
from tintype_tui.widgets.image import ImageView
from tintype_tui.widgets.key_line import KeyLine

MOST_SHOWN = 200
"""Characters of an answer."""
MOST_EVIDENCE = 2
"""Sentences about why the boxes are read so."""


class ConvertBoxes(Once, ModalScreen[tuple[Convention, Convention] | None]):
    """Gives what the boxes are read as and what they are to be written in."""

    DEFAULT_CSS = """
    ConvertBoxes {
        background: $background;
        #convert-words { height: auto; padding: 0 1; background: $surface; }
        Vertical { width: 1fr; padding: 0 1; }
        Vertical Static { height: auto; max-height: 3; }
        ImageView { height: 1fr; }
    }
    """
    BINDING_GROUP_TITLE = "Convert boxes"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "Convert all rows", id="convert.take", key_display="Enter"),
        Binding("right,l", "to(1)", "Next", id="convert.next", key_display="→"),
        Binding("left,h", "to(-1)", "Previous", id="convert.previous", key_display="←"),
        Binding("down,j", "read(1)", "Read otherwise", id="convert.read", key_display="↓"),
        Binding("up,k", "read(-1)", "Read as before", id="convert.read_back", show=False),
        Binding("escape", "dismiss(None)", "Back", id="convert.back", key_display="Esc"),
    ]

    source: var[int] = var(0, init=False)
    """Which reading."""
    target: var[int] = var(0, init=False)

    def __init__(self, verdict: Verdict, rows: Sequence[BoxedRow]) -> None:
        """Make ready.

        Args:
            verdict: What the boxes seem to be written in.
            rows: With boxes, to show what becomes of them.
        """
        super().__init__()
        self._verdict, self._rows = verdict, rows
        self._sources = readings(verdict)

    def compose(self) -> ComposeResult:
        yield Static(id="convert-words")
        with Horizontal():
            for at, _ in enumerate(self._rows):
                with Vertical():
                    for which in ("before", "after"):
                        yield ImageView(id=f"{which}-{at}")
                        yield Static(id=f"{which}-words-{at}")
        yield KeyLine()

    def on_mount(self) -> None:
        for image in self.query(ImageView):
            image.can_focus = False
        for at, row in enumerate(self._rows):
            for which in ("before", "after"):
                self.query_one(f"#{which}-{at}", ImageView).data = row.image
        self._show()

    def on_image_view_wants(self, event: ImageView.Wants) -> None:
        """Have an image drawn in a thread."""
        event.have_drawn(self)

    @property
    def _pair(self) -> tuple[Convention, Convention]:
        source = self._sources[self.source % len(self._sources)]
        targets = [one for one in CONVENTIONS.values() if one != source]
        return source, targets[self.target % len(targets)]

    def watch_source(self) -> None:
        self._show()

    def watch_target(self) -> None:
        self._show()

    def _show(self) -> None:
        source, to = self._pair
        first = source == self._sources[0]
        why = [f"{self._verdict.certainty}, by {self._verdict.rows:,} rows"] if first else []
        why += self._verdict.evidence[:MOST_EVIDENCE] if first else ["read otherwise"]
        lines = [
            f"Above: read as {source.name or 'no family'}: {source.title}",
            f"  {' · '.join(why)}",
            f"Below: written in {to.name}: {to.title}",
        ]
        self.query_one("#convert-words", Static).update(Content(visible("\n".join(lines))))
        for at, row in enumerate(self._rows):
            self._show_row(at, row, source, to)

    def _show_row(self, at: int, row: BoxedRow, source: Convention, to: Convention) -> None:
        try:
            after = converted(row.answer, source, to, row.size)
        except ValueError as error:
            after, boxes = f"stays as it is: {error}", source.read(row.answer, row.size).boxes
        else:
            boxes = to.read(after, row.size).boxes
        self.query_one(f"#before-{at}", ImageView).truth = source.read(row.answer, row.size).boxes
        self.query_one(f"#after-{at}", ImageView).truth = boxes
        for which, text in (("before", f"{row.line}: {row.answer}"), ("after", after)):
            words = Content(visible(clip(one_line(text), MOST_SHOWN)))
            self.query_one(f"#{which}-words-{at}", Static).update(words)

    def action_to(self, by: int) -> None:
        self.target += by

    def action_read(self, by: int) -> None:
        self.source += by

    def action_take(self) -> None:
        self.dismiss(self._pair)


def readings(verdict: Verdict) -> list[Convention]:
    """What the boxes may be read as: as it seems, as nearly as likely, as families write so."""
    notation = verdict.convention.notation
    found = [verdict.convention]
    found += [Convention(notation, frame) for frame in verdict.others]
    found += [one for one in CONVENTIONS.values() if one.notation is notation]
    return list({one.frame: one for one in reversed(found)}.values())[::-1]
