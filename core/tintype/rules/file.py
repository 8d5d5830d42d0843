"""Rules for the file as a whole: its size, its encoding, how many examples there are.

Sources: OpenAI's guides "Supervised fine-tuning" and "Vision fine-tuning", its API reference for
files and uploads, and error messages that users reported.
"""

import codecs
import difflib
import json
import re
from collections.abc import Callable, Iterator

from tintype.dataset import Row
from tintype.model_names import parse_model_name
from tintype.providers.limits import ProviderRules
from tintype.rules.problem import Problem, Severity, quoted
from tintype.rules.summary import FileFacts, Summary

_UTF8_BOM = b"\xef\xbb\xbf"
_SKIPPED_WORRY = 200
"""Skipped examples above which to worry where the provider's threshold is not known (Azure's)."""
_IMAGES_DOMINATE = 0.9
_DOMINATED_TOKENS = 100_000
_MOST_PROMPTS = 12
_ALIKE = 0.9

HEAD_BYTES = 16
"""Of the beginning of a file: enough for a mark, and for the bracket that opens a list."""

FileJudge = Callable[[Summary, ProviderRules], Iterator[Problem]]


def misread(facts: FileFacts, first: Row) -> Problem | None:
    """Return what is wrong with a file that has no lines at all, so that its rows mean nothing.

    A file in UTF-16, or one JSON value on one line or many, has one fault, and not one on every
    line or of every rule.

    Args:
        facts: The file, with the first `HEAD_BYTES` of it.
        first: Its first row.
    """
    head = facts.head
    if wide := _wide_encoding(head):
        text = f"The file is encoded as {wide}; it must be UTF-8."
        return _problem("file_encoding", "error", text, "Save it as UTF-8.")
    start = head.removeprefix(_UTF8_BOM).lstrip()
    listed = start.startswith(b"[")
    alone = facts.size_bytes - first.offset - first.size_bytes < HEAD_BYTES  # no row is that short
    broken = first.flaw and (listed or re.match(rb"\{\s*\n", start))
    if not broken and not (listed and alone):
        return None
    what = "one JSON list" if listed else "one JSON object over many lines"
    text = f"The file is {what}; JSONL has one JSON object on each line."
    split = "jq -c '.[]' FILE > train.jsonl" if listed else "jq -c . FILE > train.jsonl"
    fix = f"Import it with `tintype import FILE DIR`, or write each row as one line: `{split}`."
    return _problem("file_shape", "error", text, fix)


def _wide_encoding(head: bytes) -> str:
    """UTF-16 or UTF-32 with a mark, or where it begins as JSON does; else empty."""
    encoding = json.detect_encoding(head) if head else ""
    if not encoding.startswith(("utf-16", "utf-32")):
        return ""
    start = head.decode(encoding, "ignore").removeprefix("\ufeff").lstrip()
    marked = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE))
    return encoding[:6].upper() if marked or start.startswith(("{", "[")) else ""


def is_named_jsonl(summary: Summary, profile: ProviderRules) -> Iterator[Problem]:
    """The name ends in .jsonl."""
    if not summary.file.name.lower().endswith(".jsonl"):
        text = f"The file is called {quoted(summary.file.name)}; only .jsonl files are accepted."
        rows = summary.file.head.removeprefix(_UTF8_BOM).lstrip().startswith(b"{")
        fix = "Rename it." if rows else "`tintype open` says what a file is and what takes it."
        yield _problem("file_name", "error", text, fix)


def holds_something(summary: Summary, profile: ProviderRules) -> Iterator[Problem]:
    """There is at least one row."""
    if summary.examples == 0:
        yield _problem("file_empty", "error", "The file has no examples.")


def is_not_too_large(summary: Summary, profile: ProviderRules) -> Iterator[Problem]:
    """The file can be uploaded, at once or in parts."""
    size = summary.file.size_bytes
    if profile.max_upload_bytes is not None and size > profile.max_upload_bytes:
        text = f"The file has {size:,} bytes; at most {profile.max_upload_bytes:,} can be uploaded."
        fix = "Shrink the images, or split the file."
        yield _problem("file_size", "error", text, fix)
    elif profile.large_file_bytes is not None and size > profile.large_file_bytes:
        text = f"The file has {size:,} bytes; jobs on more than 1 GB have been reported to fail."
        yield _problem("file_size", "warning", text, "Shrink the images.")
    elif profile.max_file_bytes is not None and size > profile.max_file_bytes:
        text = f"The file has {size:,} bytes and must be uploaded in parts."
        fix = "Tintype does so automatically; other tools may refuse it."
        yield _problem("file_size", "warning", text, fix)


def is_plain_utf8(summary: Summary, profile: ProviderRules) -> Iterator[Problem]:
    """For most providers without a byte order mark; `misread` sees to other encodings."""
    if summary.file.head.startswith(_UTF8_BOM) and profile.bom == "refused":
        text = (
            "Expected file to have JSONL format, where every line is a JSON dictionary. Line 1 is "
            "not a dictionary: the file begins with a byte order mark."
        )
        yield _problem("file_bom", "error", text, "Save it as UTF-8 without a byte order mark.")


