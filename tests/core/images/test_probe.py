"""An image is judged by its bytes, in bounded time, and nothing makes the judge raise."""

import hashlib
import io
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile
from PIL.PngImagePlugin import PngInfo

from tintype.errors import DatasetError
from tintype.images import MOST_PIXELS, decode, probe
from tintype.images.formats import essence, read_header, without_metadata

Painted = Callable[..., bytes]
Options = dict[str, object]

SAVED: list[tuple[str, str, Options]] = [
    ("JPEG", "RGB", {}),
    ("JPEG", "L", {}),
    ("JPEG", "CMYK", {}),
    ("JPEG", "RGB", {"progressive": True}),
    ("JPEG", "RGB", {"restart_marker_blocks": 2}),
    ("PNG", "RGB", {}),
    ("PNG", "RGBA", {}),
    ("PNG", "L", {}),
    ("PNG", "LA", {}),
    ("PNG", "P", {}),
    ("PNG", "1", {}),
    ("PNG", "I;16", {}),
    ("WEBP", "RGB", {}),
    ("WEBP", "RGB", {"lossless": True}),
    ("WEBP", "RGBA", {"lossless": True}),
    ("WEBP", "RGBA", {}),
    ("GIF", "P", {}),
    ("BMP", "RGB", {}),
    ("BMP", "P", {}),
]


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def header(width: int, height: int, bits: int = 8, colour: int = 2) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)


def animation(format: str, **options: object) -> bytes:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, format, save_all=True, append_images=frames[1:], duration=50, **options)
    return out.getvalue()


@pytest.mark.parametrize(("format", "mode", "options"), SAVED)
def test_what_the_header_says_is_what_pillow_would_open(
    painted: Painted, format: str, mode: str, options: Options
) -> None:
    data = painted(format, mode, **options)
    with Image.open(io.BytesIO(data)) as opened:
        facts = probe(data)
        assert (facts.width, facts.height) == opened.size
        assert facts.mode == opened.mode
    assert facts.format == format.lower()
    assert facts.flaw == ""
    assert facts.size_bytes == len(data)
    assert facts.digest == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(("format", "mode", "options"), SAVED)
def test_an_image_cut_short_at_any_byte_has_a_flaw(
    painted: Painted, format: str, mode: str, options: Options
) -> None:
    data = painted(format, mode, **options)
    for end in range(len(data)):
        facts = probe(data[:end])
        assert facts.flaw, f"{end} of {len(data)} bytes pass as whole"
        if end > 64 and format != "WEBP":
            assert facts.flaw in ("truncated", "damaged")


def test_bytes_after_the_end_do_no_harm(painted: Painted) -> None:
    for format in ("JPEG", "PNG", "WEBP"):
        assert probe(painted(format) + b"\xff\xd8 trailing \xff\xd9").flaw == ""


def test_the_name_of_a_format_comes_from_the_bytes() -> None:
    assert probe(b"II*\x00" + bytes(40)).format == "tiff"
    assert probe(b"\x00\x00\x00\x18ftypheic" + bytes(40)).format == "heif"
    assert probe(b"\x00\x00\x00\x1cftypavif" + bytes(40)).format == "avif"
    assert probe(b"<?xml version='1.0'?><svg xmlns=''/>").format == "svg"
    page = probe(b"\n<!DOCTYPE html><title>403</title>")
    assert (page.format, page.flaw) == ("html", "not an image")
    assert probe(b"%!PS-Adobe-3.0 EPSF-3.0\n").flaw == "not an image"
    assert probe(b"").flaw == "empty"
    assert probe(b"hello").flaw == "not an image"


def test_frames_are_counted_without_decoding_them() -> None:
    assert probe(animation("GIF")).frames == 3
    assert probe(animation("WEBP")).frames == 3
    assert probe(animation("PNG")).frames == 3
    assert probe(animation("WEBP")).flaw == ""


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_orientation_and_place_come_from_exif(painted: Painted, format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 0.0), 3: "E", 4: (13.0, 24.0, 0.0)})
    facts = probe(painted(format, exif=exif.tobytes()))
    assert facts.orientation == 6
    assert facts.has_location
    plain = probe(painted(format))
    assert (plain.orientation, plain.has_location) == (1, False)


