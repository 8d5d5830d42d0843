"""The command `tintype`: with no words the app, otherwise a command.

The app does not need an option parser, and starts before one is imported.
"""

import atexit
import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NONE = "the app needs a terminal; `tintype --help` lists the commands for scripts."
DUMB = (
    "TERM=dumb is a terminal of plain lines, and the app draws a screen. `tintype status`, `watch` "
    "and `show` print lines, `tintype --help` lists all commands. If the terminal can do more: "
    "TERM=xterm-256color tintype"
)


def main() -> None:
    """Run the command line and exit with its code."""
    arguments = sys.argv[1:]
    if "_TINTYPE_COMPLETE" in os.environ:  # the shell asks what could come next
        code = run_command(arguments)
    elif not arguments or _is_dataset(arguments):
        code = _left_at_once(Path(arguments[0]) if arguments else None)
    elif arguments == ["tour"] and in_terminal():
        code = _left_at_once(with_samples=True)
    elif arguments == ["--version"]:
        from tintype import __version__

        sys.stdout.write(f"tintype {__version__}\n")
        code = 0
    else:
        code = run_command(arguments)
    sys.exit(code)


def _is_dataset(arguments: list[str]) -> bool:
    from tintype.paths import exists
    from tintype_tui.commands import MODULES

    return len(arguments) == 1 and arguments[0] not in MODULES and exists(Path(arguments[0]))


def in_terminal() -> bool:
    """Whether the app can be shown; Textual draws on standard error."""
    return sys.stdin.isatty() and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def run_app(dataset: Path | None = None, *, with_samples: bool = False) -> int:
    """Open the app; without a terminal say how to use the commands instead."""
    if not in_terminal():
        sys.stderr.write(f"tintype: {DUMB if os.environ.get('TERM') == 'dumb' else NONE}\n")
        return 2
    # Collecting while modules are imported finds nothing and costs a fifth of the start; the app
    # turns it on again after its first frame.
    gc.disable()
    # With Python's usual 5 ms between turns the event loop would wait that long each time that a
    # thread, which reads or draws, has its turn.
    sys.setswitchinterval(0.0005)
    from tintype.errors import TintypeError
    from tintype.settings import load

    try:
        settings = load()
    except TintypeError as error:
        from tintype_tui.text import visible

        sys.stderr.write(f"tintype: {visible(str(error))}\n")
        return 2
    if settings.screen_reader:
        os.environ.setdefault("TINTYPE_IMAGES", "none")
    from tintype_tui.app import TintypeApp

    app = TintypeApp(settings, dataset=dataset, with_samples=with_samples)
    # In mouse mode GNU screen keeps Escape back until another key comes; F9 takes the mouse anyway.
    return app.run(mouse="STY" not in os.environ) or app.return_code or 0


def _left_at_once(dataset: Path | None = None, *, with_samples: bool = False) -> int:
    """Open the app, and end the process when all that is called at exit has been.

    Else every object would be taken apart first: half a second on a busy machine.
    """
    codes: list[int] = []

    def leave() -> None:
        if codes:
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError):
                    stream.flush()
            os._exit(codes[0])

    atexit.register(leave)  # the first to be registered is the last to be called
    codes.append(run_app(dataset, with_samples=with_samples))
    return codes[0]


def run_command(arguments: list[str]) -> int:
    """Run a command; a `TintypeError` becomes a sentence and exit code 2."""
    from io import StringIO

    import click

    # Nearly all that a short command makes stays until its end: there is no garbage to look for.
    gc.set_threshold(100_000, 20, 20)
    from tintype.errors import TintypeError
    from tintype_tui.commands.main import tintype
    from tintype_tui.commands.output import NobodyReads
    from tintype_tui.laid_edits import edits_laid
    from tintype_tui.text import visible

    signals: list[int] = []
    try:
        with _ending_cleanly(signals), edits_laid():
            result = tintype.main(args=arguments, prog_name="tintype", standalone_mode=False)
    except click.ClickException as error:
        words = StringIO()
        error.show(words)
        click.echo(visible(words.getvalue()), nl=False, err=True)
        return 2
    except TintypeError as error:
        click.echo(f"tintype: {visible(str(error))}", err=True)
        return 2
    except (click.Abort, KeyboardInterrupt):
        with suppress(OSError):  # the terminal may have gone, hence the signal
            click.echo("tintype: ended." if signals else "\ntintype: interrupted.", err=True)
        return 128 + (signals[0] if signals else signal.SIGINT)
    except (BrokenPipeError, NobodyReads):
        _write_no_more()
        return 128 + signal.SIGPIPE
    except OSError as error:
        from tintype.paths import failure

        refused = failure("use", Path(error.filename or "what was to be written to"), error)
        click.echo(f"tintype: {visible(str(refused))}", err=True)
        _write_no_more()
        return 2
    return result if isinstance(result, int) else 0


@contextmanager
def _ending_cleanly(signals: list[int]) -> Iterator[None]:
    """Let SIGTERM and SIGHUP end a command as Ctrl+C does: nothing half-written stays behind."""

    def end(number: int, frame: object) -> None:
        signals.append(number)
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # begun in the background by a shell
            raise KeyboardInterrupt
        signal.raise_signal(signal.SIGINT)

    mine = threading.current_thread() is threading.main_thread()
    ends = (signal.SIGTERM, signal.SIGHUP) if mine else ()
    before = {one: signal.getsignal(one) for one in ends}
    for one, handler in before.items():
        if handler is signal.SIG_DFL:  # `nohup` ignores what ends a terminal
            signal.signal(one, end)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _write_no_more() -> None:
    """Let the interpreter flush what is left of standard output to nowhere, without a complaint."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
