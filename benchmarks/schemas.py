"""`python -m benchmarks.schemas`: reading, comparing and rebuilding, beside SQLite's own work.

S12: a generated rebuild of a million rows against the same twelve steps by hand. S13: reading the
schema of 500 tables against one UNION query, and the difference of two such schemas, written
differently throughout, against running their DDL. Each pair runs in turn, in processor time.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

import apsw

from benchmarks.figures import Figure
from tsm_git.adapters.sqlite.introspect import read_schema
from tsm_git.core.change.ddl import plan_changes
from tsm_git.core.change.diff import differences

_UNION = """
SELECT m.name, 'column', x.name, x.type, x."notnull", x.dflt_value, x.pk, x.hidden
FROM sqlite_schema AS m, pragma_table_xinfo(m.name) AS x WHERE m.type = 'table'
UNION ALL
SELECT m.name, 'index', l.name, l.origin, l."unique", x.name, x."desc", x.coll
FROM sqlite_schema AS m, pragma_index_list(m.name) AS l, pragma_index_xinfo(l.name) AS x
WHERE m.type = 'table'
UNION ALL
SELECT m.name, 'key', f.id, f."table", f."from", f."to", f.on_delete, f.on_update
FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table'
UNION ALL
SELECT name, type, tbl_name, sql, NULL, NULL, NULL, NULL FROM sqlite_schema
"""

# The twelve steps of https://sqlite.org/lang_altertable.html, as a person writes them.
_TWELVE_STEPS = """
CREATE TABLE new_t (id INTEGER PRIMARY KEY, a INT, b TEXT NOT NULL, c REAL);
INSERT INTO new_t SELECT id, a, b, c FROM t;
DROP TABLE t;
ALTER TABLE new_t RENAME TO t;
CREATE INDEX i ON t (a);
PRAGMA foreign_key_check;
"""
_OLD = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, b TEXT, c REAL)"
_NEW = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, b TEXT NOT NULL, c REAL)"
_INDEX = "CREATE INDEX i ON t (a)"


def database(*statements: str) -> apsw.Connection:
    """A database in memory that ran these statements in one transaction."""
    connection = apsw.Connection(":memory:")
    run(connection, ";\n".join(["BEGIN", *statements, "COMMIT"]))
    return connection


def run(connection: apsw.Connection, sql: str) -> None:
    """Runs statements to their end."""
    for _ in connection.execute(sql):
        pass


def ratio(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> float:
    """The median of the ratios of processor time, each pair one after the other."""
    ratios = []
    for _ in range(rounds):
        spent = []
        for work in (theirs, ours):
            start = time.process_time()
            work()
            spent.append(time.process_time() - start)
        ratios.append(spent[1] / spent[0])
    return statistics.median(ratios)


def reading(tables: int, rounds: int) -> list[Figure]:
    """S13."""
    columns = ", ".join(f"c{number} int default {number}" for number in range(50))
    made = [f"create table t{at} (id integer primary key, {columns})" for at in range(tables)]
    ddl = made + [f"create index i{at} on t{at} (c1, c2)" for at in range(tables)]
    rewritten = [sql.upper().replace(",", " -- so\n,") for sql in ddl]
    ours, theirs = database(*ddl), database(*rewritten)
    read = ratio(lambda: read_schema(ours), lambda: ours.execute(_UNION).fetchall(), rounds)

    def compare() -> None:
        if differences(read_schema(ours), read_schema(theirs)):
            raise AssertionError("two ways to write one schema")

    compared = ratio(compare, lambda: (database(*ddl), database(*rewritten)), rounds)
    return [
        Figure("S13", f"reading {tables} tables / one UNION query", read, 1.2),
        Figure("S13", "reading and comparing two such schemas / their DDL", compared, 3.0),
    ]


def rebuilding(rows: int, rounds: int) -> list[Figure]:
    """S12."""
    fill = (
        f"WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) "
        "INSERT INTO t SELECT i, i, 'row ' || i, i / 3.0 FROM n"
    )
    plan = plan_changes(
        read_schema(database(_OLD, _INDEX)), read_schema(database(_NEW, _INDEX)), (3, 37), {}
    )
    generated = "\n".join(plan.statements) + "\nPRAGMA foreign_key_check;"
    in_place = "ALTER TABLE t ALTER COLUMN b SET NOT NULL"

    def after(sql: str) -> float:
        connection = database(_OLD, _INDEX, fill)
        start = time.process_time()
        run(connection, f"BEGIN; {sql}; COMMIT")
        return time.process_time() - start

    pairs = [(after(_TWELVE_STEPS), after(generated), after(in_place)) for _ in range(rounds)]
    return [
        Figure(
            "S12",
            f"generated rebuild of {rows} rows / twelve steps by hand",
            statistics.median(ours / theirs for theirs, ours, _ in pairs),
            1.1,
        ),
        Figure(
            "S12",
            "ALTER in place (min_sqlite 3.53) / the rebuild",
            statistics.median(quick / ours for _, ours, quick in pairs),
            0.1,
        ),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints each figure with its target."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.schemas", description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--scale", type=float, default=1.0, help="of the sizes")
    options = parser.parse_args(arguments)
    figures = reading(max(2, int(500 * options.scale)), options.rounds)
    figures += rebuilding(max(10, int(1_000_000 * options.scale)), max(1, options.rounds // 3))
    for figure in figures:
        verdict = "met" if figure.met else "NOT met"
        print(
            f"{figure.what}  {figure.name}: {figure.value:.2f}, target {figure.target}: {verdict}"
        )


if __name__ == "__main__":
    main()
