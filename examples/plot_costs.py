"""Plot what training costs at two providers: python examples/plot_costs.py train.jsonl."""

import sys

import tintype.blocking as tintype

quotes = {name: tintype.estimate(sys.argv[1], name, epochs=3) for name in ("openai", "azure")}
costs = {name: quote.estimate.cost_usd for name, quote in quotes.items()}
most = max((cost.likely for cost in costs.values() if cost), default=0) or 1
for name, cost in costs.items():
    bar = "█" * round(40 * cost.likely / most) if cost else "unknown"
    print(f"{name:8} {f'${cost.likely:.4f}' if cost else '':8} {bar}")
