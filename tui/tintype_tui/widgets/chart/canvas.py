"""What a chart is to show, as one value, and what makes its lines and keeps what is costly."""

from dataclasses import dataclass
from datetime import tzinfo

from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from tintype.metrics import Axis
from tintype_tui.text import clip, one_line
from tintype_tui.widgets.chart import palette, readout
from tintype_tui.widgets.chart.navigation import Window
from tintype_tui.widgets.chart.painting import Scene
from tintype_tui.widgets.chart.palette import Line, Look, look
from tintype_tui.widgets.chart.plot import Plotter
from tintype_tui.widgets.chart.raster import Marks
from tintype_tui.widgets.chart.readout import Cursors
from tintype_tui.widgets.chart.traces import Pin, Trace
from tintype_tui.widgets.chart.view import Clip, Frame, Plot, View, frame

_SPELLED = {ord("…"): palette.ASCII.more, ord("⏎"): "/"}
"""For terminals without Unicode: what `tintype_tui.text` puts in."""


@dataclass(frozen=True, slots=True)
class Content:
    """All that decides what a chart looks like, but for the theme."""

    traces: tuple[Trace, ...]
    solo: int
    pins: tuple[Pin, ...]
    heading: str
    empty_text: str
    axis: Axis
    shown: Window
    zoomed: bool
    following: bool
    log: bool
    clip: Clip
    smoothing: float
    marks: Marks
    as_table: bool
    cursors: Cursors
    size: Size
    zone: tzinfo | None
    range_key: str
    """That chooses another range of values."""

    @property
    def visible(self) -> dict[int, Trace]:
        """The traces to show, by their numbers."""
        every = dict(enumerate(self.traces))
        return {self.solo: every[self.solo]} if self.solo in every else every

    @property
    def signs(self) -> palette.Signs:
        """The characters in use."""
        own = {"ascii": palette.ASCII, "line": palette.LINES}
        return own.get(self.marks, palette.UNICODE)


class Canvas:
    """Makes the lines of one chart."""

    def __init__(self) -> None:
        self.plotter = Plotter()
        self._plot: Plot | None = None
        self._plotted: tuple[object, ...] = ()
        self._look: tuple[tuple[int, ...], Look] | None = None
        self._words: tuple[tuple[Trace, ...], list[str]] = ((), [])

    def forget_look(self) -> None:
        """Take the styles from the theme again."""
        self._look = None

    def frame(self, content: Content) -> Frame:
        """How the size is divided."""
        width, height = content.size
        visible = list(content.visible.values())
        wanted = readout.legend_rows(visible, content.smoothing, width)
        return frame(width, height, wanted, bool(content.pins), len(visible) > 1)

    def strips(self, widget: Widget, content: Content) -> list[Strip]:
        """The lines of a widget, from its title to the labels of its x-axis, as wide as it is."""
        width, height = content.size
        if not content.size.area:
            return []
        slots = tuple(trace.slot for trace in content.traces)
        if self._look is None or self._look[0] != slots:
            self._look = slots, look(widget, slots)
        styles = self._look[1]
        seen = any(len(trace.series) for trace in content.visible.values())
        if seen and not content.as_table:
            lines = self._scene(content, styles).lines()
        else:
            words = self._table(content) if seen else self._empty(content)
            lines = [styles.words(line) for line in words]
        if content.marks == "ascii":
            lines = [
                [Segment(text.translate(_SPELLED), style) for text, style, _ in line]
                for line in lines
            ]
        base = styles.named["text"]
        lines += [[] for _ in range(height - len(lines))]
        return [Strip(line).adjust_cell_length(width, base) for line in lines]

    def _scene(self, content: Content, styles: Look) -> Scene:
        cells, visible = self.frame(content), content.visible
        view = View(
            columns=max(cells.columns, 1),
            rows=max(cells.rows, 1),
            axis=content.axis,
            low=content.shown[0],
            high=content.shown[1],
            log=content.log,
            smoothing=content.smoothing,
            marks=content.marks,
            clip="nothing" if content.zoomed and content.clip == "start" else content.clip,
            label_width=max(cells.labels, 1),
            zone=content.zone,
        )
        wanted = (content.traces, content.solo, view)
        if self._plot is None or self._plotted != wanted:
            self._plot, self._plotted = self.plotter.plot(visible, view), wanted
        return Scene(
            traces=visible,
            hidden=len(content.traces) - len(visible),
            range_key=content.range_key,
            pins=content.pins,
            heading=content.heading,
            cursors=content.cursors,
            following=content.following,
            plot=self._plot,
            frame=cells,
            plotter=self.plotter,
            signs=content.signs,
            look=styles,
        )

    def _empty(self, content: Content) -> list[Line]:
        """The heading, and the words in the middle."""
        width, height = content.size
        words = [clip(one_line(line), width) for line in content.empty_text.splitlines()] or [""]
        top = max((height - len(words)) // 2, 0)
        lines: list[Line] = [[] for _ in range(top)]
        lines += [[(f"{line:^{width}}", "muted")] for line in words]
        if top and content.heading:
            lines[0] = readout.heading(content.heading, [], width, content.signs)
        return lines

    def _table(self, content: Content) -> list[Line]:
        width, height = content.size
        visible, signs = content.visible, content.signs
        traces = tuple(visible.values())
        if self._words[0] != traces:
            self._words = (traces, readout.sentences(traces))
        step = max(trace.series.last for trace in traces)
        if content.cursors.first is not None:
            first = next(trace for trace in traces if len(trace.series))
            step = round(self.plotter.ruler(first, content.axis).step(content.cursors.first))
        roomy = height > 6
        title = [readout.heading(content.heading, [], width, signs)] if roomy else []
        words = self._words[1] if roomy else []
        return title + readout.table(visible, words, step, width, height - len(title), signs)
