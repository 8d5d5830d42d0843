"""Weights in an archive: of models that the embedded server tuned, and can answer with again.

A hosted provider gives none. A model is put back by sending its files to an embedded server.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from json import loads
from pathlib import Path

from tintype.api import Api
from tintype.api.bodies import weights_text
from tintype.api.parsing import NonsenseError, weights
from tintype.errors import ApiError, ArchiveError, UnreachableError
from tintype.keeping.context import Keeping
from tintype.keeping.folder import BLOCK, PartWriter, apart
from tintype.keeping.manifest import Manifest, safe_part
from tintype.paths import read_bytes, safe_name
from tintype.resources import Weights
from tintype.threads import in_thread

_NAME = "weights.json"
HERE = "It is here already."


async def keep_weights(keeping: Keeping, model: str) -> AsyncGenerator[str, None]:
    """Keep a model's weights, if its provider gives them; yields what is being done.

    Raises:
        AuthenticationError: if the key is refused.
        FileError: if the archive cannot be written.
    """
    if keeping.api.profile.dialect == "openai":
        return
    home = f"models/{safe_name(model)}"
    if keeping.archive.has(f"{home}/{_NAME}"):
        return
    try:
        found = await keeping.asked(keeping.api.weights(model))
        for name, size in found.files.items():
            yield f"weights of {model}"
            await _fetched(keeping, found, name, size, f"{home}/weights/{safe_part(name)}")
        if found.files:
            what = "what the model's weights are: base, files"
            keeping.archive.put(f"{home}/{_NAME}", weights_text(found), what)
    except ArchiveError as error:
        keeping.archive.miss(f"weights of {model}", error.message)
    except ApiError as error:
        ours = keeping.api.profile.dialect == "embedded"
        if ours or isinstance(error, UnreachableError):  # other servers have no such thing
            keeping.miss(f"weights of {model}", error)


async def _fetched(keeping: Keeping, found: Weights, name: str, size: int, path: str) -> None:
    if keeping.archive.has(path):
        return

    def check(part: PartWriter) -> None:
        if part.size_bytes != size:
            raise ApiError(f"{name} has {size:,} bytes, and {part.size_bytes:,} came.")

    entering = keeping.archive.part(path, "the model's weights", f"{found.model}/{name}", check)
    downloading = keeping.api.download_weights(found.model, name, max_bytes=size + BLOCK)
    async with apart(entering) as part, aclosing(downloading) as pieces:
        async for piece in pieces:
            await in_thread(part.write, piece)


def kept_weights(manifest: Manifest) -> tuple[str, ...]:
    """The parts of an archive that say what a model's weights are; none if it has none."""
    ends = f"/{_NAME}"
    paths = [part.path for part in manifest.parts]
    return tuple(one for one in paths if one.startswith("models/") and one.endswith(ends))


async def put_back(
    api: Api, folder: Path, manifest: Manifest
) -> AsyncGenerator[tuple[str, str], None]:
    """Put models into an embedded server; yields each model with why it was not, or "".

    Args:
        api: The embedded server.
        folder: The archive, verified.
        manifest: What it holds.

    Raises:
        ArchiveError: if it does not say what the weights are.
        AuthenticationError: if the key is refused.
        UnreachableError: if the server is away.
        DatasetError: if a part cannot be read.
    """
    here = {one.id for one in await api.models()}
    for known, home in await in_thread(lambda: list(_read(folder, manifest))):
        if known.model in here:
            yield known.model, HERE
            continue
        try:
            for name in known.files:
                await api.add_weights(known, name, folder / home / safe_part(name))
        except UnreachableError:
            raise
        except ApiError as error:
            yield known.model, error.message
        else:
            yield known.model, ""


def _read(folder: Path, manifest: Manifest) -> Iterator[tuple[Weights, str]]:
    """Each model's weights, and where in the archive their files are."""
    paths = {part.path for part in manifest.parts}
    for path in kept_weights(manifest):
        home = path.removesuffix(".json")
        try:
            found = weights(loads(read_bytes(folder / path)))
        except (ValueError, NonsenseError) as error:
            raise ArchiveError(f"{path} cannot be read: a newer Tintype wrote it.") from error
        missing = [one for one in found.files if f"{home}/{one}" not in paths]
        if missing or not found.files:
            raise ArchiveError(f"{path} names weights that the archive does not have.")
        yield found, home
