"""The rules applied: to a row, to row after row, and to the file at the end."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from tintype.dataset.survey import Surveyed
from tintype.errors import PluginError
from tintype.plugins import Plugin, guarded, plugins
from tintype.providers.limits import ProviderRules
from tintype.rules import boxes, content, file, images, length, line, messages, private, tools
from tintype.rules.between_rows import Keys, RowMemory
from tintype.rules.block import Block
from tintype.rules.case import Case, Judge, case
from tintype.rules.problem import Problem, Severity, Status, worst
from tintype.rules.summary import FileFacts, RuleCount, Summary, ordered, worst_first
from tintype.tokens import NOTHING, RowTokens, TokenRule, model_tokens

ROW_RULES: tuple[Judge, ...] = (
    *line.RULES,
    *messages.RULES,
    *content.RULES,
    *boxes.RULES,
    *private.RULES,
    *tools.RULES,
    *images.RULES,
    *length.RULES,
)
SHOWN_PER_RULE = 100
"""Problems handed out for each rule; a broken file has one on every line."""
_KEPT_PER_ROW = 20
"""Of one rule, in one row: a row may hold a hundred thousand broken messages."""

_CODES = {
    "n_examples": "invalid_n_examples",
    "model": "model_not_available",
    "special_token": "invalid_training_file",
    "too_many_skipped": "invalid_training_file",
}
_REASONS = {
    "image_size": images.TOO_LARGE,
    "image_pixels": images.TOO_LARGE,
    "image_url": images.URL,
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A row with everything that was found."""

    surveyed: Surveyed
    tokens: RowTokens
    problems: tuple[Problem, ...]
    """At most 20 of each rule."""

    @property
    def status(self) -> Status:
        """Return the worst severity found; `skip` means that the provider drops this row."""
        return worst(problem.severity for problem in self.problems)

    @property
    def skipped(self) -> bool:
        """Whether the provider drops this row."""
        return any(problem.severity == "skip" for problem in self.problems)


def judge_row(
    surveyed: Surveyed, profile: ProviderRules, rule: TokenRule | None = None
) -> tuple[Problem, ...]:
    """Judge one row by itself; any value in it, and any image, is judged and not stumbled over.

    Args:
        surveyed: The row and what its images are.
        profile: Whose rules.
        rule: How the model counts tokens; by default that of the profile's usual model.
    """
    rule = rule or model_tokens(profile.model, profile.provider)
    return row_problems(case(surveyed, profile, rule))[0]


def row_problems(tried: Case) -> tuple[tuple[Problem, ...], Counter[tuple[str, Severity]]]:
    """The first 20 problems of each rule of a row by itself, and the number of all."""
    return _keep(_found(tried))


def judge_file(summary: Summary, profile: ProviderRules, model: str = "") -> tuple[Problem, ...]:
    """Return the problems of the file as a whole, for training a base model if one is named."""
    found = [problem for judge in file.RULES for problem in judge(summary, profile)]
    return (*found, *file.suits_the_model(summary, profile, model))


def for_model(
    problems: tuple[Problem, ...], summary: Summary, profile: ProviderRules, model: str
) -> tuple[tuple[Problem, ...], Summary]:
    """What a check would have found for another base model that counts tokens alike."""
    suits = tuple(file.suits_the_model(summary, profile, model))
    counts = [count for count in summary.counts if count.rule != "model"]
    counts += [RuleCount(problem.rule, problem.severity, 1, 1) for problem in suits]
    kept = tuple(problem for problem in problems if problem.rule != "model")
    return (*kept, *suits), replace(summary, counts=worst_first(counts))


def provider_code(problem: Problem) -> str:
    """Return the error code that OpenAI fails a job with for a problem: `invalid_n_examples`."""
    return _CODES.get(problem.rule, "invalid_file_format")


def skip_reason(problem: Problem) -> str:
    """Return OpenAI's reason for skipping, as `inaccessible URL`; empty for other problems."""
    if problem.severity != "skip":
        return ""
    return _REASONS.get(problem.rule, images.FORMAT)


