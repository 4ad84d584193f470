"""Looks at a database after each statement: what has changed, and what is wrong now.

Reads through the connection that runs the scripts; runs no statement of theirs.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing, suppress
from typing import Any

import apsw

from tsm_git.adapters.sqlite.guard import Guard
from tsm_git.adapters.sqlite.introspect import read_schema
from tsm_git.adapters.sqlite.outcomes import columns_of
from tsm_git.core.change.leftovers import lost_details
from tsm_git.core.ledger import TABLE
from tsm_git.core.proof.effects import rebuilt
from tsm_git.core.proof.replay import Broken, Health, Item, Step
from tsm_git.core.schema.objects import Schema
from tsm_git.core.sql import Statement, fold, position, quoted, tokens

_SCHEMA = f"""
SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema
WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name <> '{TABLE}' ORDER BY type, name
"""

# Shadow tables are the inside of virtual ones (https://sqlite.org/vtab.html#xshadowname).
_SHADOWS = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'"

# A key whose parent is not there is no violation for `foreign_key_check` while there are no rows.
_NO_PARENT = """
SELECT DISTINCT m.name, f."table" FROM sqlite_schema m, pragma_foreign_key_list(m.name) f
WHERE m.type = 'table' AND NOT EXISTS (
    SELECT 1 FROM sqlite_schema p WHERE p.type = 'table' AND p.name = f."table" COLLATE NOCASE
)
"""

_FOREIGN_KEYS = """
SELECT m.name, f."table", f."from" FROM sqlite_schema m, pragma_foreign_key_list(m.name) f
WHERE m.type = 'table'
"""
_WELL = Health()

_MOST_STEPS = 10_000  # of a script; after so many only changes of the schema are told


class Touched:
    """What a script has done to tables, as far as foreign keys care; names are folded."""

    def __init__(self) -> None:
        self._made: set[str] = set()
        self._emptied: set[str] = set()  # rows went: with them what was wrong
        self._less: set[str] = set()  # rows went, or keys changed: what refers to them may hang
        self._written: set[tuple[str, str]] = set()

    def add(self, guard: Guard, gone: tuple[Item, ...], made: tuple[Item, ...]) -> None:
        """Adds what a statement did."""
        self._made |= {fold(item.name) for item in made if item.kind == "table"}
        self._less |= {fold(item.name) for item in (*gone, *made) if item.kind == "table"}
        self._emptied |= set(map(fold, guard.deleted))
        self._less |= set(map(fold, guard.deleted | guard.dropped))
        self._less |= {fold(table) for table, column in guard.wrote if column}
        self._written |= {(fold(table), fold(column)) for table, column in guard.wrote}

    def concerns(self, table: str, references: set[tuple[str, str]]) -> bool:
        """Whether foreign keys of a table, each to a parent from a column, may be other now."""
        if table in self._made | self._emptied or (table, "") in self._written:
            return True
        return any(
            parent in self._less or (table, column) in self._written
            for parent, column in references
        )


class Watcher:
    """What a schema is from statement to statement."""

    def __init__(self, connection: apsw.Connection, guard: Guard) -> None:
        self._connection = connection
        self._guard = guard
        self._version = -1
        self._rows = connection.total_changes()
        self._items: dict[tuple[str, str], Item] = {}
        self._read()
        self.start()

    def start(self) -> None:
        """Begins with a script."""
        self.steps: list[Step] = []
        self.touched = Touched()
        self.first_items = self.items

    @property
    def items(self) -> tuple[Item, ...]:
        """The schema as it is now."""
        return tuple(self._items.values())

    def look(self, statement: Statement) -> None:
        """Adds a step if the statement has done anything."""
        gone, made = self._read()
        rows = self._connection.total_changes()
        changed, self._rows = rows - self._rows, rows
        guard = self._guard
        self.touched.add(guard, gone, made)
        is_telling = len(self.steps) < _MOST_STEPS and (changed or guard.wrote)
        if gone or made or is_telling:
            self.steps.append(
                Step(
                    statement.line,
                    statement.column,
                    gone,
                    made,
                    guard.alters,
                    tuple(sorted(guard.read)) if guard.wrote else (),
                    tuple(sorted(guard.wrote)),
                    changed,
                )
            )

    def altered(self) -> list[tuple[str, str]]:
        """What tables that the script made anew have lost: table, and what in words."""
        names = rebuilt(self.steps)
        if not names:
            return []
        old, new = _schema_of(self.first_items), _schema_of(self.items)
        return [
            (new.tables[name].name, words)
            for name in names
            if name in old.tables and name in new.tables
            for words in lost_details(old.tables[name], new.tables[name], old, new)
        ]

    def _read(self) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
        ((version,),) = rows_of(self._connection, "PRAGMA schema_version")
        if version == self._version:
            return (), ()
        self._version = version
        was = self._items
        now: dict[tuple[str, str], Item] = {}
        rows = rows_of(self._connection, _SCHEMA)
        shadows = set()
        if any(sql.startswith("CREATE VIRTUAL") for _, _, _, sql in rows):
            shadows = {name for (name,) in rows_of(self._connection, _SHADOWS)}
        for kind, name, table, sql in rows:
            if table in shadows:
                continue
            old = was.get((kind, name))
            if old is not None and (old.table, old.sql) == (table, sql):
                now[kind, name] = old
            else:
                columns = self._columns(name) if kind == "table" else ()
                now[kind, name] = Item(kind, name, table, sql, columns)
        self._items = now
        gone = tuple(item for key, item in was.items() if now.get(key) != item)
        made = tuple(item for key, item in now.items() if was.get(key) != item)
        return gone, made

    def _columns(self, table: str) -> tuple[str, ...]:
        rows = self._connection.execute(
            "SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1", (table,)
        )
        return tuple(str(name) for (name,) in rows)


def _schema_of(items: Iterable[Item]) -> Schema:
    """The schema that tables make, from their statements alone."""
    with closing(apsw.Connection(":memory:")) as connection:
        for item in items:
            if item.kind == "table" and not item.sql.startswith("CREATE VIRTUAL"):
                with suppress(apsw.Error):  # a function that is not there any more, say
                    connection.execute(item.sql)
        return read_schema(connection)


def health(
    connection: apsw.Connection, known: Health = _WELL, touched: Touched | None = None
) -> Health:
    """What is wrong with foreign keys, views and triggers.

    With `touched`, foreign keys that cannot have changed since `known` are not looked at again.
    """
    return Health(tuple(_keys(connection, known, touched)), tuple(_code(connection)))


def _keys(connection: apsw.Connection, known: Health, touched: Touched | None) -> list[Broken]:
    found = []
    for child, parent in rows_of(connection, _NO_PARENT):
        found.append(Broken("table", child, f"it refers to the table `{parent}`, which is gone"))
    dangling = {broken.name for broken in found}
    keys: dict[str, set[tuple[str, str]]] = {}
    for table, parent, column in rows_of(connection, _FOREIGN_KEYS):
        keys.setdefault(table, set()).add((fold(parent), fold(column)))
    for table, references in keys.items():
        if table in dangling:
            continue
        if touched is not None and not touched.concerns(fold(table), references):
            found += [b for b in known.keys if b.name == table and " row" in b.words]
            continue
        try:
            rows = rows_of(
                connection,
                "SELECT parent, count(*) FROM pragma_foreign_key_check(?) GROUP BY parent",
                (table,),
            )
        except apsw.SQLError as error:  # its parent has no such key
            found.append(Broken("table", table, str(error).removeprefix("SQLError: ")))
            continue
        for parent, count in rows:
            rows_are = "1 row refers" if count == 1 else f"{count} rows refer"
            found.append(Broken("table", table, f"{rows_are} to nothing in `{parent}`"))
    return found


def _code(connection: apsw.Connection) -> list[Broken]:
    """The views and triggers that SQLite cannot compile, each with its reason."""
    found = []
    rows = rows_of(
        connection,
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE type IN ('view', 'trigger')",
    )
    for kind, name, _, _ in rows:
        if kind == "view":
            why = _error(connection, f"EXPLAIN SELECT * FROM {quoted(name)}")
            if why:
                found.append(Broken(kind, name, why))
    for table in dict.fromkeys(table for kind, _, table, _ in rows if kind == "trigger"):
        found += _triggers(connection, table, [r for r in rows if r[0] == "trigger"])
    return found


def _triggers(connection: apsw.Connection, table: str, rows: list[tuple[Any, ...]]) -> list[Broken]:
    """The triggers of one table: a statement of each kind compiles those that it would fire."""
    columns = columns_of(connection, table)
    sets = ", ".join(f"{quoted(column)} = {quoted(column)}" for column in columns) or "rowid = 1"
    target = quoted(table)
    found: dict[str, str] = {}
    for statement in (
        f"EXPLAIN INSERT INTO {target} DEFAULT VALUES",
        f"EXPLAIN UPDATE {target} SET {sets}",
        f"EXPLAIN DELETE FROM {target}",
    ):
        why = _error(connection, statement)
        if why:
            found.setdefault(statement.split()[1], why)
    broken = []
    for _, name, owner, sql in rows:
        if owner != table:
            continue
        words = {token.text.upper() for token in tokens(sql.upper().split("BEGIN")[0])}
        for event, why in found.items():
            if event in words:
                broken.append(Broken("trigger", name, why))
                break
    return broken


def _error(connection: apsw.Connection, sql: str) -> str:
    try:
        # Not from the cache: EXPLAIN does not see that the schema is another by now.
        connection.execute(sql, can_cache=False).fetchall()
    except apsw.Error as error:
        return str(error).removeprefix("SQLError: ")
    return ""


def rows_of(
    connection: apsw.Connection, sql: str, values: tuple[str, ...] = ()
) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    return connection.execute(sql, values).fetchall()


def place_of(text: str, start: int, error_offset: int) -> tuple[int, int]:
    """Where in a script an error is; SQLite counts bytes from the start of the statement.

    Without an offset it is the first token of the statement.
    """
    rest = text[start:]
    if error_offset >= 0:
        characters = len(rest.encode()[:error_offset].decode("utf-8", "ignore"))
        return position(text, start + characters)
    for token in tokens(rest):
        if token.kind not in ("space", "comment", "semi"):
            return position(text, start + token.start)
    return position(text, start)
