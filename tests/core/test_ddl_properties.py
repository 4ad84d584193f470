"""Random schemas with rows: what is generated between two of them ends in the second, rows kept."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress

import apsw
import pytest
from hypothesis import assume, event, given, settings

from tests.harness.random_schemas import SCHEMAS, Drawn, sql_name
from tests.harness.schemas import made
from tsm_git.adapters.sqlite.introspect import read_schema
from tsm_git.adapters.sqlite.workshop import Workshop
from tsm_git.core.change.ddl import Fills, Plan, plan_changes
from tsm_git.core.change.diff import differences
from tsm_git.core.change.keeping import kept_tables
from tsm_git.core.change.losses import gaps
from tsm_git.core.change.rebuild import is_converted
from tsm_git.core.schema.objects import Schema, Table
from tsm_git.core.sql import tokens

VERSIONS = [(3, 37), (3, 54)]
LONG = os.environ.get("TSM_TEST_PROFILE") == "long"
MANY = settings(max_examples=25_000 if LONG else 200)  # of each version
# What a script may stop at, before anything is lost: the rows do not fit the new schema.
STOPS = (
    "does not survive its new type", "UNIQUE constraint failed", "CHECK constraint failed",
    "NOT NULL constraint failed", "cannot store", "datatype mismatch", "constraint failed",
)  # fmt: skip


# The schemas refer to each other at random.
ORPHANS = ("that is not there", "foreign key mismatch")


def filled(drawn: Drawn) -> apsw.Connection:
    """Return a database in memory with the schema and those rows that it takes."""
    connection = made(*drawn.statements)
    for statement in drawn.rows:
        with suppress(apsw.Error):
            connection.execute(statement).fetchall()
    return connection


def fills_of(old: Schema, new: Schema) -> Fills:
    """Return a value for whatever needs one."""
    found = {}
    for gap in gaps(differences(old, new)):
        column = new.tables[gap.key[0]].columns[gap.key[1]]
        found[gap.key] = {"text": "''", "real": "0.0", "blob": "x''"}.get(column.affinity, "0")
    return found


def kept(old: Table, new: Table) -> list[str]:
    """Return the columns whose values have to be the same in both tables."""
    strict = new.strict and not old.strict
    return [
        name
        for name, column in new.columns.items()
        if name in old.columns
        and not column.generated
        and not old.columns[name].generated
        and not is_converted(old.columns[name], column, strict=strict)
        and not (column.not_null and not old.columns[name].not_null)
        and new.rowid_alias is None
    ]


def rows(connection: apsw.Connection, table: str, columns: Iterable[str]) -> Counter[object]:
    """Return the rows of some columns."""
    listed = ", ".join(f"{sql_name(c)}, typeof({sql_name(c)})" for c in columns) or "1"
    return Counter(connection.execute(f"SELECT {listed} FROM {sql_name(table)}"))


def run(connection: apsw.Connection, plan: Plan) -> str:
    """Run a plan as apply does; return what stopped it, or nothing."""
    connection.execute("BEGIN")
    try:
        for statement in plan.statements:
            for _ in connection.execute(statement):
                pass
    except apsw.Error as error:
        connection.execute("ROLLBACK")
        return str(error)
    connection.execute("COMMIT")
    return ""


@MANY
@pytest.mark.parametrize("version", VERSIONS)
@given(one=SCHEMAS, other=SCHEMAS)
def test_from_any_schema_to_any_other(version: tuple[int, ...], one: Drawn, other: Drawn) -> None:
    connection = filled(one)
    old, new = read_schema(connection), read_schema(made(*other.statements))
    plan = plan_changes(old, new, version, fills_of(old, new))
    both = [name for name in old.tables if name in new.tables]
    before = {
        name: rows(connection, name, kept(old.tables[name], new.tables[name])) for name in both
    }
    content = dump(connection)

    stopped = run(connection, plan)

    if stopped:
        assert any(words in stopped for words in STOPS), stopped
        assert dump(connection) == content
        event("stopped")
        return
    event("rebuilt" if plan.rebuilt else "altered")
    assert differences(read_schema(connection), new) == []
    assert differences(new, read_schema(connection)) == []
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    for name in both:
        columns = kept(old.tables[name], new.tables[name])
        assert rows(connection, name, columns) == before[name], plan.statements


@MANY
@given(one=SCHEMAS, other=SCHEMAS)
def test_the_proof_finds_what_is_wrong_and_nothing_else(one: Drawn, other: Drawn) -> None:
    shop = Workshop(filled(one))
    old, new = shop.schema, read_schema(made(*other.statements))
    fills = fills_of(old, new)
    plan = plan_changes(old, new, (3, 37), fills)
    before = dump(shop.connection)

    kept = kept_tables(old, new, (), list(fills))
    trial = shop.tried("script", "\n".join(plan.statements), kept)

    assert dump(shop.connection) == before
    stopped = run(shop.connection, plan)
    wrong = [words for words in trial.wrong if not any(orphan in words for orphan in ORPHANS)]
    assert bool(wrong) == bool(stopped), (wrong, stopped)
    if not stopped:
        assert differences(trial.schema, new) == []


@MANY
@given(one=SCHEMAS, other=SCHEMAS)
def test_another_sqlite_runs_it_too(one: Drawn, other: Drawn) -> None:
    """What is written for SQLite 3.37 does the same in the library that Python came with."""
    ours, theirs = filled(one), sqlite3.connect(":memory:", isolation_level=None)
    for statement in [*one.statements, *one.rows]:
        with suppress(sqlite3.Error):
            theirs.execute(statement)
    assume(dump(theirs) == dump(ours))  # STRICT got stricter
    old, new = read_schema(ours), read_schema(made(*other.statements))
    plan = plan_changes(old, new, (3, 37), fills_of(old, new))

    stopped = run(ours, plan)

    if not stopped:
        theirs.executescript("BEGIN;\n" + "\n".join(plan.statements) + "\nCOMMIT;")
        assert dump(theirs) == dump(ours)
    theirs.close()


@given(one=SCHEMAS)
def test_there_is_nothing_to_do_from_a_schema_to_itself(one: Drawn) -> None:
    schema, again = read_schema(made(*one.statements)), read_schema(made(*one.statements))

    assert plan_changes(schema, again, (3, 37), {}).statements == []
    assert plan_changes(schema, _rewritten(one), (3, 37), {}).statements == []


def _rewritten(one: Drawn) -> Schema:
    """Return the same schema, its statements in other letters and with comments."""
    return read_schema(
        made(*(_in_capitals(sql).replace(",", " -- so\n ,") for sql in one.statements))
    )


def _in_capitals(sql: str) -> str:
    return "".join(
        token.text.upper() if token.kind in ("word", "quoted") else token.text
        for token in tokens(sql)
    )


def dump(connection: apsw.Connection | sqlite3.Connection) -> list[object]:
    """Return all that a database holds."""
    found: list[object] = list(connection.execute("SELECT type, name, sql FROM sqlite_schema"))
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table'"
    ).fetchall():
        found += connection.execute(f"SELECT * FROM {sql_name(str(name))}").fetchall()
    return found
