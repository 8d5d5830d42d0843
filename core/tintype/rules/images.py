"""Rules for images, judged from their bytes.

Source of limits and of the reasons for skipping: OpenAI, guide "Vision fine-tuning"; Azure and
others differ in limits only. People, faces, children and CAPTCHAs, which OpenAI skips too, cannot
be told from bytes.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tintype.dataset import ImagePart
from tintype.dataset.foreign_images import IMAGE_COLUMNS, PASTED, PLACEHOLDER
from tintype.images import ImageFacts, expiry
from tintype.rules.case import Case, message_index
from tintype.rules.problem import Problem, quoted
from tintype.tokens import content_texts

TOO_LARGE, FORMAT, URL = "image too large", "invalid image format", "inaccessible URL"
"""Reasons for skipping, in OpenAI's words."""

_PART = "A fixed copy turns it into a part of type image_url; as text it costs thousands of tokens."
_NOT_HERE = "Take it out, or move it into a user message: only those may contain images."
_EMBED = "Embed the image as a data URL."
_TYPES = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png"}
_GREY = frozenset({"1", "L", "LA", "I;16"})
_LONGEST_JOB = timedelta(days=30)
"""A signed URL that lasts so long outlasts any queue and training, one more try included."""


def are_few_enough(case: Case) -> Iterator[Problem]:
    """No example has more images than the provider takes."""
    most = case.profile.max_images
    if most is not None and len(case.row.images) > most:
        text = (
            f"Example {case.number} has {len(case.row.images)} images; at most {most} per example "
            "are taken."
        )
        fix = "Split the example, or join the images."
        yield case.problem("image_count", "error", text, fix=fix)


def stand_in_user_messages(case: Case) -> Iterator[Problem]:
    """The user shows images; the assistant answers in text."""
    roles = {at: message.get("role") for at, message in case.messages}
    for image in case.row.images:
        at = message_index(image)
        role = roles.get(at) if at is not None else None
        if isinstance(role, str) and role != "user":
            text = (
                f"Example {case.number}, message {(at or 0) + 1}: a message from {quoted(role)} "
                "contains an image; only user messages may."
            )
            yield case.problem("image_role", "error", text, place=image.place)


def are_parts_and_not_text(case: Case) -> Iterator[Problem]:
    """No image is hidden in a text, where it would be read letter by letter."""
    for image in case.row.images:
        if image.place.startswith("messages[") and image.place.endswith((".content", ".text")):
            yield _in_text(case, int(image.place[9 : image.place.index("]")]), image.place, "is")
    for at, message in case.messages:
        for found in content_texts(message):
            if len(found) > 100 and PASTED.search(found):
                yield _in_text(case, at, f"messages[{at}]", "contains")


def _in_text(case: Case, at: int, place: str, verb: str) -> Problem:
    """A fixed copy makes a part of it where a part may stand."""
    role = next((message.get("role") for number, message in case.messages if number == at), "")
    rule, fix = ("image_in_text", _PART) if role == "user" else ("image_role", _NOT_HERE)
    text = f"Example {case.number}: a text {verb} the data of an image."
    return case.problem(rule, "warning", text, place=place, fix=fix)


def have_no_empty_place(case: Case) -> Iterator[Problem]:
    """No text says `<image>` where no image will be."""
    if isinstance(case.row.value, dict) and not case.row.value.keys().isdisjoint(IMAGE_COLUMNS):
        return  # images stand beside: that is said, and the fixed copy puts them there
    for at, message in case.messages:
        found = next(filter(None, map(PLACEHOLDER.search, content_texts(message))), None)
        if found is not None:
            text = (
                f"Example {case.number}: a text contains {quoted(found[0])}, which providers read "
                "as text; it is not replaced by an image."
            )
            fix = "Remove it, or put a part of type image_url in its place."
            place = f"messages[{at}]"
            yield case.problem("image_placeholder", "warning", text, place=place, fix=fix)


