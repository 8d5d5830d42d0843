"""A checkbox that shows without colour whether it is ticked."""

from typing import Any

from textual.widgets import Checkbox


class Tick(Checkbox):
    """Textual draws an X in both states and tells them apart by colour alone."""

    BUTTON_INNER = " "

    def __init__(self, label: Any = "", value: bool = False, **options: Any) -> None:
        super().__init__(label, value, **options)
        self._mark(value)

    def watch_value(self) -> None:
        super().watch_value()
        self._mark(self.value)
        self.refresh()

    def _mark(self, value: bool) -> None:
        self.BUTTON_INNER = "X" if value else " "
