"""Replays scripts in memory and looks on: what each statement did to the schema, and queries.

For scripts that their own developer asks about; nothing on disk is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from hashlib import sha256

import apsw

from tsm_git.adapters.sqlite.introspect import read_schema
from tsm_git.adapters.sqlite.scripts import Trace, run_freely, run_statements
from tsm_git.adapters.sqlite.shadow import shadow
from tsm_git.core.change.lineage import Step, Thing
from tsm_git.core.errors import ScriptError, UsageError
from tsm_git.core.ledger import TABLE
from tsm_git.core.proof.answers import Result
from tsm_git.core.schema.objects import Schema
from tsm_git.core.script import NO_TRANSACTION, directives
from tsm_git.core.sql import Statement, statements

_OBJECTS = (
    "SELECT rowid, type, name, tbl_name, rootpage, sql FROM sqlite_schema"
    f" WHERE rowid > ? AND sql IS NOT NULL AND tbl_name <> '{TABLE}'"
)
_COLUMNS = "SELECT name FROM pragma_table_xinfo(?) WHERE hidden IN (0, 2, 3)"
_UNCHANGED = "nothing was changed: correct the script, `tsm check` shows where it stands"

_SHOWN = 10  # rows of a result that are kept to be shown

Raw = tuple[str, str, str, int, str]


def steps(scripts: Sequence[tuple[str, str]]) -> list[Step]:
    """Every statement that changed the schema; each script is its path and its text.

    Raises ScriptError where a statement fails.
    """
    with shadow() as connection:
        watch = _Watch(connection)
        for _ in _replayed(connection, scripts, watch.look):
            pass
        return watch.found


class _Watch:
    """Sees what a statement does to the schema, by the rows of `sqlite_schema` before and after."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._version = 0
        self._seen: dict[int, tuple[Raw, Thing]] = {}
        self.found: list[Step] = []

    def look(self, script: int, statement: Statement | None) -> None:
        """Takes down what a statement did, or a whole script that runs as it likes."""
        version = self._connection.pragma("schema_version")
        if version == self._version:
            return
        self._version = version
        is_new_only = statement is not None and statement.text[:6].upper() == "CREATE"
        # CREATE only adds rows behind the last one; to look at all of them each time would take
        # time with the square of the number of scripts.
        last = max(self._seen, default=0) if is_new_only else 0
        rows = {row[0]: row[1:] for row in self._connection.execute(_OBJECTS, (last,))}
        gone, made = [], []
        if not is_new_only:
            for rowid in [r for r, (raw, _) in self._seen.items() if rows.get(r) != raw]:
                gone.append(self._seen.pop(rowid)[1])
        for rowid, raw in rows.items():
            if rowid not in self._seen:
                thing = _thing(self._connection, raw)
                self._seen[rowid] = raw, thing
                made.append(thing)
        if gone or made:
            line, column = (statement.line, statement.column) if statement else (1, 1)
            self.found.append(Step(script, line, column, tuple(gone), tuple(made)))


def schemas(scripts: Sequence[tuple[str, str]], after: Collection[int]) -> dict[int, Schema]:
    """The schema after the first so many scripts, for each number in `after`."""
    with shadow() as connection:
        found = {0: read_schema(connection)}
        for count in _replayed(connection, scripts[: max(after, default=0)]):
            if count in after:
                found[count] = read_schema(connection)
        return found


def results(scripts: Sequence[tuple[str, str]], query: str) -> Iterator[Result]:
    """What a query answers after each script in turn; it cannot change anything.

    Raises ScriptError where a script does not run. That the query itself fails is a result.
    """
    with shadow() as connection:
        connection.limit(apsw.SQLITE_LIMIT_ATTACHED, 0)
        for _ in _replayed(connection, scripts):
            connection.pragma("query_only", True)
            yield _result(connection, query)
            connection.pragma("query_only", False)


def _result(connection: apsw.Connection, query: str) -> Result:
    cursor = connection.cursor()
    columns: list[str] = []

    def begun(running: apsw.Cursor, _sql: str, _bindings: object) -> bool:
        if not running.is_readonly:
            raise UsageError("`--query` would change the database", "give `--query 'SELECT ...'`")
        columns[:] = [str(column[0]) for column in running.get_description()]
        return True

    cursor.exec_trace = begun  # a result without rows has columns, too
    digest, total, rows = sha256(), 0, []
    try:
        # A statement that was prepared before the schema changed would tell the old columns.
        for row in cursor.execute(query, can_cache=False):
            digest.update(repr(row).encode("utf-8", "surrogatepass"))
            total += 1
            if total <= _SHOWN:
                rows.append(row)
    except apsw.InterruptError:
        raise
    except apsw.Error as error:
        return Result(error=str(error))
    return Result(tuple(columns), tuple(rows), total, digest.hexdigest())


def _thing(connection: apsw.Connection, row: Raw) -> Thing:
    columns: tuple[str, ...] = ()
    if row[0] in ("table", "view"):
        columns = tuple(str(name) for (name,) in connection.execute(_COLUMNS, (row[1],)))
    return Thing(*row, columns)


def _replayed(
    connection: apsw.Connection,
    scripts: Sequence[tuple[str, str]],
    look: Callable[[int, Statement | None], None] = lambda _script, _statement: None,
) -> Iterator[int]:
    """Runs scripts and yields how many have run; `look` is called after each statement."""
    for index, (path, text) in enumerate(scripts):
        try:
            if NO_TRANSACTION in directives(text.encode()):
                run_freely(connection, path, text, Trace())
                look(index, None)
            else:
                connection.execute("BEGIN IMMEDIATE")
                for statement in statements(text):
                    run_statements(connection, path, [statement])
                    look(index, statement)
                if connection.in_transaction:
                    connection.execute("COMMIT")
        except ScriptError as error:
            raise ScriptError(
                error.path, error.line, error.column, error.reason, _UNCHANGED
            ) from error
        yield index + 1
