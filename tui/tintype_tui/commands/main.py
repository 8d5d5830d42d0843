"""The group of all commands."""

import importlib
from typing import Any

import click

from tintype import __version__
from tintype_tui.commands import MODULES
from tintype_tui.commands.output import NobodyReads


class LateGroup(click.Group):
    """Imports a command's module when the command is asked for, so that `--version` is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the loop."""
        return list(MODULES)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; click would end it with code 1, or write, when its reader has gone."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise NobodyReads from error
        except KeyboardInterrupt as error:
            raise click.Abort from error

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one."""
        if cmd_name not in MODULES:
            return None
        name, _, within = MODULES[cmd_name].partition(":")
        module = importlib.import_module(f"tintype_tui.commands.{name}")
        command: Any = getattr(module, within or "command")
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LateGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tintype", message="%(prog)s %(version)s")
def tintype() -> None:
    """Fine-tune vision-language models: data, estimate, train, try.

    With no command, opens the app; with a path, opens it on that dataset.
    """
