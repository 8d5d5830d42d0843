"""Rules for training data: what a provider refuses, what it skips, and what is only unwise.

One small function per rule, in a module per subject: `line`, `messages`, `content`, `boxes`,
`tools`, `images`, `length`, `between_rows` (between rows) and `file`. Limits are data
(`ProviderRules`). The embedded server judges uploads by the same functions.

A rule from outside (`tintype.plugins.rule`) takes a `Case`, one row with its images and tokens, and
yields problems (`case.problem(…)`) or plain sentences, each of which becomes a warning.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tintype.overlay import own_limits
from tintype.providers.limits import ProviderRules
from tintype.providers.loading import provider
from tintype.rules.between_rows import Keys
from tintype.rules.case import Case
from tintype.rules.checking import Checked, check, facts, whole_problem
from tintype.rules.fixing import fixing
from tintype.rules.judging import (
    DatasetJudge,
    Judged,
    for_model,
    judge_file,
    judge_row,
    provider_code,
    skip_reason,
)
from tintype.rules.problem import Problem, Severity, Status, worst
from tintype.rules.summary import FileFacts, RuleCount, Summary

__all__ = [
    "Case",
    "Checked",
    "DatasetJudge",
    "FileFacts",
    "Judged",
    "Keys",
    "Problem",
    "ProviderRules",
    "RuleCount",
    "Severity",
    "Status",
    "Summary",
    "check",
    "facts",
    "fixing",
    "for_model",
    "judge_file",
    "judge_row",
    "provider_code",
    "rules_of",
    "skip_reason",
    "whole_problem",
    "worst",
]


def rules_of(name: str) -> ProviderRules:
    """Return the rules of a provider, by its name or the path of its file; own limits go before.

    Raises:
        SettingsError: if there is no such provider, or its file is wrong; names file and key.
    """
    known, own = provider(name).rules, own_limits.get()
    mine: Mapping[str, Any] | None = own().get(name) if own is not None else None
    if not mine:
        return known
    said = ", ".join(sorted(mine))
    return replace(known, source=f"{known.source}; your own limits: {said}", **mine)
