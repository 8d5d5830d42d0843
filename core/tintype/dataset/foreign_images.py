"""Images in rows of any dialect: where texts have places for them, and what names or holds them."""

import re
from typing import Any

from tintype.dataset.places import misspelling, plain_url

PLACEHOLDER = re.compile(r"<image>|<image_\d{1,3}>"
                         r"|<\|image\|>|<\|image_pad\|>|<\|vision_start\|><\|image_pad\|>"
                         r"<\|vision_end\|>")  # fmt: skip
"""What stands for an image in the texts of other trainers."""
_NUMBERED = re.compile(r"<image_\d{1,3}>")
PASTED = re.compile(
    r"(?:data:image/[\w.+-]{1,20};base64,\s{0,2}"
    r"|(?<![A-Za-z0-9+/])(?=/9j/|iVBORw0KGgo|R0lGOD|UklGR))"
    r"[A-Za-z0-9+/]{60,}(?:\s[A-Za-z0-9+/]{20,})*={0,2}"
)
"""Image data within a text."""
IMAGE_COLUMNS = ("images", "image", "image_url", "image_path", "img")
"""Names of columns with images."""
_SOURCES = ("bytes", "url", "image_url", "image", "path", "file_name", "source")


def numbered_in(turns: Any) -> list[str]:
    """The numbered places for images that texts have, each once, by their numbers."""
    if isinstance(turns, str):
        return _NUMBERED.findall(turns)
    inner = turns.values() if isinstance(turns, dict) else turns if isinstance(turns, list) else ()
    return sorted({mark for each in inner for mark in numbered_in(each)}, key=_number)


def _number(mark: str) -> int:
    """Of a numbered place; -1 of one without."""
    return int("".join(filter(str.isdecimal, mark)) or -1)


def marks(text: str, *, pasted: bool, placeholders: bool) -> list[re.Match[str]]:
    """Where in a text images are pasted, or have places, in order; as far as it is asked for."""
    found = list(PASTED.finditer(text)) if pasted and len(text) > 60 else []
    if placeholders:
        found += PLACEHOLDER.finditer(text)
    return sorted(found, key=lambda each: each.start())


def typed(part: dict[str, Any]) -> dict[str, Any]:
    """A part of Gemini's, which says by its key what it is."""
    if isinstance(part.get("text"), str):
        return {"type": "text", "text": part["text"]}
    inline = part.get("inlineData", part.get("inline_data"))
    file = part.get("fileData", part.get("file_data"))
    if isinstance(inline, dict):
        kind = inline.get("mimeType", inline.get("mime_type"))
        return {"type": "image", "url": f"data:{kind};base64,{inline.get('data', '')}"}
    if isinstance(file, dict):
        return {"type": "image", "url": str(file.get("fileUri", file.get("file_uri", "")))}
    return part


def images_in(value: Any) -> list[str]:
    """The images that a column holds."""
    if isinstance(value, list):
        return [image for item in value for image in images_in(item)]
    if isinstance(value, dict):
        if value and all(PLACEHOLDER.fullmatch(str(name)) for name in value):
            return [
                image for name in sorted(value, key=_number) for image in images_in(value[name])
            ]
        found = source_in(value)
        return [] if found is None else [found]
    return [value] if isinstance(value, str) and value else []


def source_in(part: dict[str, Any]) -> str | None:
    """The URL, path or data in a part of whatever dialect."""
    inner = part.get("source")
    if isinstance(inner, dict) and isinstance(inner.get("data"), str):  # Anthropic's
        return f"data:{inner.get('media_type', 'image/png')};base64,{inner['data']}"
    for key in _SOURCES:
        found = part.get(key)
        if isinstance(found, dict):
            found = source_in(found)
        if isinstance(found, str) and found:
            return found
    return None


def is_image_part(part: dict[str, Any]) -> bool:
    """Whether a part is an image in chat's own words, and spelt as it must be."""
    image = part.get("image_url")
    return (
        part.get("type") == "image_url"
        and isinstance(image, dict)
        and isinstance(image.get("url"), str)
        and not misspelling(image["url"])
    )


def image_part(url: str, detail: Any = None) -> dict[str, Any]:
    """An image in chat's own words."""
    source = {"url": plain_url(url)}
    if isinstance(detail, str):
        source["detail"] = detail
    return {"type": "image_url", "image_url": source}


def text_part(text: str) -> dict[str, Any]:
    """A text in chat's own words."""
    return {"type": "text", "text": text}
