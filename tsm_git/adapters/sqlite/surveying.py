"""Counts what a script does to real rows, before it first touches a table and at its end.

Called between the compiling of a statement and its first step, when the authorizer knows what it
will touch. Reads only.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

import apsw

from tsm_git.adapters.sqlite.guard import MOST_MAPPED, Guard, reader_of
from tsm_git.adapters.sqlite.outcomes import columns_of
from tsm_git.adapters.sqlite.watching import rows_of
from tsm_git.core.proof.replay import Count, Shrunk, Survey
from tsm_git.core.sql import fold, quoted


class _Measure(NamedTuple):
    """The rows of a table, and by column how many values there are, and their bytes."""

    table: str
    rows: int
    values: dict[str, tuple[int, int]]


class Surveyor:
    """The survey of one script; `file` is where the database lies, if not in memory."""

    def __init__(self, connection: apsw.Connection, guard: Guard, file: str | None) -> None:
        self._file = file
        self._connection = connection
        self._guard = guard
        self._size = self._bytes()
        self._before: dict[str, _Measure] = {}
        self._wrote: set[str] = set()
        self._triggered: set[str] = set()
        self._spent = 0.0
        self._started = time.monotonic()

    def look_ahead(self) -> None:
        """Measures what the statement that is about to run will touch for the first time."""
        started = time.monotonic()
        guard = self._guard
        guard.on, was_on = False, guard.on
        wanted: dict[str, set[str]] = {}
        for table in guard.deleted:
            wanted.setdefault(table, set())
        for table, column in guard.wrote | guard.loses:
            wanted.setdefault(table, set()).update([column] if column else ())
        for table in guard.dropped:  # it may come again: then every column counts
            wanted[table] = set(columns_of(self._connection, table))
        with self._mapped() if wanted else nullcontext():
            self._measure_before(wanted)
        direct = {table for table, _ in guard.wrote} | guard.deleted
        self._wrote |= set(map(fold, direct - guard.triggered))
        self._triggered |= set(map(fold, guard.triggered))
        guard.on = was_on
        self._spent += time.monotonic() - started

    def _measure_before(self, wanted: Mapping[str, set[str]]) -> None:
        for table, columns in wanted.items():
            known = self._before.get(fold(table))
            if known is None or not columns <= known.values.keys():
                found = _measure(self._connection, table, columns)
                if known:
                    found = found._replace(rows=known.rows, values={**found.values, **known.values})
                self._before[fold(table)] = found

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        """Reads from a file that is mapped, but has the script run as where it is applied."""
        if self._file:
            rows_of(self._connection, f"PRAGMA mmap_size = {MOST_MAPPED}")
        try:
            yield
        finally:
            if self._file:
                rows_of(self._connection, "PRAGMA mmap_size = 0")

    def survey(self) -> Survey:
        """What the script did, now that it is committed."""
        seconds = time.monotonic() - self._started - self._spent
        befores = sorted(self._before.items())
        with reader_of(self._file) if self._file else nullcontext(self._connection) as reader:
            afters = [_measure(reader, each.table, each.values) for _, each in befores]
        counts, shrunk = [], []
        for (name, before), after in zip(befores, afters, strict=True):
            if (before.rows, after.rows) != (-1, -1):
                by_trigger = name in self._triggered and name not in self._wrote
                counts.append(Count(before.table, before.rows, after.rows, by_trigger))
            for column, (values, size) in before.values.items():
                now = after.values.get(column)
                if now is None or after.rows < before.rows:
                    continue  # a row that goes takes its values along
                emptied, shortened = values - now[0], size - now[1]
                if emptied > 0 or shortened > 0:
                    shrunk.append(Shrunk(before.table, column, max(emptied, 0), max(shortened, 0)))
        return Survey(seconds, self._size, self._bytes(), tuple(counts), tuple(shrunk))

    def _bytes(self) -> int:
        ((pages,),) = rows_of(self._connection, "PRAGMA page_count")
        ((size,),) = rows_of(self._connection, "PRAGMA page_size")
        return int(pages) * int(size)


def _measure(connection: apsw.Connection, table: str, columns: Iterable[str]) -> _Measure:
    types = {
        fold(str(name)): (str(kind).upper(), bool(is_filled))
        for name, kind, is_filled in rows_of(connection, _TYPES, (table,))
    }
    if not types:
        return _Measure(table, -1, {})
    asked = [column for column in columns if fold(column) in types]
    parts = [_of_column(column, *types[fold(column)]) for column in asked]
    sql = f"SELECT {', '.join(['count(*)', *parts])} FROM main.{quoted(table)}"
    ((rows, *values),) = rows_of(connection, sql)
    pairs = zip(values[::2], values[1::2], strict=True)
    return _Measure(table, rows, dict(zip(asked, pairs, strict=True)))


# Views have no rows of their own, and what is temporary hides what is called like it.
_TYPES = """
SELECT c.name, c.type, c."notnull"
FROM main.sqlite_schema m, pragma_table_xinfo(m.name, 'main') c
WHERE m.type = 'table' AND m.name = ? COLLATE NOCASE AND c.hidden = 0
"""
_LONG = ("CHAR", "CLOB", "TEXT", "BLOB")  # https://sqlite.org/datatype3.html, section 3.1


def _of_column(column: str, kind: str, is_filled: bool) -> str:
    """How many values a column has, and their bytes together; numbers are not cut short.

    What is NOT NULL has as many values as there are rows, which SQLite counts once.
    """
    values = "count(*)" if is_filled else f"count({quoted(column)})"
    if kind and not any(word in kind for word in _LONG):
        return f"{values}, 0"
    return f"{values}, coalesce(sum(octet_length({quoted(column)})), 0)"
