"""Models: what the store knows at once, then what every provider lists."""

import asyncio
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.reactive import var

from tintype import inventory
from tintype.connection import worth_asking
from tintype.errors import TintypeError
from tintype.inventory import Inventory, InventoryItem, Ref
from tintype.loop import LoopState
from tintype.store import Store
from tintype_tui import requests
from tintype_tui.screen import Pane, working
from tintype_tui.screens.models.acting_part import ActingPart
from tintype_tui.screens.models.detail_part import DetailPart
from tintype_tui.screens.models.keeping_part import KeepingPart
from tintype_tui.screens.models.list_part import ListPart
from tintype_tui.tasks import Task
from tintype_tui.text import count

if TYPE_CHECKING:
    from tintype.api import Api

OLD = timedelta(minutes=15)
"""What is older is asked for again when the pane is opened."""


class ModelsPane(Pane):
    """Everything at all providers: a list, and one thing of it."""

    BINDING_GROUP_TITLE = "Models"
    CSS_PATH = "models.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "refresh", "Refresh", id="models.refresh", tooltip="ask every provider now"),
        Binding("escape", "back", "Back", id="models.back", show=False),
    ]

    found: var[Inventory | None] = var(None)
    asking: var[str] = var("")
    trouble: var[str] = var("")
    ref: var[Ref | None] = var(None)
    """The thing that is looked at."""
    listed: var[tuple[InventoryItem, ...]] = var(())
    kind: var[str] = var("model")
    """The view that is shown."""

    list_part = getters.query_one(ListPart)
    detail = getters.query_one(DetailPart)
    keeping = getters.query_one(KeepingPart)

    def body(self) -> ComposeResult:
        with Container(id="models-body"):
            yield ListPart(id="models-left").data_bind(
                ModelsPane.found, ModelsPane.asking, ModelsPane.trouble
            )
            yield DetailPart(id="models-right").data_bind(ModelsPane.found, ModelsPane.ref)
        yield KeepingPart().data_bind(ModelsPane.found, ModelsPane.ref, ModelsPane.kind)
        yield ActingPart().data_bind(ModelsPane.found, ModelsPane.ref, ModelsPane.listed)

    _awaited: Ref | None = None
    """What is looked at as soon as it is known."""
    _reading: object = None
    _asked_at: datetime | None = None
    """When the providers were last asked in this session."""

    def on_mount(self) -> None:
        self.set_focus(self.list_part.things)

    def on_screen_resume(self) -> None:
        self.open()  # jobs have ended meanwhile, and models were evaluated

    # ------------------------------------------------------------------ what is known

    @work(exclusive=True, group="read")
    async def open(self) -> None:
        """Show what the store knows; ask if it is old."""
        found = await self._read()
        if found is None:
            return
        last = max(filter(None, (found.read_at, self._asked_at)), default=None)
        if last is None or datetime.now(UTC) - last > OLD:
            self.ask()

    async def _read(self) -> Inventory | None:
        reading = self._reading = object()
        try:
            found = await inventory.take(await self.session.store(), self.session.settings)
        except TintypeError as error:
            self.trouble = str(error)
            return None
        if reading is not self._reading:  # it is read again, and more may be known
            return self.found
        self.found, self.trouble = found, ""
        self._reveal()
        self.post_message(requests.LookAtDeadlines())
        return found

    @work(exclusive=True, group="list")
    async def ask(self) -> None:
        """Ask every provider; leaving the pane does not stop it, Esc does."""
        asked_at = self._asked_at = datetime.now(UTC)
        self.asking = "asking …"
        try:
            title = "List what every provider has"
            with working(self, title, "Cannot ask the providers") as task:
                await self._gather(await self.session.store(), task)
        finally:
            if asked_at is self._asked_at:  # else they are asked again already
                self.asking = ""
        await self._read()

    async def _gather(self, store: Store, task: Task) -> None:
        names = await asyncio.to_thread(worth_asking, self.session.settings, store)
        async with AsyncExitStack() as stack:

            async def connect(name: str) -> "Api":
                return await self.session.connection(name, stack)

            async with aclosing(inventory.gather(names, connect, store)) as gathering:
                async for step in gathering:
                    where = ", ".join(step.under_way)
                    task.words = f"asking {where} … {count(step.found, 'thing')}"
                    self.asking = task.words

    @on(ActingPart.Changed)
    @work(exclusive=True, group="read")
    async def _changed(self, event: ActingPart.Changed) -> None:
        await self._read()

    # ------------------------------------------------------------------ what is looked at

    @on(ListPart.Moved)
    def _moved(self, event: ListPart.Moved) -> None:
        self.ref = event.ref
        self.listed, self.kind = self.list_part.things.items, self.list_part.shown.kind
        if isinstance(event, ListPart.Opened):
            self.set_focus(self.detail.details)

    def watch_loop_state(self, before: LoopState, now: LoopState) -> None:
        """Look at the thing that was chosen elsewhere, once it is known."""
        if now.look is not None and now.look is not before.look:
            self._awaited = now.look.what if isinstance(now.look.what, Ref) else None
            self._reveal()

    def _reveal(self) -> None:
        if self._awaited is not None and self.found and self._awaited in self.found.by_ref:
            self.list_part.reveal(self._awaited)
            self._awaited = None

    @on(DetailPart.Wanted)
    def _wanted(self, event: DetailPart.Wanted) -> None:
        if self.found is not None and event.ref in self.found.by_ref:
            self.list_part.reveal(event.ref)

    def action_refresh(self) -> None:
        self.session.forget_causes()
        self.ask()

    def action_back(self) -> None:
        """Stop asking, or keeping; else go back to the list; else show all of it."""
        if self.asking:
            self.workers.cancel_group(self, "list")
        elif self.keeping.stop():
            pass
        elif self.focused is self.detail.details:
            self.set_focus(self.list_part.things)
        else:
            self.list_part.show_all()
