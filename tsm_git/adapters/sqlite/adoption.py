"""Takes a database over that has a schema and no ledger: scripts are recorded without being run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw

from tsm_git.adapters.sqlite.connection import open_readonly, open_working, transaction, translated
from tsm_git.adapters.sqlite.introspect import read_schema
from tsm_git.adapters.sqlite.ledger import entries
from tsm_git.adapters.sqlite.recording import Record, ensure_ledger, record
from tsm_git.adapters.sqlite.scripts import run_script
from tsm_git.core.change.diff import differences
from tsm_git.core.errors import Refusal
from tsm_git.core.schema.objects import Schema


def schema_of(path: Path, shown: str) -> Schema:
    """The schema of a database file. Reads only.

    Raises DatabaseError where the file is locked, corrupt or not SQLite.
    """
    with translated(shown), open_readonly(path, shown) as connection:
        return read_schema(connection)


def schemas_after(scripts: Sequence[tuple[str, str]]) -> Iterator[Schema]:
    """The schema after each script, run in order in memory; each is a path and its text.

    Raises ScriptError where a statement fails.
    """
    connection = apsw.Connection(":memory:")
    try:
        connection.pragma("temp_store", 2)  # memory
        for path, text in scripts:
            run_script(connection, path, text)
            yield read_schema(connection)
    finally:
        connection.close()


def adopt(path: Path, shown: str, records: Sequence[Record], expected: Schema) -> None:
    """Records scripts as applied, all in one transaction.

    Raises Refusal where the database has a ledger with scripts, or another schema than expected,
    now that nobody else can write.
    """
    with translated(shown), open_working(path) as connection, transaction(connection):
        is_taken = bool(entries(connection, shown))
        if is_taken or differences(read_schema(connection), expected):
            raise Refusal(
                f"`{shown}` was changed by somebody else meanwhile",
                "run `tsm status` to see what it holds now",
            )
        columns = ensure_ledger(connection, shown)
        for row in records:
            record(connection, shown, columns, row)
        connection.execute("COMMIT")
