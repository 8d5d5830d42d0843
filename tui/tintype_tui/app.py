"""The app: modes, navigation, and the lifetimes of provider, store and embedded server."""

import asyncio
import gc
import signal
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.dom import DOMNode
from textual.reactive import var
from textual.screen import Screen

from tintype.errors import TintypeError
from tintype.settings import Settings, load
from tintype_tui import requests, theme
from tintype_tui.desk import Desk
from tintype_tui.keys import key_of
from tintype_tui.screen import Pane
from tintype_tui.standing import Sought, Standing
from tintype_tui.stylesheet import PatientStylesheet
from tintype_tui.terminal.app import TerminalApp
from tintype_tui.terminal.textual_privates import has_mouse, screens_of, take_mouse
from tintype_tui.text import visible
from tintype_tui.widgets.masthead import PANES

if TYPE_CHECKING:
    from tintype.assessment import Assessment
    from tintype.images.facts import ImageFacts


def _home() -> Pane:
    from tintype_tui.screens.home import HomePane

    return HomePane()


def _datasets() -> Pane:
    from tintype_tui.screens.datasets import DatasetsPane

    return DatasetsPane()


def _estimate() -> Pane:
    from tintype_tui.screens.estimate import EstimatePane

    return EstimatePane()


def _jobs() -> Pane:
    from tintype_tui.screens.jobs import JobsPane

    return JobsPane()


def _playground() -> Pane:
    from tintype_tui.screens.playground import PlaygroundPane

    return PlaygroundPane()


def _key_commands() -> type[Provider]:
    from tintype_tui.screens.help import KeyCommands

    return KeyCommands


SCREENS: dict[str, Callable[[], Pane]] = {
    "home": _home,
    "datasets": _datasets,
    "estimate": _estimate,
    "jobs": _jobs,
    "playground": _playground,
}
"""Each pane's module is imported when it is first shown: the first frame needs only one."""


