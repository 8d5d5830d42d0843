"""What the provider does not remember, and everything needed when it is gone: one SQLite file.

`open_store` gives a `Store`, a set of tables over one connection. Its values are those of
`tintype.resources` and small ones of its own; nothing outside this package knows SQL.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tintype.store.alerts import Alert, AlertTable
from tintype.store.answers import AnswerTable, KeptAnswer, without_images
from tintype.store.curves import CurveTable
from tintype.store.database import Database
from tintype.store.edits import EditTable, KeptEdits
from tintype.store.inventory import Asked, InventoryTables, Listing, Naming, Probe, Seen
from tintype.store.jobs import JobTables, KeptJob, MadeFrom, Pending, Ranked, Source
from tintype.store.labels import Labels, LabelTable
from tintype.store.marks import KeptMarks
from tintype.store.notes import ArchiveTable, DatasetTable, NoteTable, QueryTable, RecentDataset
from tintype.store.spending import Ledger, Spending, Spent, day_of, month_of, total_of
from tintype.store.uploads import KeptUpload, UploadTable

__all__ = [
    "Alert",
    "AlertTable",
    "Asked",
    "CurveTable",
    "EditTable",
    "KeptAnswer",
    "KeptEdits",
    "KeptJob",
    "KeptUpload",
    "LabelTable",
    "Labels",
    "Ledger",
    "Listing",
    "MadeFrom",
    "Naming",
    "Pending",
    "Probe",
    "Ranked",
    "RecentDataset",
    "Seen",
    "Source",
    "Spending",
    "Spent",
    "Store",
    "day_of",
    "month_of",
    "open_store",
    "total_of",
    "without_images",
]


class Store:
    """One SQLite file; every method of its tables may raise `StoreError`."""

    def __init__(self, database: Database) -> None:
        self.path = database.path
        self.jobs = JobTables(database)
        self.uploads = UploadTable(database)
        self.datasets = DatasetTable(database)
        self.answers = AnswerTable(database)
        self.spending = Ledger(database)
        self.notes = NoteTable(database)
        self.archives = ArchiveTable(database)
        self.queries = QueryTable(database)
        self.marks = KeptMarks(database)
        self.edits = EditTable(database)
        self.inventory = InventoryTables(database)
        self.alerts = AlertTable(database)
        self.curves = CurveTable(database)
        self.labels = LabelTable(database)
        self._database = database

    def version(self) -> int:
        """Return a number that changes when another connection has written to the file."""
        return int(self._database.run("PRAGMA data_version")[0][0])


@asynccontextmanager
async def open_store(path: Path) -> AsyncIterator[Store]:
    """Open the file, making it if need be; several processes may have it open at once.

    Raises:
        StoreError: if it cannot be opened, is damaged, or comes from a newer Tintype. The file is
            never deleted or replaced.
    """
    database = await asyncio.to_thread(Database, path)
    try:
        yield Store(database)
    finally:
        database.close()
