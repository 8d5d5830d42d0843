"""Values as plain JSON: the same from the command line and from the app."""

import json
from collections.abc import Sequence
from typing import Any

from tintype.estimation import Estimate, Forecast
from tintype.offers import Offer
from tintype.pricing import Deadline
from tintype.rules import Problem, Summary
from tintype.tokens import Range


def check_report(summary: Summary, problems: Sequence[Problem]) -> dict[str, Any]:
    """A check: the worst found, how much was looked at, and every problem handed out."""
    hidden = {c.rule: c.total - c.shown for c in summary.counts if c.total > c.shown}
    report: dict[str, Any] = {
        "status": summary.status,
        "examples": summary.examples,
        "images": summary.images,
        "skipped": summary.skipped,
        "decoded": summary.decoded,
        "problems": [
            {
                "line": problem.line,
                "place": problem.place,
                "severity": problem.severity,
                "rule": problem.rule,
                "message": problem.message,
                "fix": problem.fix,
            }
            for problem in problems
        ],
        "counts": [
            {"rule": c.rule, "severity": c.severity, "total": c.total} for c in summary.counts
        ],
    }
    if hidden:
        report["not_listed"] = hidden
    return report


def estimate_report(estimate: Estimate) -> dict[str, Any]:
    """An estimate: the likely figures, and the ranges beside them; an unknown cost is null."""
    cost, price = estimate.cost_usd, estimate.price
    per_million = price.usd_per_million if price else None
    return {
        "model": estimate.plan.model,
        "provider": estimate.plan.provider,
        "examples": estimate.rows,
        "skipped": estimate.skipped,
        "images": estimate.images,
        "text_tokens": estimate.text_tokens.likely,
        "image_tokens": estimate.image_tokens.likely,
        "cut_tokens": estimate.cut_tokens.likely,
        "tokens_per_epoch": estimate.tokens_per_epoch.likely,
        "epochs": estimate.epochs,
        "billed_tokens": estimate.billed_tokens.likely,
        "cost_usd": float(cost.likely) if cost else None,
        "ranges": {
            "text_tokens": _bounds(estimate.text_tokens),
            "image_tokens": _bounds(estimate.image_tokens),
            "tokens_per_epoch": _bounds(estimate.tokens_per_epoch),
            "billed_tokens": _bounds(estimate.billed_tokens),
            "cost_usd": [float(cost.low), float(cost.high)] if cost else None,
        },
        "cut_rows": estimate.cut_rows.likely,
        "upload_bytes": estimate.upload_bytes,
        "price": {
            "usd_per_million": None if per_million is None else float(per_million),
            "as_of": price.as_of.isoformat(),
            "source": price.source,
            "confidence": price.confidence,
        }
        if price
        else None,
        "reasons": list(estimate.reasons),
    }


def forecast_report(forecast: Forecast | None) -> dict[str, Any] | None:
    """How long the embedded engine will take, in seconds; unknown is null, as is all elsewhere."""
    if forecast is None:
        return None
    likely_s, low_s, high_s = forecast.likely_s, forecast.low_s, forecast.high_s
    return {
        "steps": forecast.steps,
        "seconds": None if likely_s is None else round(likely_s, 1),
        "range_seconds": None
        if low_s is None or high_s is None
        else [round(low_s, 1), round(high_s, 1)],
        "reason": forecast.reason,
        "memory_bytes": forecast.memory_bytes,
        "processes": forecast.processes,
        "machine_usd": None if forecast.machine_usd is None else float(forecast.machine_usd),
    }


def offers_report(offers: Sequence[Offer]) -> list[dict[str, Any]]:
    """A comparison: an estimate for each offer, and what the provider would say to the dataset."""
    return [
        {
            "rules": offer.profile.provider,
            "status": offer.summary.status,
            **estimate_report(offer.estimate),
            "training_end": _day(offer.estimate.training_end),
            "shutdown": _day(offer.estimate.shutdown),
        }
        for offer in offers
    ]


def as_text(report: dict[str, Any]) -> str:
    """A report as JSON text; everything outside ASCII is escaped."""
    return json.dumps(report, indent=2, ensure_ascii=True, allow_nan=False)


def _day(end: Deadline | None) -> str | None:
    return end.date.isoformat() if end is not None else None


def _bounds(tokens: Range) -> list[int]:
    return [tokens.low, tokens.high]
