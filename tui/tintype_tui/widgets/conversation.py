"""A row as a conversation: who said what, pictures as chips, never as base64."""

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from tintype.dataset import Example, ImagePart, Message
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


def chip(part: ImagePart, facts: ImageFacts | None) -> str:
    """`jpeg 412 KB 1024×768`, or what is known before the picture has been looked at."""
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
    """What is known of the row's pictures, by their ordinal."""
    unfolded: reactive[bool] = reactive(False)
    """Whether long system prompts are shown whole."""

    def compose(self) -> ComposeResult:
        yield Static(id="conversation-text")

    def watch_example(self) -> None:
        self.scroll_home(animate=False)
        self._draw()

    def watch_facts(self) -> None:
        self._draw()

    def watch_unfolded(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        if self.example is None:
            self.query_one(Static).update("")
            return
        blocks = [self._message(message) for message in self.example.messages]
        self.query_one(Static).update(Content("\n").join(blocks))

    def _message(self, message: Message) -> Content:
        color = ROLE_COLORS.get(message.role, "$foreground")
        untrained = " (weight 0: not learnt)" if message.weight == 0 else ""
        head = Content.styled(visible(message.role or "no role"), f"bold {color}")
        parts = [Content.assemble(head, Content.styled(untrained, "dim"))]
        for part in message.parts:
            if isinstance(part, ImagePart):
                parts.append(Content.styled(chip(part, self.facts.get(part.ordinal)), "italic"))
            else:
                parts.append(Content(self._folded(message.role, visible(part.text))))
        parts.extend(Content(visible(f"tool call: {call}")) for call in message.tool_calls)
        return Content("\n").join(parts)

    def _folded(self, role: str, text: str) -> str:
        lines = text.splitlines()
        if role != "system" or self.unfolded or len(lines) <= FOLDED_LINES:
            return text
        return "\n".join([*lines[:FOLDED_LINES], f"… {len(lines) - FOLDED_LINES} more lines"])
