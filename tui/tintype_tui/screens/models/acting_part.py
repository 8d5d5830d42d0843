"""What is done with a thing: probed, sent, fetched, deleted, named; or gone on with elsewhere."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var

from tintype import budget, inventory, jobs
from tintype.budget import Confirmation, Limits
from tintype.inventory import InventoryItem, Ref
from tintype.paths import current_folder, safe_name
from tintype.pricing import load_prices
from tintype_tui import requests
from tintype_tui.held_keys import opens
from tintype_tui.screen import working
from tintype_tui.screens.dialogs import Ask, Confirm, ConfirmSum
from tintype_tui.screens.models.detail_part import ItemPart
from tintype_tui.text import count, money, number, size

MOST_PROBED = 50


class ActingPart(ItemPart):
    """Nothing to see of its own: every act asks first, in a dialog."""

    DEFAULT_CSS = """
    ActingPart { display: none; }
    """
    BINDING_GROUP_TITLE = "Models"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "go_on('try')", "Try", id="models.try", tooltip="ask it in the playground"),
        Binding("v", "go_on('evaluate')", "Evaluate", id="models.evaluate"),
        Binding("o", "go_on('job')", "Job", id="models.job", tooltip="the job that it is of"),
        Binding("p", "probe(False)", "Probe", id="models.probe",
                tooltip="ask it for a word, to see whether it answers"),
        Binding("P", "probe(True)", "Probe all", id="models.probe_all", show=False,
                tooltip="every model and checkpoint that is listed here"),
        Binding("u", "upload", "Upload", id="models.upload", show=False,
                tooltip="send a dataset to the provider in use"),
        Binding("d", "download", "Download", id="models.download", show=False,
                tooltip="fetch the file into the current folder"),
        Binding("X", "delete", "Delete", id="models.delete", show=False,
                tooltip="at the provider, for good; its id has to be typed"),
        Binding("a", "name", "Alias", id="models.alias", show=False,
                tooltip="call it otherwise here"),
        Binding("n", "note", "Note", id="models.note", show=False),
        Binding("y", "copy", "Copy the id", id="models.copy", show=False),
    ]  # fmt: skip

    listed: var[tuple[InventoryItem, ...]] = var(())
    """What the list shows, for what is done with all of it."""

    class Changed(Message):
        """Something is otherwise now; `asks`: only the provider knows how."""

        def __init__(self, *, asks: bool = False) -> None:
            super().__init__()
            self.asks = asks

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        item = self.item
        if action == "upload" or item is None:
            return action == "upload" or None
        if action == "go_on":
            job = _job_of(item) is not None
            return (job if parameters == ("job",) else item.is_model) or None
        wanted = {"probe": item.is_model, "download": item.ref.kind == "file"}
        return wanted.get(action, True) or None

    # ------------------------------------------------------------------ going on elsewhere

    def action_go_on(self, where: str) -> None:
        """Try or evaluate the model, or look at its job; at its own provider."""
        if (item := self.item) is None:
            return
        if item.ref.profile not in self.session.settings.profiles:
            self.pane.say(f"The profile {item.ref.profile} is not configured any more.")
            return
        if item.ref.profile != self.session.profile.name:
            self.post_message(requests.UseProfile(item.ref.profile))
        job = _job_of(item)
        if where == "job" and job is not None:
            self.post_message(requests.open_job(job.id))
        elif where == "evaluate":
            self.post_message(requests.evaluate_model(item.ref.id))
        else:
            self.post_message(requests.try_model(item.ref.id))

    # ------------------------------------------------------------------ probing

    @opens(exclusive=True, group="probe")
    async def action_probe(self, everything: bool) -> None:
        """Ask models for a word; what that may cost is asked about first, whatever it is."""
        item = self.item
        tuned = [one for one in self.listed if one.is_tuned][:MOST_PROBED]
        wanted = tuned if everything else [item] if item is not None and item.is_model else []
        wanted = [one for one in wanted if one.ref.profile in self.session.settings.profiles]
        if not wanted:
            self.pane.say("There is no tuned model here to probe.")
            return
        with self.pane.reporting("Cannot probe"):
            settings, store = self.session.settings, await self.session.store()
            prices = await asyncio.to_thread(load_prices, settings.prices)
            expenses = [
                expense
                for profile, models in _by_profile(wanted).items()
                for expense in inventory.probe_expenses(
                    profile, settings.profiles[profile].provider, models, prices
                )
            ]
            limits, now = Limits.of(settings), datetime.now(UTC)
            demand = budget.demand(store, *expenses, limits=limits, now=now)
            words = _probe_words(wanted, expenses)
            if demand is not None:
                dialog = ConfirmSum("Probe", f"{words}\n{demand.why}", demand, act="probe")
                agreed = Confirmation(demand.typed)
                consent = await self.app.push_screen_wait(dialog)
            else:
                title = f"Does {wanted[0].title} answer?" if len(wanted) == 1 else "Do they answer?"
                asked = Confirm(title, words, yes="Probe")
                agreed = Confirmation(yes=True)
                consent = await self.app.push_screen_wait(asked)
            if consent:
                self._probe(wanted, limits, agreed)

    @work(exclusive=True, group="probing")
    async def _probe(
        self, wanted: Sequence[InventoryItem], limits: Limits, agreed: Confirmation
    ) -> None:
        states: list[str] = []
        with working(self.pane, "Probe models", "Cannot probe") as task:
            store, settings = await self.session.store(), self.session.settings
            prices = await asyncio.to_thread(load_prices, settings.prices)
            for profile, models in _by_profile(wanted).items():
                async with AsyncExitStack() as stack:
                    api = await self.session.connection(profile, stack)
                    probing = inventory.probe(
                        api, store, models, limits=limits, confirmation=agreed, prices=prices
                    )
                    async with aclosing(probing):
                        async for _, one in probing:
                            states.append(one.state)
                            task.words = f"{len(states):,} of {count(len(wanted), 'model')}"
                            self.post_message(self.Changed())
            self.pane.say(_probed_words(states))

    # ------------------------------------------------------------------ files

    @opens(exclusive=True, group="upload")
    async def action_upload(self) -> None:
        """Send a file of chat rows to the provider in use."""
        from tintype_tui.screens.open_path import OpenPath

        profile = self.session.profile.title
        path = await self.app.push_screen_wait(
            OpenPath(f"Upload to {profile}", endings=(".jsonl",))
        )
        if path is not None:
            self._upload(path)

    @work(exclusive=True, group="uploading")
    async def _upload(self, path: Path) -> None:
        with working(self.pane, f"Upload {path.name}", "Cannot upload") as task:
            store, api = await self.session.store(), await self.session.provider()
            async with aclosing(jobs.upload(api, store, path)) as sending:
                async for sent in sending:
                    task.words = f"{size(sent.sent_bytes)} of {size(sent.size_bytes)}"
                    if sent.file is not None:
                        store.inventory.keep(api.profile.name, [sent.file], datetime.now(UTC))
                        self.pane.say(f"Uploaded {path.name} as {sent.file.id}.")
            self.post_message(self.Changed())

    @opens(exclusive=True, group="download")
    async def action_download(self) -> None:
        """Fetch the file under the cursor to where a person says."""
        from tintype_tui.screens.save_as import SaveAs

        item = self.item
        if item is None or item.ref.kind != "file":
            return
        bytes = "of unknown size" if item.size_bytes is None else size(item.size_bytes)
        proposed = current_folder() / safe_name(item.name)
        dialog = SaveAs(f"Download {item.name}", proposed, lambda _: [f"{item.ref.id}, {bytes}."])
        target = await self.app.push_screen_wait(dialog)
        if target is not None:
            self._download(item, target.path, target.replace)

    @work(exclusive=True, group="downloading")
    async def _download(self, item: InventoryItem, path: Path, replace: bool) -> None:
        with working(self.pane, f"Download {item.name}", "Cannot download"):
            async with AsyncExitStack() as stack:
                api = await self.session.connection(item.ref.profile, stack)
                await inventory.download(api, item, path, replace=replace)
            self.pane.say(f"Written to {path}.")

    # ------------------------------------------------------------------ deleting and naming

    @opens(exclusive=True, group="delete")
    async def action_delete(self) -> None:
        """Delete at the provider, once the whole id has been typed."""
        if (item := self.item) is None:
            return
        if refused := inventory.why_not(item):
            self.pane.say(refused)
            return
        hints = (*inventory.losses(item), f"Type {item.ref.id} and press Enter to delete it.")
        typed = await self.app.push_screen_wait(
            Ask(f"Delete {item.title} at {item.ref.profile} for good?", hints=hints)
        )
        if not typed:
            return
        with self.pane.reporting("Not deleted"):
            store = await self.session.store()
            async with AsyncExitStack() as stack:
                api = await self.session.connection(item.ref.profile, stack)
                await inventory.delete(api, store, item, typed=typed)
            self.pane.say(f"Deleted {item.ref.id}.")
            self.post_message(self.Changed())

    @opens(exclusive=True, group="name")
    async def action_name(self) -> None:
        """Give it an alias; an empty one takes it away."""
        await self._label("Call it", lambda item: item.naming.alias, "alias")

    @opens(exclusive=True, group="name")
    async def action_note(self) -> None:
        """Note something of it; an empty note takes it away."""
        await self._label("Note", lambda item: item.naming.note, "note")

    async def _label(self, title: str, before: Callable[[InventoryItem], str], field: str) -> None:
        if (item := self.item) is None:
            return
        hints = (item.ref.id, "Stays on this machine. Empty takes it away.")
        dialog = Ask(title, value=before(item), hints=hints)
        words = await self.app.push_screen_wait(dialog)
        if words is not None:
            with self.pane.reporting("Cannot be kept"):
                inventory.rename(await self.session.store(), item, **{field: words})
                self.post_message(self.Changed())

    async def action_copy(self) -> None:
        """Copy the id."""
        if (item := self.item) is not None:
            await self.pane.copy(item.ref.id)


def _job_of(item: InventoryItem) -> Ref | None:
    """The job that a thing is of: itself, the one that made it, else one that used it."""
    if item.ref.kind == "job":
        return item.ref
    made = [ref for ref in item.made_from if ref.kind == "job"]
    return next(iter((*made, *item.used_by)), None)


def _by_profile(items: Sequence[InventoryItem]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in items:
        found.setdefault(item.ref.profile, []).append(item.ref.id)
    return found


def _probe_words(items: Sequence[InventoryItem], expenses: Sequence[budget.Expense]) -> str:
    """What is asked and what it may cost."""
    tokens = sum(one.tokens or 0 for one in expenses)
    known = [one.high_usd for one in expenses if one.high_usd is not None]
    unknown = len(expenses) - len(known)
    total = sum(known, Decimal(0))
    cost = (f"{money(total)} at most" if total else "free") if known else ""
    parts = [cost, f"unknown for {count(unknown, 'model')}" if unknown else ""]
    words = ", ".join(filter(None, parts))
    return (
        f"{count(len(items), 'model')} asked for one word, some {number(tokens)} tokens: {words}."
    )


def _probed_words(states: Sequence[str]) -> str:
    """What came of asking models for a word."""
    if len(states) == 1:
        words = {"answers": "It answers.", "gone": "It does not answer any more."}
        return words.get(states[0], "Nobody knows: see what it said.")
    return f"{states.count('answers')} of {count(len(states), 'model')} answered."