def holds_enough(summary: Summary, profile: ProviderRules) -> Iterator[Problem]:
    """There are as many examples as the provider asks for, skipped ones not counted."""
    least = profile.min_examples
    if 0 < summary.examples < least:
        text = (
            f"Training file has {summary.examples} example(s), but must have at least {least} "
            "examples"
        )
        yield _problem("n_examples", "error", text)
    elif summary.examples and summary.left < least:
        text = (
            f"Only {summary.left} of {summary.examples:,} examples would not be skipped; at least "
            f"{least} are needed."
        )
        yield _problem("n_examples", "error", text)
    elif 0 < summary.left < profile.few_examples:
        text = (
            f"There {'is 1 example' if summary.left == 1 else f'are {summary.left} examples'}; "
            f"improvements usually show from "
            f"{profile.few_examples} to 100."
        )
        yield _problem("few_examples", "warning", text)


def holds_not_too_many(summary: Summary, profile: ProviderRules) -> Iterator[Problem]:
    """There are no more examples, with images or at all, than the provider takes."""
    for count, most, what in (
        (summary.image_examples, profile.max_image_examples, "examples with images"),
        (summary.examples, profile.max_examples, "examples"),
    ):
        if most is not None and count > most:
            text = f"The file has {count:,} {what}; at most {most:,} are taken."
            yield _problem("too_many_examples", "error", text)


def skips_few(summary: Summary, profile: ProviderRules) -> Iterator[Problem]:
    """Not so many examples are skipped that the job fails."""
    reasons = ", ".join(f"{reason} ({count:,})" for reason, count in summary.reasons.items())
    if profile.max_skipped is not None and summary.skipped > profile.max_skipped:
        text = (
            "Number of skipped multimodal examples exceed the maximum allowed "
            f"{profile.max_skipped} limit: {reasons}"
        )
        yield _problem("too_many_skipped", "error", text)
    elif profile.max_skipped is None and summary.skipped > _SKIPPED_WORRY:
        text = (
            f"{summary.skipped:,} examples would be skipped: {reasons}. Too many fail the job; "
            f"{profile.title} does not document how many (Azure: {_SKIPPED_WORRY})."
        )
        yield _problem("too_many_skipped", "warning", text)


def was_seen_whole(summary: Summary, profile: ProviderRules) -> Iterator[Problem]:
    """Every image was looked at."""
    if summary.unseen:
        text = (
            f"Images that this machine did not fetch or could not reach: {summary.unseen:,}. "
            "Whether the provider accepts them is unknown; they count in full."
        )
        fix = "Check again where the network reaches them, or embed them."
        yield _problem("not_fetched", "warning", text, fix)


def is_not_all_images(summary: Summary, profile: ProviderRules) -> Iterator[Problem]:
    """Images do not take up nearly all of what is paid for."""
    images, words = summary.image_tokens.likely, summary.text_tokens.likely
    total = images + words
    if total >= _DOMINATED_TOKENS and images > _IMAGES_DOMINATE * total:
        text = f"Images take up {images / total:.0%} of {total:,} tokens."
        fix = "Try detail low where the answer does not depend on small details."
        yield _problem("images_dominate", "warning", text, fix)


def has_one_system_prompt(summary: Summary, profile: ProviderRules) -> Iterator[Problem]:
    """System prompts that differ, differ on purpose: no near twins, and not only some rows."""
    prompts = {prompt: count for prompt, count in summary.prompts.items() if prompt}
    without = summary.prompts.get("", 0)
    if prompts and 0 < without < 0.1 * summary.examples:
        text = f"Examples without a system prompt: {without:,} of {summary.examples:,}."
        yield _problem("system_prompts", "warning", text, "Give all rows the same one, or none.")
    common = sorted(prompts, key=lambda prompt: -prompts[prompt])[:_MOST_PROMPTS]
    for at, one in enumerate(common):
        twins = [other for other in common[at + 1 :] if _alike(one, other)]
        if twins:
            others = sum(prompts[twin] for twin in twins)
            text = (
                f"System prompts that are nearly equal: {prompts[one]:,} times {quoted(one)}, "
                f"{others:,} times with small differences."
            )
            fix = "Use exactly one prompt, also when you ask the model."
            yield _problem("system_prompts", "warning", text, fix)
            return


def suits_the_model(summary: Summary, profile: ProviderRules, model: str) -> Iterator[Problem]:
    """The base model can be trained, and with images if there are any."""
    base = parse_model_name(model).base
    models = profile.vision_models if summary.images else profile.text_models
    if model and models and base not in models:
        what = " on images" if summary.images else ""
        text = f"Model {quoted(base)} is not available for fine-tuning{what}."
        yield _problem("model", "error", text, f"{profile.title} trains {', '.join(models)}.")


def _alike(one: str, other: str) -> bool:
    if " ".join(one.split()).casefold() == " ".join(other.split()).casefold():
        return True
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    return matcher.quick_ratio() > _ALIKE and matcher.ratio() > _ALIKE


def _problem(rule: str, severity: Severity, message: str, fix: str = "") -> Problem:
    return Problem(0, "", severity, rule, message, fix)


RULES: tuple[FileJudge, ...] = (
    is_named_jsonl,
    holds_something,
    is_not_too_large,
    is_plain_utf8,
    holds_enough,
    holds_not_too_many,
    skips_few,
    was_seen_whole,
    is_not_all_images,
    has_one_system_prompt,
)
