"""Giving the mouse to the terminal, to select text with it, and taking it back."""

from typing import Any

from textual.app import App


def toggle(app: App[Any]) -> bool | None:
    """Give the mouse away or take it back; whether the app has it now, or none without one."""
    driver = app._driver
    taken = getattr(driver, "_mouse", None)
    if driver is None or taken is None:
        return None
    if taken:
        driver._disable_mouse_support()  # type: ignore[attr-defined]
    driver._mouse = not taken
    if not taken:
        driver._enable_mouse_support()  # type: ignore[attr-defined]
    return not taken
