"""One thing: what is known of it, and its lineage, in which Enter goes from thing to thing."""

from textual import getters, on
from textual.app import ComposeResult
from textual.message import Message
from textual.reactive import var

from tintype.evaluation import runs_folder
from tintype.inventory import Inventory, InventoryItem, Ref
from tintype_tui import requests
from tintype_tui.screen import Part
from tintype_tui.widgets.item_list import DetailList
from tintype_tui.widgets.line_list import LineList


class ItemPart(Part):
    """A part whose keys are about the thing under the cursor."""

    found: var[Inventory | None] = var(None)
    ref: var[Ref | None] = var(None, bindings=True)

    @property
    def item(self) -> InventoryItem | None:
        """The thing under the cursor."""
        known = self.found is not None and self.ref is not None
        return self.found.by_ref.get(self.ref) if known else None  # type: ignore[union-attr, arg-type]


class DetailPart(ItemPart):
    """The details of the thing under the cursor."""

    BINDING_GROUP_TITLE = "Models"

    details = getters.query_one(DetailList)

    class Wanted(Message):
        """Another thing is to be looked at."""

        def __init__(self, ref: Ref) -> None:
            super().__init__()
            self.ref = ref

    def compose(self) -> ComposeResult:
        yield DetailList(id="models-detail")

    def on_mount(self) -> None:
        self.watch_ref()

    def watch_found(self) -> None:
        self.watch_ref()

    def watch_ref(self) -> None:
        if not self.is_mounted:
            return
        self.details.found = self.found
        self.details.of = self.item

    @on(LineList.Chosen)
    def _chosen(self, event: LineList.Chosen) -> None:
        event.stop()
        node = self.details.node_here
        if node is None:
            return
        if node.ref is not None:
            self.post_message(self.Wanted(node.ref))
        elif node.kind == "evaluation":
            home = runs_folder(self.session.settings.folders.data)
            self.post_message(requests.look_at("evaluate", home / node.name))
