"""Weights in an archive: of models that the embedded server tuned, and can answer with again.

A hosted provider gives none. A model is put back by sending its files to an embedded server.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from json import loads
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.api import Api, parsing
from tintype.api.bodies import weights_text
from tintype.errors import ApiError, ArchiveError, UnreachableError
from tintype.keeping.context import Keeping
from tintype.keeping.file_parts import TRIES
from tintype.keeping.folder import BLOCK, PartWriter, apart
from tintype.keeping.manifest import Manifest, safe_part
from tintype.paths import read_bytes, safe_name
from tintype.resources import Weights
from tintype.threads import in_thread

if TYPE_CHECKING:
    from tintype.keeping.restoring import Restored

_NAME = "weights.json"
_NO_SUCH_THING = frozenset({400, 403, 404, 405, 410, 422, 501})
"""What servers without weights to give say to the question."""


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
        if ours or error.status not in _NO_SUCH_THING:
            keeping.miss(f"weights of {model}", error)


async def _fetched(keeping: Keeping, found: Weights, name: str, size: int, path: str) -> None:
    if keeping.archive.has(path):
        return

    def check(part: PartWriter) -> None:
        if part.size_bytes != size:
            raise ApiError(f"{name} has {size:,} bytes, and {part.size_bytes:,} came.")

    for tries_left in reversed(range(TRIES)):
        entering = keeping.archive.part(path, "the model's weights", f"{found.model}/{name}", check)
        downloading = keeping.api.download_weights(found.model, name, max_bytes=size + BLOCK)
        try:
            async with apart(entering) as part, aclosing(downloading) as pieces:
                async for piece in pieces:
                    await in_thread(part.write, piece)
            return
        except UnreachableError:
            if not tries_left:
                raise


def kept_weights(manifest: Manifest) -> tuple[str, ...]:
    """The parts of an archive that say what a model's weights are; none if it has none."""
    ends = f"/{_NAME}"
    paths = [part.path for part in manifest.parts]
    return tuple(one for one in paths if one.startswith("models/") and one.endswith(ends))


async def put_back(
    api: Api | None, folder: Path, restored: "Restored"
) -> AsyncGenerator[str, None]:
    """Put models into an embedded server and note which; yields the name of each.

    Args:
        api: The embedded server; with none it is noted that they stay in the archive.
        folder: The archive, verified.
        restored: What it holds, and what came of it so far.

    Raises:
        ArchiveError: if it does not say what the weights are.
        DatasetError: if a part cannot be read.
    """
    known = await in_thread(lambda: list(_read(folder, restored.manifest)))
    if known and api is None:
        restored.notes.append(
            f"The weights of {len(known):,} models stay in the archive: profile {restored.profile} "
            "is no embedded server. --profile tintype puts them into this machine's."
        )
    if not known or api is None:
        return
    try:
        here = {one.id for one in await api.models()}
        for weights, home in known:
            yield weights.model
            if weights.model in here:
                restored.already.append(f"model {weights.model}")
            elif why := await _sent(api, weights, folder / home):
                restored.notes.append(f"{weights.model} was not put back: {why}")
            else:
                restored.models.append(weights.model)
    except ApiError as error:
        restored.notes.append(f"Not all models were put back: {error}")


async def _sent(api: Api, weights: Weights, folder: Path) -> str:
    """Send a model's files; why the server does not take it, or nothing."""
    try:
        for name in weights.files:
            await api.add_weights(weights, name, folder / safe_part(name))
    except ApiError as error:
        if error.status != 400:
            raise
        return str(error)
    return ""


def _read(folder: Path, manifest: Manifest) -> Iterator[tuple[Weights, str]]:
    """Each model's weights, and where in the archive their files are."""
    paths = {part.path for part in manifest.parts}
    for path in kept_weights(manifest):
        home = path.removesuffix(".json")
        try:
            found = parsing.weights(loads(read_bytes(folder / path)))
        except (ValueError, parsing.NonsenseError) as error:
            raise ArchiveError(f"{path} cannot be read: a newer Tintype wrote it.") from error
        missing = [one for one in found.files if f"{home}/{one}" not in paths]
        if missing or not found.files:
            raise ArchiveError(f"{path} names weights that the archive does not have.")
        yield found, home
