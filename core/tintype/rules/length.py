"""The rule for length: what is longer than the model takes is cut off, and the answer stands last.

Source: OpenAI, guide "Fine-tuning" (2025), and its Cookbook: longer examples are truncated, not
refused.
"""

from collections.abc import Iterator

from tintype.rules.case import Case
from tintype.rules.problem import Problem


def fits(case: Case) -> Iterator[Problem]:
    """Text and images together fit into the longest example that the model takes."""
    limit = case.rule.example_tokens
    total = case.tokens.total()
    if limit is None or total.high <= limit:
        return
    sure = "" if total.low > limit else " by the more expensive way of counting images"
    text = (
        f"Example {case.number} has {total:,} tokens{sure} (images {case.tokens.as_is:,}, text "
        f"{case.tokens.text:,}); {case.rule.base} takes {limit:,} and cuts off the end, where the "
        "answer is."
    )
    fix = "Use detail low, fewer or smaller images, or shorter text."
    yield case.problem("too_long", "warning", text, fix=fix)


RULES = (fits,)
