"""The strip above the footer: where in the loop one stands, and the key for the next step."""

from collections.abc import Mapping

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


Serving = Mapping[str, tuple[str, ...]]
"""Actions, or ids of keys, by the stage that they serve: `""` is the pane's own, `job trouble` one
in trouble."""

PANES_OF = {
    "data": "datasets",
    "estimate": "estimate",
    "job": "jobs",
    "try": "playground",
    "evaluate": "evaluate",
}
"""Where each stage is gone on with."""


def wanted(state: LoopState, pane: str, own: tuple[str, ...], serving: Serving) -> tuple[str, ...]:
    """The actions that go on with the loop as it stands, the first that can be taken to be named.

    Args:
        state: The loop.
        pane: The pane that is seen.
        own: Its actions for its own stage, and where all stages are done.
        serving: Its actions for a stage of another pane, and for one in trouble (`job trouble`).
    """
    stage = state.ahead
    if stage is None:
        return own
    launching = stage.name == "job" and not state.job
    home = "estimate" if launching else PANES_OF[stage.name]
    if stage.progress == "trouble" and (found := serving.get(f"{stage.name} trouble")):
        return found
    return own if pane == home else (*serving.get(stage.name, ()), f"go('{home}')")


class LoopStrip(Widget):
    """One row, the same on every pane."""

    DEFAULT_CSS = """
    LoopStrip { height: 1; background: $surface; color: $foreground 80%; }
    """

    loop_state: reactive[LoopState] = reactive(LoopState())
    next_actions: reactive[tuple[str, ...]] = reactive(())
    """What goes on with the stage of this pane."""
    serving: reactive[Serving] = reactive[Serving]({})
    """What serves stages of other panes, and those in trouble."""
    waiting: reactive[str] = reactive("")
    """What the next step waits for, in its place; empty where it waits for nothing."""

    def __init__(self, serving: Serving) -> None:
        super().__init__()
        self.set_reactive(LoopStrip.serving, serving)
        self.set_reactive(LoopStrip.next_actions, serving.get("", ()))

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
        ahead = self.loop_state.ahead  # what is done is left out where there is no room for it
        return self._drawn((ahead,) if ahead is not None else stages[-1:], 0)

    def _drawn(self, stages: tuple[Stage, ...], words_width: int) -> list[Segment]:
        base, colors = self.rich_style, self.app.theme_variables
        quiet = base + Style(dim=self.app.current_theme.dark)  # on light grounds dim is too faint
        tints: dict[Progress, str] = {
            "todo": colors["text-muted"] if colors["text-muted"].startswith("#") else "",
            "now": colors["primary"],
            "done": colors["success"],
            "trouble": colors["error"],
        }
        spoken = self.app.has_class("-reader")
        segments = [Segment(" ", base)]
        for at, stage in enumerate(stages):
            if at:
                segments.append(Segment(" → ", quiet))
            tint = tints[stage.progress]
            mark = base + Style(color=tint) if tint else base
            if not spoken:
                segments.append(Segment(f"{MARKS[stage.progress]} ", mark))
            segments.append(Segment(stage.name, base + Style(bold=stage.progress == "now")))
            if spoken:
                segments.append(Segment(f" {SPOKEN[stage.progress]}", mark))
            words = clip(one_line(stage.words), words_width)
            if words:
                segments.append(Segment(f" {words}", quiet))
        return segments

    def _next_step(self) -> tuple[str, str]:
        """The first action that can be taken now and goes on, or what that waits for."""
        if self.waiting:
            return "next: ", self.waiting
        here = str(self.app.current_mode)
        for action in wanted(self.loop_state, here, self.next_actions, self.serving):
            for active in self.screen.active_bindings.values():
                named = action in (active.binding.action, active.binding.id)
                if named and active.enabled:
                    key = self.app.get_key_display(active.binding)
                    return f"next: {key}", f" {active.binding.description}"
        return "", ""
