"""The same curves as a file: SVG, as text, for a report or a web page.

Drawn from the same columns as the plot in the terminal, one for each pixel, so a file is small
however long the training was, and keeps every extreme. No style sheet, no font, no script.
"""

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from html import escape

from tintype.metrics import Axis, figure
from tintype_tui.text import one_line
from tintype_tui.widgets.chart.axes import Scale, x_ticks, y_ticks
from tintype_tui.widgets.chart.navigation import Window
from tintype_tui.widgets.chart.palette import DARK, LIGHT
from tintype_tui.widgets.chart.plot import Plotter, y_range
from tintype_tui.widgets.chart.traces import Curve, Pin, Trace
from tintype_tui.widgets.chart.view import AXIS_NAMES, View

_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 64, 44
"""Pixels around the plot."""

_DASHES = ("", "8 3", "2 3", "8 3 2 3", "1 3", "16 4")

_SHAPES = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
    "M-4 -4h8v8h-8z",
    "M0 -5l5 5l-5 5l-5 -5z",
    "M-1.5 -5h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5v-3h3.5z",
    "M0 -6l1.8 4h4l-3.3 2.6l1.3 4.2l-3.8 -2.6l-3.8 2.6l1.3 -4.2l-3.3 -2.6h4z",
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0zM-2 0a2 2 0 1 1 4 0a2 2 0 1 1 -4 0z",
)
"""The marks, around their point."""


def to_svg(
    traces: Sequence[Trace],
    *,
    heading: str = "",
    axis: Axis = "step",
    log: bool = False,
    smoothing: float = 0.8,
    window: Window | None = None,
    pins: Sequence[Pin] = (),
    dark: bool = False,
    width: int = 960,
    height: int = 480,
    zone: tzinfo | None = None,
) -> str:
    """Draw curves as an SVG document of `width` × `height` pixels, at least 200 × 150."""
    width, height = max(width, 200), max(height, 150)
    plotter, drawn = Plotter(), [trace for trace in traces if len(trace.series)]
    low, high = window or plotter.extent(drawn, axis)
    across, down = width - _LEFT - _RIGHT, height - _TOP - _BOTTOM
    view = View(across, down, axis, low, high, log, smoothing, "ascii", zone=zone)
    curves = [plotter.cut(number, trace, view) for number, trace in enumerate(drawn)]
    scale, _ = y_range(curves, view)
    ink, paper = ("#e0e0e0", "#121212") if dark else ("#1f1f1f", "#ffffff")
    colors = DARK if dark else LIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" role="img">',
        f"<title>{_text(heading or 'Chart')}</title>",
        f'<rect width="{width}" height="{height}" fill="{paper}"/>',
        f'<text x="{_LEFT}" y="22" font-size="15" font-weight="bold" fill="{ink}">'
        f"{_text(heading)}</text>",
        f'<g transform="translate({_LEFT} {_TOP})">',
        *_axes(view, scale, ink),
        *_pins(pins, plotter, drawn, view, ink),
        f'<clipPath id="plot"><rect width="{across}" height="{down}"/></clipPath>',
    ]
    for curve in curves:
        color = colors[curve.trace.slot % len(colors)]
        parts += _curve(curve, view, scale, color)
    parts += ["</g>", *_legend(curves, plotter, colors, ink), "</svg>"]
    return "\n".join(parts) + "\n"


