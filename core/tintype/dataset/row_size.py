"""The size of a row's image, by its header."""

from pathlib import Path

from tintype.dataset.files import image_bytes
from tintype.dataset.parsing import ParsedLine
from tintype.errors import DatasetError


def upright_size(line: ParsedLine, folder: Path) -> tuple[int, int] | None:
    """Width and height of a row's only image as it is shown, in pixels; none if not known."""
    from tintype.images import probe

    if len(line.row.images) != 1:
        return None
    try:
        data = line.data(0)
        facts = probe(image_bytes(line.url(0), folder) if data is None else data, verify=False)
    except DatasetError:
        return None
    return facts.upright_size