class TintypeApp(TerminalApp[int]):
    """The workbench."""

    TITLE = "Tintype"
    CSS_PATH = "app.tcss"
    DEFAULT_MODE = "home"
    BINDING_GROUP_TITLE = "Everywhere"
    COMMANDS = {_key_commands}  # noqa: RUF012 – as Textual declares it
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 – Textual declares it without ClassVar
        (0, "-narrow"),
        (76, "-usual"),
        (120, "-wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(key), f"go('{mode}')", title, show=False, id=f"go.{mode}")
            for key, (mode, title, _) in enumerate(PANES, start=1)
        ),
        Binding("question_mark", "help", "Help", id="help", key_display="?"),
        Binding("colon", "command_palette", "Commands", show=False, id="palette", key_display=":"),
        Binding("exclamation_mark", "messages", "Messages", show=False, id="messages"),
        Binding("f9", "mouse", "Mouse", show=False, id="mouse", tooltip="give it to the terminal"),
        Binding("q", "quit", "Quit", id="quit"),
    ]

    standing: var[Standing] = var(Standing())
    assessment: var["Assessment | None"] = var(None)

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        dataset: Path | None = None,
        with_samples: bool = False,
    ) -> None:
        """Make ready; `with_samples` begins by drawing them and opening the playing cards."""
        super().__init__()
        chosen = settings or load()
        self.desk = Desk(chosen)
        self.desk.warn = self._warn
        self._start_with = dataset
        self._with_samples = with_samples
        self._clashes: set[str] = set()
        self._fetched: dict[str, ImageFacts] = {}
        self.register_theme(theme.DARK)
        self.register_theme(theme.LIGHT)
        self.theme = chosen.theme or theme.DARK.name
        self.set_keymap(chosen.keymap)
        if chosen.reduced_motion or chosen.low_bandwidth:
            self.animation_level = "none"
        self.stylesheet = PatientStylesheet(variables=self.get_css_variables())
        for mode, pane in SCREENS.items():
            self.add_mode(mode, self._bound(pane))

    def _bound(self, pane: Callable[[], Pane]) -> Callable[[], Screen[Any]]:
        return lambda: pane().data_bind(TintypeApp.standing, TintypeApp.assessment)

    # ------------------------------------------------------------------ lifetime

    def on_load(self) -> None:
        """Leave the terminal in order when the system asks us to go; it is not yet taken over."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            loop.add_signal_handler(name, self.exit, 128 + name)

    def on_mount(self) -> None:
        """Go where one was asked to."""
        self.call_after_refresh(gc.enable)
        if self._start_with is not None:
            self.post_message(requests.OpenDataset(self._start_with))
        elif self._with_samples:
            self.call_after_refresh(self.run_action, "sample", self.screen)

    async def on_unmount(self) -> None:
        """Note where one stands, for the next time, and let go of what was opened."""
        await self.desk.leave(self.standing)

    def _warn(self, words: str) -> None:
        self.notify(visible(words), severity="warning", markup=False, timeout=12)

    def report(self, error: BaseException | None, details: str) -> str:
        """Leave a report in a file, and say where."""
        from tintype_tui.crashing import reported

        return reported(error, details, self.desk.settings.folders.state)

    # ------------------------------------------------------------------ navigation

    def action_go(self, mode: str) -> None:
        self.switch_mode(mode)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What Textual offers and no key of ours does."""
        for command in super().get_system_commands(screen):
            if command.title in ("Theme", "Screenshot"):
                yield command

    def action_help(self) -> None:
        from tintype_tui.screens.help import Help, keys_of

        self.push_screen(Help(keys_of(self.screen)))

    def action_messages(self) -> None:
        from tintype_tui.screens.messages import Messages

        self.push_screen(Messages(self.desk.said))

    def action_mouse(self) -> None:
        """Give the mouse to the terminal, to select text with it, and take it back."""
        taken = has_mouse(self)
        if taken is None:
            return
        take_mouse(self, not taken)
        if taken:
            key = key_of(self.screen, "mouse")
            self.notify(f"The mouse is the terminal's: select as usual. {key} takes it back.")

    def handle_bindings_clash(self, clashed_bindings: set[Binding], node: DOMNode) -> None:
        """Say which keys of the configuration collide, once."""
        names = ", ".join(sorted(binding.id or binding.action for binding in clashed_bindings))
        if names not in self._clashes:
            self._clashes.add(names)
            words = f"Keys in your configuration collide: {names}."
            self.notify(words, severity="warning", markup=False, timeout=12)

    def on_reached(self, message: requests.Reached) -> None:
        """Note where one stands; every pane is told."""
        self.standing = replace(self.standing, **message.changes)

    # ------------------------------------------------------------------ reading a dataset

    def watch_standing(self, before: Standing, after: Standing) -> None:
        """What was found in one dataset is not shown of another."""
        if before.dataset != after.dataset:
            self._fetched = {}
            self._forget()

    def watch_assessment(self, assessment: "Assessment | None") -> None:
        summary = assessment.summary if assessment is not None else None
        self.standing = replace(self.standing, checked=summary.status if summary else "")

    def _forget(self) -> None:
        self.workers.cancel_group(self, "assess")
        self.assessment = None

    async def on_assess_dataset(self, message: requests.AssessDataset) -> None:
        """Read the current dataset; what has been read already is not read again."""
        path = self.standing.dataset
        if path is None:
            return
        covered = await self._covered(path)
        if path != self.standing.dataset:
            return
        if (known := self.assessment) is not None and covered:  # it may have grown meanwhile
            same = known.for_model(message.model or known.model)
            if same is not None:
                self.assessment = same
                return
        self._forget()
        self._assess(path, message.model)

    async def _covered(self, path: Path) -> bool:
        """Whether what is known, or being found out just now, is of this file as it is now."""
        from tintype.rules import rules_of

        known, provider = self.assessment, self.desk.profile.provider
        if known is None or known.file.path != path:
            return False
        return await asyncio.to_thread(
            lambda: known.rules == rules_of(provider) and known.file.holds
        )

    @work(exclusive=True, group="assess")
    async def _assess(self, path: Path, model: str) -> None:
        from tintype.assessment import assess
        from tintype.dataset import open_dataset
        from tintype.rules import rules_of

        try:
            judged_by = await asyncio.to_thread(rules_of, self.desk.profile.provider)
            async with open_dataset(path) as dataset:
                async for found in assess(dataset, judged_by, model=model, fetched=self._fetched):
                    # Another model that counts alike may have been chosen meanwhile.
                    shown = self.assessment
                    self.assessment = found.for_model(shown.model) if shown else found
        except TintypeError as error:
            self._forget()
            self._warn(f"Cannot check {path.name}. {error}")

    # ------------------------------------------------------------------ going somewhere

    def on_open_dataset(self, message: requests.OpenDataset) -> None:
        path, row = message.path.absolute(), message.row
        sought = None if row is None else Sought(path, row)
        if row is None:
            row = self.standing.row if path == self.standing.dataset else 0
        # Splits lie beside each other; with data of another folder the loop begins anew.
        before = self.standing
        same = before.dataset is not None and before.dataset.parent == path.parent
        standing = before if same else Standing()
        self.standing = replace(standing, dataset=path, row=row, sought=sought)
        self.switch_mode("datasets")

    def on_estimate_dataset(self, message: requests.EstimateDataset) -> None:
        if message.path is not None and message.path != self.standing.dataset:
            self.standing = replace(self.standing, dataset=message.path, row=0, sought=None)
        self.standing = replace(self.standing, like=message.like)
        self.switch_mode("estimate")

    def on_open_job(self, message: requests.OpenJob) -> None:
        self.standing = replace(self.standing, job=message.job_id)
        self.switch_mode("jobs")

    def on_try_model(self, message: requests.TryModel) -> None:
        self.standing = replace(self.standing, model=message.model)
        self.switch_mode("playground")

    async def on_use_profile(self, message: requests.UseProfile) -> None:
        """Work with another provider; what was estimated and trained belongs to the former."""
        await self.desk.use(message.name)
        self._forget()
        self.standing = Standing(dataset=self.standing.dataset, row=self.standing.row)
        for pane in screens_of(self):
            if isinstance(pane, Pane):
                pane.provider_changed()
