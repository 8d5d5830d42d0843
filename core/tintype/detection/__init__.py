"""Boxes in text: conventions, parsing, matching, drawing.

A vision-language model that detects things writes the boxes as text. The convention used here is
PaliGemma's (`convention`): `<loc0161><loc0145><loc0640><loc0451> 9 of spades ; …`.
"""

from tintype.detection.box import Box, area, iou, reading_order
from tintype.detection.convention import (
    LOC,
    Convention,
    Flaw,
    Parsed,
    clean_label,
    detect_prompt,
    format_boxes,
    parse_boxes,
    prompt_labels,
)
from tintype.detection.matching import BoxMatch, Pair, compare, match, mean_iou
from tintype.detection.notations import BOX_NOTATIONS, BoxNotation
from tintype.detection.other_conventions import name_convention

__all__ = [
    "BOX_NOTATIONS",
    "LOC",
    "Box",
    "BoxMatch",
    "BoxNotation",
    "Convention",
    "Flaw",
    "Pair",
    "Parsed",
    "area",
    "clean_label",
    "compare",
    "detect_prompt",
    "format_boxes",
    "iou",
    "match",
    "mean_iou",
    "name_convention",
    "parse_boxes",
    "prompt_labels",
    "reading_order",
]
