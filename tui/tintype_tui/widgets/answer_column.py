"""One model's answer: who, how fast, how dear, what it says, and how near the truth it is."""

from textual import getters
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer
from textual.widgets import Static

from tintype.detection import Box, Parsed, parse_boxes
from tintype.prompting import Reply
from tintype_tui.text import one_line, visible
from tintype_tui.words.answers import (
    box_lines,
    ending,
    figures,
    flaw_lines,
    kind_of,
    short_name,
    shows_boxes,
    summary,
    verdict,
)

__all__ = ["AnswerColumn", "short_name", "verdict"]


class AnswerColumn(VerticalScroll, can_focus=True):
    """Streams into plain text: nothing in an answer is obeyed, and nothing re-laid out twice."""

    BINDING_GROUP_TITLE = "Answer"

    DEFAULT_CSS = """
    AnswerColumn {
        height: 1fr;
        width: 1fr;
        min-height: 1;
        padding: 0 1;
        border-top: solid $border-blurred;
        border-title-color: $foreground 80%;
        border-title-style: bold;
        scrollbar-size-vertical: 1;
        &:focus { border-top: heavy $primary; border-title-color: $primary; }
        &.-folded { height: 1; overflow-y: hidden; }
    }
    """

    model: reactive[str] = reactive("")
    place: reactive[int] = reactive(0)
    """Which column it is, counted from 1; 0 where it stands alone."""
    reply: reactive[Reply | None] = reactive(None)
    expected: reactive[str] = reactive("")
    """The right answer, where it is known."""
    waiting: reactive[bool] = reactive(False)
    trouble: reactive[str] = reactive("")
    """Why there is no answer: a sentence."""
    note: reactive[str] = reactive("")
    """What should be known about the question that this model was asked."""
    raw: reactive[bool] = reactive(False)
    """Show boxes as the model wrote them."""

    text = getters.query_one(".answer-text", Static)

    def __init__(self) -> None:
        super().__init__()
        self._waited_s = 0
        self._clock: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Static(classes="answer-text")

    def on_mount(self) -> None:
        self._clock = self.set_interval(1.0, self._tick, pause=True)
        self._draw()

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The boxes that the answer tells of."""
        return self._parsed().boxes

    def clear(self) -> None:
        """Put the answer away."""
        self.reply, self.trouble, self.note, self.waiting = None, "", "", False

    def _parsed(self) -> Parsed:
        return parse_boxes(self.reply.text) if self.reply else Parsed()

    def watch_model(self) -> None:
        self._draw()

    watch_place = watch_reply = watch_trouble = watch_expected = watch_note = watch_raw = (
        watch_model
    )

    def watch_waiting(self, waiting: bool) -> None:
        self._waited_s = 0
        if self._clock is not None:
            (self._clock.resume if waiting else self._clock.pause)()
        self._draw()

    def _tick(self) -> None:
        self._waited_s += 1
        self._draw()

    def _draw(self) -> None:
        if self.is_mounted:
            self.border_title = self._title()
            self.text.update(Content("\n").join(self._lines()))

    def _title(self) -> Content:
        number = f"{self.place} " if self.place else ""
        if not self.model:
            return Content(f"{number}no model: press m")
        waited = float(self._waited_s) if self.waiting else None
        short = summary(self.reply, self.expected, waited, self.trouble)
        name = f"{number}{one_line(short_name(self.model))} ({kind_of(self.model)})"
        return Content(f"{name} · {short}" if short else name)

    def _lines(self) -> list[Content]:
        lines: list[Content] = []
        reply = self.reply
        if self.note:
            lines.append(Content.styled(f"! {visible(self.note)}", "$warning"))
        if reply is not None:
            lines += self._answer(reply)
            lines.append(Content.styled(figures(reply), "dim"))
        elif self.waiting:
            lines.append(Content.styled("waiting for the first words · Esc stops", "dim"))
        if self.trouble:
            lines.append(Content.styled(visible(self.trouble), "$error"))
        return lines

    def _answer(self, reply: Reply) -> list[Content]:
        """What the model says, and remarks on it once it has ended."""
        said = reply.text or reply.refusal
        if not reply.done:
            return [Content(visible(said))]
        parsed = self._parsed()
        lines = []
        if reply.hint:
            lines.append(Content.styled(f" {reply.hint} ", "bold reverse $warning"))
        if words := ending(reply):
            lines.append(Content.styled(words, "bold $warning"))  # above: what ran away is long
        fates = list(box_lines(parsed, self.expected)) if parsed.boxes else []
        found = verdict(reply.text, self.expected)
        if found and len(fates) != 1:  # a single box says it itself
            words, good = found
            lines.append(Content.styled(words, "bold $success" if good else "bold $warning"))
        if self.raw or not shows_boxes(parsed):
            lines.append(Content(visible(said)) if said else _NOTHING)
        lines += fates
        lines += flaw_lines(parsed, reply.text)
        if reply.trouble:
            lines.append(Content.styled(visible(reply.trouble), "$warning"))
        return lines


_NOTHING = Content.styled("(an empty answer)", "dim italic")
