"""How an app of Textual's ends when something fails: with a report of its own."""

import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import StringIO
from typing import cast

from rich.console import Console, RenderableType
from rich.text import Text
from textual._context import active_message_pump
from textual.app import App, ReturnType
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.screen import Screen
from textual.worker import NoActiveWorker, WorkerFailed, get_current_worker

from tintype_tui.terminal.textual_privates.driver import output_of
from tintype_tui.terminal.textual_privates.screens import screens_of


class ReportingApp(App[ReturnType]):
    """An app that ends with a report of its own; Textual would print the values of variables."""

    report: Callable[[BaseException | None, str], str]
    """What to print when the app ends by an error, of which Textual says some details."""

    async def _shutdown(self) -> None:
        self.workers.cancel_all()  # what is still under way would look for widgets that are gone
        await super()._shutdown()

    def _handle_exception(self, error: Exception) -> None:
        if not _is_late(error, self._exit or not self._running):
            super()._handle_exception(error)

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


def _is_late(error: Exception, ends: bool) -> bool:
    """Whether work for what has been left missed a widget; those go before it does.

    What is still being made when the app ends is never whole.
    """
    cause = error.error if isinstance(error, WorkerFailed) else error
    return isinstance(cause, NoMatches) and (ends or any(map(_has_left, _at_work())))


def _at_work() -> Iterable[object]:
    """Whose message and whose worker is under way.

    The screens that a worker asks for handle their messages as part of it, though it is another's.
    """
    yield active_message_pump.get(None)
    with suppress(NoActiveWorker):
        yield get_current_worker().node


def _has_left(node: object) -> bool:
    """Whether a widget, or what it is in, has been taken away or is about to be."""
    if not isinstance(node, DOMNode):
        return False
    within = node.ancestors_with_self
    screen = next((one for one in within if isinstance(one, Screen)), None)
    shown = screen is None or screen in screens_of(screen.app)
    return not shown or any(one._pruning or one._closing or one._closed for one in within)


def _printed(renderables: Iterable[RenderableType]) -> str:
    paper = Console(file=StringIO(), width=100, color_system=None)
    paper.print(*renderables)
    return cast("StringIO", paper.file).getvalue()
