"""One model's answer: who, how fast, how dear, what it says, and how near the truth it is."""

from dataclasses import dataclass

from textual import getters
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer
from textual.widgets import Static

from tintype.detection import Box, Parsed, parse_boxes
from tintype.prompting import Reply, in_short
from tintype_tui.keys import key_of
from tintype_tui.text import clip, count, one_line, visible
from tintype_tui.words.answers import (
    box_lines,
    ending,
    figures,
    flaw_lines,
    kind_of,
    several_lines,
    short_name,
    shows_boxes,
    summary,
    verdict,
)
from tintype_tui.words.markdown import markdown

__all__ = ["AnswerColumn", "short_name", "verdict"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a question to one model, so far."""

    reply: Reply | None = None
    expected: str = ""
    """The right answer, where it is known."""
    waiting: bool = False
    trouble: str = ""
    """Why there is no answer: a sentence."""
    note: str = ""
    """What should be known about the question that this model was asked."""
    times: int = 1
    """How often it was asked."""
    further: tuple[str | None, ...] = ()
    """Answers to the same question besides this one, as they came; none where there was none."""


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
    answer: reactive[Answer] = reactive(Answer())
    turns: reactive[tuple[tuple[str, str], ...]] = reactive(())
    """Earlier questions, with what this model said to each."""
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
        """The boxes in the answer."""
        return self._parsed().boxes

    def _parsed(self) -> Parsed:
        reply = self.answer.reply
        return parse_boxes(reply.answer) if reply else Parsed()

    def watch_model(self) -> None:
        self._draw()

    watch_place = watch_raw = watch_turns = watch_model

    def watch_answer(self, before: Answer, answer: Answer) -> None:
        if before.waiting != answer.waiting:
            self._waited_s = 0
            if self._clock is not None:
                (self._clock.resume if answer.waiting else self._clock.pause)()
        self._draw()

    def _tick(self) -> None:
        self._waited_s += 1
        self._draw()

    def _draw(self) -> None:
        if self._clock is not None:  # mounted
            self.border_title = self._title()
            self.text.update(Content("\n").join(self._lines()))

    def _title(self) -> Content:
        number = f"{self.place} " if self.place else ""
        if not self.model:
            return Content(f"{number}no model: press {key_of(self, 'play.model')}")
        answer = self.answer
        waited = float(self._waited_s) if answer.waiting else None
        short = summary(answer.reply, answer.expected, waited, answer.trouble)
        name = f"{number}{one_line(short_name(self.model))} ({kind_of(self.model)})"
        return Content(f"{name} · {short}" if short else name)

    def _lines(self) -> list[Content]:
        lines: list[Content] = []
        answer, reply = self.answer, self.answer.reply
        for question, said in self.turns:
            lines += self._turn(question, said)
        if answer.note:
            lines.append(Content.styled(f"! {visible(answer.note)}", "$warning"))
        if reply is not None:
            lines += self._answer(reply)
            lines += several_lines(reply, answer.further, answer.times)
            lines.append(Content.styled(figures(reply), "dim"))
        elif answer.waiting:
            lines.append(
                Content.styled(
                    f"waiting for the first words · {key_of(self, 'play.stop')} stops", "dim"
                )
            )
        if answer.trouble:
            lines.append(Content.styled(visible(answer.trouble), "$error"))
        return lines

    def _turn(self, question: str, said: str) -> list[Content]:
        """An earlier turn: a line for the question and one for the answer, or all of it in raw."""
        said = said or "(no answer)"
        if not self.raw:
            room = max(8, self.text.size.width - 2)
            question, said = clip(one_line(in_short(question)), room), clip(one_line(said), room)
        return [
            Content.styled(f"> {visible(question)}", "dim italic"),
            Content.styled(f"  {visible(said)}", "dim"),
        ]

    def _answer(self, reply: Reply) -> list[Content]:
        """What the model says, and remarks on it once it has ended."""
        said = reply.answer or reply.refusal
        lines = self._thoughts(reply)
        if not reply.done:
            return [*lines, Content(visible(said)) if self.raw else markdown(said)]
        parsed = self._parsed()
        if reply.hint:
            lines.append(Content.styled(f" {reply.hint} ", "bold reverse $warning"))
        if words := ending(reply):
            lines.append(Content.styled(words, "bold $warning"))  # above: what ran away is long
        fates = list(box_lines(parsed, self.answer.expected)) if parsed.boxes else []
        found = verdict(reply.answer, self.answer.expected)
        if found and len(fates) != 1:  # a single box says it itself
            words, good = found
            lines.append(Content.styled(words, "bold $success" if good else "bold $warning"))
        if self.raw or not shows_boxes(parsed):
            plain = self.raw or parsed.boxes
            shown = Content(visible(said)) if plain else markdown(said)
            lines.append(shown if said else _NOTHING)
        lines += fates
        lines += flaw_lines(parsed, reply.answer)
        if reply.trouble:
            lines.append(Content.styled(visible(reply.trouble), "$warning"))
        return lines

    def _thoughts(self, reply: Reply) -> list[Content]:
        """What the model thought, apart from what it says: whole while it thinks, and in raw."""
        if not (thoughts := reply.thoughts):
            return []
        if self.raw or not reply.answer:
            return [Content.styled(f"thinking:\n{visible(thoughts)}", "dim italic")]
        key = key_of(self, "play.raw")
        words = count(len(thoughts.split()), "word")
        return [Content.styled(f"thought before it answered: {words} ({key} shows it)", "dim")]


_NOTHING = Content.styled("(an empty answer)", "dim italic")
