"""Changing what is at a provider: deleted only by its name typed out; fetched into a new file."""

from dataclasses import replace
from pathlib import Path

from tintype import paths
from tintype.api import Api
from tintype.errors import ConfirmationError, NotFoundError, SettingsError
from tintype.inventory.values import InventoryItem
from tintype.paths.failures import exists_already
from tintype.store import Naming, Store

MOST_BYTES = 1 << 30
"""The largest file that is fetched."""


def why_not(item: InventoryItem) -> str:
    """Return why a thing cannot be deleted, in sentences; empty if it can."""
    if item.ref.kind == "base":
        return "A base model is the provider's own and cannot be deleted."
    if item.ref.kind == "checkpoint":
        return "A checkpoint is kept and deleted by the provider, with its job."
    if item.ref.kind == "job":
        return "Providers keep their jobs: there is no request that deletes one."
    if item.presence == "missing":
        return f"{item.ref.profile} does not have it any more."
    return ""


def losses(item: InventoryItem) -> tuple[str, ...]:
    """Return what goes with a thing that is deleted, each as a sentence."""
    found = []
    if item.ref.kind == "model":
        weights = "are deleted from this machine" if item.endless else "cannot be fetched first"
        found.append(f"The model stops answering for good: its weights {weights}.")
        if item.evaluations:
            found.append("Answers of its evaluations stay here.")
    if item.used_by:
        many = "1 job names" if len(item.used_by) == 1 else f"{len(item.used_by)} jobs name"
        found.append(f"{many} it: their data cannot be fetched again.")
    return tuple(found)


async def delete(api: Api, store: Store, item: InventoryItem, *, typed: str) -> None:
    """Delete a file or a tuned model at its provider, for good.

    Args:
        api: The connection to the item's profile.
        store: Where it is forgotten, too.
        item: What to delete.
        typed: What a person typed: its id, whole.

    Raises:
        ConfirmationError: if that is not the id; nothing was sent.
        SettingsError: if it cannot be deleted, or in read-only mode.
        ApiError: if the provider refuses.
        StoreError: if the store cannot be written.
    """
    if refused := why_not(item):
        raise SettingsError(refused)
    if typed.strip() != item.ref.id:
        raise ConfirmationError(
            f"{item.ref.id} was not deleted: what was typed is not its id.",
            advice="Type the id whole.",
            typed=item.ref.id,
        )
    try:
        if item.ref.kind == "file":
            await api.delete_file(item.ref.id)
        else:
            await api.delete_model(item.ref.id)
    except NotFoundError:
        store.inventory.forget(item.ref.profile, item.ref.kind, item.ref.id)
        raise
    store.inventory.forget(item.ref.profile, item.ref.kind, item.ref.id)


async def download(api: Api, item: InventoryItem, target: Path, *, replace: bool = False) -> Path:
    """Fetch a file's content into a file, and return its path.

    Raises:
        SettingsError: if the item is no file.
        FileError: if the target exists or cannot be written.
        ApiError: if the provider refuses, or the file has vanished.
    """
    if item.ref.kind != "file":
        raise SettingsError("Only a file can be fetched: a tuned model's weights stay there.")
    if not replace and paths.exists(target):
        raise exists_already(target)
    content = await api.file_content(item.ref.id, max_bytes=MOST_BYTES)
    return paths.write_whole(target, content, replace=replace)


def rename(
    store: Store, item: InventoryItem, *, alias: str | None = None, note: str | None = None
) -> Naming:
    """Call a thing otherwise, or note something of it; none leaves what there is.

    Raises:
        StoreError: if the store cannot be written.
    """
    naming = Naming(
        item.naming.alias if alias is None else alias.strip(),
        item.naming.note if note is None else note.strip(),
    )
    where = item.ref.profile, item.ref.id
    if item.ref.kind == "job":  # its note is one of its labels
        store.labels.put(*where, replace(store.labels.of(*where), note=naming.note))
        store.inventory.set_naming(item.ref.profile, "job", item.ref.id, Naming(naming.alias))
    else:
        store.inventory.set_naming(item.ref.profile, item.ref.kind, item.ref.id, naming)
    return naming
