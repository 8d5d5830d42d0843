"""The weights of tuned models, read and put back: a model outlives the folder it was made in.

Not part of OpenAI's API, which gives no weights. A model that is put back arrives a file at a time
in `models/`, and is known once its last file is there: sending all of them again is as once.
"""

import asyncio
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from tintype.errors import RefusalError
from tintype.server import wire
from tintype.server.fields import Fields, refuse
from tintype.server.forms import received
from tintype.server.provider import ServerHandles, provider, unknown_model
from tintype.server.records import Tuned
from tintype.server.state import State

FILE_BYTES = 64 * 1024**3
MOST_FILES, NAME_CHARS, MODEL_CHARS = 1000, 200, 256


async def retrieve(request: Request) -> Response:
    """`GET /models/{id}/weights`: which files they are."""
    return wire.JsonAnswer(
        await asyncio.to_thread(_object, provider(request).state, _tuned(request))
    )


async def content(request: Request) -> Response:
    """`GET /models/{id}/weights/{name}`: one of them."""
    path = provider(request).state.folder / _tuned(request).path
    files = {file.name: file for file in await asyncio.to_thread(_files, path)}
    name = request.path_params["name"]
    if name not in files:
        raise RefusalError(404, f"The model has no file '{name[:NAME_CHARS]}'.", param="name")
    return FileResponse(files[name], media_type="application/octet-stream")


async def add(request: Request) -> Response:
    """`POST /models/{id}/weights`: a file of a model that is put back.

    The form has the file, and in `weights` what `GET` said of the model, the same with each file.
    """
    here, id = provider(request), request.path_params["model"]
    async with received(
        request, here.state.incoming_path(), file_field="file", limit_bytes=FILE_BYTES
    ) as form:
        form.fields.only("weights")
        told = form.fields.inner("weights")
        sizes = _sizes(told)
        model = _told(told, id, list(sizes), here)
        if sizes.get(form.file.filename) != form.file.size_bytes:
            refuse(
                f"'{form.file.filename}' has {form.file.size_bytes:,} bytes, and is not so among "
                "the files of the model.",
                param="file",
            )
        if here.state.find(Tuned, id) is not None:
            raise RefusalError(409, f"The model '{id}' is here already.", code="model_exists")
        home = home_of(here.state, id)
        await asyncio.to_thread(_put, form.file.path, home / form.file.filename)
        if await asyncio.to_thread(_whole, home, sizes) and here.state.find(Tuned, id) is None:
            here.state.add(model)
    return wire.JsonAnswer(wire.tuned_object(model))


def home_of(state: State, model: str) -> Path:
    """The folder of a model that was put back; the name comes from outside, and stays there."""
    return state.folder / "models" / sha256(model.encode(errors="replace")).hexdigest()[:32]


def _tuned(request: Request) -> Tuned:
    here, name = provider(request), request.path_params["model"]
    model = here.state.find(Tuned, name)
    if model is None and name in here.engines:
        refuse(f"The model '{name}' is a base model: only tuned models have weights to read.")
    if model is None:
        raise unknown_model(name)
    return model


def _object(state: State, model: Tuned) -> wire.Json:
    path = state.folder / model.path
    files = [{"name": file.name, "bytes": file.stat().st_size} for file in _files(path)]
    return {
        "object": "tintype.weights",
        "id": model.id,
        "base": model.base,
        "job_id": model.job_id,
        "created": model.created_at,
        "folder": path.is_dir(),
        "files": files,
    }


def _files(path: Path) -> list[Path]:
    """The files of a model's weights, which are one file or a folder of them."""
    if not path.is_dir():
        return [path] if path.is_file() else []
    return sorted(file for file in path.iterdir() if file.is_file() and not file.is_symlink())


def _sizes(told: Fields) -> Mapping[str, int]:
    """The files of a model with their sizes in bytes, by names that lead nowhere else."""
    found: dict[str, int] = {}
    for one in told.objects("files", minimum=1, maximum=MOST_FILES):
        one.only("name", "bytes")
        name = one.text("name", minimum=1, maximum=NAME_CHARS)
        if name != PurePath(name).name or name.startswith(".") or not name.isprintable():
            refuse(f"'{name}' is no name of a file.", param=one.at("name"))
        found[name] = int(one.integer("bytes", minimum=0, maximum=FILE_BYTES))
    return found


def _told(told: Fields, id: str, names: Sequence[str], here: ServerHandles) -> Tuned:
    told.only("object", "id", "base", "job_id", "created", "folder", "files")
    base = told.text("base")
    if base not in here.engines:
        refuse(
            f"The base model {base[:NAME_CHARS]} of this model is not here.",
            param=told.at("base"),
            code="model_not_available",
        )
    if not id.startswith(f"ft:{base}:") or not id.isprintable() or len(id) > MODEL_CHARS:
        refuse(f"'{id[:NAME_CHARS]}' is no name of a model tuned on {base}.", param="model")
    folder = told.boolean("folder")
    if not folder and len(names) > 1:
        refuse("Weights of several files are a folder.", param=told.at("folder"))
    home = home_of(here.state, id).relative_to(here.state.folder)
    path = home if folder else home / names[0]
    created = told.integer("created", minimum=0)
    return Tuned(id, created, told.text("job_id", maximum=NAME_CHARS), base, str(path))


def _put(received_at: Path, place: Path) -> None:
    place.parent.mkdir(mode=0o700, exist_ok=True)
    received_at.rename(place)


def _whole(home: Path, sizes: Mapping[str, int]) -> bool:
    """Whether all files of a model are there; what else is there is left of another try."""
    there: dict[str, Any] = {file.name: file for file in _files(home)}
    for name in there.keys() - sizes.keys():
        there.pop(name).unlink(missing_ok=True)
    return {name: file.stat().st_size for name, file in there.items()} == dict(sizes)
