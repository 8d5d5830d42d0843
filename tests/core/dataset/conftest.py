"""Small datasets to look at."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image


class Builder:
    """Makes images, rows and files in a test's own folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def image(
        self,
        colour: str = "red",
        size: tuple[int, int] = (8, 6),
        *,
        format: str = "PNG",
        mode: str = "RGB",
        orientation: int = 1,
        **options: Any,
    ) -> bytes:
        """An encoded image of one colour."""
        out = io.BytesIO()
        image = Image.new("RGB", size, colour).convert(mode)
        if orientation != 1:
            exif = Image.Exif()
            exif[0x0112] = orientation
            options["exif"] = exif
        image.save(out, format, **options)
        return out.getvalue()

    def data_url(self, data: bytes, media_type: str = "image/png") -> str:
        return f"data:{media_type};base64,{base64.b64encode(data).decode()}"

    def chat(
        self, *urls: str, question: str = "What is it?", answer: str = "A box.", system: str = ""
    ) -> dict[str, Any]:
        """A row that asks about images."""
        parts: list[dict[str, Any]] = [{"type": "text", "text": question}]
        parts += [{"type": "image_url", "image_url": {"url": url}} for url in urls]
        messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
        messages += [
            {"role": "user", "content": parts},
            {"role": "assistant", "content": answer},
        ]
        return {"messages": messages}

    def jsonl(self, *rows: Any, name: str = "data.jsonl") -> Path:
        """A file of rows; a string or bytes is a line as it stands."""
        lines = [
            row if isinstance(row, bytes) else row.encode() if isinstance(row, str) else None
            for row in rows
        ]
        content = b"".join(
            (line if line is not None else json.dumps(row).encode()) + b"\n"
            for line, row in zip(lines, rows, strict=True)
        )
        return self.file(name, content)

    def file(self, name: str, content: bytes | str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


@pytest.fixture
def build(tmp_path: Path) -> Builder:
    return Builder(tmp_path)


@pytest.fixture
def builder_in() -> Callable[[Path], Builder]:
    return Builder
