"""List what a provider would refuse: python examples/list_problems.py train.jsonl openai."""

import sys

import tintype.blocking as tintype

checked = tintype.check(sys.argv[1], sys.argv[2])
for problem in checked.problems:
    print(f"{sys.argv[1]}:{problem.line}: {problem.severity}: {problem.message}")
print(f"{checked.summary.status}, {checked.omitted} more problems are not listed")
