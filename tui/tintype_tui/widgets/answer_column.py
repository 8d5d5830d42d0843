"""One model's answer: who, how fast, how dear, what it says, and how near the truth it is."""

from textual import getters
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from tintype.detection import Box, mean_iou, parse_boxes
from tintype.model_names import parse_model_name
from tintype.prompting import Reply
from tintype_tui.text import clip, duration, money, number, one_line, visible


def short_name(model: str) -> str:
    """`cards · step 88` for a tuned model with a suffix, else the name itself."""
    name = parse_model_name(model)
    shown = name.suffix or (model if not name.tuned else model.rsplit(":", 1)[-1])
    return shown + (f" · step {name.step}" if name.step else "")


def verdict(said: str, expected: str) -> tuple[str, bool] | None:
    """How near an answer is to the expected one, and whether that is good; none if none is known.

    Boxes are compared by mean IoU, everything else word for word but for case and spaces.
    """
    if not expected:
        return None
    truth = parse_boxes(expected).boxes
    if truth:
        overlap = mean_iou(parse_boxes(said).boxes, truth)
        return f"IoU {overlap:.2f}", overlap >= 0.5
    same = " ".join(said.split()).casefold() == " ".join(expected.split()).casefold()
    return ("✓ as expected" if same else "✗ not as expected"), same


class AnswerColumn(VerticalScroll, can_focus=True):
    """Streams into plain text: nothing in an answer is obeyed, and nothing re-laid out twice."""

    BINDING_GROUP_TITLE = "Answer"

    DEFAULT_CSS = """
    AnswerColumn {
        height: 1fr;
        width: 1fr;
        padding: 0 1;
        border-top: solid $border-blurred;
        border-title-color: $foreground 80%;
        border-title-style: bold;
        scrollbar-size-vertical: 1;
        &:focus { border-top: heavy $primary; border-title-color: $primary; }
    }
    """

    model: reactive[str] = reactive("")
    reply: reactive[Reply | None] = reactive(None)
    expected: reactive[str] = reactive("")
    """The right answer, where it is known."""
    waiting: reactive[bool] = reactive(False)
    trouble: reactive[str] = reactive("")
    """Why there is no answer: a sentence."""

    text = getters.query_one(".answer-text", Static)

    def compose(self) -> ComposeResult:
        yield Static(classes="answer-text")

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The boxes that the answer tells of."""
        return parse_boxes(self.reply.text).boxes if self.reply else ()

    def watch_model(self, model: str) -> None:
        kind = "tuned" if parse_model_name(model).tuned else "base"
        title = f"{short_name(model)} ({kind})" if model else "no model: press m"
        self.border_title = Content(clip(one_line(title), 60))

    def watch_reply(self) -> None:
        self._draw()

    def watch_waiting(self) -> None:
        self._draw()

    def watch_trouble(self) -> None:
        self._draw()

    def watch_expected(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        self.text.update(Content("\n").join(self._lines()))

    def _lines(self) -> list[Content]:
        lines: list[Content] = []
        reply = self.reply
        if reply is not None:
            lines.append(Content(visible(reply.text or reply.refusal)))
            if reply.done and not reply.text and not reply.refusal:
                lines.append(Content.styled("(an empty answer)", "dim italic"))
            for words, style in self._remarks(reply):
                lines.append(Content.styled(words, style))
        elif self.waiting:
            lines.append(Content.styled("…", "dim"))
        if figures := self._figures():
            lines.append(Content.styled(" · ".join(figures), "dim"))
        if self.trouble:
            lines.append(Content.styled(visible(self.trouble), "$error"))
        return lines

    def _remarks(self, reply: Reply) -> list[tuple[str, str]]:
        remarks = []
        if reply.done and (found := verdict(reply.text, self.expected)):
            words, good = found
            remarks.append((words, "bold $success" if good else "bold $warning"))
        if reply.finish_reason == "length":
            remarks.append(("cut off at the token limit", "$warning"))
        if reply.finish_reason == "runaway":
            remarks.append(("stopped: it repeated itself", "$warning"))
        if reply.done and not reply.finish_reason and not reply.trouble:
            remarks.append(("stopped", "dim italic"))
        flaws = parse_boxes(reply.text).flaws if reply.done and "<loc" in reply.text else ()
        remarks.extend((f"! {visible(flaw.message)}", "$warning") for flaw in flaws[:3])
        remarks.extend(
            (visible(words), "$warning") for words in (reply.hint, reply.trouble) if words
        )
        return remarks

    def _figures(self) -> list[str]:
        reply = self.reply
        if reply is None:
            return []
        figures = [f"{number(reply.tokens)} tokens"]
        if reply.ttft_s is not None:
            figures.append(f"first {duration(reply.ttft_s)}")
        if reply.tokens_per_s is not None:
            figures.append(f"{reply.tokens_per_s:.0f}/s")
        if reply.done:
            figures.append(money(reply.cost_usd))
        return figures
