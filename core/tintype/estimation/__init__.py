"""What training will take, before a cent is spent: tokens, money, bytes, time. Pure."""

from tintype.estimation.counts import Counts, Dear, EpochTokens, count, count_all
from tintype.estimation.forecasting import Forecast, StepTime, forecast, step_time
from tintype.estimation.plan import Cost, Estimate, Gauge, Plan, estimate, gauges

__all__ = [
    "Cost",
    "Counts",
    "Dear",
    "EpochTokens",
    "Estimate",
    "Forecast",
    "Gauge",
    "Plan",
    "StepTime",
    "count",
    "count_all",
    "estimate",
    "forecast",
    "gauges",
    "step_time",
]
