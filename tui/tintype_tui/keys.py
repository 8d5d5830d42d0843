"""Which key is bound to what, by the id of a binding; and what is wrong with a `[keymap]`."""

import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import KEY_NAME_REPLACEMENTS, Keys, key_to_character

ELSEWHERE = {
    "data.estimate": "e",
    "data.problems": "p",
    "estimate.launch": "l",
    "jobs.look": "p",
    "jobs.metric": "w",
    "jobs.overlay": "O",
    "jobs.refresh": "r",
}
"""Keys that are named where nothing on the screen has them: what they are by default."""
_PLACE = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)*)\}")


def declared(kind: type) -> Iterator[Binding]:
    """The bindings that a class of widget declares, those of its bases last; each key by itself."""
    for base in kind.__mro__:
        yield from Binding.make_bindings(base.__dict__.get("BINDINGS") or ())


def key_of(node: DOMNode, id: str) -> str:
    """How the key with this id is shown where `node` stands; the id if there is no such key."""
    app = node.app
    session = getattr(app, "session", None)  # none where a widget is shown alone
    keymap: Mapping[str, str] = session.settings.keymap if session is not None else {}
    for place in (*node.screen.walk_children(with_self=True), app):
        for binding in declared(type(place)):
            if binding.id == id:
                if id in keymap:
                    key = keymap[id].split(",")[0].strip()
                    return app.get_key_display(Binding(key, binding.action))
                return app.get_key_display(binding)
    return keymap.get(id, ELSEWHERE.get(id, id)).split(",")[0].strip()


def with_keys(node: DOMNode, text: str) -> str:
    """Put keys in place of `{ids}`, as `{play.ask}: ask` becomes `a: ask`."""
    return _PLACE.sub(lambda found: key_of(node, found[1]), text)


def every_binding() -> Mapping[str, list[tuple[str, Binding]]]:
    """Every binding of the app by its id, with the class that declares it.

    Imports the whole app, which takes a second.
    """
    found: dict[str, list[tuple[str, Binding]]] = {}
    import pkgutil

    package = importlib.import_module("tintype_tui")
    for module in pkgutil.walk_packages(package.__path__, "tintype_tui."):
        if not module.name.endswith("__main__"):
            for kind in vars(importlib.import_module(module.name)).values():
                if inspect.isclass(kind) and kind.__module__ == module.name:
                    for binding in Binding.make_bindings(kind.__dict__.get("BINDINGS") or ()):
                        found.setdefault(binding.id or "", []).append((kind.__name__, binding))
    found.pop("", None)
    return found


def keymap_problems(keymap: Mapping[str, str]) -> list[str]:
    """What in a `[keymap]` has no effect, or takes another action's key away: sentences.

    Imports the whole app, so it belongs in a thread.
    """
    if not keymap:
        return []
    known = every_binding()
    problems = []
    for id, keys in keymap.items():
        if id not in known:
            near = get_close_matches(id, known, 1)
            hint = f" Did you mean {near[0]}?" if near else " `?` in the app shows the ids."
            problems.append(f"[keymap] names {id!r}, and no key has this id.{hint}")
        elif unknown := [key.strip() for key in keys.split(",") if not _is_key(key.strip())]:
            names = ", ".join(map(repr, filter(None, unknown))) or "nothing"
            problems.append(
                f"[keymap] gives {names} to {id}, which is no key. Keys are letters, signs, f1 to "
                "f24, and names such as enter or left, alone or behind ctrl+, shift+ or alt+."
            )
        else:
            problems += _taken(id, keys, known, keymap)
    return problems


def _is_key(name: str) -> bool:
    """Whether a terminal could send a key of the name: `a`, `question_mark`, `ctrl+left`."""
    *modifiers, last = name.split("+")
    names = {*KEY_NAME_REPLACEMENTS.values(), *(key.value for key in Keys)}
    named = last in names or key_to_character(last) is not None
    return set(modifiers) <= {"ctrl", "shift", "alt", "super"} and (len(last) == 1 or named)


def _taken(
    id: str,
    keys: str,
    known: Mapping[str, list[tuple[str, Binding]]],
    keymap: Mapping[str, str],
) -> Iterator[str]:
    """Actions that lose their only default key to `id`."""
    wanted = {_plain(key) for key in keys.split(",")}
    homes = {home for home, _ in known[id]}
    for other, places in known.items():
        beside = _room(other) == _room(id) or any(home in homes for home, _ in places)
        if other == id or other in keymap or not (beside or "." not in id or "." not in other):
            continue
        defaults = {_plain(binding.key) for _, binding in places}
        if defaults <= wanted:
            words = places[0][1].description or other
            yield (
                f"[keymap] gives {', '.join(sorted(defaults))} to {id}, which leaves {other} "
                f"({words}) without a key. Give {other} another one."
            )


def _room(id: str) -> str:
    """The part of an id that says where the key works; empty if it works everywhere."""
    return id.rpartition(".")[0]


def _plain(key: str) -> str:
    """A key by one name: `?` and `question_mark` are the same."""
    return key_to_character(key.strip()) or key.strip()
