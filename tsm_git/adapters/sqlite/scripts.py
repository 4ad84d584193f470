"""Runs the statements of a script on a connection, and says what they did.

Knows neither the ledger's rows nor transactions: see `applying`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import apsw

from tsm_git.core.errors import ScriptError, TsmError
from tsm_git.core.ledger import TABLE
from tsm_git.core.sql import Statement, position, statements

# What names the table that it changes, and in which of the authorizer's two words.
_CHANGES = {
    apsw.SQLITE_INSERT: 0,
    apsw.SQLITE_UPDATE: 0,
    apsw.SQLITE_DELETE: 0,
    apsw.SQLITE_CREATE_TABLE: 0,
    apsw.SQLITE_DROP_TABLE: 0,
    apsw.SQLITE_ALTER_TABLE: 1,
    apsw.SQLITE_CREATE_TRIGGER: 1,
}

_TRANSACTIONS = {
    # A script runs inside tsm's transaction, which holds the ledger row too: it must not end it.
    apsw.SQLITE_TRANSACTION: "it would end the transaction that it is applied in",
    apsw.SQLITE_SAVEPOINT: "it would work on the transaction that it is applied in",
}
_FORBIDDEN = {
    apsw.SQLITE_ATTACH: "a script changes one database",
    apsw.SQLITE_DETACH: "a script changes one database",
}

# Pragmas that take a value and yet change no setting of the connection.
_ASKING = frozenset(
    (
        *("application_id", "defer_foreign_keys", "foreign_key_check", "foreign_key_list"),
        *("index_info", "index_list", "index_xinfo", "integrity_check", "optimize"),
        *("quick_check", "table_info", "table_list", "table_xinfo", "user_version"),
    )
)

_VACUUM = "vacuum_"  # begins the name of the database that VACUUM builds in

_NOT_THE_SCRIPTS_FAULT = (
    apsw.BusyError,
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.FullError,
    apsw.IOError,
    apsw.ReadOnlyError,
)


@dataclass(slots=True)
class Trace:
    """What the statements of a script did, gathered while they run.

    `settled` counts the statements that no rollback can take back any more. `has_settings` says
    that the connection is not as new any more: a pragma was set, or something temporary made.
    `tables` are those whose rows or shape changed, `dropped` those that went, in lower case.
    """

    settled: int = 0
    has_settings: bool = False
    has_altered: bool = False
    tables: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    refused: str | None = None


def run_script(connection: apsw.Connection, script_path: str, text: str) -> Trace:
    """Runs every statement of a script in the transaction that is open, and does not end it.

    Raises ScriptError with `PATH:LINE:COLUMN: reason` where one fails or is not allowed.
    """
    return run_statements(connection, script_path, statements(text))


def run_statements(
    connection: apsw.Connection, script_path: str, some: Iterable[Statement]
) -> Trace:
    """Runs some of the statements of a script, as `run_script` runs all of them."""
    trace = Trace()
    with _watched(connection, trace, _FORBIDDEN | _TRANSACTIONS):
        for statement in some:
            _run(connection, script_path, statement, trace)
    return trace


def run_freely(connection: apsw.Connection, script_path: str, text: str, trace: Trace) -> None:
    """Runs every statement of a script that asks for no transaction; it may open its own.

    Raises as `run_script`; `trace` then says how far it came. A transaction that the script has
    left open is rolled back.
    """
    every = statements(text)
    try:
        with _watched(connection, trace, _FORBIDDEN):
            for count, statement in enumerate(every, start=1):
                _run(connection, script_path, statement, trace)
                if not connection.in_transaction:
                    trace.settled = count
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    if trace.settled < len(every):
        last = every[-1]
        why = "the script has opened a transaction and does not commit it"
        raise ScriptError(script_path, last.line, last.column, why)


@contextmanager
def _watched(
    connection: apsw.Connection, trace: Trace, forbidden: dict[int, str]
) -> Iterator[None]:
    def authorize(action: int, *words: str | None) -> int:
        why = forbidden.get(action)
        if action in _CHANGES and not (words[2] or "").startswith(_VACUUM):
            table = (words[_CHANGES[action]] or "").lower()
            trace.tables.add(table)
            if table == TABLE:
                why = "the ledger is written by tsm alone"
            if action == apsw.SQLITE_DROP_TABLE:
                trace.dropped.add(table)
            trace.has_altered = trace.has_altered or action == apsw.SQLITE_ALTER_TABLE
        elif _is_of_vacuum(action, words[0] or ""):
            why = None
        elif action == apsw.SQLITE_PRAGMA:
            pragma = (words[0] or "").lower()
            if pragma == "writable_schema":
                why = "it would let a statement damage the schema"
            if pragma == "query_only" and words[1] is not None:
                why = "it would keep tsm from recording the script"
            if words[1] is not None and pragma not in _ASKING:
                trace.has_settings = True
        if words[2] == "temp":
            trace.has_settings = True
        if why is None:
            return apsw.SQLITE_OK
        trace.refused = why
        return apsw.SQLITE_DENY

    connection.authorizer = authorize
    try:
        yield
    finally:
        connection.authorizer = None


def _is_of_vacuum(action: int, name: str) -> bool:
    """Whether it is VACUUM at work: it attaches a nameless database, and detaches it again."""
    if action == apsw.SQLITE_ATTACH:
        return name == ""
    return action == apsw.SQLITE_DETACH and name.startswith(_VACUUM)


def _run(connection: apsw.Connection, script_path: str, statement: Statement, trace: Trace) -> None:
    try:
        for _ in connection.execute(statement.text):
            pass  # without reading its rows a statement is not run to its end
    except apsw.Error as error:
        why = f"not allowed in a script: {trace.refused}" if trace.refused else str(error)
        if isinstance(error, apsw.BindingsError):
            why = "it has a parameter, and nothing gives a script values"
        raise _failed(script_path, statement, error, why) from error


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
