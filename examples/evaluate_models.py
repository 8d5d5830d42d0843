"""Was the tune worth it? The tuned model against its base on a test set, in a sentence.

python examples/evaluate_models.py test.jsonl
"""

import sys

import tintype.blocking as tintype
from tintype import evaluation

result = tintype.evaluate(sys.argv[1], sys.argv[2:] or ("last", "base"))
print(evaluation.headline_sentence(result))
for position in evaluation.positions(result, "failures", order="worst")[:5]:
    row, answers = evaluation.look_at(result, position)
    print(f"line {row.line}: {row.question} → {answers[0].text!r}, not {row.truths[0]!r}")
