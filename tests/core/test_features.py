"""Which release of SQLite a schema needs, checked with the library that is here."""

from __future__ import annotations

import apsw
import pytest

from tsm_git.core.proof.replay import Item
from tsm_git.core.schema.features import beyond, version_of

OLD = (3, 7)


def needs(kind: str, sql: str, oldest: tuple[int, ...] = OLD) -> list[str]:
    """Return what an object needs; SQLite itself must take the statement."""
    connection = apsw.Connection(":memory:")
    connection.execute("create table t (a, b)")
    connection.execute(sql)
    (name,) = connection.execute(
        "select name from sqlite_schema where type = ? and name <> 't'", (kind,)
    ).fetchone() or ("",)
    stored = connection.execute("select sql from sqlite_schema where name = ?", (name,)).get
    return [f"{f.release} {f.words}" for f in beyond(Item(kind, name, name, str(stored)), oldest)]


@pytest.mark.parametrize(
    ("kind", "sql", "features"),
    [
        ("table", "create table x (a text, b int)", []),
        ("table", "create table x (a text) strict", ["3.37 STRICT"]),
        ("table", "create table x (strict text)", []),
        ("table", "create table x (a primary key) without rowid", ["3.8.2 WITHOUT ROWID"]),
        ("table", "create table x (a, b generated always as (a + 1))", ["3.31 a generated column"]),
        ("table", "create table x (a check (iif(a, 1, 0)))", ["3.32 the function iif()"]),
        ("table", "create table x (a default 1_000)", ["3.46 a numeral with `_`"]),
        ("table", "create table x (a default 'right join')", []),
        ("index", "create index x on t (a)", []),
        ("index", "create index x on t (a) where b", ["3.8 a partial index"]),
        ("index", "create index x on t (lower(a))", ["3.9 an index on an expression"]),
        ("view", "create view x as select t.a from t right join t u on 1", ["3.39 RIGHT JOIN"]),
        ("view", "create view x as select t.a from t full outer join t u on 1", ["3.39 FULL JOIN"]),
        ("view", "create view x as select t.a from t left join t u on 1", []),
        ("view", "create view x as select row_number() over (order by a) from t", ["3.25 a window function"]),
        ("view", "create view x as select count(*) filter (where a) from t", ["3.30 FILTER of an aggregate"]),
        ("view", "create view x as select a from t order by a nulls last", ["3.30 NULLS LAST"]),
        ("view", "create view x as select a ->> '$.b' from t", ["3.38 the operator ->"]),
        ("view", "create view x as select a is not distinct from b from t", ["3.39 IS NOT DISTINCT FROM"]),
        ("view", "create view x as select concat(a, b) from t", ["3.44 the function concat()"]),
        ("view", "create view x as select a as concat from t", []),
        ("view", "create view x as with c as materialized (select 1) select * from c", ["3.35 MATERIALIZED"]),
        ("trigger", "create trigger x after insert on t begin insert into t values (1, 2) on conflict do nothing; end", ["3.24 an upsert"]),
    ],
)  # fmt: skip
def test_a_feature_is_seen_where_it_is(kind: str, sql: str, features: list[str]) -> None:
    assert needs(kind, sql) == features


def test_what_the_oldest_knows_is_no_feature() -> None:
    sql = "create table x (a text, b int generated always as (iif(a, 1, 2))) strict"

    assert needs("table", sql) == [
        "3.37 STRICT", "3.32 the function iif()", "3.31 a generated column"
    ]  # fmt: skip
    assert needs("table", sql, version_of("3.32")) == ["3.37 STRICT"]
    assert needs("table", sql, version_of("3.37")) == []


def test_versions_compare_as_numbers() -> None:
    assert version_of("3.8.2") < version_of("3.37") < version_of("3.100")
