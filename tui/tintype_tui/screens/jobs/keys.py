"""The keys of the jobs pane; the charts and the events have keys of their own."""

from textual.binding import Binding


def _key(
    key: str, action: str, id: str, words: str, tooltip: str = "", *, shown: str = ""
) -> Binding:
    """A key; those with a display of their own are named in the footer."""
    return Binding(
        key,
        action,
        words,
        id=f"jobs.{id}",
        show=bool(shown),
        key_display=shown or None,
        tooltip=tooltip,
    )


KEYS: tuple[Binding, ...] = (
    _key("t", "act('try')", "try", "Try", "ask the tuned model about images", shown="t"),
    _key(
        "v",
        "act('evaluate')",
        "evaluate",
        "Evaluate",
        "on its test rows; below checkpoints: them, too",
        shown="v",
    ),
    _key(
        "d",
        "act('row')",
        "row",
        "Open row",
        "the one named by the provider, in its dataset",
        shown="d",
    ),
    _key("w", "metric", "metric", "Metric", "loss, accuracy, others", shown="w"),
    _key(
        "right_square_bracket",
        "lower(1)",
        "lower",
        "Below",
        "events, checkpoints, details, trouble, comparison",
        shown="]",
    ),
    _key("left_square_bracket", "lower(-1)", "lower_back", "Below, back"),
    _key("space", "act('pause')", "pause", "Pause", "stop for now, or go on", shown="space"),
    _key("c", "act('cancel')", "cancel", "Cancel", "stop for good", shown="c"),
    _key("W", "grid", "grid", "All metrics", "every metric at once, or one", shown="W"),
    _key("O", "act('overlay')", "overlay", "Overlay", "compare runs", shown="O"),
    _key("enter", "enter", "enter", "Below", "go to what is below the curves"),
    _key("f", "full", "full", "Full", "what is focused, alone"),
    _key("p", "look", "look", "Stop asking", "or go on"),
    _key("y", "act('copy')", "copy", "Copy the model's name"),
    _key("X", "act('export')", "export", "Export", "CSV and SVG, into the current folder"),
    _key("slash", "filter", "filter", "Filter", "jobs with a word"),
    _key("r", "refresh", "refresh", "Refresh", "ask the provider now"),
    _key("e", "act('clone')", "clone", "Clone", "estimate it again, on its dataset"),
    _key("escape", "back", "back", "Back", "to the list"),
)
