"""What a fix does, in sentences: before it is done."""

from decimal import Decimal

from tintype.estimation.fixes import Effect
from tintype_tui.text import count, money, size


def effect_words(effect: Effect, usd_per_token: Decimal | None) -> list[str]:
    """Say what becomes of rows: how many change, bytes, tokens of images, and what they cost.

    Args:
        effect: Measured.
        usd_per_token: What a token of the dataset costs in the training that is planned, all
            epochs; none if that is not known.
    """
    about = "" if effect.measured else "about "
    changed = effect.all_rows(effect.changed)
    lines = [f"{about}{changed:,} of {count(effect.rows, 'row')} change".capitalize() + "."]
    if effect.more_rows:
        lines[0] = f"{lines[0][:-1]}; {about}{effect.all_rows(effect.more_rows):,} rows more."
    before, after = effect.all_rows(effect.bytes_before), effect.all_rows(effect.bytes_after)
    lines.append(f"Size {about}{size(before)} → {size(after)}{_share(before, after)}")
    before, after = effect.all_rows(effect.tokens_before), effect.all_rows(effect.tokens_after)
    lines.append(f"Image tokens {about}{before:,} → {after:,}{_share(before, after)}")
    if usd_per_token is not None and before != after:
        saved = (before - after) * usd_per_token
        lines.append(f"Cost {about}{money(abs(saved))} {'less' if saved > 0 else 'more'}")
    if not effect.measured:
        lines.append(f"Measured on {count(effect.tried, 'row')} at equal distances.")
    lines += effect.notes[:MOST_NOTES]
    if (more := len(effect.notes) - MOST_NOTES) > 0:
        lines.append(f"… and {more:,} more.")
    return lines


MOST_NOTES = 4


def _share(before: int, after: int) -> str:
    return f" ({(after - before) / before:+.0%})" if before and before != after else ""
