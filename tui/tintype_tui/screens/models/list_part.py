"""What is listed: the kinds as tabs, a filter, an order, how old it is and what it lacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.widgets import Static

from tintype import inventory
from tintype.inventory import Inventory, InventoryItem, Ref
from tintype_tui.held_keys import opens
from tintype_tui.keys import key_of, with_keys
from tintype_tui.screen import Part
from tintype_tui.screens.dialogs import Ask
from tintype_tui.text import clip, visible
from tintype_tui.widgets.item_list import ItemList
from tintype_tui.widgets.line_list import Line, LineList
from tintype_tui.widgets.tab_line import Tab, TabLine
from tintype_tui.words import inventory as said

TABS = {
    "model": "models",
    "checkpoint": "checkpoints",
    "job": "jobs",
    "file": "files",
    "base": "bases",
    "all": "all",
    "plan": "plan",
}
ORDER_WORDS = {
    "ends": "",
    "kind": "by kind",
    "name": "by name",
    "newest": "newest first",
    "largest": "largest first",
    "profile": "by profile",
}
NOTHING = "Nothing is known of any provider yet.\n{models.refresh} asks them all."
NONE_OF_KIND = (
    "There is nothing of this kind.\n{models.turn} shows another, {models.refresh} asks again."
)
NONE_READ = (
    "Nothing of this kind is known, and not all lists could be read.\n{models.refresh} asks again."
)
NONE_FITS = "Nothing fits “{needle}”.\nEsc shows all, {models.filter} looks for something else."


@dataclass(frozen=True, slots=True)
class Shown:
    """What of the inventory is shown, and how."""

    kind: str = "model"
    """A key of `TABS`."""
    needle: str = ""
    order: str = "ends"

    def of(self, found: Inventory) -> tuple[InventoryItem, ...]:
        """The things that fit, in order."""
        kind = f"kind:{self.kind}" if self.kind in inventory.KINDS else ""
        return inventory.chosen(found, f"{self.needle} {kind}", self.order)


class ListPart(Part):
    """Tabs, the list, and what is to be said of it; on the last tab the plan by date."""

    BINDING_GROUP_TITLE = "Models"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right_square_bracket", "turn(1)", "Next kind", id="models.turn",
                key_display="]", tooltip="models, checkpoints, jobs, files, bases, all, the plan"),
        Binding("left_square_bracket", "turn(-1)", "Previous kind", id="models.turn_back",
                show=False, key_display="["),
        Binding("slash", "filter", "Filter", id="models.filter", key_display="/"),
        Binding("s", "sort", "Sort", id="models.sort", show=False,
                tooltip="what ends first, by name, newest, largest"),
    ]  # fmt: skip

    found: var[Inventory | None] = var(None)
    asking: var[str] = var("")
    """What is under way; empty when nothing is."""
    trouble: var[str] = var("")
    """Why the inventory cannot be read at all."""
    shown: var[Shown] = var(Shown())

    tabs = getters.query_one(TabLine)
    things = getters.query_one(ItemList)

    class Moved(Message):
        """Another thing is under the cursor; none where there is none."""

        def __init__(self, ref: Ref | None) -> None:
            super().__init__()
            self.ref = ref

    class Opened(Moved):
        """A thing is to be looked at closely."""

    def compose(self) -> ComposeResult:
        yield TabLine()
        yield Static(id="models-note")
        yield Static(id="models-head")
        yield ItemList(id="models-list")
        yield PlanList(id="models-plan")

    def on_mount(self) -> None:
        self.watch_shown()

    # ------------------------------------------------------------------ what is shown

    def watch_found(self) -> None:
        self.watch_shown()

    def watch_asking(self) -> None:
        if self.is_mounted:
            self._head()
            self._say()
            self._say_why_empty()

    def watch_trouble(self) -> None:
        self.watch_shown()

    def watch_shown(self) -> None:
        if not self.is_mounted:
            return
        found, shown = self.found, self.shown
        before = self.things.item_here
        planned = shown.kind == "plan"
        self.tabs.tabs = tuple(_tab(name, found) for name in TABS)
        self.tabs.chosen = shown.kind
        self._say()
        self.query_one(PlanList).display = planned
        self.things.display = not planned
        self.screen.set_class(planned, "-planned")
        self._head()
        self._say_why_empty()
        if found is None:
            return
        self.things.today, self.things.kind = found.today, "" if shown.kind == "all" else shown.kind
        items = () if planned else shown.of(found)
        self.things.items = items
        self._head()
        self.query_one(PlanList).show(found)
        if not self.select(before.ref if before else None):
            self.things.cursor = 0
        here = self.things.item_here
        self.post_message(self.Moved(here.ref if here else None))

    def select(self, ref: Ref | None) -> bool:
        """Put the cursor on a thing; whether it is listed."""
        for at, item in enumerate(self.things.items):
            if item.ref == ref:
                self.things.cursor = at
                return True
        return False

    def reveal(self, ref: Ref) -> None:
        """Show a thing wherever it is: of its kind, without a filter that hides it."""
        if not self.select(ref):
            self.shown = Shown(ref.kind, "", self.shown.order)
            self.select(ref)

    def _say_why_empty(self) -> None:
        found = self.found
        if found is None:
            words = visible(self.trouble) or "Reading what is known …"
        elif self.shown.needle:
            words = NONE_FITS.replace("{needle}", visible(self.shown.needle).replace("{", "("))
        elif not found.items:
            words = NOTHING if not self.asking else "Asking the providers …"
        elif found.troubles:
            words = NONE_READ
        else:
            words = NONE_OF_KIND
        self.things.empty_text = words if found is None else with_keys(self, words)
        self.things.refresh()

    def _note(self) -> str:
        if self.asking:
            return self.asking
        words = "" if self.found is None else said.age_words(self.found)
        return ", ".join(filter(None, (ORDER_WORDS[self.shown.order], words)))

    def _say(self) -> None:
        """The filter, and which profiles could not be asked."""
        lines = []
        if self.shown.needle:
            lines.append(f"only “{visible(self.shown.needle)}” · Esc shows all")
        troubles = [] if self.found is None or self.asking else list(self.found.troubles)
        lines += said.trouble_lines(troubles, self.size.width - 2, self.screen.size.height // 3)
        note = self.query_one("#models-note", Static)
        note.display = bool(lines)
        note.update(Content("\n".join(lines)))

    def on_resize(self) -> None:
        if self.is_mounted:
            self._head()
            self._say()

    def _head(self) -> None:
        planned = self.shown.kind == "plan"
        words = f"plan · {self._note()}" if planned else self.things.head(self._note())
        self.query_one("#models-head", Static).update(Content(words))

    # ------------------------------------------------------------------ what a person does

    @on(TabLine.Chosen)
    def _chosen(self, event: TabLine.Chosen) -> None:
        self._show_kind(event.name)

    def action_turn(self, by: int) -> None:
        self._show_kind(self.tabs.turned(by))

    def _show_kind(self, kind: str) -> None:
        self.shown = Shown(kind, self.shown.needle, self.shown.order)
        self.screen.set_focus(self.query_one(PlanList) if kind == "plan" else self.things)

    def action_sort(self) -> None:
        """The next order; the cursor stays on its thing."""
        orders = list(inventory.ORDERS)
        order = orders[(orders.index(self.shown.order) + 1) % len(orders)]
        self.shown = Shown(self.shown.kind, self.shown.needle, order)

    @opens()
    async def action_filter(self) -> None:
        hints = (
            "is:ending is:orphan is:gone is:unprobed is:retired",
            "base:gpt-4o profile:openai -cards",
        )
        dialog = Ask("List only what fits", value=self.shown.needle, hints=hints)
        words = await self.app.push_screen_wait(dialog)
        if words is not None:
            self.shown = Shown(self.shown.kind, words.strip(), self.shown.order)

    def show_all(self) -> bool:
        """Take the filter away; whether there was one."""
        if not self.shown.needle:
            return False
        self.shown = Shown(self.shown.kind, "", self.shown.order)
        return True

    @on(LineList.Moved, "#models-list")
    def _moved(self, event: LineList.Moved) -> None:
        event.stop()
        here = self.things.item_here
        kind = self.Opened if isinstance(event, LineList.Chosen) else self.Moved
        self.post_message(kind(here.ref if here else None))


class PlanList(LineList):
    """The plan by date, a line each."""

    BINDING_GROUP_TITLE = "Plan"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._sentences: Sequence[str] = ()
        self._lines: Sequence[str] = ()

    def show(self, found: Inventory) -> None:
        """Show what will be lost when."""
        plan, golden = inventory.plan_by_date(found), inventory.golden_cost(found)
        keep, ask = key_of(self, "models.keep"), key_of(self, "models.golden")
        self._sentences = tuple(said.plan_lines(plan, golden, keep, f"{ask} on a model"))
        self._lay()

    def on_resize(self) -> None:
        super().on_resize()
        self._lay()

    def _lay(self) -> None:
        width = max(20, self.scrollable_content_region.width - 3)
        lines: list[str] = []
        for sentence in self._sentences:
            lead = "  " * sentence.startswith("  ")
            lines += wrap(visible(sentence), width, subsequent_indent=f"{lead}  ")
        self._lines = lines
        self.total = len(lines)
        self.refresh()

    def item(self, index: int, width: int, style: Style) -> Line:
        return [Segment(clip(self._lines[index], width), style)]


def _tab(name: str, found: Inventory | None) -> Tab:
    if found is None or name == "plan":
        return Tab(name, TABS[name])
    number = sum(name in ("all", item.ref.kind) for item in found.items)
    return Tab(name, f"{TABS[name]} {number}" if number else TABS[name], empty=not number)