def _axes(view: View, scale: Scale, ink: str) -> Iterator[str]:
    for value, label in y_ticks(scale, max(2, view.rows // 45), 9):
        y = view.rows * (1 - scale.share(value))
        yield f'<path d="M0 {y:.1f}H{view.columns}" stroke="{ink}" stroke-opacity="0.15"/>'
        yield (f'<text x="-8" y="{y + 4:.1f}" text-anchor="end" fill="{ink}">{_text(label)}</text>')
    for place, label in x_ticks(view.axis, view.low, view.high, view.columns // 9, view.zone):
        x = (place - view.low) / (view.high - view.low) * view.columns
        yield f'<path d="M{x:.1f} {view.rows}v5" stroke="{ink}"/>'
        yield (
            f'<text x="{x:.1f}" y="{view.rows + 19}" text-anchor="middle" fill="{ink}">'
            f"{_text(label)}</text>"
        )
    yield f'<path d="M0 0V{view.rows}H{view.columns}" fill="none" stroke="{ink}"/>'
    yield (
        f'<text x="{view.columns / 2:.1f}" y="{view.rows + 36}" text-anchor="middle" '
        f'fill="{ink}">{AXIS_NAMES[view.axis]}</text>'
    )


def _pins(
    pins: Sequence[Pin], plotter: Plotter, traces: Sequence[Trace], view: View, ink: str
) -> Iterator[str]:
    for pin in pins if traces else ():
        place = plotter.ruler(traces[0], view.axis).place(pin.step)
        if view.low <= place <= view.high:
            x = (place - view.low) / (view.high - view.low) * view.columns
            yield (
                f'<path d="M{x:.1f} 0V{view.rows}" stroke="{ink}" stroke-opacity="0.4" '
                f'stroke-dasharray="4 4"/><text x="{x + 4:.1f}" y="11" fill="{ink}" '
                f'fill-opacity="0.7">{_text(pin.name)}</text>'
            )


def _curve(curve: Curve, view: View, scale: Scale, color: str) -> Iterator[str]:
    dash = _DASHES[curve.trace.slot % len(_DASHES)]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    measured, lonely = _measured(curve, scale, view.rows)
    faint = ' stroke-opacity="0.4"' if curve.smoothed else dashed
    yield (
        f'<path clip-path="url(#plot)" fill="none" stroke="{color}"{faint} '
        f'stroke-linejoin="round" d="{measured}"/>'
    )
    if curve.smoothed:
        line = _averaged(curve, scale, view.rows)
        yield (
            f'<path clip-path="url(#plot)" fill="none" stroke="{color}" stroke-width="2"{dashed} '
            f'stroke-linejoin="round" d="{line}"/>'
        )
    shape = _SHAPES[curve.trace.slot % len(_SHAPES)]
    if len(curve.columns) * 12 <= view.columns:
        lonely = [
            (column.at, _y(column.last, scale, view.rows))
            for column in curve.columns
            if _has_place(column.last, scale)
        ]
    for x, y in lonely:
        yield f'<path transform="translate({x} {y})" fill="{color}" d="{shape}"/>'
    for column in curve.columns:
        if column.odd:
            yield (
                f'<text x="{column.at}" y="{view.rows - 3}" text-anchor="middle" '
                f'fill="{color}">✕</text>'
            )


def _measured(curve: Curve, scale: Scale, rows: int) -> tuple[str, list[tuple[int, str]]]:
    """The path through first, low, high and last of each column; and the points left alone."""
    path: list[str] = []
    alone: list[tuple[int, str]] = []
    series, open_end, started = curve.trace.series, False, True
    for column in curve.columns:
        values = [column.first, column.low, column.high, column.last]
        if column.stop - column.start == 1:
            values = [column.last]
        heights = [_y(value, scale, rows) for value in values if _has_place(value, scale)]
        near = column.start > 0 and (series.spacing(column.start) <= curve.gap)
        linked = open_end and near and _has_place(column.first, scale)
        if not started and not linked:
            alone.append((int(path[-2]), path[-1]))
        for number, y in enumerate(heights):
            path += ["M" if number == 0 and not linked else "L", str(column.at), y]
        started = linked or len(heights) != 1
        open_end = bool(heights) and _has_place(column.last, scale)
    if not started:
        alone.append((int(path[-2]), path[-1]))
    return " ".join(path), alone


def _averaged(curve: Curve, scale: Scale, rows: int) -> str:
    """The path through the smoothed value at the end of each column."""
    path: list[str] = []
    series, linked = curve.smoothed or curve.trace.series, False
    for column in curve.columns:
        _, value = series[column.stop - 1]
        if not _has_place(value, scale):
            linked = False
            continue
        if column.start and series.spacing(column.start) > curve.gap:
            linked = False
        path += ["L" if linked else "M", str(column.at), _y(value, scale, rows)]
        linked = True
    return " ".join(path)


def _legend(
    curves: Sequence[Curve], plotter: Plotter, colors: Sequence[str], ink: str
) -> Iterator[str]:
    x = float(_LEFT)
    for curve in curves:
        slot = curve.trace.slot
        words = f"{one_line(curve.trace.name)} {figure(curve.trace.series[-1][1])}"
        dash = _DASHES[slot % len(_DASHES)]
        yield (
            f'<g transform="translate({x:.0f} 42)" stroke="none"><path d="M0 0h24" '
            f'stroke="{colors[slot % len(colors)]}" stroke-width="2" stroke-dasharray="{dash}"/>'
            f'<path transform="translate(12 0)" fill="{colors[slot % len(colors)]}" '
            f'd="{_SHAPES[slot % len(_SHAPES)]}"/>'
            f'<text x="30" y="4" fill="{ink}">{_text(words)}</text></g>'
        )
        x += 30 + 7.2 * len(words) + 18


def _has_place(value: float, scale: Scale) -> bool:
    return (0.0 if scale.log else -1e300) < value <= 1e300


def _y(value: float, scale: Scale, rows: int) -> str:
    return f"{max(-1e6, min(1e6, rows * (1 - scale.share(value)))):.1f}"


def _text(words: str) -> str:
    """Untrusted words for an XML document, without what XML cannot hold."""
    return escape(one_line(words).translate({0xFFFE: None, 0xFFFF: None}))
