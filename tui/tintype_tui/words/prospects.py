"""What is to be expected of a training beside its bill, in words."""

from tintype.estimation import Estimate
from tintype.estimation.usage import BreakEven
from tintype.jobs import Learnt, Prospects, UploadSpeed
from tintype_tui.text import count, duration, money, number, size


def upload_words(size_bytes: int, speed: UploadSpeed | None) -> str:
    """`11.4 MB, about 40 s at 300 KB/s (3 uploads)`; the time is unknown before the first."""
    if speed is None:
        return f"{size(size_bytes)}, time unknown until a first upload"
    seconds = speed.seconds(size_bytes)
    took = f"about {duration(seconds)}" if seconds >= 0.5 else "less than 1 s"
    by = count(speed.uploads, "upload")
    return f"{size(size_bytes)}, {took} at {size(speed.likely)}/s ({by})"


def learnt_words(learnt: Learnt, estimate: Estimate) -> str:
    """`1 job of yours billed 4 % less than estimated: $11.42 by that`."""
    jobs, off, cost = count(learnt.jobs, "job"), learnt.likely - 1, learnt.cost(estimate)
    if abs(off) < 0.005:
        return f"{jobs} of yours billed as estimated"
    far = f"{abs(off) * 100:.0f} % {'less' if off < 0 else 'more'} than estimated"
    spread = ""
    if learnt.high - learnt.low >= 0.01:
        spread = f" ({learnt.low:.2f} to {learnt.high:.2f} times)"
    by_that = f": {money(cost)} by that" if cost is not None else ""
    return f"{jobs} of yours billed {far}{spread}{by_that}"


def answers_lines(prospects: Prospects) -> list[str]:
    """What answers cost beside base models, and when the training has paid for itself."""
    request, found = prospects.request, prospects.answers
    if request is None or not found:
        return []
    head = (
        f"a request like a row ({number(request.prompt_tokens)} tokens in, "
        f"{number(request.answer_tokens)} out): {money(found[0].tuned_usd)} tuned"
    )
    return [head, *(f"  {one.model}: {_even(one)}" for one in found)]


def prospects_lines(prospects: Prospects, estimate: Estimate) -> list[str]:
    """Everything that is expected beside the bill, a line each."""
    lines = [f"upload: {upload_words(estimate.upload_bytes, prospects.upload)}"]
    if prospects.learnt is not None:
        lines.append(learnt_words(prospects.learnt, estimate))
    return [*lines, *answers_lines(prospects)]


def _even(one: BreakEven) -> str:
    words = f"{money(one.base_usd)} a request"
    if one.base_usd < one.tuned_usd:
        shorter = f"{number(one.shorter)} tokens shorter" if one.shorter else "shorter"
        return f"{words}: breaks even only with prompts {shorter} than its"
    if one.requests is None:
        return f"{words}: when it breaks even is not known"
    return f"{words}: breaks even after {count(one.requests, 'request')}"
