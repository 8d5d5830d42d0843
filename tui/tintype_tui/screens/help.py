"""Every key that works here, read from the bindings; and the same list as commands."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any, ClassVar, NamedTuple

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.containers import Vertical, VerticalScroll
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from tintype.paths import write_whole
from tintype_tui.keys import declared, key_of, keymap_problems
from tintype_tui.screen import Pane, Part
from tintype_tui.screens.dialogs import Dialog
from tintype_tui.session import Session
from tintype_tui.terminal.app import TerminalApp
from tintype_tui.terminal.textual_privates import PartsScreen

EVERYWHERE = "Everywhere"


class Key(NamedTuple):
    """One thing one can do here, with all its keys."""

    owner: str
    keys: str
    words: str
    tooltip: str
    action: str
    node: DOMNode
    id: str
    """Its name in `[keymap]`; empty if it cannot be changed."""


def keys_of(screen: Screen[object]) -> list[Key]:
    """What one can do on a screen now, each action once; what the pane is for comes first."""
    actions: dict[tuple[str, str], list[ActiveBinding]] = {}
    for active in screen.active_bindings.values():
        if active.binding.description and not active.binding.system:
            place = (type(active.node).__name__, active.binding.action)
            actions.setdefault(place, []).append(active)
    keys = [
        Key(
            owner=_owner(same[0]),
            keys="  ".join(dict.fromkeys(screen.app.get_key_display(a.binding) for a in same)),
            words=same[0].binding.description,
            tooltip=same[0].tooltip,
            action=same[0].binding.action,
            node=same[0].node,
            id=same[0].binding.id or "",
        )
        for same in actions.values()
    ]

    parts = screen.key_parts() if isinstance(screen, PartsScreen) else ()
    pane = {id(screen), *map(id, parts)}

    def rank(key: Key) -> tuple[bool, bool]:
        """The pane's own, the focused widget's; the app's, and what anything that scrolls has."""
        everywhere = key.owner == EVERYWHERE
        own = {id(screen.app)} if everywhere else pane
        return everywhere, id(key.node) not in own

    return sorted(keys, key=rank)


def _owner(active: ActiveBinding) -> str:
    """Whose key it is; what every screen has belongs to no pane."""
    node = active.node
    if node is node.app or active.binding.id is None:
        return EVERYWHERE
    return _title(node)


def _title(node: DOMNode) -> str:
    """What a group of keys is called; those of a part are its pane's."""
    node = node.pane if isinstance(node, Part) else node
    return getattr(node, "BINDING_GROUP_TITLE", None) or type(node).__name__


SLOW_LINE = (
    "Images are drawn once you rest on them, in few colours; charts and whatever else changes by "
    'itself keep to the line\'s pace; nothing is animated or dimmed. With low_bandwidth = "off" in '
    "the configuration all is drawn as on a fast one."
)


class Help(Dialog[None]):
    """The keys of the pane underneath."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", "Back", id="help.back"),
    ]

    def __init__(self, keys: Iterable[Key]) -> None:
        super().__init__()
        self._keys = list(keys)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static("Keys", classes="dialog-title")
            with VerticalScroll():
                yield Static(self._table())
            yield Static(
                "Esc goes back · : lists all as commands · [id]: its name in [keymap]",
                classes="hint",
                markup=False,
            )

    def _table(self) -> Text:
        colors = self.app.theme_variables
        text = Text()
        widest = max((len(key.keys) for key in self._keys), default=0)
        for owner, keys in groupby(self._keys, key=lambda key: key.owner):
            text.append(f"\n{owner}\n" if text else f"{owner}\n", f"bold {colors['secondary']}")
            for key in keys:
                text.append(f"  {key.keys:<{widest}}  ", f"bold {colors['primary']}")
                text.append(key.words)
                text.append(f"  {key.tooltip}" if key.tooltip else "", "dim")
                text.append(f"  [{key.id}]\n" if key.id else "\n", "dim italic")
        if isinstance(self.app, TerminalApp) and self.app.slow:
            text.append("\nOn this slow line\n", f"bold {colors['secondary']}")
            text.append(f"  {SLOW_LINE}\n")
        return text


class KeyCommands(Provider):
    """The palette: the same list, to be searched, and what no key does."""

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], Any]]]:
        """Words, help and what to run."""
        for key in (*keys_of(self.screen), *_unfocused(self.screen)):
            run: Callable[[], Any] = partial(_press, self.screen, key)
            yield key.words, f"{key.keys}  {key.tooltip}".strip(), run
        for title, help, run, _ in self.app.get_system_commands(self.screen):
            yield title, help, run
        shoot = partial(
            self.app.set_timer, 0.1, partial(_shoot, self.screen)
        )  # without the palette
        yield "Screenshot", "save what is seen as an SVG", shoot

    async def discover(self) -> Hits:
        for words, help, run in self._commands():
            yield DiscoveryHit(words, run, help=help)

    def _themes(self) -> Iterator[tuple[str, str, Callable[[], Any]]]:
        """Each theme by its name: too many to be listed before anything is searched for."""
        for name in sorted(self.app.available_themes):
            yield (
                f"Theme {name}",
                "draw in these colours",
                partial(setattr, self.app, "theme", name),
            )

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for words, help, run in (*self._commands(), *self._themes()):  # in this order, if alike
            # What it says of itself counts too, below its name.
            if (score := max(matcher.match(words), matcher.match(help) * 0.5)) > 0:
                yield Hit(score, matcher.highlight(words), run, help=help)


def _unfocused(screen: Screen[object]) -> Iterator[Key]:
    """Keys of what could be focused and is not."""
    active = {key.id for key in keys_of(screen)}
    for widget in screen.walk_children(Widget):
        if not (widget.focusable and widget.display):
            continue
        for binding in declared(type(widget)):
            if binding.id and binding.description and binding.id not in active:
                active.add(binding.id)
                yield Key(
                    owner=_title(widget),
                    keys=key_of(widget, binding.id),
                    words=binding.description,
                    tooltip=binding.tooltip,
                    action=binding.action,
                    node=widget,
                    id=binding.id,
                )


async def _press(screen: Screen[object], key: Key) -> None:
    """Do what a key does, where it does it."""
    if isinstance(key.node, Widget) and key.node.focusable:
        screen.set_focus(key.node)
    await screen.app.run_action(key.action, key.node)


def _shoot(screen: Screen[object]) -> None:
    """Save what is seen as an SVG, and say where."""
    if not isinstance(screen, Pane):
        return
    folder = screen.session.settings.folders.data / "screenshots"
    with screen.reporting("Cannot save the screenshot"):
        now = f"{datetime.now():%Y-%m-%d %H.%M.%S}"
        saved = write_whole(folder / f"tintype {now}.svg", screen.app.export_screenshot())
        screen.say(f"Saved to {saved}.")


async def report_keymap(session: Session, keymap: Mapping[str, str]) -> None:
    """Say what in a `[keymap]` has no effect, or takes a key away."""
    for problem in await asyncio.to_thread(keymap_problems, keymap):
        session.say(problem)
