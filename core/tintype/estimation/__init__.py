"""What training will take, before a cent is spent: tokens, money, bytes, time. Pure."""

from tintype.estimation.counts import Counts, Dear, EpochTokens, count, count_all
from tintype.estimation.forecasting import Forecast, StepTime, forecast, step_time
from tintype.estimation.plan import Cost, Estimate, Gauge, Plan, estimate, gauges
from tintype.estimation.row_images import explained, row_images
from tintype.estimation.tally import CountTally, ImageTokens, image_tokens_of

__all__ = [
    "Cost",
    "CountTally",
    "Counts",
    "Dear",
    "EpochTokens",
    "Estimate",
    "Forecast",
    "Gauge",
    "ImageTokens",
    "Plan",
    "StepTime",
    "count",
    "count_all",
    "estimate",
    "explained",
    "forecast",
    "gauges",
    "image_tokens_of",
    "row_images",
    "step_time",
]
