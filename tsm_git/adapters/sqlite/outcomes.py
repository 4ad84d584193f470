"""Reads what a database holds as values that two replays can be compared by."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha1

import apsw

from tsm_git.core.ledger import TABLE
from tsm_git.core.proof.order import Table
from tsm_git.core.sql import canonical, quoted

_SCHEMA = (
    "SELECT type, name, sql FROM sqlite_schema"
    f" WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> '{TABLE}'"
)


def read_outcome(
    connection: apsw.Connection,
) -> tuple[dict[tuple[str, str], str], dict[str, Table]]:
    """Each object by (type, name) as canonical SQL, and each table by its columns and rows."""
    rows = connection.execute(_SCHEMA).fetchall()
    schema = {(str(kind), str(name)): canonical(str(sql or "")) for kind, name, sql in rows}
    tables = {}
    for kind, name in schema:
        if kind == "table":
            columns = columns_of(connection, name)
            tables[name] = Table(tuple(columns), _digest(connection, name, columns))
    return schema, tables


def columns_of(connection: apsw.Connection, table: str) -> list[str]:
    """The columns of a table that hold values of its own, in order."""
    sql = "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0"
    return [str(name) for (name,) in connection.execute(sql, (table,))]


def _digest(connection: apsw.Connection, table: str, columns: Sequence[str]) -> str:
    """A digest of rows as a multiset: their order does not count, nor that of the columns."""
    wanted = ", ".join(map(quoted, sorted(columns))) or "1"
    total = 0
    for row in connection.execute(f"SELECT {wanted} FROM {quoted(table)}"):
        digest = sha1(repr(row).encode("utf-8", "replace"), usedforsecurity=False).digest()
        total += int.from_bytes(digest, "big")
    return f"{total % (1 << 160):040x}"
