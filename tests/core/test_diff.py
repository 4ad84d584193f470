"""What is a difference of two schemas and what is none, in words."""

from __future__ import annotations

import pytest

from tests.harness.schemas import schema_of
from tsm_git.core.change.diff import differences

SAME = [
    ("create table t (a int check (a > 0))", "CREATE TABLE [T](\"A\" INT CHECK((a>0))) -- text"),
    ("create table t (a int references p (id))",
     "create table t (a int, foreign key (a) references p (id))"),
    ("create table t (a unique, b)", "create table t (a, b, unique (a))"),
    ("create table t (a primary key, b)", "create table t (a, b, primary key (a))"),
    ("create table t (a)", "create table t (a null)"),
    ("create table t (a)", "create table t (a default null)"),
    ("create table t (a default 1)", "create table t (a default (1))"),
    ("create table t (a default 1)", "create table t (a default ((1)))"),
    ("create table t (a default 'x')", "create table t (a default \"x\")"),
    ("create table t (a default (null) collate binary)", "create table t (a)"),
    ("create table t (a, b as (a))", "create table t (a, b generated always as ((a)) virtual)"),
    ("create table t (a, b int generated /* yes */ always as (a))",
     "create table t (a, b int as (a))"),
    ("create table t (a not null on conflict abort)", "create table t (a not null)"),
    ("create table t (a references p on delete no action not deferrable initially deferred)",
     "create table t (a references p deferrable)"),
    ("create table t (a, b, check (a = b))", "create table t (a, b check (a == b))"),
    ("create table t (a unique unique)", "create table t (a unique)"),
    ("create table t (a check (a) check (a))", "create table t (a check (a))"),
    ("create table t (a, b)", "create table t (b, a)"),
    ("create table t (a integer primary key asc)", "create table t (a integer primary key)"),
    ("create table t (a integer primary key)", "create table t (a integer primary key not null)"),
    ("create table t (a) strict, without rowid".replace("a)", "a int primary key)"),
     "create table t (a int primary key) without rowid, strict"),
]  # fmt: skip

SAME_BESIDE = [
    ("create index i on t (a)", 'CREATE INDEX IF NOT EXISTS "I" ON [T] ((a) ASC)'),
    ("create index i on t (a collate nocase)", "create index i on t ((a) collate NOCASE asc)"),
    ("create index i on t (a) where a > 0", "create index i on t (a) where (a > 0)"),
    ("create view v as select a from t", "create view v as select\n  [a] FROM t /* all */"),
    ("create trigger r after insert on t begin select 1; end",
     "create trigger r after INSERT on t begin select 1 ; END"),
]  # fmt: skip

OTHER = [
    ("a", "a, b", "column `b` is new"),
    ("a, b", "a", "column `b` goes"),
    ("a int", "a text", "column `a` has the type `text`, not `int`"),
    ("a", "a integer", "column `a` has the type `integer`, not none"),
    ("a", "a not null", "column `a` becomes NOT NULL"),
    ("a not null", "a", "column `a` may be NULL"),
    ("a", "a default 'A'", "column `a` has the default `'A'`, not none"),
    ("a default 'a'", "a default 'A'", "column `a` has the default `'A'`, not `'a'`"),
    ("a", "a collate nocase", "column `a` has the collation nocase, not binary"),
    ("a, b as (a)", "a, b as (a + 1)",
     "column `b` is generated virtual as a + 1, not generated virtual as a"),
    ("a, b as (a)", "a, b as (a) stored",
     "column `b` is generated stored as a, not generated virtual as a"),
    ("a, b as (a)", "a, b", "column `b` is plain, not generated virtual as a"),
    ("a not null", "a constraint n not null",
     "column `a` has other names or conflict clauses of its constraints"),
    ("a not null", "a not null on conflict fail",
     "column `a` has other names or conflict clauses of its constraints"),
    ("a int", "a int primary key", "the primary key is (a), not none"),
    ("a, b, primary key (a, b)", "a, b, primary key (b, a)",
     "the primary key is (b, a), not (a, b)"),
    ("a, b, primary key (a, b)", "a, b, primary key (a desc, b collate nocase)",
     "the primary key is (a desc, b collate nocase), not (a, b)"),
    ("a integer primary key", "a integer primary key desc", "the primary key is (a desc), not (a)"),
    ("a integer primary key", "a integer primary key autoincrement",
     "the key gets AUTOINCREMENT"),
    ("a unique", "a", "UNIQUE (a) goes"),
    ("a, b", "a, b, unique (b, a)", "UNIQUE (b, a) is new"),
    ("a, check (a > 1)", "a", "CHECK (a > 1) goes"),
    ("a, check (a = 'x')", "a, check (a = 'X')", "CHECK (a = 'x') goes, CHECK (a = 'X') is new"),
    ("a, check (a)", "a, constraint c check (a)", "CHECK (a) goes, CHECK `c` (a) is new"),
    ("a", "a references p", "foreign key (a) to `p` (id) is new"),
    ("a references p", "a references p on delete cascade",
     "foreign key (a) to `p` (id) goes, foreign key (a) to `p` (id) on delete cascade is new"),
    ("a references p", "a references p deferrable initially deferred",
     "foreign key (a) to `p` (id) goes, foreign key (a) to `p` (id) deferred is new"),
    ("a references p (x)", "a", "foreign key (a) to `p` (x) goes"),
]  # fmt: skip


