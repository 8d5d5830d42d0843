"""Boxes in text: conventions, parsing, matching, drawing.

A vision-language model that detects things writes the boxes as text. The convention that Tintype
teaches is PaliGemma's (`loc_text`): `<loc0161><loc0145><loc0640><loc0451> 9 of spades ; …`.
Those of other families are read and written too (`CONVENTIONS`), and found out from a set
(`judging`).
"""

from tintype.detection.box import Box, area, iou, reading_order
from tintype.detection.convention import CONVENTIONS, LOC, Convention, labels_in, read_written
from tintype.detection.judging import Verdict, judge_convention
from tintype.detection.loc_text import (
    Flaw,
    Parsed,
    clean_label,
    detect_prompt,
    format_boxes,
    parse_boxes,
    prompt_labels,
)
from tintype.detection.matching import BoxMatch, Pair, compare, match, mean_iou
from tintype.detection.other_conventions import name_convention
from tintype.detection.written import Written, find_written

__all__ = [
    "CONVENTIONS",
    "LOC",
    "Box",
    "BoxMatch",
    "Convention",
    "Flaw",
    "Pair",
    "Parsed",
    "Verdict",
    "Written",
    "area",
    "clean_label",
    "compare",
    "detect_prompt",
    "find_written",
    "format_boxes",
    "iou",
    "judge_convention",
    "labels_in",
    "match",
    "mean_iou",
    "name_convention",
    "parse_boxes",
    "prompt_labels",
    "read_written",
    "reading_order",
]
