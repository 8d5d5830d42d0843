"""The sum, its parts, and the reasons why it is a range."""

from datetime import UTC, datetime

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tintype.estimation import Estimate, Forecast, Gauge
from tintype.jobs import Prospects
from tintype_tui.text import bar, count, money, number, pad, size, visible
from tintype_tui.words.costs import cost_words, time_words, tokens_words
from tintype_tui.words.prospects import answers_lines, learnt_words, upload_words

BAR = 40
"""Cells that a bar takes at most."""
ROOMY = 32
"""Lines of a terminal in which there is room for the most expensive rows."""


class CostCard(Widget):
    """Everything an estimate says, from the sum down to the small print."""

    DEFAULT_CSS = """
    CostCard { height: auto; padding: 0 1; }
    """

    estimate: reactive[Estimate | None] = reactive(None, layout=True)
    so_far: reactive[bool] = reactive(False, layout=True)
    """Whether rows are still being counted: the sum is of those that were."""
    gauges: reactive[tuple[Gauge, ...]] = reactive((), layout=True)
    prospects: reactive[Prospects | None] = reactive(None, layout=True)
    """What is expected beside the bill; none while it is not known."""

    def render(self) -> Content:
        if self.estimate is None:
            return Content("")
        return Content("\n").join(
            [
                *self._sum(self.estimate),
                Content(""),
                *self._parts(self.estimate),
                Content(""),
                *self._limits(),
                *self._later(self.estimate),
                Content(""),
                *(
                    Content.styled(f"· {visible(reason)}", "dim")
                    for reason in (*self.estimate.reasons, *self._time())
                ),
                *(self._dearest(self.estimate) if self.app.size.height >= ROOMY else ()),
            ]
        )

    @property
    def _forecast(self) -> Forecast | None:
        return self.prospects.forecast if self.prospects is not None else None

    def _time(self) -> list[str]:
        return [self._forecast.reason] if self._forecast is not None else []

    def _sum(self, estimate: Estimate) -> list[Content]:
        head = Content.styled(cost_words(estimate), "bold $primary")
        if self.so_far:
            return [head + " so far", Content(f"{tokens_words(estimate.billed_tokens)} tokens")]
        if self._forecast is not None:
            head += Content.styled(f", {time_words(self._forecast)}", "bold $primary")
        if estimate.cost_usd is not None and estimate.cost_usd.low != estimate.cost_usd.high:
            head += Content(f"  most likely {money(estimate.cost_usd.likely)}")
        if estimate.price is not None and estimate.price.unconfirmed:
            head += Content.styled("  ! unconfirmed price", "$warning")
        if estimate.price_is_stale:
            head += Content.styled("  ! old price", "$warning")
        reason = visible(estimate.epochs_reason)
        return [
            head,
            Content(f"{tokens_words(estimate.billed_tokens)} tokens billed"),
            Content(
                f"= {tokens_words(estimate.tokens_per_epoch)} per epoch × "
                f"{count(estimate.epochs, 'epoch')} ({reason})"
            ),
        ]

    def _parts(self, estimate: Estimate) -> list[Content]:
        text, images = estimate.text_tokens.likely, estimate.image_tokens.likely
        total = max(1, text + images)
        lines = []
        for name, tokens in (("text", text), ("images", images)):
            share = tokens / total
            said = f"{name:<9}{number(tokens):>10}  {share:>4.0%}  "
            color = "$primary" if name == "images" else "$secondary"
            lines.append(Content(said) + Content.styled(bar(share, self._room(said)), color))
        if estimate.cut_tokens.high:
            off = f"−{number(estimate.cut_tokens.likely)}"
            lines.append(Content(f"{'cut off':<9}{off:>10}"))
        rows = f"{count(estimate.rows, 'row')}, {count(estimate.images, 'image')}"
        skipped = f", {count(estimate.skipped, 'row')} skipped" if estimate.skipped else ""
        cut = f", {count(estimate.cut_rows.likely, 'row')} cut" if estimate.cut_rows.high else ""
        return [*lines, Content(rows + skipped + cut)]

    def _limits(self) -> list[Content]:
        lines = []
        for gauge in self.gauges:
            if gauge.limit is None:
                continue
            share = gauge.share or 0.0
            written = size if gauge.name.startswith("bytes") else number
            full = "$error" if share > 1 else "$warning" if share > 0.9 else "$success"
            name = gauge.name.replace("bytes of the", "size of the").replace("bytes of", "size of")
            over = " too much" if share > 1 else ""
            said = f"{name:<19}{written(gauge.value):>8} of {written(gauge.limit):<8} "
            room = self._room(said + over)
            lines.append(
                Content(said)
                + Content.styled(pad(bar(share, room), room), full)
                + Content.styled(over, "$error")
            )
        return lines

    def _room(self, said: str) -> int:
        """How many cells a bar may have beside what is said in its line."""
        return min(BAR, max(0, self.content_size.width - len(said)))

    def _dearest(self, estimate: Estimate) -> list[Content]:
        epoch = max(1, estimate.tokens_per_epoch.likely)
        lines = [
            f"line {row.line:>7}  {number(row.tokens):>9} tokens  {row.tokens / epoch:>6.1%}"
            for row in estimate.dearest
        ]
        head = Content.styled("most expensive rows, of an epoch", "bold $secondary")
        return [Content(""), head, *map(Content, lines)] if lines else []

    def _later(self, estimate: Estimate) -> list[Content]:
        """What comes after training: answers, hosting, the end."""
        known = self.prospects
        upload = upload_words(estimate.upload_bytes, known.upload) if known else ""
        lines = [Content(f"upload             {upload or size(estimate.upload_bytes)}")]
        if known is not None and known.learnt is not None:
            lines.append(Content(learnt_words(known.learnt, estimate)))
        price = estimate.inference
        if price is not None and price.input_usd and price.output_usd:
            lines.append(
                Content(f"answers            ${price.input_usd} in, ${price.output_usd} out per M")
            )
        if known is not None:
            lines += map(Content, map(visible, answers_lines(known)))
        if estimate.hosting is not None and estimate.hosting.usd_per_hour:
            hourly = estimate.hosting.usd_per_hour
            lines.append(
                Content(f"hosting: {money(hourly)} an hour, {money(hourly * 730)} a month")
            )
        today = datetime.now(UTC).date()
        for end, words in (
            (estimate.training_end, "no new jobs"),
            (estimate.shutdown, "the tuned model stops answering"),
        ):
            if end is not None:
                left = end.days_left(today)
                when = f"in {count(left, 'day')}" if left >= 0 else "already"
                lines.append(Content.styled(f"{end.date:%d %b %Y}: {words} ({when})", "$warning"))
        return lines
