"""Drawings, without an app."""

import asyncio
import base64
import io
import threading
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from textual.strip import Strip

from tintype.detection import Box
from tintype.overlay import cache_folder
from tintype.paths.entries import Entries
from tintype_tui.terminal.output import PLACEHOLDER
from tintype_tui.terminal.output.surface import Surface
from tintype_tui.widgets.image import (
    FIT,
    Room,
    View,
    Wanted,
    describe,
    draw,
    kept,
    kitty,
    sixel,
)
from tintype_tui.widgets.image import drawing as drawing_module
from tintype_tui.widgets.image.blocks import HALF, RAMP, SHAPES, block_strips, letter_strips
from tintype_tui.widgets.image.framing import Frame, frame
from tintype_tui.widgets.image.kitty import (
    MARKS,
    deletion,
    encode,
    placeholder_strips,
    transmission,
)
from tintype_tui.widgets.image.marks import mark_boxes
from tintype_tui.widgets.image.recent import RecentDrawings
from tintype_tui.widgets.image.sparing import LEAST_BYTES

ROOM = Room(40, 12, (10, 20))
FORBIDDEN = {"Cc", "Cs", "Zl", "Zp"}
"""Of Unicode's categories, those that could upset a line."""
SIZES = st.integers(1, 20_000)
Cell = tuple[str, tuple[int, ...], tuple[int, ...]]


def image(size: tuple[int, int] = (40, 30), colour: str = "#406080") -> Image.Image:
    return Image.new("RGB", size, colour)


