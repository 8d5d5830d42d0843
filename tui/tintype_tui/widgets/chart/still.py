"""A chart that shows and does not move: values in, picture out.

Everything costly is done by `Plotter`, and only when the traces, the size or the view are others
than before: a frame in which nothing changed costs nothing, a moved cursor only the characters.
"""

from datetime import tzinfo
from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tintype.metrics import AXES, Axis
from tintype_tui.text import clip, one_line
from tintype_tui.widgets.chart import palette, readout
from tintype_tui.widgets.chart.frame import Frame, frame
from tintype_tui.widgets.chart.look import PARTS, Look, look
from tintype_tui.widgets.chart.navigation import Window, within
from tintype_tui.widgets.chart.plot import Plotter
from tintype_tui.widgets.chart.raster import Marks
from tintype_tui.widgets.chart.readout import Cursors, Line
from tintype_tui.widgets.chart.scene import Scene
from tintype_tui.widgets.chart.table import sentences, table
from tintype_tui.widgets.chart.trace import Pin, Trace
from tintype_tui.widgets.chart.view import Plot, View

_SPELLED = {ord("…"): palette.ASCII.more, ord("⏎"): "/"}
"""For terminals without Unicode: what `tintype_tui.text` puts in."""


class StillChart(Widget):
    """Series over steps, epochs or time."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"chart--{part}" for part in PARTS}

    DEFAULT_CSS = """
    StillChart {
        height: 1fr;
        & > .chart--title, & > .chart--strong { text-style: bold; }
        &:focus > .chart--title { text-style: bold underline; color: $primary; }
        & > .chart--muted { color: $foreground 70%; }
        & > .chart--axis { color: $foreground 60%; }
        & > .chart--grid { color: $foreground 18%; }
        & > .chart--pin { color: $foreground 45%; }
        & > .chart--cursor { color: $foreground; text-style: bold; }
        &:ansi {
            & > .chart--muted, & > .chart--axis, & > .chart--pin { color: ansi_default; }
            & > .chart--grid { color: ansi_bright_black; }
            & > .chart--cursor { color: ansi_default; }
        }
    }
    """

    traces: reactive[tuple[Trace, ...]] = reactive(())
    pins: reactive[tuple[Pin, ...]] = reactive(())
    """Epochs' ends, checkpoints, notes: by step, in order."""
    beside: reactive[tuple[Trace, ...]] = reactive(())
    """Curves of charts beside this one: the x-axis reaches as far as theirs, too."""
    heading: reactive[str] = reactive("")
    empty_text: reactive[str] = reactive("No metrics yet.")
    """What to say, and what to do, while there is nothing to draw."""
    axis: reactive[Axis] = reactive[Axis]("step")
    log_y: reactive[bool] = reactive(False)
    clip_outliers: reactive[bool] = reactive(False)
    smoothing: reactive[float] = reactive(0.8)
    """Weight of the moving average; 0 shows the values alone."""
    marks: reactive[Marks] = reactive[Marks]("braille")
    """`ascii` also avoids every other character outside ASCII."""
    as_table: reactive[bool] = reactive(False)
    """Sentences and numbers in place of the picture; also what a screen reader needs."""
    solo: reactive[int] = reactive(-1)
    """The only trace to show, by its number; all if there is no such trace."""
    window: reactive[Window | None] = reactive[Window | None](None)
    """The stretch of the x-axis that is shown; none is all of it."""
    following: reactive[bool] = reactive(False)
    """Whether a window moves along with the newest point."""
    cursor: reactive[float | None] = reactive[float | None](None, bindings=True)
    """A place on the x-axis."""
    second: reactive[float | None] = reactive[float | None](None, bindings=True)
    """The place from which differences are taken."""
    zone: tzinfo | None = None
    """For the time on the wall; the machine's own if none."""

    def __init__(
        self,
        traces: tuple[Trace, ...] = (),
        *,
        heading: str = "",
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.plotter = Plotter()
        self._plot: Plot | None = None
        self._plotted: tuple[object, ...] = ()
        self._look: tuple[tuple[int, ...], Look] | None = None
        self._words: tuple[tuple[Trace, ...], list[str]] = ((), [])
        self._lines: list[list[Segment]] | None = None
        self.set_reactive(StillChart.traces, traces)
        self.set_reactive(StillChart.heading, heading)

    # -- what there is ---------------------------------------------------------------------------

    @property
    def visible_traces(self) -> dict[int, Trace]:
        """The traces to show, by their numbers."""
        every = dict(enumerate(self.traces))
        return {self.solo: every[self.solo]} if self.solo in every else every

    @property
    def with_points(self) -> list[Trace]:
        """The traces to show that have a point."""
        return [trace for trace in self.visible_traces.values() if len(trace.series)]

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The x-axes on which every trace has a place."""
        known = [set(trace.timeline.axes()) for trace in self.traces if len(trace.series)]
        return tuple(axis for axis in AXES if all(axis in one for one in known))

    @property
    def extent(self) -> Window:
        """All of the x-axis that has points."""
        return self.plotter.extent([*self.with_points, *self.beside], self.axis)

    @property
    def shown(self) -> Window:
        """The stretch of the x-axis in the picture."""
        return self.extent if self.window is None else self.window

    @property
    def signs(self) -> palette.Signs:
        """The characters in use."""
        return palette.ASCII if self.marks == "ascii" else palette.UNICODE

    @property
    def frame(self) -> Frame:
        """How the present size is divided."""
        width, height = self.size
        visible = list(self.visible_traces.values())
        wanted = readout.legend_rows(visible, self.smoothing, width)
        return frame(width, height, wanted, bool(self.pins), len(visible) > 1)

    @property
    def view(self) -> View:
        """What the picture shows."""
        cells = self.frame
        low, high = self.shown
        return View(
            columns=max(cells.columns, 1),
            rows=max(cells.rows, 1),
            axis=self.axis,
            low=low,
            high=high,
            log=self.log_y,
            smoothing=self.smoothing,
            marks=self.marks,
            clip=self.clip_outliers,
            label_width=max(cells.labels, 1),
            zone=self.zone,
        )

    # -- when it changes -------------------------------------------------------------------------

    def watch_traces(self) -> None:
        """Keep up with the newest point, and on an axis that exists."""
        if self.axis not in self.axes:
            self.axis = "step"
        if self.window is not None and self.with_points:
            low, high = self.window
            extent = self.extent
            end = extent[1] if self.following else high
            self.window = within((end - (high - low), end), extent)

    def watch_axis(self, before: Axis, after: Axis) -> None:
        """Stay at the same steps on another axis."""
        if not self.with_points:
            return
        trace = self.with_points[0]
        old, new = self.plotter.ruler(trace, before), self.plotter.ruler(trace, after)

        def moved(place: float | None) -> float | None:
            return None if place is None else new.place(old.step(place))

        if self.window is not None:
            self.window = (new.place(old.step(self.window[0])), new.place(old.step(self.window[1])))
        self.cursor, self.second = moved(self.cursor), moved(self.second)

    def notify_style_update(self) -> None:
        """Follow a new theme, and focus."""
        super().notify_style_update()
        self._look = None

    # -- drawing ---------------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """Begin a frame; nothing is made unless a line is asked for."""
        self._lines = None
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Hand out one line; the first of a frame makes them all."""
        if self._lines is None:
            self._lines = self._compose_lines()
        base = self._looks().named["text"]
        line = self._lines[y] if y < len(self._lines) else []
        if self.marks == "ascii":
            line = [Segment(text.translate(_SPELLED), style) for text, style, _ in line]
        return Strip(line).adjust_cell_length(self.size.width, base)

    def _compose_lines(self) -> list[list[Segment]]:
        if not self.size.area:
            return []
        if self.with_points and not self.as_table:
            return self._picture()
        words = self._table() if self.with_points else self._empty()
        return [self._looks().words(line) for line in words]

    def _empty(self) -> list[Line]:
        """The heading, and the words in the middle."""
        width, height = self.size
        words = [clip(one_line(line), width) for line in self.empty_text.splitlines()] or [""]
        top = max((height - len(words)) // 2, 0)
        lines: list[Line] = [[] for _ in range(top)]
        lines += [[(f"{line:^{width}}", "muted")] for line in words]
        if top and self.heading:
            lines[0] = readout.heading(self.heading, [], width, self.signs)
        return lines

    def _table(self) -> list[Line]:
        width, height = self.size
        visible = self.visible_traces
        traces = tuple(visible.values())
        if self._words[0] != traces:
            self._words = (traces, sentences(traces))
        step = max(trace.series.last for trace in traces)
        if self.cursor is not None:
            step = round(self.plotter.ruler(self.with_points[0], self.axis).step(self.cursor))
        title = [readout.heading(self.heading, [], width, self.signs)] if height > 6 else []
        words = self._words[1] if height > 6 else []
        return title + table(visible, words, step, width, height - len(title), self.signs)

    def plotted(self) -> Plot:
        """The picture for what is to be shown now, made anew only if that is something else."""
        view, visible = self.view, self.visible_traces
        wanted = (self.traces, self.solo, view)
        if self._plot is None or self._plotted != wanted:
            self._plot, self._plotted = self.plotter.plot(visible, view), wanted
        return self._plot

    def _picture(self) -> list[list[Segment]]:
        visible = self.visible_traces
        scene = Scene(
            traces=visible,
            hidden=len(self.traces) - len(visible),
            pins=self.pins,
            heading=self.heading,
            cursors=self.cursors,
            following=self.window is not None and self.following,
            plot=self.plotted(),
            frame=self.frame,
            plotter=self.plotter,
            signs=self.signs,
            look=self._looks(),
        )
        return scene.lines()

    @property
    def cursors(self) -> Cursors:
        """Where one looks."""
        return Cursors(self.cursor, self.second)

    def _looks(self) -> Look:
        """The styles, made anew when the theme, the focus or the slots of the curves change."""
        slots = tuple(trace.slot for trace in self.traces)
        if self._look is None or self._look[0] != slots:
            self._look = slots, look(self, slots)
        return self._look[1]
