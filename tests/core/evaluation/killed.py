"""Runs an evaluation in a child for every line of standard input: something to kill."""

import asyncio
import importlib
import os
import sys
from decimal import Decimal
from pathlib import Path

from tintype import evaluation
from tintype.api import Patience, connect
from tintype.budget import Confirmation, Limits
from tintype.evaluation import AskingLimits, EvaluatedModel, EvaluationPlan
from tintype.pricing import Prices
from tintype.settings import Profile, Secret
from tintype.store import open_store


async def evaluate(url: str, dataset: Path, folder: Path) -> None:
    profile = Profile("hostile", "compatible", url)
    plan = EvaluationPlan(dataset, (EvaluatedModel("m", "hostile"),), ("exact",))
    async with (
        open_store(folder.parent / "store.sqlite") as store,
        connect(profile, Secret("k", origin="test"), url, patience=Patience()) as api,
    ):
        running = evaluation.run(
            plan,
            folder,
            apis={"hostile": api},
            store=store,
            limits=Limits(Decimal(1)),
            confirmation=Confirmation("unknown"),
            asking=AskingLimits(concurrency=8),
            prices=Prices(),
        )
        async for _ in running:
            pass


WARM = ("tintype.api.endpoints", "httpcore2", "anyio._backends._asyncio", "h11", "truststore")
"""What every child would import again."""

if __name__ == "__main__":
    for name in WARM:
        importlib.import_module(name)
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            asyncio.run(evaluate(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()
