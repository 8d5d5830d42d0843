"""Where things stand in a table of boxes: by the names of its columns, or by its shape."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tintype.dataset.formats.json_files import number
from tintype.dataset.splits import Split

_IMAGES = ("filename", "file_name", "image", "image_path", "path", "img", "imageid", "image_id",
           "image_name", "file", "img_name", "id", "fname", "name")  # fmt: skip


_CLASSES = ("class", "label", "labelname", "class_name", "category", "category_name", "classname",
            "label_name", "labels", "name", "object", "class_id", "category_id", "cls")  # fmt: skip


_SIDES: Sequence[Sequence[str]] = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
    ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2"),
    ("x0", "y0", "x1", "y1"),
)


_EXTENTS: Sequence[Sequence[str]] = (
    ("x", "y", "w", "h"),
    ("bbox_x", "bbox_y", "bbox_width", "bbox_height"),
    ("bbox_x", "bbox_y", "bbox_w", "bbox_h"),
    ("xmin", "ymin", "width", "height"),
    ("left", "top", "width", "height"),
)


_CENTRES: Sequence[Sequence[str]] = (
    ("x_center", "y_center", "width", "height"),
    ("xcenter", "ycenter", "width", "height"),
    ("center_x", "center_y", "width", "height"),
    ("x_center", "y_center", "w", "h"),
    ("cx", "cy", "w", "h"),
)


_LISTS = ("bbox", "bboxes", "box", "bounding_box")


SETS: Mapping[str, Split | None] = {
    "train": "train", "training": "train", "validation": "valid", "validate": "valid",
    "test": "test", "unassigned": None,
}  # fmt: skip


_RETINANET = 6


_AUTOML = (10, 11)


@dataclass(frozen=True, slots=True)
class BoxLayout:
    """Where things stand on a line; -1 where they do not."""

    kind: str
    """`sides`, `extents`, `centres`, `list`, `plain` (keras-retinanet) or `corners` (AutoML)."""
    image: int
    label: int = -1
    sides: tuple[int, ...] = ()
    size: tuple[int, int] = (-1, -1)
    split: int = -1
    group: int = -1


def layout_of(rows: Sequence[Sequence[str]]) -> BoxLayout | None:
    """The layout of a table by its first rows; none if it is no table of boxes."""
    if not rows:
        return None
    if "region_shape_attributes" in rows[0]:
        return None  # VGG's annotator
    return _headless(rows) or _by_names([name.strip().casefold() for name in rows[0]])


def _by_names(names: Sequence[str]) -> BoxLayout | None:
    at = {name: where for where, name in reversed(list(enumerate(names)))}
    image = next((at[name] for name in _IMAGES if name in at), -1)
    label = next((at[name] for name in _CLASSES if name in at and at[name] != image), -1)
    if image < 0:
        return None
    size = (at.get("width", at.get("img_width", -1)), at.get("height", at.get("img_height", -1)))
    more = {
        "size": size,
        "split": at.get("split", at.get("set", -1)),
        "group": at.get("isgroupof", -1),
    }
    for kind, groups in (("sides", _SIDES), ("extents", _EXTENTS), ("centres", _CENTRES)):
        four = next((group for group in groups if set(group) <= at.keys()), None)
        if four is not None:
            if "width" in four:
                more["size"] = (-1, -1)
            return BoxLayout(kind, image, label, tuple(at[side] for side in four), **more)  # type: ignore[arg-type]
    cell = next((at[name] for name in _LISTS if name in at), -1)
    return BoxLayout("list", image, label, (cell,), **more) if cell >= 0 else None  # type: ignore[arg-type]


def _headless(rows: Sequence[Sequence[str]]) -> BoxLayout | None:
    if all(len(row) == _RETINANET and _is_plain(row) for row in rows):
        return BoxLayout("plain", 0, 5, (1, 2, 3, 4))
    if all(len(row) in _AUTOML and _is_automl(row) for row in rows):
        sets = len(rows[0]) == _AUTOML[1]
        first = 1 if sets else 0
        sides = tuple(range(first + 2, first + 10))
        return BoxLayout("corners", first, first + 1, sides, split=0 if sets else -1)
    return None


def _is_plain(row: Sequence[str]) -> bool:
    sides = [number(side) for side in row[1:5]]
    empty = not any(side.strip() for side in row[1:])
    return bool(row[0].strip()) and (empty or (None not in sides and bool(row[5].strip())))


def _is_automl(row: Sequence[str]) -> bool:
    sides = row[-8:]
    given = [side for side in sides if side.strip()]
    sets = len(row) == _AUTOML[0] or row[0].strip().casefold() in SETS
    return sets and all(number(side) is not None for side in given)
