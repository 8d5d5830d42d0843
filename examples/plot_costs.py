"""Plot what training costs at two providers: python examples/plot_costs.py train.jsonl."""

import sys

import tintype.blocking as tintype

for name in ("openai", "azure"):
    cost = tintype.estimate(sys.argv[1], name, epochs=3).estimate.cost_usd
    bar = "█" * round(100 * cost.likely) if cost else "unknown"
    print(f"{name:8} {f'${cost.likely:.4f}' if cost else '':8} {bar}")
