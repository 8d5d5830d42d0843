"""The lines that every pane has: every pane can be clicked and the next step read, anywhere."""

from typing import ClassVar

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.binding import BindingType

from tintype.loop import LoopState
from tintype_tui.widgets.loop_strip import LoopStrip
from tintype_tui.widgets.masthead import PANES, Masthead


class Frame(App[None]):
    BINDINGS: ClassVar[list[BindingType]] = [("s", "sample", "Samples")]

    def __init__(self) -> None:
        super().__init__()
        self.gone: list[str] = []

    def compose(self) -> ComposeResult:
        masthead = Masthead()
        masthead.provider = "a provider"
        yield masthead
        strip = LoopStrip({"data": ("sample",)})
        strip.loop_state = LoopState(estimate="$12.40 to $19.80")
        yield strip

    def action_go(self, mode: str) -> None:
        self.gone.append(mode)

    def action_sample(self) -> None:
        """Nothing: it is only named."""


@pytest.mark.parametrize("width", [80, 60, 40, 32])
async def test_every_pane_is_named_and_can_be_clicked_and_the_next_step_is_whole(
    width: int,
) -> None:
    app = Frame()
    async with app.run_test(size=(width, 10)) as pilot:
        await pilot.pause()
        top, strip = app.query_one(Masthead), app.query_one(LoopStrip)
        line = top.render_line(0).text
        for number in range(1, len(PANES) + 1):
            await top.on_click(_click(top, line.index(f" {number} ") + 1))
        assert app.gone == [mode for mode, _, _ in PANES]
        assert strip.render_line(0).text.endswith(" next: s Samples ")


def _click(widget: Masthead, x: int) -> events.Click:
    return events.Click(widget, x, 0, 0, 0, 1, False, False, False, x, 0)
