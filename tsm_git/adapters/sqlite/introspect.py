"""Reads the schema of a database: a handful of queries, however many tables there are."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import apsw

from tsm_git.adapters.sqlite.connection import open_readonly, translated
from tsm_git.core.ledger import TABLE
from tsm_git.core.schema.objects import Index, Rows, Schema, Table, Trigger, View, VirtualTable
from tsm_git.core.schema.structure import IndexRow, PartRow
from tsm_git.core.sql import fold

# A virtual table has no root page. Its pragmas are not asked: its module may be missing.
_PLAIN_WITH = "FROM sqlite_schema AS s, {} WHERE s.type = 'table' AND s.rootpage > 0"

_OBJECTS = "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema ORDER BY rowid"
_KINDS = "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'"
_COLUMNS = 'SELECT s.name, x.name, x.type, x."notnull", x.dflt_value, x.pk, x.hidden ' + (
    _PLAIN_WITH.format("pragma_table_xinfo(s.name, 'main') AS x")
)
_KEYS = 'SELECT s.name, x.id, x.seq, x."table", x."from", x."to", x.on_update, x.on_delete ' + (
    _PLAIN_WITH.format("pragma_foreign_key_list(s.name, 'main') AS x")
)
_INDEXES = (
    'SELECT s.name, l.name, l."unique", l.origin, x.name, x."desc", x.coll '
    + _PLAIN_WITH.format(
        "pragma_index_list(s.name, 'main') AS l, pragma_index_xinfo(l.name, 'main') AS x"
    )
    + " AND x.key ORDER BY s.rowid, l.name, x.seqno"
)

# SQLite's own tables, and those of Litestream, which makes them in each database that it copies.
_OTHERS = ("sqlite_", "_litestream_")


def read_schema_of(path: Path, shown: str) -> Schema:
    """The schema of a database file, which is left as it is."""
    with translated(shown), open_readonly(path, shown) as connection:
        return read_schema(connection)


def schema_of_image(image: bytes) -> Schema:
    """The schema of a database that a replay has kept."""
    connection = apsw.Connection(":memory:")
    try:
        connection.deserialize("main", image)
        return read_schema(connection)
    finally:
        connection.close()


def read_schema(connection: apsw.Connection) -> Schema:
    """The schema of the main database, without the ledger, SQLite's own and shadow tables."""
    kinds = {name: rest for name, *rest in connection.execute(_KINDS)}
    columns = _by_table(connection, _COLUMNS)
    keys = _by_table(connection, _KEYS)
    indexes = _indexes(connection)
    schema = Schema()
    for kind, name, owner, page, sql in connection.execute(_OBJECTS):
        shape, without_rowid, strict = kinds.get(owner, ("", 0, 0))
        if sql is None or shape == "shadow" or _is_left_out(owner) or _is_left_out(name):
            continue
        if kind == "table" and page:
            schema.tables[fold(name)] = Table(
                name,
                sql,
                bool(strict),
                bool(without_rowid),
                columns.get(name, ()),
                keys.get(name, ()),
                tuple(indexes[name].values()),
            )
        elif kind == "table":
            schema.virtual_tables[fold(name)] = VirtualTable(name, sql)
        elif kind == "index":
            schema.indexes[fold(name)] = Index(name, owner, sql, indexes[owner][name])
        elif kind == "trigger":
            schema.triggers[fold(name)] = Trigger(name, owner, sql)
        else:
            schema.views[fold(name)] = View(name, sql)
    return schema


def _by_table(connection: apsw.Connection, query: str) -> dict[str, Rows]:
    rows = connection.execute(query).fetchall()
    return {name: tuple(group) for name, group in groupby(rows, itemgetter(0))}


def _indexes(connection: apsw.Connection) -> dict[str, dict[str, IndexRow]]:
    found: dict[str, dict[str, IndexRow]] = defaultdict(dict)
    for table, name, unique, origin, *part in connection.execute(_INDEXES):
        before = found[table].get(name)
        parts = (*(before.parts if before else ()), PartRow(*part))
        found[table][name] = IndexRow(name, unique, origin, parts)
    return found


def _is_left_out(name: str) -> bool:
    return fold(name) == TABLE or fold(name).startswith(_OTHERS)
