"""Which key is bound to what, by the id of a binding: for sentences that name a key."""

import re
from collections.abc import Iterator, Mapping

from textual.binding import Binding
from textual.dom import DOMNode

_PLACE = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)*)\}")


def declared(kind: type) -> Iterator[Binding]:
    """The bindings that a class of widget declares, those of its bases last; each key by itself."""
    for base in kind.__mro__:
        yield from Binding.make_bindings(base.__dict__.get("BINDINGS") or ())


def key_of(node: DOMNode, id: str) -> str:
    """How the key with this id is shown where `node` stands; the id if there is no such key."""
    app = node.app
    desk = getattr(app, "desk", None)  # none where a widget is shown alone
    keymap: Mapping[str, str] = desk.settings.keymap if desk is not None else {}
    for place in (*node.screen.walk_children(with_self=True), app):
        for binding in declared(type(place)):
            if binding.id == id:
                if id in keymap:
                    key = keymap[id].split(",")[0].strip()
                    return app.get_key_display(Binding(key, binding.action))
                return app.get_key_display(binding)
    return id


def with_keys(node: DOMNode, text: str) -> str:
    """Put keys in place of `{ids}`, as `{play.ask}: ask` becomes `a: ask`."""
    return _PLACE.sub(lambda found: key_of(node, found[1]), text)
