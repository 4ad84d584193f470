"""Databases in memory, made by statements, and their schemas."""

from __future__ import annotations

import apsw

from tsm_git.adapters.sqlite.introspect import read_schema
from tsm_git.core.schema.objects import Schema, Table


def made(*statements: str) -> apsw.Connection:
    """Return a database in memory that ran these statements."""
    connection = apsw.Connection(":memory:")
    for statement in statements:
        for _ in connection.execute(statement):
            pass
    return connection


def schema_of(*statements: str) -> Schema:
    """Return the schema that these statements make."""
    return read_schema(made(*statements))


def table_of(*statements: str) -> Table:
    """Return the one table that these statements make."""
    (table,) = schema_of(*statements).tables.values()
    return table
