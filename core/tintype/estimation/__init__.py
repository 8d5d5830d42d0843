"""What training will take, before a cent is spent: tokens, money, bytes, time. Pure."""

from tintype.estimation.counts import Counts, Dear, EpochTokens, count, count_all
from tintype.estimation.forecasting import Forecast, Pace, forecast, pace
from tintype.estimation.plan import Cost, Estimate, Gauge, Plan, estimate, gauges

__all__ = [
    "Cost",
    "Counts",
    "Dear",
    "EpochTokens",
    "Estimate",
    "Forecast",
    "Gauge",
    "Pace",
    "Plan",
    "count",
    "count_all",
    "estimate",
    "forecast",
    "gauges",
    "pace",
]
