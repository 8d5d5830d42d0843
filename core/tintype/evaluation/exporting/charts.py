"""Bar charts as SVG: no script, no font, nothing from outside."""

from collections.abc import Sequence
from html import escape

from tintype.evaluation.report_section import BarChart, BarGroup

COLOURS = ("#3b6fb6", "#c8772e", "#3f8f5b", "#8a5fa8", "#b0413e", "#5f7680")
"""One for each model; bars also carry their number, so colour alone says nothing."""
_LEFT, _TOP, _BAR, _GAP, _HIGH, _LEAST = 46, 14, 26, 22, 180, 84


def bar_chart(chart: BarChart, title: str) -> str:
    """Grouped bars with their values above and their intervals as whiskers."""
    bars = max(1, len(chart.names))
    group = max(bars * _BAR, _LEAST) + _GAP
    width = _LEFT + len(chart.groups) * group + 10
    top = _scale(chart)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HIGH + 40}" '
        f'width="{width}" role="img" aria-label="{escape(title)}" class="chart">'
    ]
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = _y(share * top, top)
        words = f"{share * top:.0%}" if chart.is_share else f"{share * top:.0f}"
        parts.append(
            f'<line x1="{_LEFT}" x2="{width}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" class="axis" text-anchor="end">{words}</text>'
        )
    for at, one in enumerate(chart.groups):
        left = _LEFT + at * group + (group - bars * _BAR) / 2
        parts += _bars(one, left, top, is_share=chart.is_share)
        middle = left + bars * _BAR / 2
        parts.append(
            f'<text x="{middle:.1f}" y="{_TOP + _HIGH + 18}" class="label" '
            f'text-anchor="middle">{escape(_short(one.label, group))}'
            f"<title>{escape(one.label)}</title></text>"
        )
    parts.append("</svg>")
    return "".join(parts) + _legend(chart.names)


def _scale(chart: BarChart) -> float:
    if chart.is_share:
        return 1.0
    return max([value for one in chart.groups for value in one.values if value] or [1.0])


def _y(value: float, top: float) -> float:
    return _TOP + _HIGH - _HIGH * value / top


def _bars(one: BarGroup, left: float, top: float, *, is_share: bool) -> list[str]:
    parts = []
    for at, value in enumerate(one.values):
        x = left + at * _BAR
        if value is None:
            parts.append(
                f'<text x="{x + _BAR / 2}" y="{_y(0, top) - 3}" class="value" '
                'text-anchor="middle">–</text>'
            )
            continue
        y, middle = _y(value, top), x + _BAR / 2 - 1
        words = f"{100 * value:.0f}" if is_share else f"{value:.0f}"
        bounds = one.bounds[at] if at < len(one.bounds) else None
        highest = _y(bounds[1], top) if bounds else y
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{_BAR - 2}" height="{_TOP + _HIGH - y:.1f}" '
            f'fill="{COLOURS[at % len(COLOURS)]}"/>'
            f'<text x="{middle:.1f}" y="{min(y, highest) - 3:.1f}" class="value" '
            f'text-anchor="middle">{words}</text>'
        )
        if bounds:
            low, high = _y(bounds[0], top), _y(bounds[1], top)
            parts.append(
                f'<path d="M{middle:.1f} {low:.1f}V{high:.1f}m-3 0h6M{middle - 3:.1f} {low:.1f}h6" '
                'class="whisker"/>'
            )
    return parts


def _legend(names: Sequence[str]) -> str:
    items = "".join(
        f'<li><span style="background:{COLOURS[at % len(COLOURS)]}"></span>{escape(name)}</li>'
        for at, name in enumerate(names)
    )
    return f'<ul class="legend">{items}</ul>'


def _short(label: str, room: float) -> str:
    most = max(4, int(room / 6.5))
    return label if len(label) <= most else label[: most - 1] + "…"
