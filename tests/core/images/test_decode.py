"""Decoding gives upright RGB of the asked size, or a sentence."""

import io
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from tintype.errors import DatasetError
from tintype.images import data_url, decode, encode_jpeg, media_type, probe, split_data_url

Painted = Callable[..., bytes]


def red_corner(image: Image.Image) -> bool:
    red, green, blue = image.getpixel((1, 1))  # type: ignore[misc]
    return red > 200 and green < 80 and blue < 80


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
def test_every_mode_becomes_rgb(painted: Painted, mode: str) -> None:
    image = decode(painted("PNG", mode))
    assert (image.mode, image.size) == ("RGB", (48, 32))


def test_sixteen_bit_grey_keeps_its_shades(painted: Painted) -> None:
    grey = decode(painted("PNG", "L")).getpixel((1, 1))
    fine = decode(painted("PNG", "I;16")).getpixel((1, 1))
    assert grey == fine


def test_cmyk_keeps_its_colours(painted: Painted) -> None:
    assert red_corner(decode(painted("JPEG", "CMYK", quality=95)))


def test_transparency_shows_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (4, 4), (10, 20, 30, 0)).save(out, "PNG")
    assert decode(out.getvalue()).getpixel((0, 0)) == (255, 255, 255)


def test_a_palette_with_a_transparency_table_raises_no_warning(painted: Painted) -> None:
    assert decode(painted("PNG", "P", transparency=bytes(range(200)))).mode == "RGB"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright(painted: Painted, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = painted("PNG", exif=exif.tobytes())
    upright = decode(data)
    with Image.open(io.BytesIO(data)) as opened:
        expected = ImageOps.exif_transpose(opened).convert("RGB")
    assert upright.tobytes() == expected.tobytes()
    small = decode(data, box=(12, 12))
    assert max(small.size) == 12
    assert (small.width > small.height) == (upright.width > upright.height)


def test_an_image_is_shrunk_into_the_box_and_never_enlarged(painted: Painted) -> None:
    data = painted("JPEG", size=(800, 400))
    assert decode(data, box=(100, 100)).size == (100, 50)
    assert decode(data, box=(5_000, 5_000)).size == (800, 400)
    assert decode(painted("JPEG", size=(800, 1)), box=(8, 8)).size == (8, 1)


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "unknown data"), (b"<html>", "web page"), (b"II*\x00" + bytes(50), "TIFF")],
)
def test_what_cannot_be_decoded_says_why(data: bytes, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        decode(data)


def test_a_bomb_is_refused_in_a_sentence(painted: Painted) -> None:
    data = bytearray(painted("PNG"))
    data[16:24] = struct.pack(">II", 40_000, 40_000)
    with pytest.raises(DatasetError, match="40000×40000 pixels"):
        decode(bytes(data), box=(10, 10))


def test_a_truncated_image_is_refused(painted: Painted) -> None:
    for format in ("JPEG", "PNG", "WEBP", "GIF", "BMP"):
        with pytest.raises(DatasetError, match="end before"):
            decode(painted(format)[:-30])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_damage_is_an_image_or_a_dataset_error(painted: Painted, data: st.DataObject) -> None:
    format = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "BMP"]))
    image = bytearray(painted(format))
    for _ in range(data.draw(st.integers(1, 4))):
        image[data.draw(st.integers(8, len(image) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DatasetError):
        assert decode(bytes(image), box=(16, 16)).mode == "RGB"


def test_threads_decode_side_by_side(painted: Painted) -> None:
    data, sizes = painted("JPEG", size=(400, 300)), []
    threads = [
        threading.Thread(target=lambda: sizes.append(decode(data, box=(40, 40)).size))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sizes == [(40, 30)] * 8


def test_an_encoded_jpeg_is_a_plain_one() -> None:
    facts = probe(encode_jpeg(Image.new("RGBA", (9, 7), "green"), 80))
    assert (facts.format, facts.mode, facts.width, facts.height) == ("jpeg", "RGB", 9, 7)


def test_a_data_url_tells_the_type_by_the_bytes(painted: Painted) -> None:
    for format in ("JPEG", "PNG", "WEBP", "GIF", "BMP"):
        data = painted(format)
        assert media_type(data) == f"image/{format.lower()}"
        assert split_data_url(data_url(data)) == (f"image/{format.lower()}", data)
    assert data_url(b"??").startswith("data:application/octet-stream;base64,")


def test_a_data_url_may_declare_parameters_and_break_lines() -> None:
    assert split_data_url("DATA:Image/PNG;name=a.png;BASE64,aGVs\r\nbG8=") == (
        "image/png",
        b"hello",
    )
    assert split_data_url("data:;base64,") == ("", b"")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.com/a.png", "not a data URL"),
        ("data:image/png", "not a data URL"),
        ("data:image/svg+xml,<svg/>", ";base64"),
        ("data:image/png;base64,aGVsbG8", "whole number of bytes"),
        ("data:image/png;base64,aGV-bG8_", "URL-safe"),
        ("data:image/png;base64,aG%3D", "character 3"),
        ("data:image/png;base64,\ud800\ud800\ud800\ud800", "character 1"),
        ("data:image/png;base64,äöüß", "character 1"),
    ],
)
def test_a_broken_data_url_says_where(url: str, reason: str) -> None:
    with pytest.raises(DatasetError, match=reason):
        split_data_url(url)


@given(st.text(max_size=200))
def test_any_text_is_bytes_or_a_dataset_error(text: str) -> None:
    for url in (text, f"data:image/png;base64,{text}"):
        with suppress(DatasetError):
            assert isinstance(split_data_url(url)[1], bytes)


def test_a_data_url_of_several_pieces_is_judged_as_one() -> None:
    for count in (786_431, 786_432, 786_433, 2_000_000):
        data = bytes(range(256)) * (count // 256) + b"x" * (count % 256)
        url = data_url(data)
        assert split_data_url(url)[1] == data
        assert split_data_url(url[:5_000] + "\r\n" + url[5_000:])[1] == data
    padded = "data:;base64," + "A" * ((1 << 20) - 1) + "="
    assert len(split_data_url(padded)[1]) == (3 << 18) - 1
    with pytest.raises(DatasetError, match="not valid base64"):
        split_data_url(padded + "AAAA")


def test_transparent_parts_show_white_or_a_checkerboard() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (40, 20), (255, 0, 0, 0)).save(out, "PNG")
    assert decode(out.getvalue()).getcolors() == [(800, (255, 255, 255))]
    checkers = decode(out.getvalue(), checkered=True).getcolors() or []
    assert {colour for _, colour in checkers} == {(0x99,) * 3, (0xCC,) * 3}
