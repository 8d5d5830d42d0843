"""Runs an evaluation of the session, whichever pane is seen; it is paused when the app ends."""

import asyncio
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from textual.worker import Worker, WorkerError

from tintype.errors import TintypeError
from tintype_tui.evaluating import Evaluating

if TYPE_CHECKING:
    from tintype_tui import requests
    from tintype_tui.session import SessionApp


class Evaluator:
    """One evaluation at a time, followed by the app's `evaluating`."""

    def __init__(self, app: "SessionApp") -> None:
        self._app = app
        self._pause = asyncio.Event()
        self._worker: Worker[None] | None = None

    def obey(self, order: "requests.EvaluationOrder | None") -> None:
        """Run an evaluation, or go on with one, unless another is running; none pauses that."""
        now = self._app.evaluating
        running = now is not None and not now.ended
        if order is not None and running:
            self._app.session.say("An evaluation is running: pause it before another begins.")
        elif order is not None:
            self._pause = asyncio.Event()
            self._show(Evaluating(order.plan, order.folder))
            self._worker = self._app.run_worker(self._run(order), group="evaluate")
        elif now is not None and running:
            self._pause.set()
            self._show(replace(now, pausing=True))

    async def leave(self) -> None:
        """Stop at once; what was answered is kept, and can be gone on with."""
        if self._worker is not None and not self._worker.is_finished:
            self._worker.cancel()
            with suppress(WorkerError):
                await self._worker.wait()

    async def _run(self, order: "requests.EvaluationOrder") -> None:
        from tintype import evaluation
        from tintype.budget import Limits
        from tintype.pricing import load_prices

        app, session, plan = self._app, self._app.session, order.plan
        now = Evaluating(plan, order.folder)
        task = session.tasks.begin(
            f"Evaluate {plan.models[0].title} on {plan.dataset.name}",
            partial(self.obey, None),
            pane="evaluate",
        )
        try:
            async with AsyncExitStack() as lasting:
                lasting.enter_context(task)
                names = {model.profile for model in evaluation.models_of(plan)}
                apis = {name: await session.connection(name, lasting) for name in names}
                steps = evaluation.run(
                    plan,
                    order.folder,
                    apis=apis,
                    store=await session.store(),
                    limits=Limits.of(session.settings),
                    confirmation=order.confirmation,
                    prices=await asyncio.to_thread(load_prices, session.settings.prices),
                    stop_at_usd=order.stop_at_usd,
                    pause=self._pause,
                )
                async for step in await lasting.enter_async_context(aclosing(steps)):
                    now = now.after(step)
                    task.words = now.words
                    self._show(replace(now, pausing=self._pause.is_set()))
        except TintypeError as error:
            self._show(replace(now, trouble=str(error)))
            session.say(f"The evaluation stopped. {error}")
        else:
            app.bell()

    def _show(self, now: Evaluating) -> None:
        """Let the panes know; the loop of other data has not been gone round by it."""
        app, phase = self._app, now.progress.phase if now.progress else ""
        app.evaluating = now
        dataset = app.loop_state.dataset
        own = dataset is None or dataset.parent == now.plan.dataset.parent
        words = now.words if own or not now.ended else ""
        app.loop_state = replace(
            app.loop_state, evaluation=words, evaluated=own and phase == "done"
        )