def test_a_gps_directory_without_a_place_is_no_location(painted: Painted) -> None:
    exif = Image.Exif()
    exif[0x0112] = 9
    exif.get_ifd(0x8825).update({0: b"\x02\x03\x00\x00"})
    facts = probe(painted("JPEG", exif=exif.tobytes()))
    assert (facts.orientation, facts.has_location) == (1, False)


def test_a_header_of_forty_thousand_squared_is_refused_unread() -> None:
    bomb = png(header(40_000, 40_000), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    facts = probe(bomb)
    assert (facts.width, facts.height, facts.flaw) == (40_000, 40_000, "too large")


def test_an_animation_canvas_of_gigapixels_is_refused_before_it_is_allocated() -> None:
    canvas = bytes([2, 0, 0, 0]) + (0xFFFFFF).to_bytes(3, "little") + (200).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + canvas
    body += b"ANIM" + struct.pack("<I", 6) + bytes(6) + b"ANMF" + struct.pack("<I", 16) + bytes(16)
    assert probe(b"RIFF" + struct.pack("<I", len(body)) + body).flaw == "too large"


def test_a_jpeg_of_thousands_of_scans_is_refused(painted: Painted) -> None:
    data = painted("JPEG", progressive=True)
    end = data.rindex(b"\xff\xd9")
    last = data.rindex(b"\xff\xda")
    bomb = data[:end] + data[last:end] * 5_000 + data[end:]
    assert probe(bomb).flaw == "too large"


def test_a_png_that_inflates_without_end_is_read_no_further_than_its_size() -> None:
    flood = zlib.compress(bytes(64_000_000), 9)
    data = png(header(10, 10), (b"IDAT", flood), (b"IEND", b""))
    assert probe(data).flaw == ""


def test_damaged_pixels_are_found_though_the_structure_is_whole(painted: Painted) -> None:
    data = bytearray(painted("PNG"))
    data[-20] ^= 0xFF
    assert probe(bytes(data)).flaw == "damaged"
    assert "checksum" in probe(bytes(data)).detail
    assert probe(bytes(data), verify=False).flaw == ""
    short = png(header(50, 50), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b""))
    assert probe(short).flaw == "damaged"
    arithmetic = painted("JPEG").replace(b"\xff\xc0", b"\xff\xc3")  # lossless: no decoder here
    assert probe(arithmetic).flaw == "damaged"


def test_zero_sized_images_are_damaged() -> None:
    assert probe(png(header(0, 10), (b"IDAT", b""), (b"IEND", b""))).flaw == "damaged"
    assert probe(png(header(8, 8, 3, 2), (b"IDAT", b""), (b"IEND", b""))).flaw == "damaged"