def encoded(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def cells(strip: Strip) -> list[Cell]:
    """Each cell's character, foreground and background."""
    found: list[Cell] = []
    for text, style, _ in strip:
        assert style is not None
        assert style.color is not None
        assert style.bgcolor is not None
        front, back = style.color.get_truecolor(), style.bgcolor.get_truecolor()
        found.extend((character, (*front,), (*back,)) for character in text)
    return found


@given(SIZES, SIZES, st.integers(1, 300), st.integers(1, 100), st.floats(1, 64), st.data())
def test_what_is_seen_lies_within_the_image_and_the_room(
    width: int, height: int, columns: int, rows: int, zoom: float, data: Any
) -> None:
    x, y = data.draw(st.floats(0, 1)), data.draw(st.floats(0, 1))
    seen = frame((width, height), Room(columns, rows, (9, 18)), View(zoom, x, y))
    left, top, right, bottom = seen.region
    assert 1 <= seen.columns <= columns
    assert 1 <= seen.rows <= rows
    assert -1e-9 <= left < right <= 1 + 1e-9
    assert -1e-9 <= top < bottom <= 1 + 1e-9
    if zoom == 1:
        assert (left, top, right, bottom) == pytest.approx((0, 0, 1, 1))


def test_an_image_fills_the_room_one_way_whatever_its_size() -> None:
    assert frame((64, 64), ROOM, FIT).rows == 12
    assert frame((4000, 1000), ROOM, FIT).columns == 40
    assert frame((4000, 1000), ROOM, FIT).rows == 5


def test_a_cell_is_split_where_the_image_changes() -> None:
    image = Image.new("RGB", (4, 8), (252, 0, 0))
    image.paste((0, 0, 252), (0, 0, 2, 4))
    ((shape, front, back),) = cells(block_strips(image, 1, 1, {})[0])
    # The upper left quarter, or everything but that.
    assert (shape, front, back) == ("▘", (0, 0, 252), (252, 0, 0))


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_found_again(shape: str) -> None:
    from tintype_tui.widgets.image.blocks import masks

    mask = masks(shape).reshape(8, 4)
    image = Image.new("RGB", (4, 8))
    for y in range(8):
        for x in range(4):
            image.putpixel((x, y), (252, 252, 0) if mask[y, x] else (0, 40, 252))
    ((found, front, back),) = cells(block_strips(image, 1, 1, {})[0])
    assert (found, front, back) == (shape, (252, 252, 0), (0, 40, 252))


def test_neighbours_of_one_colour_share_a_segment() -> None:
    (strip,) = block_strips(image(), 30, 1, {})
    assert len(list(strip)) == 1
    assert strip.cell_length == 30


def test_letters_are_denser_where_it_is_brighter_and_the_reverse_on_white() -> None:
    ramp = Image.linear_gradient("L").rotate(90).resize((100, 10)).convert("RGB")
    (dark,) = letter_strips(ramp, 10, 1, {}, dark=True)
    (light,) = letter_strips(ramp, 10, 1, {}, dark=False)
    assert [RAMP.index(c) for c in dark.text] == sorted(RAMP.index(c) for c in dark.text)
    assert dark.text[0] == light.text[-1] == " "
    assert dark.text[-1] == light.text[0] == "@"


PLACES = st.floats(-1, 2)
BOXES = st.builds(Box, st.text(max_size=60), PLACES, PLACES, PLACES, PLACES)


@given(st.lists(BOXES, max_size=6), st.lists(BOXES, max_size=3), st.floats(1, 8), st.booleans())
def test_boxes_of_any_kind_stay_within_the_image(
    truth: list[Box], predicted: list[Box], zoom: float, letters: bool
) -> None:
    seen = frame((640, 480), Room(30, 10, (10, 20)), View(zoom, 0.3, 0.6))
    colours = {box.label.casefold(): (200, 100, 0) for box in (*truth, *predicted)}
    marks = mark_boxes(seen, truth, predicted, colours, letters=letters)
    assert all(0 <= row < seen.rows and 0 <= column < seen.columns for row, column in marks)
    assert all(len(mark.text) <= 1 for mark in marks.values())
    assert not any(unicodedata.category(mark.text or " ") in FORBIDDEN for mark in marks.values())
    for strip in block_strips(image(), seen.columns, seen.rows, marks):
        assert strip.cell_length == seen.columns


def test_truth_is_solid_and_prediction_dashed_and_both_are_named() -> None:
    seen = Frame(20, 8, (0, 0, 1, 1), FIT)
    truth, guess = Box("cat", 0, 0, 1, 0.4), Box("dog", 0, 0.5, 1, 1)
    marks = mark_boxes(seen, [truth], [guess], {"cat": (1, 2, 3), "dog": (4, 5, 6)})
    strips = block_strips(image(), 20, 8, marks)
    assert strips[0].text == "cat━━━━┓  dog╍╍╍╍╍╍┓"
    assert strips[1].text == "┃      ┃  ╏        ╏"
    assert strips[7].text == "┗━━━━━━┛  ┗╍╍╍╍╍╍╍╍┛"
    marks = mark_boxes(seen, [truth], [guess], {"cat": (1, 2, 3), "dog": (4, 5, 6)}, letters=True)
    assert letter_strips(image(), 20, 8, marks, dark=True)[7].text.rstrip("@ ").startswith("+--")


def test_names_do_not_cover_each_other() -> None:
    seen = Frame(30, 10, (0, 0, 1, 1), FIT)
    boxes = [Box(name, 0.2, 0.1, 0.8, 0.9) for name in ("first", "second", "third")]
    colours = {box.label: (255, 255, 255) for box in boxes}
    strips = block_strips(image(), 30, 10, mark_boxes(seen, boxes, [], colours))
    text = "\n".join(strip.text for strip in strips)
    assert all(name in text for name in ("first", "second", "third"))


def test_wide_and_dangerous_names_keep_the_line_straight() -> None:
    seen = Frame(30, 10, (0, 0, 1, 1), FIT)
    box = Box("黒桃\x1b[31mK\u202e", 0.2, 0.1, 0.8, 0.9)
    marks = mark_boxes(seen, [box], [], {box.label.casefold(): (255, 255, 255)})
    strips = block_strips(image(), 30, 10, marks)
    assert {strip.cell_length for strip in strips} == {30}
    named = next(strip for strip in strips if "黒桃" in strip.text)
    assert "^[[31mK<U+202E>" in named.text
    assert sum(segment.cell_length for segment in named) == 30


def test_kittys_marks_are_those_of_unicode_that_stand_above() -> None:
    assert len(MARKS) == len(set(MARKS)) == 297
    assert all(unicodedata.combining(mark) == 230 for mark in MARKS)
    assert not any(unicodedata.decomposition(mark) for mark in MARKS)
    # The ends of the published table.
    assert (MARKS[0], MARKS[1], MARKS[-1]) == ("\u0305", "\u030d", "\U0001d244")


def test_any_part_of_a_line_of_kittys_cells_stands_by_itself() -> None:
    strips = placeholder_strips(0x123456, 10, 3)
    assert {strip.cell_length for strip in strips} == {10}
    part = strips[2].crop(4, 6)
    assert part.text == f"{PLACEHOLDER}{MARKS[2]}{MARKS[4]}{PLACEHOLDER}{MARKS[2]}{MARKS[5]}"
    (segment,) = part
    assert segment.style is not None
    assert segment.style.color is not None
    assert tuple(segment.style.color.get_truecolor()) == (0x12, 0x34, 0x56)


def test_an_image_goes_to_kitty_in_pieces_of_the_size_it_takes() -> None:
    payload = encode(Image.effect_noise((80, 80), 60).convert("RGB"), sparing=False)
    commands = transmission(70_000, payload, 8, 4)
    assert commands[0].startswith("\x1b_Ga=T,U=1,f=100,q=2,i=70000,c=8,r=4,m=1;")
    assert all(command.startswith("\x1b_Gm=1;") for command in commands[1:-1])
    assert commands[-1].startswith("\x1b_Gm=0;")
    pieces = [command.partition(";")[2].removesuffix("\x1b\\") for command in commands]
    assert "".join(pieces) == payload
    assert max(map(len, pieces)) == 4096
    assert deletion(70_000) == "\x1b_Ga=d,d=I,i=70000,q=2\x1b\\"


async def test_what_was_drawn_is_not_drawn_again() -> None:
    wanted = Wanted(encoded(image((41, 31))), ROOM)
    first = await draw(wanted)
    assert await draw(Wanted(bytes(bytearray(wanted.data)), ROOM)) is first
    assert await draw(Wanted(wanted.data, Room(20, 12, (10, 20)))) is not first


@pytest.mark.parametrize("few", ["sparing", "few_bytes"])
async def test_in_few_bytes_an_image_of_blocks_still_resembles_itself(few: str) -> None:
    noise = Image.effect_noise((240, 240), 30)
    shades = Image.blend(Image.linear_gradient("L").resize((240, 240)), noise, 0.2).convert("RGB")
    shades.paste((200, 30, 30), (60, 60, 180, 180))
    room = Room(60, 30, (10, 20))
    full = Wanted(encoded(shades), room)
    plain, sparing = await draw(full), await draw(replace(full, **{few: True}))  # type: ignore[arg-type]
    whole, spared = map(sent, (plain, sparing))
    assert len(spared) < LEAST_BYTES * 1.1 < len(whole)
    for drawing in (plain, sparing):
        backs: Any = [
            [back(segment) for segment in strip for _ in segment.text] for strip in drawing.strips
        ]
        assert sum(backs[2][30]) < sum(backs[-3][30])
        assert backs[15][30][0] > 150
        assert backs[15][30][1] < 80


def back(segment: Any) -> Any:
    return tuple(segment.style.bgcolor.triplet)


def sent(drawing: Any) -> bytes:
    """What goes to the terminal."""
    surface = Surface(drawing.frame.columns, drawing.frame.rows)
    for y, strip in enumerate(drawing.strips):
        surface.put(y, 0, strip, codes)
    return surface.changes().encode()


def codes(style: Any) -> str:
    return ";".join((*style.color.get_ansi_codes(), *style.bgcolor.get_ansi_codes(False)))


@pytest.mark.parametrize("protocol", ["kitty", "iterm", "sixel"])
async def test_a_slow_line_is_sent_fewer_bytes(protocol: Any) -> None:
    noise = Image.merge("RGB", [Image.effect_noise((300, 200), 50) for _ in range(3)])
    data = encoded(noise)
    plain = await draw(Wanted(data, ROOM, protocol=protocol))
    sparing = await draw(Wanted(data, ROOM, protocol=protocol, sparing=True))
    assert sparing.sent_bytes < plain.sent_bytes * 0.8


def test_that_sixels_would_be_too_many_is_known_from_some_of_them() -> None:
    noise = Image.effect_noise((600, 480), 60).convert("RGB")
    flat = Image.new("RGB", (600, 480), (10, 200, 90))
    for image, fits in ((noise, False), (flat, True)):
        whole = sixel.encode(image, sparing=True)
        assert sixel.encode(image, sparing=True, most=20_000) == (whole if fits else "")
    some = sixel.encode(sixel._some(noise), sparing=True)
    assert len(some) == pytest.approx(len(sixel.encode(noise, sparing=True)) / 8, rel=0.2)


async def test_on_a_slow_line_sixels_of_a_photograph_give_way_to_block_characters() -> None:
    noise = Image.merge("RGB", [Image.effect_noise((300, 200), 50) for _ in range(3)])
    flat = Image.new("RGB", (300, 200), (20, 90, 160))
    drawn = [
        await draw(Wanted(encoded(one), Room(60, 30, (10, 20)), protocol="sixel", sparing=True))
        for one in (noise, flat)
    ]
    assert [one.protocol for one in drawn] == ["halfblock", "sixel"]
    assert len(sent(drawn[0])) < LEAST_BYTES * 1.1
    assert not drawn[0].payload


async def test_a_terminal_that_takes_files_is_given_the_jpeg_itself_where_that_is_smaller() -> None:
    out = io.BytesIO()
    Image.effect_noise((120, 80), 60).convert("RGB").save(out, "JPEG", quality=60)
    photo = out.getvalue()
    room = Room(60, 30, (10, 20))

    async def payload(data: bytes, **how: Any) -> str:
        return (await draw(Wanted(data, room, protocol="iterm", **how))).payload

    whole = await payload(photo)
    assert whole.startswith("\x1b]1337;File=inline=1;size=")
    assert "width=60;height=20;preserveAspectRatio=0:" in whole
    assert base64.b64encode(photo).decode() in whole
    # With boxes, or a part of it, or of another format, it is made for the occasion.
    made = [
        await payload(photo, truth=(Box("cat", 0.1, 0.1, 0.5, 0.5),)),
        await payload(photo, view=FIT.zoomed(2)),
    ]
    made += [await payload(encoded(Image.open(io.BytesIO(photo))))]
    for one in made:
        assert base64.b64decode(one.rpartition(":")[2].rstrip("\a"))[:2] == b"\xff\xd8"
        assert base64.b64encode(photo).decode() not in one


async def test_colours_of_a_sixel_image_are_defined_and_chosen() -> None:
    drawing = await draw(Wanted(encoded(image()), ROOM, protocol="sixel"))
    assert drawing.payload.startswith("\x1bP")
    assert drawing.payload.endswith("\x1b\\")
    assert '"1;1;320;240' in drawing.payload
    assert "#0;2;25;38;50#0" in drawing.payload


async def test_a_part_is_cut_from_the_image_at_its_own_resolution() -> None:
    image = Image.new("RGB", (1600, 1200))
    image.paste((252, 252, 252), (800, 600, 801, 601))
    view = View(zoom=1600 / 40)
    drawing = await draw(Wanted(encoded(image), Room(40, 15, (10, 20)), view))
    # 40 × 30 pixels fill the room, so one is a cell wide and half a cell high.
    lit = [
        (y, x, shape)
        for y, strip in enumerate(drawing.strips)
        for x, (shape, front, back) in enumerate(cells(strip))
        if max(*front, *back) > 200
    ]
    assert lit == [(7, 20, "▀")]  # of which the lower half is lit


async def test_an_image_on_its_side_is_drawn_upright() -> None:
    image = Image.new("RGB", (120, 60), (252, 0, 0))
    image.paste((0, 0, 252), (0, 0, 60, 60))
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, quality=95)
    drawing = await draw(Wanted(out.getvalue(), ROOM))
    assert drawing.size == (60, 120)
    top, bottom = cells(drawing.strips[0])[5], cells(drawing.strips[-1])[5]
    assert top[2][2] > 200 > top[2][0]
    assert bottom[2][0] > 200 > bottom[2][2]


