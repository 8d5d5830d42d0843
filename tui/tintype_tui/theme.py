"""Colours: iron and silver, as on the plates the name comes from."""

from collections.abc import Container, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from textual.app import App
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from tintype import paths
from tintype.errors import TintypeError
from tintype.settings import Settings

SAID_IN = ("primary", "secondary", "accent", "success", "warning", "error")
"""Colours that text is written in."""
LEAST_CONTRAST = 4.5
"""Of text to what is under it, by WCAG 2.1 (1.4.3)."""


def readable(variables: Mapping[str, str]) -> dict[str, str]:
    """A theme's variables with its colours darkened, or lightened, until text in them is legible.

    Many light themes have an amber for warnings that is meant to lie under black text.
    """
    grounds = [Color.parse(variables[name]) for name in ("background", "surface", "panel")]
    towards = Color.parse("#000000" if grounds[0].brightness > 0.5 else "#ffffff")
    found = dict(variables)
    for name in SAID_IN:
        own = Color.parse(variables[name])
        for tenths in range(10):
            colour = own.blend(towards, tenths / 10)
            if min(contrast(colour, ground) for ground in grounds) >= LEAST_CONTRAST:
                break
        found[name] = colour.hex
    return found


CHOSEN = "theme"
"""The file that holds the theme chosen last, and what the configuration named then."""


def keep(name: str, configured: str, folder: Path) -> None:
    """Keep a theme that was chosen for the next session.

    Raises:
        FileError: if it cannot be written.
    """
    paths.write_whole(folder / CHOSEN, f"{name}\n{configured}\n", replace=True)


def remember(name: str, settings: Settings) -> None:
    """Keep a theme for the next session where that can be written."""
    with suppress(TintypeError):
        keep(name, settings.theme, settings.folders.state)


def legible(app: App[Any], variables: dict[str, str]) -> dict[str, str]:
    """The variables of the app's theme; made legible where it is another's than ours."""
    if not app.theme.startswith("tintype"):
        variables = app.theme_variables = readable(variables)
    return variables


def begin(app: App[Any], settings: Settings) -> None:
    """Know our themes, and draw with the one of the last session."""
    app.register_theme(DARK)
    app.register_theme(LIGHT)
    app.theme = restored(settings.theme, settings.folders.state, app.available_themes)


def restored(configured: str, folder: Path, available: Container[str]) -> str:
    """The theme to begin with: the one chosen last, unless the configuration was changed since."""
    try:
        chosen, then = (paths.read_text(folder / CHOSEN, max_bytes=1000) + "\n\n").split("\n")[:2]
    except TintypeError:
        chosen, then = "", ""
    if chosen in available and then == configured:
        return chosen
    return configured if configured in available else DARK.name


def problem(configured: str) -> str:
    """Return what is wrong with the theme that the settings name, in a sentence; or nothing."""
    names = sorted({DARK.name, LIGHT.name, *BUILTIN_THEMES})
    if not configured or configured in names:
        return ""
    return f"There is no theme {configured!r}. There are: {', '.join(names)}."


def contrast(one: Color, other: Color) -> float:
    """The contrast ratio of two colours, 1…21 (WCAG 2.1)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Color) -> float:
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in color.normalized
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


DARK = Theme(
    name="tintype",
    primary="#dba860",
    secondary="#8db5ac",
    accent="#f0cd8f",
    foreground="#e9e2d6",
    background="#15120e",
    surface="#1c1813",
    panel="#2a241c",
    success="#93c47d",
    warning="#e8b94f",
    error="#ee8570",
    dark=True,
    variables={
        "footer-key-foreground": "#dba860",
        "footer-background": "#1c1813",
        "block-cursor-background": "#dba860",
        "block-cursor-foreground": "#15120e",
        "border": "#dba860",
        "border-blurred": "#4a4033",
        "input-selection-background": "#dba860 35%",
        "scrollbar": "#4a4033",
        "scrollbar-hover": "#dba860",
        "scrollbar-active": "#dba860",
        "scrollbar-background": "#15120e",
        "scrollbar-background-hover": "#15120e",
        "scrollbar-background-active": "#15120e",
        "scrollbar-corner-color": "#15120e",
    },
)

LIGHT = Theme(
    name="tintype-light",
    primary="#7d4f12",
    secondary="#2f625a",
    accent="#96611a",
    foreground="#2a2319",
    background="#f7f2e8",
    surface="#efe8da",
    panel="#e2d8c5",
    success="#2f6b28",
    warning="#8a5a00",
    error="#a8321f",
    dark=False,
    variables={
        "footer-key-foreground": "#7d4f12",
        "footer-background": "#efe8da",
        "block-cursor-background": "#7d4f12",
        "block-cursor-foreground": "#f7f2e8",
        "border": "#7d4f12",
        "border-blurred": "#c9bda6",
        "scrollbar": "#c9bda6",
        "scrollbar-hover": "#7d4f12",
        "scrollbar-active": "#7d4f12",
        "scrollbar-background": "#f7f2e8",
        "scrollbar-background-hover": "#f7f2e8",
        "scrollbar-background-active": "#f7f2e8",
        "scrollbar-corner-color": "#f7f2e8",
    },
)
