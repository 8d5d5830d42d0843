"""Ask the model tuned last about ten images, score its boxes: python … test.jsonl."""

import sys

import tintype.blocking as tintype

with tintype.open(sys.argv[1]) as rows, tintype.connect() as provider:
    scores = []
    for index, row in enumerate(rows[:10]):
        reply = tintype.ask("last", rows.question(index), provider=provider)
        scores.append(tintype.mean_iou(tintype.boxes(reply.text), tintype.boxes(row.answer)))
print(f"mean IoU of {len(scores)} images: {sum(scores) / len(scores):.2f}")
