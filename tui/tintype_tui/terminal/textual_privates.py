"""The one place that touches what Textual and Rich keep private, each touch with a test.

Textual is pinned below its next major version, and `tests/tui/terminal/test_textual_privates.py`
fails with the name of the touch when a new release breaks one, and finds touches elsewhere.
"""

from collections.abc import Iterable

from textual.binding import BindingsMap
from textual.dom import DOMNode
from textual.keys import key_to_character
from textual.screen import Screen
from textual.widget import Widget


class PartsScreen(Screen[None]):
    """A screen whose parts' keys work wherever the focus is in it.

    Textual looks for a key in the focused widget and what it is in, up to the screen and the app;
    here the parts, which stand beside each other, come before the screen.
    """

    def key_parts(self) -> Iterable[Widget]:
        """The widgets whose keys work everywhere in this screen."""
        return ()

    @property
    def _binding_chain(self) -> list[tuple[DOMNode, BindingsMap]]:
        chain = super()._binding_chain
        there = {id(node) for node, _ in chain}
        at = next((at for at, (node, _) in enumerate(chain) if node is self), len(chain))
        parts = [
            (part, self._unless_typed(part._bindings.copy()))
            for part in self.key_parts()
            if id(part) not in there
        ]
        return [*chain[:at], *parts, *chain[at:]]

    def _unless_typed(self, bindings: BindingsMap) -> BindingsMap:
        """Take away the keys that the focused widget takes as text."""
        if (focused := self.focused) is not None:
            for key in list(bindings.key_to_bindings):
                if focused.check_consume_key(key, key_to_character(key)):
                    del bindings.key_to_bindings[key]
        return bindings
