"""ARCHITECTURE.md is the map as built: its rooms are the folders', in the order of the layers."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)


def rooms(heading: str) -> list[str]:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    return ROOMS.findall(text.partition(f"## {heading}")[2].partition("\n## ")[0])


def folders(root: str) -> set[str]:
    entries = (ROOT / root).iterdir()
    modules = {one.stem for one in entries if one.suffix == ".py" or (one / "__init__.py").exists()}
    return modules - {"__init__"}


def layers(container: str) -> list[set[str]]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    for contract in contracts["contracts"]:
        if contract.get("containers") == [container]:
            return [set(re.split(r"\s*[|:]\s*", layer)) for layer in contract["layers"]]
    raise AssertionError(container)


@pytest.mark.parametrize(
    ("heading", "root", "container"),
    [
        ("The library", "core/tintype", "tintype"),
        ("The app", "tui/tintype_tui", "tintype_tui"),
    ],
)
def test_the_map_has_every_room_in_the_order_of_the_layers(
    heading: str, root: str, container: str
) -> None:
    listed = rooms(heading)
    assert len(listed) == len(set(listed))
    assert set(listed) == folders(root)
    at = 0
    for layer in layers(container):
        assert set(listed[at : at + len(layer)]) == layer
        at += len(layer)


def test_what_the_map_names_is_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    homes = {name: root for root in ("core/tintype", "tui/tintype_tui") for name in folders(root)}
    named = [found for found in re.findall(r"`(\w+)\.(\w+)`", text) if found[0] in homes]
    assert len(named) > 10
    for room, name in named:
        home = ROOT / homes[room] / room
        sources = [home.with_suffix(".py"), *home.glob("*.py")]
        defined = re.compile(rf"\b(?:def|class) {name}\b")
        assert (home / f"{name}.py").exists() or any(
            defined.search(path.read_text()) for path in sources if path.exists()
        ), f"{room}.{name}"
