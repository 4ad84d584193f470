"""Runs a script and records it, both or neither."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import apsw

from tsm_git.adapters.sqlite.connection import open_working, translated
from tsm_git.adapters.sqlite.ledger import entries, ledger_columns
from tsm_git.core.errors import DatabaseError, ScriptError, TsmError
from tsm_git.core.ledger import COLUMNS, CREATE, TABLE, Ledger, Row
from tsm_git.core.sql import Statement, position, statements

# What names the table that it changes, and in which of the authorizer's two words.
_CHANGES = {
    apsw.SQLITE_INSERT: 0,
    apsw.SQLITE_UPDATE: 0,
    apsw.SQLITE_DELETE: 0,
    apsw.SQLITE_DROP_TABLE: 0,
    apsw.SQLITE_ALTER_TABLE: 1,
    apsw.SQLITE_CREATE_TRIGGER: 1,
}

# A script runs inside tsm's transaction, which holds the ledger row too: it must not end it.
_FORBIDDEN = {
    apsw.SQLITE_TRANSACTION: "it would end the transaction that it is applied in",
    apsw.SQLITE_SAVEPOINT: "it would work on the transaction that it is applied in",
    apsw.SQLITE_ATTACH: "a script changes one database",
    apsw.SQLITE_DETACH: "a script changes one database",
}


_NOT_THE_SCRIPTS_FAULT = (
    apsw.BusyError,
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.FullError,
    apsw.IOError,
    apsw.ReadOnlyError,
)


def apply_script(
    path: Path,
    shown: str,
    script: tuple[int, str, str],
    clock: Callable[[], str],
    allow: Callable[[Ledger], bool],
) -> bool:
    """Runs one script and records it, both in one IMMEDIATE transaction; False if it need not.

    `script` is its number, its path as messages show it, and its normalised text. `allow` is asked
    with the ledger as it is under the lock: it raises what forbids the call, and says False where
    another process has just done the work. Raises ScriptError, with `LINE:COLUMN` in the message,
    where a statement fails; the database is then as it was before.
    """
    number, script_path, text = script
    filename = script_path.rpartition("/")[2]
    with translated(shown), open_working(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            if not allow(Ledger(shown, tuple(entries(connection, shown)))):
                connection.execute("ROLLBACK")
                return False
            started_at = clock()
            if not ledger_columns(connection, shown):
                connection.execute(CREATE)
            run_script(connection, script_path, text)
            _record(connection, shown, (number, filename, text, started_at, clock()))
            connection.execute("COMMIT")
            return True
        except BaseException:
            if connection.in_transaction:  # RAISE(ROLLBACK) or a full disk may have ended it
                connection.execute("ROLLBACK")
            raise


def move_rows(path: Path, shown: str, rows: Sequence[Row]) -> None:
    """Gives rows of a ledger other numbers and file names, all in one transaction.

    Raises DatabaseError where the ledger does not hold them as they are told.
    """
    with translated(shown), open_working(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
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
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def run_script(connection: apsw.Connection, script_path: str, text: str) -> None:
    """Runs every statement of a script in the transaction that is open, and does not end it.

    Raises ScriptError with `PATH:LINE:COLUMN: reason` where one fails or is not allowed.
    """
    refused: list[str] = []

    def authorize(action: int, *words: str | None) -> int:
        why = _FORBIDDEN.get(action)
        if action in _CHANGES and (words[_CHANGES[action]] or "").lower() == TABLE:
            why = "the ledger is written by tsm alone"
        if action == apsw.SQLITE_PRAGMA and (words[0] or "").lower() == "writable_schema":
            why = "it would let a statement damage the schema"
        if why is None:
            return apsw.SQLITE_OK
        refused.append(why)
        return apsw.SQLITE_DENY

    connection.authorizer = authorize
    try:
        for statement in statements(text):
            try:
                for _ in connection.execute(statement.text):
                    pass  # without reading its rows a statement is not run to its end
            except apsw.Error as error:
                why = f"not allowed in a script: {refused[-1]}" if refused else str(error)
                if isinstance(error, apsw.BindingsError):
                    why = "it has a parameter, and nothing gives a script values"
                raise _failed(script_path, statement, error, why) from error
    finally:
        connection.authorizer = None


def _record(connection: apsw.Connection, shown: str, row: tuple[int, str, str, str, str]) -> None:
    """Adds a row to the ledger, which another program may have made, and sees that it is there."""
    known = ledger_columns(connection, shown)
    values = {name: value for name, value in zip(COLUMNS, row, strict=True) if name in known}
    marks = ", ".join("?" * len(values))
    try:
        connection.execute(
            f"INSERT INTO {TABLE} ({', '.join(values)}) VALUES ({marks})", tuple(values.values())
        )
    except (apsw.ConstraintError, apsw.MismatchError, apsw.SQLError) as error:
        raise _unrecorded(shown, row[1], str(error)) from error
    found = connection.execute(
        f"SELECT 1 FROM {TABLE} WHERE id = ? AND filename = ? AND script = ?", row[:3]
    ).fetchall()
    if len(found) != 1:
        raise _unrecorded(shown, row[1], "the row is not there after it was written")


def _unrecorded(shown: str, filename: str, why: str) -> DatabaseError:
    return DatabaseError(
        f"`{shown}`: the ledger does not record `{filename}`: {why}",
        f"see what constraints and triggers `{TABLE}` has; nothing was changed",
    )


def _failed(script_path: str, statement: Statement, error: apsw.Error, why: str) -> TsmError:
    if isinstance(error, _NOT_THE_SCRIPTS_FAULT):
        raise error
    line, column = statement.line, statement.column
    offset = getattr(error, "error_offset", -1)
    if offset > 0:  # bytes into the statement; SQLite says -1 where it does not know
        characters = len(statement.text.encode()[:offset].decode("utf-8", "ignore"))
        inner_line, inner_column = position(statement.text, characters)
        column = inner_column + (column - 1 if inner_line == 1 else 0)
        line += inner_line - 1
    return ScriptError(script_path, line, column, why)
