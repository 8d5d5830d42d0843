"""What training will take, before a cent is spent: tokens, money, bytes, with reasons. Pure."""

from tintype.estimation.counts import Counts, Dear, EpochTokens, count, count_all
from tintype.estimation.plan import Cost, Estimate, Gauge, Plan, estimate, gauges

__all__ = [
    "Cost",
    "Counts",
    "Dear",
    "EpochTokens",
    "Estimate",
    "Gauge",
    "Plan",
    "count",
    "count_all",
    "estimate",
    "gauges",
]
