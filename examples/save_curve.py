"""Train a model here and save its curves: python examples/save_curve.py train.jsonl curve.csv."""

import sys
from pathlib import Path

import tintype.blocking as tintype
from tintype.metrics.tabular import to_csv

with tintype.connect("tintype") as provider:
    job = tintype.train(sys.argv[1], provider, suffix="example")
    progress = tintype.wait(job, provider)
Path(sys.argv[2]).write_text(to_csv(progress.metrics))
