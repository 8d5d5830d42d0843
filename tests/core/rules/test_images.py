"""Images are judged by their bytes, and skipped for OpenAI's reasons in OpenAI's words."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image

from tintype.dataset.survey import Surveyed
from tintype.images import ImageFacts
from tintype.rules import Problem, judge_row, provider_code, rules_of, skip_reason

Judge = Callable[..., tuple[Problem, ...]]
Make = Callable[..., Any]


def rules(problems: tuple[Problem, ...]) -> list[tuple[str, str]]:
    return [(problem.rule, problem.severity) for problem in problems]


@pytest.mark.parametrize(
    ("format", "mode"), [("JPEG", "RGB"), ("PNG", "RGB"), ("PNG", "RGBA"), ("WEBP", "RGB")]
)
def test_images_that_openai_takes(
    judge: Judge, make_row: Make, make_part: Make, make_bytes: Make, format: str, mode: str
) -> None:
    part = make_part(make_bytes(format, mode), f"image/{format.lower()}", detail="low")
    assert judge(make_row(part)) == ()


@pytest.mark.parametrize(
    ("format", "mode", "rule", "words"),
    [
        ("GIF", "P", "image_format", "it is GIF"),
        ("BMP", "RGB", "image_format", "it is BMP"),
        ("TIFF", "RGB", "image_format", "it is TIFF"),
        ("JPEG", "L", "image_mode", "L (grey)"),
        ("JPEG", "CMYK", "image_mode", "CMYK"),
        ("PNG", "P", "image_mode", "P (a palette)"),
        ("PNG", "I;16", "image_mode", "I;16"),
        ("PNG", "LA", "image_mode", "LA"),
        ("PNG", "1", "image_mode", "1 (grey)"),
    ],
)
def test_other_formats_and_modes_are_skipped(
    judge: Judge,
    make_row: Make,
    make_part: Make,
    make_bytes: Make,
    format: str,
    mode: str,
    rule: str,
    words: str,
) -> None:
    part = make_part(make_bytes(format, mode), f"image/{format.lower()}")
    (problem,) = judge(make_row(part))
    assert (problem.rule, problem.severity) == (rule, "skip")
    assert problem.message.startswith("Example 1: invalid image format (")
    assert words in problem.message
    assert problem.place == "messages[1].content[1]"
    assert "Convert" in problem.fix
    assert skip_reason(problem) == "invalid image format"


def test_the_declared_type_does_not_hide_the_true_one(
    judge: Judge, make_row: Make, make_part: Make, make_bytes: Make
) -> None:
    (problem,) = judge(make_row(make_part(make_bytes("PNG"), "image/jpeg")))
    assert (problem.rule, problem.severity) == ("image_type", "warning")
    assert "declared 'image/jpeg' but its bytes are PNG" in problem.message
    assert judge(make_row(make_part(make_bytes("JPEG"), "image/jpg"))) == ()


def test_a_truncated_image_is_skipped(
    judge: Judge, make_row: Make, make_part: Make, make_bytes: Make
) -> None:
    (problem,) = judge(make_row(make_part(make_bytes()[:-50])))
    assert (problem.rule, problem.severity) == ("image_damaged", "skip")
    assert "invalid image format (truncated" in problem.message


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("data:image/png;base64,AAAAA", "image_base64"),
        ("data:image/png;base64,A!?=", "image_base64"),
        ("data:image/png,hello", "image_base64"),
        ("data:image/png;base64,", "image_damaged"),
        ("data:image/png;base64,aGVsbG8=", "image_format"),
    ],
)
def test_broken_data_urls_are_skipped(
    judge: Judge, make_row: Make, make_part: Make, source: str, rule: str
) -> None:
    problems = judge(make_row(make_part(source)))
    assert (rule, "skip") in rules(problems)


def test_an_inaccessible_url_is_skipped_with_the_reason(
    judge: Judge, make_row: Make, make_part: Make
) -> None:
    (problem,) = judge(make_row(make_part("https://x.example/a.png")))
    assert (problem.rule, problem.severity) == ("image_url", "skip")
    assert problem.message == "Example 1: inaccessible URL (answered 404)"
    assert skip_reason(problem) == "inaccessible URL"


@pytest.mark.parametrize("source", ["pears/1.jpg", "file:///pears/1.jpg", "ftp://x.example/1.jpg"])
def test_what_stays_on_this_machine_must_be_embedded(
    judge: Judge, make_row: Make, make_part: Make, source: str
) -> None:
    problems = judge(make_row(make_part(source)))
    assert ("image_origin", "error") in rules(problems)
    assert "Embed" in problems[0].fix


def test_some_providers_fetch_nothing(judge: Judge, make_row: Make, make_part: Make) -> None:
    value = make_row(make_part("https://x.example/a.png"))
    assert rules(judge(value, "together")) == [("image_origin", "error")]
    assert rules(judge(value, "fireworks")) == [("image_origin", "error")]
    assert rules(judge(value, "azure")) == [("image_url", "skip")]


def test_ten_images_are_taken_and_eleven_are_not(
    judge: Judge, make_row: Make, make_part: Make
) -> None:
    assert judge(make_row(*[make_part()] * 10)) == ()
    assert rules(judge(make_row(*[make_part()] * 11))) == [("image_count", "error")]
    assert judge(make_row(*[make_part()] * 64), "azure") == ()
    assert rules(judge(make_row(*[make_part()] * 65), "azure")) == [("image_count", "error")]


def test_only_users_show_images(judge: Judge, make_row: Make, make_part: Make) -> None:
    value = make_row(answer=[make_part()])
    (problem,) = [p for p in judge(value) if p.rule == "image_role"]
    assert problem.severity == "error"
    assert problem.place == "messages[2].content[0]"
    assert "message 3" in problem.message


def test_an_image_in_the_text_is_no_image(judge: Judge, make_row: Make, make_part: Make) -> None:
    text = {"type": "text", "text": make_part()["image_url"]["url"]}
    (problem,) = judge(make_row(text))
    assert (problem.rule, problem.severity) == ("image_in_text", "warning")


@pytest.mark.parametrize("around", ["", "It looks so: "])
def test_an_image_in_the_text_of_an_answer_is_not_said_to_become_one(
    judge: Judge, make_row: Make, make_part: Make, around: str
) -> None:
    url = make_part()["image_url"]["url"]
    (problem,) = judge(make_row(make_part(), answer=around + url))
    assert (problem.rule, problem.severity) == ("image_role", "warning")
    assert "only those may contain images" in (problem.fix or "")


@pytest.mark.parametrize("detail", ["original", "HIGH", "", "medium"])
def test_an_unknown_detail_is_an_error(
    judge: Judge, make_row: Make, make_part: Make, detail: str
) -> None:
    assert rules(judge(make_row(make_part(detail=detail)))) == [("image_detail", "error")]


def of(facts: ImageFacts, make_row: Make, make_surveyed: Make) -> tuple[Problem, ...]:
    """Judge a row whose image is said to be so."""
    row: Surveyed = make_surveyed(make_row())
    return judge_row(replace(row, images=(facts,)), rules_of("openai"))


def test_sizes_are_limited_in_bytes_and_pixels(make_row: Make, make_surveyed: Make) -> None:
    good = ImageFacts(10_485_760, "d", "jpeg", "RGB", 800, 600)
    assert of(good, make_row, make_surveyed) == ()
    (heavy,) = of(replace(good, size_bytes=10_485_761), make_row, make_surveyed)
    assert heavy.severity == "skip"
    assert heavy.message.startswith("Example 1: image too large (10,485,761 bytes")
    bomb = replace(good, width=40_000, height=40_000, flaw="too large", detail="Far too large.")
    (wide,) = of(bomb, make_row, make_surveyed)
    assert (wide.rule, skip_reason(wide)) == ("image_pixels", "image too large")


def test_animation_orientation_and_location_are_warnings(
    make_row: Make, make_surveyed: Make
) -> None:
    facts = ImageFacts(100, "d", "jpeg", "RGB", 8, 6, frames=3, orientation=6, has_location=True)
    assert rules(of(facts, make_row, make_surveyed)) == [
        ("image_animated", "warning"),
        ("image_orientation", "warning"),
        ("image_location", "warning"),
    ]


def test_a_web_page_behind_a_url_is_no_image(make_row: Make, make_surveyed: Make) -> None:
    page = ImageFacts(900, "d", "html", flaw="not an image", detail="The bytes are a web page.")
    (problem, *_) = of(page, make_row, make_surveyed)
    assert problem.message == "Example 1: invalid image format (The bytes are a web page)"
    assert problem.fix == ""


def test_a_row_too_long_for_the_model_is_warned_of(judge: Judge, make_row: Make) -> None:
    (problem,) = judge(make_row(answer="pear " * 70_000))
    assert (problem.rule, problem.severity) == ("too_long", "warning")
    assert "65,536" in problem.message
    assert judge(make_row(answer="pear " * 70_000), "tintype") == ()


def test_images_count_towards_the_length(
    judge: Judge, make_row: Make, make_part: Make, make_bytes: Make
) -> None:
    big = make_part(make_bytes(size=(2048, 768)))
    assert judge(make_row(*[big] * 10, answer="pear " * 50_000)) == ()
    (problem,) = judge(make_row(*[big] * 10, answer="pear " * 52_000))
    assert problem.rule == "too_long"


def test_job_errors_have_openais_codes(judge: Judge, make_row: Make) -> None:
    (extra,) = judge(make_row(weight=1))
    assert provider_code(extra) == "invalid_file_format"
    token = judge(make_row(answer="<|im_end|>"))[0]
    assert provider_code(token) == "invalid_training_file"
    assert skip_reason(token) == ""


def test_exif_is_read_from_the_row(judge: Judge, make_row: Make, make_part: Make) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    out = io.BytesIO()
    Image.new("RGB", (30, 20)).save(out, "JPEG", exif=exif.tobytes())
    assert rules(judge(make_row(make_part(out.getvalue())))) == [("image_orientation", "warning")]


@pytest.mark.parametrize("flaw", ["not reached", "not fetched"])
def test_what_this_machine_could_not_reach_is_not_held_against_the_row(
    make_row: Make, make_part: Make, make_surveyed: Make, flaw: str
) -> None:
    row: Surveyed = make_surveyed(make_row(make_part("https://x.example/a.png")))
    facts = ImageFacts(0, flaw=flaw, detail=f"{flaw}: no answer within 10 s")
    assert judge_row(replace(row, images=(facts,)), rules_of("openai")) == ()


LONG_AGO = datetime(2001, 1, 2, tzinfo=UTC)


def test_a_signed_url_is_warned_of_with_its_last_day_unless_it_outlasts_any_job(
    judge: Judge, make_row: Make, make_part: Make
) -> None:
    soon = datetime.now(UTC) + timedelta(days=3)
    for end, words in ((soon, f"expires on {soon:%Y-%m-%d}"), (LONG_AGO, "expired on 2001-01-02")):
        part = make_part(f"https://x.example/a.png?sig=s&se={end:%Y-%m-%dT%H:%M:%SZ}")
        problem = judge(make_row(part))[-1]
        assert (problem.rule, problem.severity) == ("image_expires", "warning")
        assert words in problem.message
    for_years = make_part("https://x.example/a.png?sig=s&se=2999-01-02T03:04:00Z")
    assert judge(make_row(for_years)) == judge(make_row(make_part("https://x.example/a.png")))
