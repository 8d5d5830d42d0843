"""How an app of Textual's ends when something fails: with a report of its own."""

import sys
from collections.abc import Callable, Iterable
from io import StringIO
from typing import cast

from rich.console import Console, RenderableType
from rich.text import Text
from textual.app import App, ReturnType

from tintype_tui.terminal.textual_privates.driver import output_of


class ReportingApp(App[ReturnType]):
    """An app that ends with a report of its own; Textual would print the values of variables."""

    report: Callable[[BaseException | None, str], str]
    """What to print when the app ends by an error, of which Textual says some details."""

    async def _shutdown(self) -> None:
        # What is still under way would look for widgets that have been taken away already.
        self.workers.cancel_all()
        await super()._shutdown()

    def _fatal_error(self) -> None:
        self._end_with(self._exception or sys.exception(), "")

    def _print_error_renderables(self) -> None:
        if (output := output_of(self)) is not None and output.stuck:
            self._exit_renderables.clear()  # it would wait for ever; the report has a file, too
        super()._print_error_renderables()

    def panic(self, *renderables: RenderableType) -> None:
        """Leave a report of what Textual would print."""
        self._end_with(self._exception, _printed(renderables))

    def _end_with(self, error: BaseException | None, details: str) -> None:
        if not self._exit_renderables:
            self._return_code = 1
            self._exit_renderables.append(Text(self.report(error, details), overflow="fold"))
        self._close_messages_no_wait()


def _printed(renderables: Iterable[RenderableType]) -> str:
    paper = Console(file=StringIO(), width=100, color_system=None)
    paper.print(*renderables)
    return cast("StringIO", paper.file).getvalue()
