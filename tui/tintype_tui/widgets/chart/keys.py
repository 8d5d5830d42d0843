"""The keys of the chart. Digits, `?`, `q`, `:` and `/` belong to the app, `t` to its next step."""

from textual.binding import Binding


def _key(key: str, action: str, id: str, words: str, tooltip: str, shown: str = "") -> Binding:
    """A key; those with a display of their own are named in the footer."""
    return Binding(
        key,
        action,
        words,
        show=bool(shown),
        key_display=shown or None,
        tooltip=tooltip,
        id=f"chart.{id}",
    )


KEYS: tuple[Binding, ...] = (
    _key("right", "move(1)", "right", "Cursor", "read the values at the next point", "←→"),
    _key("left", "move(-1)", "left", "Cursor back", "read the values at the point before"),
    _key("ctrl+right", "move(10)", "right.far", "Cursor far on", "ten points on"),
    _key("ctrl+left", "move(-10)", "left.far", "Cursor far back", "ten points back"),
    _key("plus,equals_sign", "zoom(0.5)", "in", "Zoom", "half as much, at the cursor", "+-"),
    _key("minus,underscore", "zoom(2.0)", "out", "Zoom out", "twice as much, at the cursor"),
    _key("z", "reset", "all", "All", "show everything, now and as it comes", "z"),
    _key("shift+right,l", "pan(0.25)", "later", "Later", "move on by a quarter"),
    _key("shift+left,h", "pan(-0.25)", "earlier", "Earlier", "move back by a quarter"),
    _key("home", "go(0)", "start", "Start", "go to the first point"),
    _key("end", "go(1)", "end", "End", "go to the newest point and follow it"),
    _key("x", "axis", "axis", "Axis", "step, epoch, elapsed time, time of day", "x"),
    _key("L", "log", "log", "Log", "logarithmic y-axis on or off", "L"),
    _key("S", "smooth(1)", "smoother", "Smooth", "average over more points", "sS"),
    _key("s", "smooth(-1)", "rougher", "Smooth less", "average over fewer points"),
    _key("o", "outliers", "outliers", "Outliers", "cut the few extremes off the y-axis"),
    _key("v", "second", "second", "Compare", "hold this place and measure from it", "v"),
    _key("n", "unusual(1)", "next", "Next spike", "go to the next spike or NaN", "n"),
    _key("N", "unusual(-1)", "previous", "Spike before", "go to the spike or NaN before"),
    _key("i", "solo", "solo", "One", "show one curve after the other, then all"),
    _key("T", "table", "table", "Table", "sentences and numbers, or the curves", "T"),
    _key("m", "marks", "marks", "Marks", "draw with braille, blocks or ASCII"),
    _key("up", "row(-1)", "row.up", "Row up", "the row before"),
    _key("down", "row(1)", "row.down", "Row down", "the next row"),
    _key("pageup", "row(-20)", "row.pageup", "Rows up", "twenty rows back"),
    _key("pagedown", "row(20)", "row.pagedown", "Rows down", "twenty rows on"),
    _key("escape", "drop", "drop", "No cursor", "take the cursor away"),
)