def come_from_where_the_provider_can_get_them(case: Case) -> Iterator[Problem]:
    """Files stay here when the dataset is uploaded, and some providers fetch nothing."""
    for image in case.row.images:
        shown = quoted(image.reference)
        if image.origin == "file":
            text = f"Example {case.number}: {shown} is a file on this machine, not a URL."
            yield case.problem("image_origin", "error", text, place=image.place, fix=_EMBED)
        elif image.origin == "url" and not _is_web(image):
            text = f"Example {case.number}: {shown} is neither http(s) nor a data URL."
            yield case.problem("image_origin", "error", text, place=image.place, fix=_EMBED)
        elif image.origin == "url" and not case.profile.url_images:
            text = f"Example {case.number}: {case.profile.title} fetches no images."
            yield case.problem("image_origin", "error", text, place=image.place, fix=_EMBED)


def can_be_had(case: Case) -> Iterator[Problem]:
    """The URL answers, the file is there, the base64 is base64."""
    for image, facts in case.parts:
        if facts.size_bytes or facts.unknown or facts.flaw in ("", "empty"):
            continue
        if image.origin == "url":
            reason = facts.detail.removeprefix(f"{URL}: ") or facts.flaw
            if _is_web(image) and case.profile.url_images:
                fix = f"Make it public, or {_EMBED[0].lower()}{_EMBED[1:]}"
                yield _skip(case, "image_url", image, URL, reason, fix)
        elif image.origin == "data":
            yield _skip(case, "image_base64", image, FORMAT, facts.detail or facts.flaw)
        else:
            text = f"Example {case.number}: {facts.detail or facts.flaw}"
            yield case.problem("image_file", "error", text, place=image.place)


def stay_available(case: Case) -> Iterator[Problem]:
    """No URL ceases to work before the provider has surely fetched the image."""
    for image in case.row.images:
        end = expiry(image.reference) if image.origin == "url" else None
        now = datetime.now(UTC)
        if end is None or end > now + _LONGEST_JOB or not case.profile.url_images:
            continue
        past = end < now
        text = (
            f"Example {case.number}: the signed URL of an image "
            f"{'expired' if past else 'expires'} on {end:%Y-%m-%d at %H:%M} UTC."
        )
        fix = f"Sign it for longer than the job will take, or {_EMBED[0].lower()}{_EMBED[1:]}"
        yield case.problem("image_expires", "warning", text, place=image.place, fix=fix)


def are_small_enough(case: Case) -> Iterator[Problem]:
    """In bytes, as the provider limits them; in pixels, as anyone who decodes them must."""
    most = case.profile.max_image_bytes
    for image, facts in case.parts:
        if most is not None and facts.size_bytes > most:
            size = f"{facts.size_bytes:,} bytes; at most {most:,} are taken"
            yield _skip(case, "image_size", image, TOO_LARGE, size, "Shrink or recompress it.")
        if facts.flaw == "too large":
            yield _skip(case, "image_pixels", image, TOO_LARGE, facts.detail, "Shrink it.")


def are_of_a_known_format(case: Case) -> Iterator[Problem]:
    """JPEG, PNG or WebP, whatever the name or the declared type says."""
    for image, facts in case.parts:
        known = facts.format in case.profile.formats or not case.profile.formats
        if facts.size_bytes and not known:
            what = facts.format.upper() if facts.format else "no image"
            detail = facts.detail if facts.flaw == "not an image" else f"it is {what}"
            fix = "" if facts.flaw == "not an image" else "Convert it to JPEG or PNG."
            yield _skip(case, "image_format", image, FORMAT, detail, fix)


def are_of_a_known_mode(case: Case) -> Iterator[Problem]:
    """RGB or RGBA: no grey, no palette, no CMYK."""
    modes = case.profile.modes
    for image, facts in case.parts:
        if not modes or not facts.mode or facts.mode in modes or not _is_known(case, facts):
            continue
        what = "grey" if facts.mode in _GREY else {"P": "a palette"}.get(facts.mode, facts.mode)
        detail = f"the mode is {facts.mode} ({what}), not {' or '.join(sorted(modes))}"
        yield _skip(case, "image_mode", image, FORMAT, detail, "Convert it to RGB.")


def are_whole(case: Case) -> Iterator[Problem]:
    """The pixels can be had to the last."""
    for image, facts in case.parts:
        if facts.flaw in ("truncated", "damaged") and _is_known(case, facts):
            detail = facts.detail or facts.flaw
            yield _skip(case, "image_damaged", image, FORMAT, f"{facts.flaw}: {detail}")
        elif facts.flaw == "empty":
            yield _skip(case, "image_damaged", image, FORMAT, "there are no bytes")


