"""A private copy of a database to try a change on; the database itself is only read.

The copy is a temporary database of SQLite's own (https://sqlite.org/inmemorydb.html), which spills
to disk where it is large and is gone with the connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import apsw

from tsm_git.adapters.sqlite.connection import open_readonly, translated
from tsm_git.adapters.sqlite.foreign_keys import new_orphans, orphans, references
from tsm_git.adapters.sqlite.introspect import read_schema
from tsm_git.adapters.sqlite.scripts import run_script
from tsm_git.core.change.ddl import TEMPORARY
from tsm_git.core.change.keeping import Kept
from tsm_git.core.change.losses import Gap, Loss
from tsm_git.core.errors import ScriptError, TsmError
from tsm_git.core.schema.objects import Schema, Trigger
from tsm_git.core.sql import fold, quoted
from tsm_git.core.text import counted

_PAGES_AT_ONCE = 1000


class Trial(NamedTuple):
    """What a script did to the copy: the schema it ended in, and what is wrong, in words."""

    schema: Schema
    wrong: tuple[str, ...]


class Workshop:
    """A database to look at, and a copy of it to try things on, which is made when it is needed.

    Every trial leaves the copy as it was. With `is_copy` the connection itself is private.
    """

    def __init__(self, connection: apsw.Connection, *, is_copy: bool = True) -> None:
        self.connection = connection
        self.schema = read_schema(connection)
        self._copy = connection if is_copy else None

    def close(self) -> None:
        """Throws the copy away."""
        if self._copy is not None and self._copy is not self.connection:
            self._copy.close()

    def lost(self, loss: Loss) -> int:
        """How many rows of a table, or values of a column, would go."""
        return lost(self.connection, loss)

    def lacking(self, gap: Gap, table: str, column: str) -> int:
        """How many rows have no value for a column, called so here."""
        name = quoted(table)
        where = "" if gap.is_new else f" WHERE {quoted(column)} IS NULL"
        return _number(self.connection, f"SELECT count(*) FROM {name}{where}")

    def altered(self, statements: Sequence[str]) -> Schema:
        """The schema that it would have after these statements. Raises ScriptError."""
        with schema_only(self.schema) as connection:
            run_script(connection, "script", "\n".join(statements))
            return read_schema(connection)

    def tried(self, path: str, text: str, kept: Sequence[Kept]) -> Trial:
        """What a script does to the copy, as `tsm apply` runs it. Raises ScriptError."""
        if self._copy is None:
            self._copy = _temporary()
            _fill(self._copy, self.connection)
        return _tried(self._copy, path, text, kept)

    def tried_without_rows(self, path: str, text: str) -> Trial:
        """What a script does to the schema alone. Raises ScriptError."""
        with schema_only(self.schema) as connection:
            return _tried(connection, path, text, ())


@contextmanager
def workshop_of(path: Path, shown: str) -> Iterator[Workshop]:
    """A workshop for a database, which is only read."""
    with (
        translated(shown),
        open_readonly(path, shown) as origin,
        closing(Workshop(origin, is_copy=False)) as shop,
    ):
        yield shop


@contextmanager
def workshop_after(
    scripts: Sequence[tuple[str, str]], start: Path | None = None, shown: str = ""
) -> Iterator[Workshop]:
    """What scripts make of a database, or of nothing; each is a path and its text.

    Raises ScriptError where one fails.
    """
    with closing(_temporary()) as connection:
        if start is not None:
            with translated(shown), open_readonly(start, shown) as origin:
                _fill(connection, origin)
        for path, text in scripts:
            connection.execute("BEGIN IMMEDIATE")
            run_script(connection, path, text)
            if connection.in_transaction:
                connection.execute("COMMIT")
        yield Workshop(connection)


@contextmanager
def schema_only(schema: Schema) -> Iterator[apsw.Connection]:
    """A database in memory that has a schema and no rows."""
    connection = apsw.Connection(":memory:")
    try:
        for things in (
            schema.tables,
            schema.virtual_tables,
            schema.indexes,
            schema.views,
            schema.triggers,
        ):
            for thing in things.values():
                try:
                    connection.execute(thing.sql).fetchall()
                except apsw.SQLError as error:  # a module or a function of the application's
                    raise TsmError(
                        f"`{thing.name}` cannot be made here: {error}",
                        "write the script by hand",
                    ) from error
        yield connection
    finally:
        connection.close()


def sound(target: Schema, certain: Schema) -> Schema:
    """A schema without what does not work in it: an index of a column that is not there, say.

    What `certain` has too is not looked at.
    """
    indexes, views, triggers = dict(target.indexes), dict(target.views), dict(target.triggers)
    tables = Schema(target.tables, virtual_tables=target.virtual_tables)
    with schema_only(tables) as connection:
        for name, index in target.indexes.items():
            if not _works(connection, index.sql) and name not in certain.indexes:
                del indexes[name]
        for name, view in target.views.items():
            _works(connection, view.sql)
            query = f"SELECT * FROM {quoted(view.name)} LIMIT 0"
            if not _works(connection, query) and name not in certain.views:
                del views[name]
                connection.execute(f"DROP VIEW {quoted(view.name)}").fetchall()
        for name, trigger in target.triggers.items():
            if name not in certain.triggers and not _fires(connection, target, trigger):
                del triggers[name]
    return replace(target, indexes=indexes, views=views, triggers=triggers)


def _works(connection: apsw.Connection, sql: str) -> bool:
    try:
        # A cached EXPLAIN would not notice that the schema has changed since.
        connection.execute(sql, can_cache=False).fetchall()
    except apsw.SQLError:
        return False
    return True


def _fires(connection: apsw.Connection, schema: Schema, trigger: Trigger) -> bool:
    """Whether the statements that set a trigger off can be compiled with it."""
    if not _works(connection, trigger.sql):
        return False
    table, owner = quoted(trigger.table), schema.tables.get(fold(trigger.table))
    plain = [quoted(c.name) for c in owner.columns.values() if not c.generated] if owner else []
    sets = ", ".join(f"{name} = {name}" for name in plain)
    works = all(
        _works(connection, f"EXPLAIN {statement}")
        for statement in (
            f"DELETE FROM {table}",
            *(
                [f"INSERT INTO {table} DEFAULT VALUES", f"UPDATE {table} SET {sets}"]
                if plain
                else []
            ),
        )
    )
    connection.execute(f"DROP TRIGGER {quoted(trigger.name)}").fetchall()
    return works


def lost(connection: apsw.Connection, loss: Loss) -> int:
    """How many rows of a table, or values of a column, a database has."""
    what = f"count({quoted(loss.column)})" if loss.column else "count(*)"
    return _number(connection, f"SELECT {what} FROM {quoted(loss.table)}")


def lost_of_file(path: Path, shown: str, found: Sequence[Loss]) -> list[int]:
    """The same for several, of a database on disk; one that it does not have counts nothing."""
    counts = []
    with translated(shown), open_readonly(path, shown) as connection:
        tables = read_schema(connection).tables
        for loss in found:
            table = tables.get(fold(loss.table))
            has_it = table is not None and (not loss.column or fold(loss.column) in table.columns)
            counts.append(lost(connection, loss) if has_it else 0)
    return counts


def _tried(connection: apsw.Connection, path: str, text: str, kept: Sequence[Kept]) -> Trial:
    connection.execute("BEGIN")
    try:
        before = orphans(connection, references(connection))
        marked = [table for table in kept if table.has_mark]
        marks = _marks(connection, [table.old for table in marked])
        for number, table in enumerate(kept):
            _remember(connection, number, table)
        try:
            trace = run_script(connection, path, text)
        except ScriptError as error:
            # A rebuilt table has another name while it is filled.
            return Trial(Schema(), (error.reason.replace(TEMPORARY, ""),))
        wrong = [
            words
            for number, table in enumerate(kept)
            for words in _compared(connection, number, table)
        ]
        for table, old_mark, new_mark in zip(
            marked, marks, _marks(connection, [table.new for table in marked]), strict=True
        ):
            if new_mark < old_mark:
                wrong.append(f"`{table.new}` would give the ids of deleted rows again")
        after = orphans(connection, references(connection))
        wrong += [str(orphan) for orphan in new_orphans(before, after, trace.dropped)][:3]
        return Trial(read_schema(connection), tuple(wrong))
    finally:
        connection.execute("ROLLBACK")


def _remember(connection: apsw.Connection, number: int, kept: Kept) -> None:
    columns = [f"{quoted(old)} AS c{at}" for at, (old, _) in enumerate(kept.columns)]
    key = [f"{kept.key[0]} AS k"] if kept.key[0] else []
    listed = ", ".join(key + columns) or "1 AS c0"
    connection.execute(
        f"CREATE TEMP TABLE _tsm_kept_{number} AS SELECT {listed} FROM main.{quoted(kept.old)}"
    )


def _compared(connection: apsw.Connection, number: int, kept: Kept) -> Iterator[str]:
    before, after = f"temp._tsm_kept_{number}", f"main.{quoted(kept.new)}"
    had = _number(connection, f"SELECT count(*) FROM {before}")
    has = _number(connection, f"SELECT count(*) FROM {after}")
    if had != has:
        yield f"`{kept.new}` had {counted(had, 'row')}, and would have {has}"
    elif kept.columns:
        changed = _number(connection, _changed_rows(before, after, kept))
        if changed:
            yield f"values in {counted(changed, 'row')} of `{kept.new}` would change"


def _marks(connection: apsw.Connection, tables: Sequence[str]) -> list[int]:
    """The highest ids that AUTOINCREMENT has given in these tables."""
    if not connection.table_exists("main", "sqlite_sequence"):
        return [0] * len(tables)
    query = "SELECT max(seq) FROM sqlite_sequence WHERE name = ? COLLATE NOCASE"
    return [_number(connection, query, (table,)) for table in tables]


def _changed_rows(before: str, after: str, kept: Kept) -> str:
    news = [quoted(new) for _, new in kept.columns]
    if kept.key[1]:
        differs = " OR ".join(
            f"b.c{at} IS NOT a.{new} COLLATE BINARY" for at, new in enumerate(news)
        )
        return (
            f"SELECT count(*) FROM {before} AS b LEFT JOIN {after} AS a ON a.{kept.key[1]} = b.k"
            f" WHERE a.{kept.key[1]} IS NULL OR {differs}"
        )
    olds = ", ".join(f"c{at} COLLATE BINARY" for at in range(len(news)))
    return (
        f"SELECT count(*) FROM (SELECT {olds} FROM {before}"
        f" EXCEPT SELECT {', '.join(news)} FROM {after})"
    )


def _temporary() -> apsw.Connection:
    connection = apsw.Connection("")
    connection.pragma("foreign_keys", False)  # as `tsm apply` runs scripts
    connection.pragma("synchronous", "OFF")  # nobody will miss it
    return connection


def _fill(copy: apsw.Connection, origin: apsw.Connection) -> None:
    with copy.backup("main", origin, "main") as copying:
        while not copying.done:
            copying.step(_PAGES_AT_ONCE)


def _number(connection: apsw.Connection, query: str, values: tuple[str, ...] = ()) -> int:
    ((found,),) = connection.execute(query, values).fetchall()
    return int(str(found or 0))
