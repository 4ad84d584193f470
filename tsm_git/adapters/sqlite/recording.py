"""Writes ledgers; every write is part of a transaction that the caller has open, or one of its own.

The rows are such that the library TupleSaver can read them, whoever made the table.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import apsw

from tsm_git.adapters.sqlite.connection import open_working, transaction, translated
from tsm_git.adapters.sqlite.ledger import entries, ledger_columns
from tsm_git.core.errors import DatabaseError
from tsm_git.core.ledger import COLUMNS, CREATE, TABLE, Row
from tsm_git.core.record import NamedTuple


class Record(NamedTuple):
    """One row as it is written: the number, the file name, the text as run, and when it ran."""

    number: int
    filename: str
    text: str
    started_at: str
    finished_at: str


def ensure_ledger(connection: apsw.Connection, shown: str) -> set[str]:
    """Makes the ledger where there is none, and returns its columns."""
    columns = ledger_columns(connection, shown)
    if not columns:
        connection.execute(CREATE)
    return columns or set(COLUMNS)


def record(connection: apsw.Connection, shown: str, columns: Collection[str], row: Record) -> None:
    """Adds a row to the ledger, which another program may have made, and sees that it is there."""
    values = {name: value for name, value in zip(COLUMNS, row, strict=True) if name in columns}
    marks = ", ".join("?" * len(values))
    try:
        connection.execute(
            f"INSERT INTO {TABLE} ({', '.join(values)}) VALUES ({marks})", tuple(values.values())
        )
    except (apsw.ConstraintError, apsw.MismatchError, apsw.SQLError) as error:
        raise _unrecorded(shown, row.filename, str(error)) from error
    found = connection.execute(
        f"SELECT 1 FROM {TABLE} WHERE id = ? AND filename = ? AND script = ?", row[:3]
    ).fetchall()
    if len(found) != 1:
        raise _unrecorded(shown, row.filename, "the row is not there after it was written")


def move_rows(path: Path, shown: str, rows: Sequence[Row]) -> None:
    """Gives rows of a ledger other numbers and file names, all in one transaction.

    Raises DatabaseError where the ledger does not hold them as they are told.
    """
    with translated(shown), open_working(path) as connection, transaction(connection):
        held = {(entry.number, entry.filename) for entry in entries(connection, shown)}
        if any((row.number, row.filename) not in held for row in rows):
            raise DatabaseError(
                f"the ledger of `{shown}` was changed by somebody else meanwhile",
                "run `tsm status` to see what it holds now",
            )
        # Numbers may be exchanged, and each is a key: the first pass makes room for the second.
        aside = 1 + max(number for number, _ in held | {(row.new_number, "") for row in rows})
        for row in rows:
            connection.execute(
                f"UPDATE {TABLE} SET id = ? WHERE id = ?", (row.number + aside, row.number)
            )
        for row in rows:
            connection.execute(
                f"UPDATE {TABLE} SET id = ?, filename = ? WHERE id = ?",
                (row.new_number, row.new_filename, row.number + aside),
            )
        connection.execute("COMMIT")


def _unrecorded(shown: str, filename: str, why: str) -> DatabaseError:
    return DatabaseError(
        f"`{shown}`: the ledger does not record `{filename}`: {why}",
        f"see what constraints and triggers `{TABLE}` has; nothing was changed",
    )