def test_interlaced_png_is_measured_pass_by_pass(tmp_path: Path) -> None:
    # Adam7 by hand: 3×2 pixels, 8-bit grey; passes 1, 4 (none), 5 (none), 6, 7 hold pixels.
    rows = b"\x00\x01" + b"\x00\x02" + b"\x00\x03" + b"\x00\x04\x05\x06"
    ihdr = b"IHDR", struct.pack(">IIBBBBB", 3, 2, 8, 0, 0, 0, 1)
    whole = png(ihdr, (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    with Image.open(io.BytesIO(whole)) as opened:
        opened.load()
    assert probe(whole).flaw == ""
    assert probe(png(ihdr, (b"IDAT", zlib.compress(rows[:-1])), (b"IEND", b""))).flaw == "damaged"


def test_pillow_is_left_as_it_was(painted: Painted, recwarn: pytest.WarningsRecorder) -> None:
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters)
    bad_exif = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff" + bytes(30)
    for data in (
        painted("JPEG", exif=bad_exif),
        painted("PNG", "P", transparency=bytes(range(100))),
        png(header(5, 5), (b"acTL", bytes(8)), (b"IDAT", zlib.compress(bytes(80))), (b"IEND", b"")),
        painted("JPEG")[:-100],
    ):
        probe(data)
    assert not recwarn.list
    assert before == (
        Image.MAX_IMAGE_PIXELS,
        ImageFile.LOAD_TRUNCATED_IMAGES,
        list(warnings.filters),
    )


def test_leniency_set_by_others_does_not_hide_truncation(
    painted: Painted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    for format in ("JPEG", "PNG", "WEBP", "GIF"):
        assert probe(painted(format)[:-40]).flaw == "truncated"


def test_text_and_profiles_never_reach_pillow(painted: Painted) -> None:
    jpeg = painted("JPEG", comment=b"x" * 100, icc_profile=b"p" * 1000)
    assert b"p" * 10 not in essence(jpeg, "jpeg")
    assert b"x" * 10 not in essence(jpeg, "jpeg")
    image = painted("PNG")
    noisy = image[:33] + png((b"tEXt", b"a\x00b" * 99))[8:] + image[33:]
    assert b"tEXt" not in essence(noisy, "png")
    assert probe(noisy).flaw == ""


@given(st.binary(max_size=2_000))
def test_any_bytes_can_be_probed(data: bytes) -> None:
    assert probe(data).size_bytes == len(data)


MAGICS = [b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"RIFF\x10\x00\x00\x00WEBP"]


@given(st.sampled_from(MAGICS), st.binary(max_size=500))
def test_any_bytes_after_a_known_beginning_can_be_probed(magic: bytes, data: bytes) -> None:
    facts = probe(magic + data)
    assert facts.flaw or facts.width


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_to_a_real_image_can_be_probed(painted: Painted, data: st.DataObject) -> None:
    format, mode, options = data.draw(st.sampled_from(SAVED))
    image = bytearray(painted(format, mode, **options))
    for _ in range(data.draw(st.integers(1, 5))):
        image[data.draw(st.integers(0, len(image) - 1))] = data.draw(st.integers(0, 255))
    facts = probe(bytes(image))
    assert facts.width >= 0
    assert facts.frames >= 1
    assert read_header(bytes(image)).format == facts.format


LOCATED = b'<x:xmpmeta exif:GPSLatitude="52,30N"/>'


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_a_place_told_by_xmp_is_seen_and_goes_with_the_metadata(
    painted: Painted, format: str
) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 0.0)})
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", LOCATED.decode())
    profile = b"a profile of colours"
    more = {"pnginfo": info} if format == "PNG" else {"xmp": LOCATED}
    for options in (more, {"exif": exif.tobytes()}, more | {"exif": exif.tobytes()}):
        data = painted(format, icc_profile=profile, **options)
        assert probe(data).has_location
        clean = without_metadata(data, format.lower())
        facts = probe(clean)
        assert (facts.has_location, facts.flaw, b"GPS" in clean) == (False, "", False)
        with Image.open(io.BytesIO(clean)) as kept, Image.open(io.BytesIO(data)) as source:
            assert kept.info.get("icc_profile") == profile
            assert kept.tobytes() == source.tobytes()


def test_a_photograph_of_a_hundred_megapixels_is_no_flaw_and_can_be_shrunk() -> None:
    out = io.BytesIO()
    Image.new("L", (12_000, 9_000), 90).save(out, "JPEG", quality=20)
    assert probe(out.getvalue()).flaw == ""
    assert decode(out.getvalue(), box=(1_500, 1_500)).size == (1_500, 1_125)
    with pytest.raises(DatasetError, match="12000×9000 pixels are more than the 89 megapixels"):
        decode(out.getvalue())
    flat = io.BytesIO()
    Image.new("L", (10_000, 9_500), 90).save(flat, "PNG")
    assert probe(flat.getvalue()).flaw == ""
    assert decode(flat.getvalue(), box=(500, 500), most_pixels=MOST_PIXELS).size == (500, 475)
    with pytest.raises(DatasetError, match="more than the 89 megapixels decoded here"):
        decode(flat.getvalue(), box=(500, 500))
