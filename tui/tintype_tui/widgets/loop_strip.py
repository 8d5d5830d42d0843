"""The strip above the footer: where in the loop one stands, and the key for the next step."""

from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tintype.loop import LoopState, Progress, Stage
from tintype_tui.text import clip, one_line

MARKS: dict[Progress, str] = {"todo": "○", "now": "◐", "done": "●", "trouble": "✗"}
"""Shape says the state; colour only repeats it."""

SPOKEN: dict[Progress, str] = {
    "todo": "to do",
    "now": "now",
    "done": "done",
    "trouble": "trouble",
}
"""In place of the marks, for screen readers."""


class LoopStrip(Widget):
    """One row, the same on every pane."""

    DEFAULT_CSS = """
    LoopStrip { height: 1; background: $surface; color: $foreground 80%; }
    """

    loop_state: reactive[LoopState] = reactive(LoopState())
    next_actions: reactive[tuple[str, ...]] = reactive(())
    """Actions, or ids of keys; the first of them that can be taken is the next step."""
    waiting: reactive[str] = reactive("")
    """What the next step waits for, in its place; empty where it waits for nothing."""

    def __init__(self, *next_actions: str) -> None:
        super().__init__()
        self.set_reactive(LoopStrip.next_actions, next_actions)

    def on_mount(self) -> None:
        """Redraw when keys come and go with the focus."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.refresh())

    def render_line(self, y: int) -> Strip:
        """Draw the stages on the left, the next key on the right."""
        width, base = self.size.width, self.rich_style
        next_step = self._next_step()
        room = width - sum(len(text) for text in next_step) - 2
        segments = self._stages(room)
        strip = Strip(segments)
        gap = max(0, width - strip.cell_length - sum(len(text) for text in next_step) - 1)
        key, words = next_step
        key_style = Style(bold=True, color=self.app.theme_variables["primary"])
        return Strip(
            [
                *segments,
                Segment(" " * gap, base),
                Segment(key, base + key_style),
                Segment(words + " ", base),
            ]
        ).crop(0, width)

    def _stages(self, room: int) -> list[Segment]:
        stages = self.loop_state.stages()
        for words_width in (24, 16, 10, 0):
            segments = self._drawn(stages, words_width)
            if sum(segment.cell_length for segment in segments) <= room:
                return segments
        return self._drawn(stages, 0, terse=not self.app.has_class("-reader"))

    def _drawn(
        self, stages: tuple[Stage, ...], words_width: int, *, terse: bool = False
    ) -> list[Segment]:
        """Draw the stages; tersely, only the mark of those that are not now."""
        base, colors = self.rich_style, self.app.theme_variables
        tints: dict[Progress, str] = {
            "todo": colors["text-muted"] if colors["text-muted"].startswith("#") else "",
            "now": colors["primary"],
            "done": colors["success"],
            "trouble": colors["error"],
        }
        spoken = self.app.has_class("-reader")
        segments = [Segment(" ", base)]
        for at, stage in enumerate(stages):
            if at and not terse:
                segments.append(Segment(" → ", base + Style(dim=True)))
            tint = tints[stage.progress]
            mark = base + Style(color=tint) if tint else base
            if not spoken:
                segments.append(Segment(f"{MARKS[stage.progress]} ", mark))
            if terse and stage.progress not in ("now", "trouble"):
                continue
            name = f"{stage.name} " if terse else stage.name
            segments.append(Segment(name, base + Style(bold=stage.progress == "now")))
            if spoken:
                segments.append(Segment(f" {SPOKEN[stage.progress]}", mark))
            words = clip(one_line(stage.words), words_width)
            if words:
                segments.append(Segment(f" {words}", base + Style(dim=True)))
        return segments

    def _next_step(self) -> tuple[str, str]:
        """The first of the pane's next actions that can be taken now, or what it waits for."""
        if self.waiting:
            return "next: ", self.waiting
        for action in self.next_actions:
            for active in self.screen.active_bindings.values():
                if action in (active.binding.action, active.binding.id) and active.enabled:
                    key = self.app.get_key_display(active.binding)
                    return f"next: {key}", f" {active.binding.description}"
        return "", ""