class TestNoDifference:
    @pytest.mark.parametrize(("one", "other"), SAME)
    def test_tables(self, one: str, other: str) -> None:
        parent = "create table p (id integer primary key)"

        assert differences(schema_of(one, parent), schema_of(parent, other)) == []
        assert differences(schema_of(parent, other), schema_of(one, parent)) == []

    @pytest.mark.parametrize(("one", "other"), SAME_BESIDE)
    def test_the_others(self, one: str, other: str) -> None:
        table = "create table t (a)"

        assert differences(schema_of(table, one), schema_of(table, other)) == []

    def test_a_foreign_key_may_name_the_key_or_not(self) -> None:
        parent = "create table p (id integer primary key)"
        one = schema_of(parent, "create table t (a references p)")
        other = schema_of(parent, "create table t (a references p (id))")

        assert differences(one, other) == []


class TestDifference:
    @pytest.mark.parametrize(("one", "other", "words"), OTHER)
    def test_of_tables(self, one: str, other: str, words: str) -> None:
        parent = "create table p (id integer primary key)"
        found = differences(
            schema_of(parent, f"create table t ({one})"),
            schema_of(parent, f"create table t ({other})"),
        )

        assert [str(change) for change in found] == [f"table `t`: {words}"]

    @pytest.mark.parametrize(
        ("one", "other", "words"),
        [
            ("", "strict", "becomes STRICT"),
            ("without rowid", "", "is no longer WITHOUT ROWID"),
        ],
    )
    def test_of_options(self, one: str, other: str, words: str) -> None:
        table = "create table t (a int primary key not null)"
        found = differences(schema_of(f"{table} {one}"), schema_of(f"{table} {other}"))

        assert [str(change) for change in found] == [f"table `t`: {words}"]

    @pytest.mark.parametrize(
        ("one", "other", "words"),
        [
            ("index i on t (a)", "unique index i on t (a)", "index `i`: becomes UNIQUE"),
            ("index i on t (a)", "index i on t (a desc)", "index `i`: is over (a desc), not (a)"),
            ("index i on t (a)", "index i on t (a, b)", "index `i`: is over (a, b), not (a)"),
            ("index i on t (a)", "index i on u (a)", "index `i`: is on `u`, not on `t`"),
            ("index i on t (a + 1)", "index i on t (a + 2)",
             "index `i`: is over (a + 2), not (a + 1)"),
            ("index i on t (a)", "index i on t (a) where b",
             "index `i`: has the condition `b`, not none"),
            ("view v as select a from t", "view v as select b from t", "view `v`: its SQL differs"),
            ("trigger r after insert on t begin select 1; end",
             "trigger r after insert on t begin select 2; end", "trigger `r`: its SQL differs"),
            ("virtual table f using fts5(a)", "virtual table f using fts5(a, b)",
             "virtual table `f`: its SQL differs"),
            ("view v as select 1", "table v (a)", "table `v` is new; view `v` goes"),
        ],
    )  # fmt: skip
    def test_of_the_others(self, one: str, other: str, words: str) -> None:
        tables = ["create table t (a, b)", "create table u (a, b)"]
        found = differences(
            schema_of(*tables, f"create {one}"), schema_of(*tables, f"create {other}")
        )

        assert "; ".join(str(change) for change in found) == words

    def test_what_comes_and_goes(self) -> None:
        found = differences(
            schema_of("create table Old (a)", "create index i on Old (a)"),
            schema_of("create table New (a)", "create view v as select * from New"),
        )

        assert [str(change) for change in found] == [
            "table `New` is new", "table `Old` goes", "index `i` goes", "view `v` is new"
        ]  # fmt: skip

    def test_another_key_of_the_parent_is_the_parents_affair(self) -> None:
        child = "create table t (a references p)"
        found = differences(
            schema_of("create table p (id integer primary key, x)", child),
            schema_of("create table p (id integer, x primary key)", child),
        )

        assert [change.name for change in found] == ["p"]