async def test_a_cancelled_drawing_raises_nothing_but_that() -> None:
    noise = encoded(Image.effect_noise((500, 500), 50).convert("RGB"))
    drawing = asyncio.create_task(draw(Wanted(noise, ROOM, protocol="sixel")))
    await asyncio.sleep(0)
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing


@pytest.mark.parametrize("protocol", ["kitty", "sixel", "halfblock", "ascii", "none"])
async def test_a_box_that_is_nowhere_is_survived(protocol: Any) -> None:
    boxes = (Box("a", float("nan"), 0, 1, 1), Box("b", 0, 0, 1, 1e308))
    wanted = Wanted(encoded(image()), ROOM, protocol=protocol, truth=boxes, predicted=boxes)
    assert (await draw(wanted)).description.startswith("Image 40×30, 1 box: b ")


async def test_sixteen_colours_are_mixed_from_half_blocks() -> None:
    drawing = await draw(Wanted(encoded(image()), ROOM, few_colours=True))
    text = "".join(strip.text for strip in drawing.strips)
    assert set(text) <= {HALF, " "}


@pytest.mark.parametrize(
    ("truth", "predicted", "words"),
    [
        ([], [], "Image 640×480."),
        (
            [Box("dog", 0.7, 0.7, 0.9, 0.9), Box("cat", 0.1, 0.1, 0.3, 0.2)],
            [],
            "Image 640×480, 2 boxes: cat at the top left, dog at the bottom right.",
        ),
        (
            [Box("a\nb", 0.4, 0.4, 0.6, 0.6)],
            [Box("", 0.4, 0, 0.6, 0.2)],
            "Image 640×480, 1 box: a ⏎ b in the middle; 1 predicted box: unnamed at the left.",
        ),
        (
            [Box("cell", 0, 0, 1, 1)] * 14,
            [],
            "Image 640×480, 14 boxes: 14 cell.",
        ),
    ],
)
def test_an_image_is_put_into_words(truth: list[Box], predicted: list[Box], words: str) -> None:
    assert describe((640, 480), truth, predicted) == words


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Path]:
    token = cache_folder.set(lambda: tmp_path)
    yield tmp_path / "drawings"
    cache_folder.reset(token)


