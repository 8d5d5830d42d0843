"""What the vision tower makes of every image: computed once, kept on disk.

The tower is frozen, so an image's features are the same in every epoch. Past the limit they are
computed each time.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor

from tintype.engines.lora import attention
from tintype.engines.lora.loading import OpenModel
from tintype.engines.lora.rows import pixels_of

TOGETHER = 8
"""Images of one pass through the tower."""
LIMIT_BYTES = 40 << 30
_FREE_SHARE = 0.5
_BITS = {torch.bfloat16: (torch.int16, np.int16), torch.float32: (torch.int32, np.int32)}


def compute(opened: OpenModel, pixels: Sequence[Mapping[str, Tensor]]) -> list[Tensor]:
    """Features of some images: (levels, tokens, width) each, on the model's device."""
    name = attention.PACKED if opened.three_axes else attention.PLAIN
    attention.use(_tower(opened), name)
    given = {part: torch.cat([one[part] for one in pixels]).to(opened.device) for part in pixels[0]}
    if given["pixel_values"].is_floating_point():
        given["pixel_values"] = given["pixel_values"].to(opened.dtype)
    with torch.no_grad():
        made = opened.inner.get_image_features(**given)
    pooled = made.pooler_output
    if isinstance(pooled, Tensor):
        pooled = pooled.reshape(len(pixels), -1, pooled.shape[-1])
    deep = getattr(made, "deepstack_features", None) or ()
    found, at = [], 0
    for one in pooled:
        levels = [level[at : at + one.shape[0]] for level in deep]
        found.append(torch.stack([one, *levels]).to(opened.dtype))
        at += one.shape[0]
    return found


def _tower(opened: OpenModel) -> object:
    inner = opened.inner
    return inner.visual if opened.three_axes else inner.vision_tower


class Features:
    """The features of a training's images, by key."""

    def __init__(
        self,
        folder: Path,
        opened: OpenModel,
        image: Callable[[str], Image],
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        """Open them, or begin with none. `image` gives one by its key, should it be needed.

        With a limit of 0 nothing is written: they are another process's.
        """
        self._opened = opened
        self._image = image
        self._data, self._index = folder / "features.bin", folder / "features.json"
        self._places: dict[str, tuple[int, list[int]]] = {}
        if self._index.exists() and self._data.exists():
            self._places = json.loads(self._index.read_text())
        self._size = self._data.stat().st_size if self._places else 0
        disk = os.statvfs(folder)
        self._limit = min(limit_bytes, int(disk.f_bavail * disk.f_frsize * _FREE_SHARE))
        self._file = self._data.open("r+b" if self._places else "w+b")
        self._map: np.ndarray | None = None
        self.computed = 0
        """Images that the tower has looked at."""

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def add(self, images: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Compute the features of some images (key → pixels) and keep them, as far as they fit."""
        if self._limit <= self._size:
            return
        for part in _alike(images, self._opened.three_axes):
            made = compute(self._opened, [images[key] for key in part])
            self.computed += len(part)
            for key, tensor in zip(part, made, strict=True):
                self._keep(key, tensor)

    def _keep(self, key: str, tensor: Tensor) -> None:
        bits = tensor.contiguous().view(_BITS[tensor.dtype][0]).cpu().numpy()
        if self._size + bits.nbytes > self._limit:
            return
        self._file.seek(self._size)
        self._file.write(bits.tobytes())
        self._places[key] = (self._size, list(bits.shape))
        self._size += bits.nbytes
        self._map = None

    def close_up(self) -> None:
        """Write down what there is, for a training that is taken up again."""
        if not self._limit:
            return
        self._file.flush()
        new = self._index.with_name(self._index.name + ".new")
        new.write_text(json.dumps(self._places))
        new.replace(self._index)

    def discard(self) -> None:
        """Remove the files; the training is over."""
        self._map = None
        self._file.close()
        for path in (self._data, self._index):
            path.unlink(missing_ok=True)

    def get(self, key: str) -> Tensor:
        """An image's features: (levels, tokens, width), in memory."""
        if key not in self._places:
            self.computed += 1
            return compute(self._opened, [pixels_of(self._opened, self._image(key))])[0].cpu()
        if self._map is None:
            self._file.flush()
            self._map = np.memmap(self._data, np.uint8, "r", shape=(self._size,))
        offset, shape = self._places[key]
        kind = _BITS[self._opened.dtype][1]
        count = int(np.prod(shape))
        part = self._map[offset : offset + count * np.dtype(kind).itemsize]
        bits = torch.from_numpy(np.array(part).view(kind).reshape(shape))
        return bits.view(self._opened.dtype)


def _alike(images: Mapping[str, Mapping[str, Tensor]], any_size: bool) -> list[list[str]]:
    """Keys in groups that can pass the tower together."""
    groups: dict[object, list[list[str]]] = {}
    for key, pixels in images.items():
        kind = None if any_size else tuple(pixels["pixel_values"].shape)
        parts = groups.setdefault(kind, [[]])
        if len(parts[-1]) >= TOGETHER:
            parts.append([])
        parts[-1].append(key)
    return [part for parts in groups.values() for part in parts]
