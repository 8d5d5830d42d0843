"""What training will take, before a cent is spent: tokens, money, bytes, with reasons. Pure."""

from tintype.estimate.counts import Bill, Counts, Dear, count, count_all
from tintype.estimate.plan import Cost, Estimate, Gauge, Limits, Plan, estimate, gauges

__all__ = [
    "Bill",
    "Cost",
    "Counts",
    "Dear",
    "Estimate",
    "Gauge",
    "Limits",
    "Plan",
    "count",
    "count_all",
    "estimate",
    "gauges",
]