def are_still(case: Case) -> Iterator[Problem]:
    """Of an animation, at most one frame is seen."""
    for image, facts in case.parts:
        if facts.frames > 1 and _is_known(case, facts):
            text = f"Example {case.number}: an image has {facts.frames:,} frames."
            fix = "Keep only the frame that the answer is about."
            yield case.problem("image_animated", "warning", text, place=image.place, fix=fix)


def are_what_they_are_declared_to_be(case: Case) -> Iterator[Problem]:
    """The media type of the data URL is that of the bytes."""
    for image, facts in case.parts:
        declared = _TYPES.get(image.media_type, image.media_type)
        if image.origin != "data" or not facts.format or declared == f"image/{facts.format}":
            continue
        said = f"is declared {quoted(image.media_type)}" if image.media_type else "declares no type"
        text = f"Example {case.number}: an image {said} but its bytes are {facts.format.upper()}."
        fix = f"A fixed copy writes data:image/{facts.format};base64,…"
        yield case.problem("image_type", "warning", text, place=image.place, fix=fix)


def are_spelt_as_data_urls(case: Case) -> Iterator[Problem]:
    """Image data are a data URL: a head, and base64 without white space."""
    for image in case.row.images:
        if not image.misspelling:
            continue
        fix = "A fixed copy writes it as data:image/…;base64,…"
        if image.misspelling.startswith("line"):
            text = f"Example {case.number}: the base64 of an image has {image.misspelling}."
            yield case.problem("image_spelling", "warning", text, place=image.place, fix=fix)
        else:
            detail = f"the base64 has {image.misspelling}"
            yield _skip(case, "image_spelling", image, FORMAT, detail, fix)


def have_a_known_detail(case: Case) -> Iterator[Problem]:
    """`detail` is auto, low or high."""
    known = case.profile.details
    for image in case.row.images:
        if known and image.detail not in known:
            text = (
                f"Example {case.number}: the detail {quoted(image.detail)} is none of "
                f"{', '.join(sorted(known))}."
            )
            yield case.problem("image_detail", "error", text, place=image.place)


def stand_upright(case: Case) -> Iterator[Problem]:
    """The pixels are stored as they are meant: not every reader follows the orientation tag."""
    for image, facts in case.parts:
        if facts.orientation != 1:
            text = (
                f"Example {case.number}: an image is stored rotated or mirrored (orientation tag "
                f"{facts.orientation}); the provider may see it so."
            )
            fix = "A fixed copy rotates the pixels; boxes must fit the upright image."
            yield case.problem("image_orientation", "warning", text, place=image.place, fix=fix)


def reveal_no_location(case: Case) -> Iterator[Problem]:
    """No image contains its GPS position."""
    for image, facts in case.parts:
        if facts.has_location:
            text = f"Example {case.number}: an image contains its GPS position."
            fix = "A fixed copy removes it; the pixels do not change."
            yield case.problem("image_location", "warning", text, place=image.place, fix=fix)


def _skip(
    case: Case, rule: str, image: ImagePart, reason: str, detail: str, fix: str = ""
) -> Problem:
    text = f"Example {case.number}: {reason} ({detail.rstrip('.')})"
    return case.problem(rule, "skip", text, place=image.place, fix=fix)


def _is_known(case: Case, facts: ImageFacts) -> bool:
    """Whether the format is one that is taken at all; if not, nothing more need be said."""
    return facts.format in case.profile.formats or not case.profile.formats


def _is_web(image: ImagePart) -> bool:
    return image.reference[:8].lower().startswith(("http://", "https://"))


RULES = (
    are_few_enough,
    stand_in_user_messages,
    are_parts_and_not_text,
    have_no_empty_place,
    come_from_where_the_provider_can_get_them,
    can_be_had,
    stay_available,
    are_small_enough,
    are_of_a_known_format,
    are_of_a_known_mode,
    are_whole,
    are_still,
    are_what_they_are_declared_to_be,
    are_spelt_as_data_urls,
    have_a_known_detail,
    stand_upright,
    reveal_no_location,
)
