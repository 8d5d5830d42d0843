"""A row as a conversation: who said what, images as chips, never as base64."""

from collections.abc import Mapping, Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive, var
from textual.widgets import Static

from tintype.dataset import Example, ImagePart, Message, TextPart
from tintype.images import ImageFacts
from tintype_tui.text import size, visible

ROLE_COLORS: Mapping[str, str] = {
    "system": "$secondary",
    "developer": "$secondary",
    "user": "$primary",
    "assistant": "$success",
    "tool": "$warning",
}

FOLDED_LINES = 4
"""Lines of a system prompt shown until it is unfolded."""


Spans = Sequence[tuple[int, int]]


def chip(part: ImagePart, facts: ImageFacts | None) -> str:
    """`jpeg 412 KB 1024×768`, or what is known before the image has been looked at."""
    if facts is not None and facts.format:
        words = f"{facts.format} {size(facts.size_bytes)} {facts.width}×{facts.height}"
    elif part.origin == "data":
        words = f"{part.media_type or 'data'} {size(part.encoded_chars * 3 / 4)}"
    else:
        words = part.reference
    origin = {"data": "", "url": " · from the web", "file": " · local file"}[part.origin]
    detail = "" if part.detail == "auto" else f" · detail {part.detail}"
    flaw = f" · {facts.flaw}" if facts is not None and facts.flaw else ""
    return visible(f"▣ {words}{origin}{detail}{flaw}")


class Conversation(VerticalScroll, can_focus=True):
    """Messages, one under the other."""

    BINDING_GROUP_TITLE = "Conversation"

    DEFAULT_CSS = """
    Conversation { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    """

    example: reactive[Example | None] = reactive(None)
    facts: reactive[Mapping[int, ImageFacts]] = reactive({})
    """What is known of the row's images, by their ordinal."""
    source: reactive[str] = reactive("")
    """What is shown of a row that has no messages."""
    found: var[Mapping[tuple[int, int], Spans]] = var({})
    """(message, part) → where something that was searched for stands in its text."""
    hit: var[int] = var(0)
    """Which of the places found one is at; negative numbers count from the last."""
    unfolded: reactive[bool] = reactive(False)
    """Whether long system prompts are shown whole."""

    def __init__(self) -> None:
        super().__init__()
        self._seen = 0
        """Places drawn so far, while drawing."""
        self._line_of_hit: int | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="conversation-text")

    def watch_example(self) -> None:
        self.scroll_home(animate=False)
        self._draw()

    def watch_facts(self) -> None:
        self._draw()

    watch_found = watch_source = watch_facts

    def watch_hit(self) -> None:
        self._draw()
        self.call_after_refresh(self.show_hit)

    def watch_unfolded(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        if self.example is None:
            self.query_one(Static).update("")
            return
        self._seen = 0
        self._line_of_hit = None
        text = Content("" if self.example.messages else visible(self.source))
        for number, message in enumerate(self.example.messages):
            text += self._message(number, message, text.get_height({}, self._width) if text else 0)
        self.query_one(Static).update(text)

    @property
    def is_long(self) -> bool:
        """Whether there is a system prompt that is folded, or would be."""
        return self.example is not None and any(
            message.role == "system"
            and isinstance(part, TextPart)
            and part.text.count("\n") >= FOLDED_LINES
            for message in self.example.messages
            for part in message.parts
        )

    @property
    def hits(self) -> int:
        """How many places were found in the row."""
        return sum(map(len, self.found.values()))

    def show_hit(self) -> None:
        """Scroll to where one is."""
        if self._line_of_hit is not None:
            top = max(0, self._line_of_hit - self.size.height // 2)
            self.scroll_to(y=top, animate=False)

    @property
    def _width(self) -> int:
        return max(1, self.scrollable_content_region.width)

    def _message(self, number: int, message: Message, above: int) -> Content:
        color = ROLE_COLORS.get(message.role, "$foreground")
        untrained = " (weight 0: not learnt)" if message.weight == 0 else ""
        head = Content.styled(visible(message.role or "no role"), f"bold {color}")
        text = Content.assemble("\n" if number else "", head, Content.styled(untrained, "dim"))
        several = self.example is not None and len(self.example.images) > 1
        for at, part in enumerate(message.parts):
            text += Content("\n")
            if isinstance(part, ImagePart):
                name = f"[Image #{part.ordinal + 1}] " if several else ""
                shown = chip(part, self.facts.get(part.ordinal))
                text += Content.styled(f"{name}{shown}", "italic")
            else:
                places = self.found.get((number, at), ())
                words, hit_at = self._marked(part.text, places)
                if hit_at is not None:
                    before = text + words[:hit_at]
                    self._line_of_hit = above + before.get_height({}, self._width) - 1
                text += words if places else self._folded(message.role, words)
        for call in message.tool_calls:
            text += Content("\n" + visible(f"tool call: {call}"))
        return text

    def _marked(self, text: str, places: Spans) -> tuple[Content, int | None]:
        """A text with what was found in it, and the end of the place one is at."""
        pieces: list[Content] = []
        at, length, hit_at = 0, 0, None
        for start, end in places:
            here = self._seen == self.hit % max(1, self.hits)
            self._seen += 1
            before, hit = visible(text[at:start]), visible(text[start:end])
            pieces += [
                Content(before),
                Content.styled(hit, "reverse bold underline" if here else "reverse"),
            ]
            length += len(before) + len(hit)
            at = end
            if here:
                hit_at = length
        return Content("").join([*pieces, Content(visible(text[at:]))]), hit_at

    def _folded(self, role: str, text: Content) -> Content:
        lines = text.split("\n")
        if role != "system" or self.unfolded or len(lines) <= FOLDED_LINES:
            return text
        more = f"… {len(lines) - FOLDED_LINES} more lines (Space unfolds)"
        return Content("\n").join([*lines[:FOLDED_LINES], Content.styled(more, "dim")])
