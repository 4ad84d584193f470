"""Ledgers: what a database says it has applied."""

from __future__ import annotations

from collections.abc import Sequence

from tsm_git.core.record import NamedTuple
from tsm_git.core.script import Script

TABLE = "_migrations"
COLUMNS = ("id", "filename", "script", "started_at", "finished_at")
CREATE = f"""CREATE TABLE {TABLE} (
id [INTEGER] PRIMARY KEY NOT NULL, filename [TEXT] NOT NULL, script [TEXT] NOT NULL, \
started_at [TEXT] NOT NULL, finished_at [TEXT] NOT NULL
)"""


class Entry(NamedTuple):
    """One row of a ledger; `digest` is None where the row has no text, times are ISO 8601."""

    number: int
    filename: str
    digest: str | None
    finished_at: str | None = None

    def matches(self, script: Script | None) -> bool:
        """Whether the script is the one that this entry says was applied."""
        if script is None or script.filename != self.filename:
            return False
        return self.digest is None or self.digest == script.digest


class Row(NamedTuple):
    """One row of a ledger that gets another number and file name."""

    number: int
    filename: str
    new_number: int
    new_filename: str


class Ledger(NamedTuple):
    """All entries of one database in number order; `path` is where that database is."""

    path: str
    entries: Sequence[Entry] = ()
    exists: bool = True

    @property
    def numbers(self) -> set[int]:
        """The numbers that are taken in this ledger."""
        return {entry.number for entry in self.entries}

    @property
    def last(self) -> int:
        """The highest applied number, 0 where nothing is applied."""
        return max((entry.number for entry in self.entries), default=0)
