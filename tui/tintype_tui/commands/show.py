"""`tintype show`: a row with its images, in the terminal's best protocol."""

import getpass
import os
import shlex
import shutil
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from tintype.errors import DatasetError
from tintype.paths import absolute
from tintype_tui.commands.asking import row_place
from tintype_tui.commands.forms import form_options, put_value
from tintype_tui.commands.output import A_NAME, asynchronous, put, say
from tintype_tui.text import one_line, size, visible

if TYPE_CHECKING:
    from tintype.dataset import Dataset, Example, ImagePart
    from tintype.detection import Box

PROTOCOLS = ("auto", "kitty", "sixel", "iterm", "halfblock", "ascii", "none")
MOST_ROWS = 24
"""Lines that an image may take."""


@click.command(name="show")
@click.argument("place", type=A_NAME, metavar="FILE:LINE")
@click.option(
    "--protocol",
    type=click.Choice(PROTOCOLS),
    default="auto",
    help="How images are drawn; auto asks the terminal.",
)
@form_options
@asynchronous
async def command(place: str, protocol: str, form: str | None) -> None:
    """Show one row of a dataset: its messages and, in a terminal, its images.

    Below each image stands where it is: a link, and over SSH the `scp` command that fetches it.
    """
    from tintype.dataset import open_dataset
    from tintype.detection import parse_boxes

    path, line = row_place(place)
    async with open_dataset(path) as dataset:
        index = await dataset.find_line(line)
        if flaw := (await dataset.row(index)).flaw:
            raise DatasetError(f"{path}:{line} cannot be shown. {flaw}", path=path)
        example = await dataset.example(index)
        if form:
            put_value(await _row(dataset, example), form, place, "messages")
            return
        pen = _Pen(protocol, tuple(parse_boxes(example.answer).boxes))
        for message in example.messages:
            put(f"{one_line(message.role)}: {message.text}".rstrip())
            for image in message.images:
                await _show(dataset, example, image, pen)


async def _row(dataset: "Dataset", example: "Example") -> dict[str, Any]:
    """A row with what its images are."""
    messages = [
        {
            "role": message.role,
            "text": message.text,
            "images": [await _facts(dataset, example, image) for image in message.images],
        }
        for message in example.messages
    ]
    return {"file": dataset.path, "line": example.line, "messages": messages}


async def _facts(dataset: "Dataset", example: "Example", image: "ImagePart") -> dict[str, Any]:
    from tintype.images import probe

    where: dict[str, Any] = {"origin": image.origin}
    if image.origin != "data":
        where["reference"] = image.reference
    try:
        data = await dataset.image(example.index, image.ordinal)
    except DatasetError as error:
        return {**where, "error": str(error)}
    facts = probe(data, verify=False)
    size_px = {"width": facts.width, "height": facts.height}
    return {**where, **size_px, "format": facts.format, "bytes": len(data)}


class _Pen:
    """Draws on standard output, if that is a terminal."""

    def __init__(self, protocol: str, truth: "tuple[Box, ...]") -> None:
        self._protocol, self._truth = protocol, truth
        self._capabilities: Any = None
        self.on_terminal = sys.stdout.isatty()
        self.links = self.on_terminal and os.environ.get("TERM") not in ("dumb", "linux")

    async def draw(self, data: bytes, number: int) -> None:
        """Draw an image."""
        if not self.on_terminal or self._protocol == "none":
            return
        from tintype_tui.terminal import probe
        from tintype_tui.widgets.image.printing import printed

        found = self._capabilities = self._capabilities or probe()
        columns, rows = shutil.get_terminal_size()
        drawn = await printed(
            data,
            found,
            found.protocol if self._protocol == "auto" else self._protocol,  # type: ignore[arg-type]
            columns=columns - 1,
            rows=max(1, min(rows - 6, MOST_ROWS)),
            truth=self._truth,
            number=number,
        )
        sys.stdout.write(drawn)
        sys.stdout.flush()

    def link(self, address: str, words: str) -> str:
        """Words that open an address (OSC 8), where the terminal may know of links."""
        shown = visible(words)
        return (
            f"\x1b]8;;{quote(address, safe=SAFE)}\x1b\\{shown}\x1b]8;;\x1b\\"
            if self.links
            else shown
        )


SAFE = ":/?#[]@!$&'()*+,;=%~-._"
"""What an address may hold; everything else is escaped."""


async def _show(dataset: "Dataset", example: "Example", image: "ImagePart", pen: _Pen) -> None:
    """Draw an image, and say what and where it is."""
    from tintype.images import probe

    name = f"[image {image.ordinal + 1}]"
    try:
        data = await dataset.image(example.index, image.ordinal)
    except DatasetError as error:
        say(f"{name} {error}")
        return
    facts = probe(data, verify=False)
    await pen.draw(data, image.ordinal)
    words = f"{name} {facts.width}×{facts.height}, {facts.format or 'unknown format'}"
    words = f"{words}, {size(len(data))}"
    if image.origin == "url":
        click.echo(f"{words}  {pen.link(image.reference, image.reference)}")
        return
    path: Path | None = absolute(dataset.folder / image.reference)
    if image.origin == "data":
        path = await _unpacked(data, image.ordinal, facts.format) if pen.on_terminal else None
    if path is None:
        put(words)
        return
    click.echo(f"{words}  {pen.link(f'file://{socket.gethostname()}{path}', str(path))}")
    if fetch := _scp(path):
        put(fetch)


async def _unpacked(data: bytes, ordinal: int, form: str) -> Path | None:
    """A file with an image that is within its row; the next row shown replaces it."""
    from tintype.errors import FileError
    from tintype.paths import make_folder, write_whole
    from tintype.settings import load

    ending = form if form.isalnum() else "image"
    path = load().folders.cache / "shown" / f"image-{ordinal + 1}.{ending}"
    try:
        make_folder(path.parent, private=True)
        write_whole(path, data, replace=True)
    except FileError as error:
        say(str(error))
        return None
    return path


def _scp(path: Path) -> str:
    """The command that fetches a file, to be typed at the other end of an SSH connection."""
    there = os.environ.get("SSH_CONNECTION", "").split()
    if len(there) != 4:
        return ""
    host, port = there[2:]
    host = f"[{host}]" if ":" in host else host
    by = "" if port == "22" else f"-P {port} "
    return f"scp {by}{shlex.quote(f'{getpass.getuser()}@{host}:{path}')} ."
