"""Check a dataset by a rule of one's own too: python examples/add_rule.py train.jsonl openai."""

import sys

import tintype.blocking as tintype


@tintype.rule
def short_answers(case):
    if len(case.example.answer) > 40:
        yield f"The answer has {len(case.example.answer)} characters; our limit is 40."


for problem in tintype.check(sys.argv[1], sys.argv[2]).problems:
    print(problem.line, problem.rule, problem.message)
