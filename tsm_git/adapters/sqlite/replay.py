"""Replays scripts in a shadow database in memory: nothing on disk is touched.

For scripts that their own developer asks to run; strangers' SQL needs a process of its own with
limits by the operating system.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from hashlib import sha1

import apsw

from tsm_git.adapters.sqlite.scripts import Trace, run_freely, run_script
from tsm_git.core.errors import ScriptError, TsmError
from tsm_git.core.ledger import TABLE
from tsm_git.core.order import Failure, Outcome, Table
from tsm_git.core.script import NO_TRANSACTION, directives
from tsm_git.core.sql import canonical

SECONDS = 60.0  # for one replay; two hundred ordinary scripts take a fiftieth of a second
_STEPS = 10_000  # virtual machine instructions between two looks at the clock


def replay(scripts: Sequence[tuple[str, str]]) -> Outcome:
    """What scripts end in, run one after the other from nothing; each is a path and its text.

    A statement that fails is an outcome, not an error.
    """
    connection = apsw.Connection(":memory:")
    try:
        connection.pragma("temp_store", 2)  # memory
        deadline = time.monotonic() + SECONDS
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
        for path, text in scripts:
            try:
                if NO_TRANSACTION in directives(text.encode()):
                    run_freely(connection, path, text, Trace())
                else:
                    connection.execute("BEGIN IMMEDIATE")
                    run_script(connection, path, text)
            except ScriptError as error:
                failure = Failure(error.path, error.line, error.column, error.reason)
                return Outcome(failure, {}, {})
            if connection.in_transaction:
                connection.execute("COMMIT")
        return Outcome(None, _schema(connection), _tables(connection))
    except apsw.Error as error:
        raise TsmError(
            f"the replay in memory stopped: {error}", "`--no-proof` does without it"
        ) from error
    finally:
        connection.close()


def _schema(connection: apsw.Connection) -> dict[tuple[str, str], str]:
    rows = connection.execute(
        "SELECT type, name, sql FROM sqlite_schema"
        " WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> ?",
        (TABLE,),
    )
    return {(str(kind), str(name)): canonical(str(sql or "")) for kind, name, sql in rows}


def _tables(connection: apsw.Connection) -> dict[str, Table]:
    found = {}
    for kind, name in _schema(connection):
        if kind == "table":
            columns = [
                str(column)
                for (column,) in connection.execute(
                    "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", (name,)
                )
            ]
            found[name] = Table(tuple(columns), _digest_of_rows(connection, name, columns))
    return found


def _digest_of_rows(connection: apsw.Connection, table: str, columns: Sequence[str]) -> str:
    wanted = ", ".join(_quoted(column) for column in sorted(columns)) or "1"
    rows = sorted(repr(row) for row in connection.execute(f"SELECT {wanted} FROM {_quoted(table)}"))
    return sha1("\n".join(rows).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