class DatasetJudge:
    """Judges row after row and counts; memory stays bounded however many rows there are."""

    def __init__(
        self,
        profile: ProviderRules,
        rule: TokenRule | None = None,
        training: Keys | None = None,
        *,
        file: FileFacts | None = None,
    ) -> None:
        """Begin.

        Args:
            profile: Whose rules.
            rule: How the model counts tokens; by default that of the profile's usual model.
            training: What the training file's `Summary.keys` hold, if this is its validation file.
                Then there may be few examples: no provider is known to ask for many.
            file: With it, a file that has no lines at all (UTF-16, one JSON list) has one problem,
                and not one on every line.
        """
        if training is not None:
            profile = replace(profile, min_examples=1, few_examples=0)
        self.profile = profile
        self.rule = rule or model_tokens(profile.model, profile.provider)
        self._memory = RowMemory(training)
        self._totals: Counter[tuple[str, Severity]] = Counter()
        self._shown: Counter[tuple[str, Severity]] = Counter()
        self._reasons: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._text = self._images = NOTHING
        self._file = file
        self._misread: Problem | None = None

    def add(self, surveyed: Surveyed) -> Judged:
        """Return the next row with its problems; it is also compared with those before it."""
        if surveyed.row.index == 0 and self._file is not None:
            self._misread = file.misread(self._file, surveyed.row)
        tried = case(surveyed, self.profile, self.rule)
        problems, totals = _keep(chain(_found(tried), self._memory.look(tried)))
        if self._misread is None:
            self._totals.update(totals)
        judged = Judged(surveyed, tried.tokens, problems)
        self._count(judged)
        return judged

    def merge(self, block: Block) -> dict[int, tuple[Problem, ...]]:
        """Take over the rows of a block, which are also compared with those before them.

        Returns the problems of each row that has any, by its index.
        """
        if block.opening is not None and self._file is not None:
            self._misread = file.misread(self._file, block.opening)
        problems, totals = dict(block.problems), Counter(block.totals)
        for index, found in self._memory.look_through(block):
            kept, more = _keep(found)
            problems[index] = (*problems.get(index, ()), *kept)
            totals.update(more)
        if self._misread is None:
            self._totals.update(totals)
        counts = block.counts.counts
        self._counts.update(
            examples=counts.rows,
            images=counts.images,
            image_examples=counts.image_rows,
            unseen=block.unseen,
            skipped=counts.skipped,
        )
        self._reasons.update(block.reasons)
        self._text += counts.text
        self._images += counts.bill().images
        return dict(sorted(problems.items()))

    def show(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Return those problems that are handed out: the first 100 of a rule and severity."""
        shown = []
        for problem in problems if self._misread is None else ():
            kind = (problem.rule, problem.severity)
            if self._shown[kind] < SHOWN_PER_RULE:
                self._shown[kind] += 1
                shown.append(problem)
        return tuple(shown)

    @property
    def omitted(self) -> int:
        """Return how many problems were counted, but not handed out."""
        return self._totals.total() - self._shown.total()

    def finish(self, facts: FileFacts, model: str = "") -> tuple[tuple[Problem, ...], Summary]:
        """Return the file's own problems, and the summary of all rows; call it once, at the end."""
        summary = self._summary(facts)
        whole, self._misread = self._misread, None
        problems = (whole,) if whole else judge_file(summary, self.profile, model)
        self._totals.update(Counter((problem.rule, problem.severity) for problem in problems))
        shown = self.show(problems)
        return shown, replace(summary, counts=ordered(self._totals, self._shown))

    def _count(self, judged: Judged) -> None:
        images = len(judged.surveyed.images)
        self._counts["examples"] += 1
        self._counts["images"] += images
        self._counts["image_examples"] += images > 0
        self._counts["unseen"] += sum(p.unknown for p in judged.surveyed.images)
        if judged.skipped:
            self._counts["skipped"] += 1
            reasons = dict.fromkeys(map(skip_reason, judged.problems))
            self._reasons[next(reason for reason in reasons if reason)] += 1
        else:
            self._text += judged.tokens.text
            self._images += judged.tokens.as_is

    def _summary(self, facts: FileFacts) -> Summary:
        counts = self._counts
        return Summary(
            file=facts,
            examples=counts["examples"],
            image_examples=counts["image_examples"],
            images=counts["images"],
            skipped=counts["skipped"],
            unseen=counts["unseen"],
            text_tokens=self._text,
            image_tokens=self._images,
            reasons=dict(self._reasons.most_common()),
            prompts=dict(self._memory.prompts),
            keys=self._memory.keys,
        )


def _found(tried: Case) -> Iterator[Problem]:
    """What all rules find; of a line that could not be parsed, there is nothing more to say."""
    for judge in line.RULES if tried.row.flaw else ROW_RULES:
        yield from judge(tried)
    if not tried.row.flaw:
        for plugin in plugins("rules"):
            yield from _found_by(plugin, tried)


def _found_by(plugin: Plugin, tried: Case) -> Iterator[Problem]:
    """What a rule from outside finds: problems, or sentences, each of which makes a warning."""
    name = plugin.name.rpartition(":")[2]
    with guarded(plugin, f"on line {tried.row.line} of the dataset"):
        for found in plugin.value(tried) or ():
            if isinstance(found, str):
                found = tried.problem(name, "warning", found)
            if not isinstance(found, Problem):
                what = f"{plugin.title} gave {type(found).__name__}"
                raise PluginError(f"{what}, which is neither a problem nor a sentence.")
            yield found


def _keep(found: Iterable[Problem]) -> tuple[tuple[Problem, ...], Counter[tuple[str, Severity]]]:
    """The first problems of each rule, and the number of all."""
    kept: list[Problem] = []
    totals: Counter[tuple[str, Severity]] = Counter()
    for problem in found:
        key = (problem.rule, problem.severity)
        totals[key] += 1
        if totals[key] <= _KEPT_PER_ROW:
            kept.append(problem)
    return tuple(kept), totals
