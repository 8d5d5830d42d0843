"""Rules for training data: what a provider refuses, what it skips, and what is only unwise.

One small function per rule, in a module per subject: `line`, `messages`, `content`, `tools`,
`images`, `length`, `across` (between rows) and `file`. Limits are data (`RuleProfile`). The
embedded server judges uploads by the same functions.
"""

from tintype.rules.across import Keys
from tintype.rules.checking import Checked, check, facts
from tintype.rules.judging import (
    Judged,
    Tally,
    for_model,
    judge_file,
    judge_row,
    provider_code,
    skip_reason,
)
from tintype.rules.mending import mending
from tintype.rules.problem import Problem, Severity, Status, worst
from tintype.rules.profile import RuleProfile, profile, profile_names
from tintype.rules.summary import FileFacts, RuleCount, Summary

__all__ = [
    "Checked",
    "FileFacts",
    "Judged",
    "Keys",
    "Problem",
    "RuleCount",
    "RuleProfile",
    "Severity",
    "Status",
    "Summary",
    "Tally",
    "check",
    "facts",
    "for_model",
    "judge_file",
    "judge_row",
    "mending",
    "profile",
    "profile_names",
    "provider_code",
    "skip_reason",
    "worst",
]
