"""Textual's stylesheet, which parses what is new and not everything again.

Each screen brings a stylesheet of its own, and each time Textual parses all of them again: that is
only needed when the colours have changed, and would cost a tenth of the time to the first frame.
"""

from textual.css.stylesheet import Stylesheet


class PatientStylesheet(Stylesheet):
    """Parses everything again only after its variables have changed."""

    def __init__(self, *, variables: dict[str, str]) -> None:
        super().__init__(variables=variables)
        self._latest, self._stale = variables, False

    def set_variables(self, variables: dict[str, str]) -> None:
        """Take over colours and the like."""
        if variables != self._latest:
            super().set_variables(variables)
            self._latest, self._stale = variables, True

    def reparse(self) -> None:
        """Bring the rules up to date."""
        if self._stale:
            super().reparse()
            self._stale = False
        else:
            self.parse()  # from its cache, but for what is new
