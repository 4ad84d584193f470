"""What a database is made of, as values: what SQLite's pragmas say, and what only its SQL says.

A `Schema` is read by `tsm_git.adapters.sqlite.introspect`. Its objects keep the statement that made
them (`sql`), which ALTER may have edited, and compare by what they mean: `core.change.diff`.
What a table is made of is worked out when it is first asked for: most tables never differ.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tsm_git.core.schema.clauses import IndexText, TableText, parse_index, parse_table
from tsm_git.core.schema.structure import (
    Check,
    Column,
    ColumnRow,
    ForeignKey,
    IndexRow,
    Key,
    KeyRow,
    Part,
    checks_of,
    columns_of,
    foreign_keys_of,
    parts_of,
    primary_key_of,
    uniques_of,
)
from tsm_git.core.sql import canonical, fold, significant, unquoted

Rows = Sequence[tuple[object, ...]]


@dataclass(frozen=True)
class Table:
    """A table as it stands in a schema: its statement, and what the pragmas say of it.

    Their rows are kept as they come, after the table's name: making values of them takes as long as
    reading them, and most tables are never looked into.
    """

    name: str
    sql: str
    strict: bool = False
    without_rowid: bool = False
    raw_columns: Rows = ()
    raw_keys: Rows = ()
    index_rows: tuple[IndexRow, ...] = ()

    @cached_property
    def column_rows(self) -> tuple[ColumnRow, ...]:
        """What `pragma_table_xinfo` says, a row for each column."""
        return tuple(ColumnRow._make(row[1:]) for row in self.raw_columns)

    @cached_property
    def key_rows(self) -> tuple[KeyRow, ...]:
        """What `pragma_foreign_key_list` says, a row for each column of each foreign key."""
        return tuple(KeyRow._make(row[1:]) for row in self.raw_keys)

    @cached_property
    def canonical(self) -> str:
        """The statement in token-canonical form."""
        return canonical(self.sql)

    @cached_property
    def text(self) -> TableText:
        """The clauses of the statement, and where they stand."""
        return parse_table(self.sql)

    @cached_property
    def columns(self) -> dict[str, Column]:
        """The columns in order, by folded name."""
        return columns_of(self.column_rows, self.text)

    @cached_property
    def primary_key(self) -> Key | None:
        """The primary key, its columns in the key's order."""
        return primary_key_of(self.column_rows, self.index_rows, self.text)

    @property
    def rowid_alias(self) -> str | None:
        """The INTEGER PRIMARY KEY column: another name of the rowid, and so without an index."""
        keys = [row.name for row in self.column_rows if row.key]
        has_index = any(row.origin == "pk" for row in self.index_rows)
        return keys[0] if len(keys) == 1 and not has_index and not self.without_rowid else None

    @cached_property
    def autoincrement(self) -> bool:
        """Whether the ids of deleted rows are never given again."""
        return any("autoincrement" in c.flags for c in self.text.all_clauses("primary"))

    @cached_property
    def uniques(self) -> tuple[Key, ...]:
        """The UNIQUE constraints, sorted."""
        return uniques_of(self.index_rows, self.text)

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """The CHECK constraints, of columns and of the table, sorted."""
        return checks_of(self.text)

    @cached_property
    def foreign_keys(self) -> tuple[ForeignKey, ...]:
        """The foreign keys, sorted."""
        return foreign_keys_of(self.key_rows, self.text)


@dataclass(frozen=True)
class Index:
    """An index that a CREATE INDEX statement made."""

    name: str
    table: str
    sql: str
    row: IndexRow

    @cached_property
    def canonical(self) -> str:
        """The statement in token-canonical form."""
        return canonical(self.sql)

    @cached_property
    def text(self) -> IndexText:
        """The clauses of the statement, and where they stand."""
        return parse_index(self.sql)

    @property
    def unique(self) -> bool:
        """Whether it forbids equal rows."""
        return bool(self.row.unique)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """What it is over, in order."""
        return tuple(
            part._replace(text=text) if row.name is None else part
            for part, row, text in zip(
                parts_of(self.row), self.row.parts, self.text.parts, strict=False
            )
        )

    @property
    def where(self) -> str:
        """The condition of a partial index in canonical form, else empty."""
        return self.text.where


@dataclass(frozen=True)
class Trigger:
    """A trigger; `table` is the table or view that it watches."""

    name: str
    table: str
    sql: str

    @cached_property
    def canonical(self) -> str:
        """The statement in token-canonical form."""
        return canonical(self.sql)


@dataclass(frozen=True)
class View:
    """A view."""

    name: str
    sql: str

    @cached_property
    def canonical(self) -> str:
        """The statement in token-canonical form."""
        return canonical(self.sql)


@dataclass(frozen=True)
class VirtualTable:
    """A virtual table; its shadow tables are its own affair."""

    name: str
    sql: str

    @cached_property
    def canonical(self) -> str:
        """The statement in token-canonical form."""
        return canonical(self.sql)

    @cached_property
    def module(self) -> str:
        """The module that implements it, such as `fts5`."""
        found = significant(self.sql)
        words = [fold(token.text) for token in found]
        return fold(unquoted(found[words.index("using") + 1].text)) if "using" in words else ""


@dataclass(frozen=True)
class Schema:
    """A whole schema; each mapping goes from the folded name, in the order of creation."""

    tables: MutableMapping[str, Table] = field(default_factory=dict)
    indexes: MutableMapping[str, Index] = field(default_factory=dict)
    triggers: MutableMapping[str, Trigger] = field(default_factory=dict)
    views: MutableMapping[str, View] = field(default_factory=dict)
    virtual_tables: MutableMapping[str, VirtualTable] = field(default_factory=dict)