def entries(folder: Path) -> list[Path]:
    return [*folder.iterdir()] if folder.exists() else []


def forget() -> None:
    """Draw as in another session."""
    drawing_module._recent = RecentDrawings()


@pytest.fixture
def encodings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is encoded, by module."""
    seen: list[str] = []

    def counted(module: Any, of: Callable[..., str]) -> Callable[..., str]:
        def encode(*given: Any, **how: Any) -> str:
            seen.append(module.__name__)
            return of(*given, **how)

        return encode

    for module in (kitty, sixel):
        monkeypatch.setattr(module, "encode", counted(module, module.encode))
    return seen


@pytest.mark.parametrize(
    ("protocol", "sparing"), [("sixel", False), ("sixel", True), ("kitty", True)]
)
async def test_what_took_long_to_encode_is_encoded_once_for_all_sessions(
    protocol: Any, sparing: bool, cache: Path, encodings: list[str]
) -> None:
    wanted = Wanted(encoded(image()), ROOM, protocol=protocol, sparing=sparing)

    async def drawn(**how: Any) -> str:
        forget()
        made = await draw(replace(wanted, **how))
        with kept._writing:  # once it is written
            return made.payload

    first = await drawn()
    assert await drawn() == first
    assert len(encodings) == 1
    [entry] = entries(cache)
    boxed = await drawn(truth=(Box("cat", 0.1, 0.1, 0.5, 0.5),))
    assert boxed != first
    assert len(encodings) == 2
    entry.write_bytes(entry.read_bytes()[:-1])
    assert await drawn() == first
    assert len(encodings) == 3


async def test_a_drawing_does_not_wait_for_the_disk(
    cache: Path, encodings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    keep = Entries.keep

    def slow(*given: Any) -> None:
        goes_on.wait()
        keep(*given)

    monkeypatch.setattr(Entries, "keep", slow)
    for colour in ("#102030", "#405060"):
        wanted = Wanted(encoded(image(colour=colour)), ROOM, protocol="sixel")
        assert (await draw(wanted)).payload
    assert not entries(cache)
    goes_on.set()
    with kept._writing:
        assert len(entries(cache)) == 1  # the other came while this was written


async def test_code_that_encodes_otherwise_finds_nothing_of_other_code(
    cache: Path, encodings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in ("one", "other"):
        monkeypatch.setattr(kept, "_code", lambda code=code: code)
        forget()
        await draw(Wanted(encoded(image()), ROOM, protocol="sixel"))
        with kept._writing:
            assert len(encodings) == len(entries(cache))
