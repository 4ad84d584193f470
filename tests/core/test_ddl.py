"""Every kind of change as the exact statements that make it, by ALTER and by rebuild."""

from __future__ import annotations

import sqlite3

import pytest

from tests.harness.schemas import made, schema_of
from tsm_git.adapters.sqlite.introspect import read_schema
from tsm_git.core.change.ddl import Fills, parents_first, plan_changes
from tsm_git.core.change.diff import differences

NO_FILLS: Fills = {}
OLD, NEW = (3, 37), (3, 53)


def sql(
    old: list[str], new: list[str], version: tuple[int, ...] = OLD, fills: Fills = NO_FILLS
) -> str:
    """Return what is generated, after it has been seen to work, rows and all."""
    before, after = schema_of(*old), schema_of(*new)
    statements = plan_changes(before, after, version, fills).statements
    connection = made(*old, "BEGIN", *statements, "COMMIT")
    assert differences(read_schema(connection), after) == []
    if version < NEW:
        plain = sqlite3.connect(":memory:")
        plain.executescript(";\n".join(old) + ";\n" + "\n".join(statements))
        plain.close()
    return "\n".join(statements)


T = "create table t (a int, b text)"
ROW = "insert into t (a) values (1)"


def rebuilt(new: str, columns: str = "rowid, a, b", sources: str = "") -> str:
    """Return the rebuild of `t` with this definition."""
    return (
        f"CREATE TABLE _tsm_t {new};\n"
        f"INSERT INTO _tsm_t ({columns})\nSELECT {sources or columns} FROM t;\n"
        "DROP TABLE t;\n"
        "ALTER TABLE _tsm_t RENAME TO t;"
    )


class TestColumns:
    @pytest.mark.parametrize(
        ("new", "expected"),
        [
            ("a int, b text, c", "ALTER TABLE t ADD COLUMN c;"),
            ("a int, c text, b text", "ALTER TABLE t ADD COLUMN c text;"),
            ("a int, b text, c int not null default 5",
             "ALTER TABLE t ADD COLUMN c int not null default 5;"),
            ("a int, b text, c default (-5) collate nocase check (c < 0)",
             "ALTER TABLE t ADD COLUMN c default (-5) collate nocase check (c < 0);"),
            ("a int, b text, c default 1.5e-3 default x'00'",
             "ALTER TABLE t ADD COLUMN c default 1.5e-3 default x'00';"),
            ("a int, b text, c int references t on delete cascade",
             "ALTER TABLE t ADD COLUMN c int references t on delete cascade;"),
            ("a int, b text, c as (a + 1)", "ALTER TABLE t ADD COLUMN c as (a + 1);"),
            ("a int, b text, g as (c), c", "ALTER TABLE t ADD COLUMN c;\n"
             "ALTER TABLE t ADD COLUMN g as (c);"),
            ("b text", "ALTER TABLE t DROP COLUMN a;"),
            ("b text, \"c d\" int, \"select\" int",
             'ALTER TABLE t ADD COLUMN "c d" int;\nALTER TABLE t ADD COLUMN "select" int;\n'
             "ALTER TABLE t DROP COLUMN a;"),
        ],
    )  # fmt: skip
    def test_added_and_dropped_in_place(self, new: str, expected: str) -> None:
        assert sql([T, ROW], [f"create table t ({new})"]) == expected

    @pytest.mark.parametrize(
        "new",
        [
            "a int, b text, c unique", "a int, b text, c default (1 + 1)",
            "a int, b text, c default current_timestamp", "a int, b text, c as (a) stored",
            "a int, b text, c int default 1 references t", "a text, b text", "a int, b text default 5",
            "a int not null, b text", "a int collate nocase, b text", "a int, b text, check (a > 0)",
            "a int unique, b text", "a int references t, b text", "a int, b text not null default ''",
        ],
    )  # fmt: skip
    def test_what_takes_a_rebuild(self, new: str) -> None:
        found = sql([T, "insert into t values (1, 'x')"], [f"create table t ({new})"])

        assert found.startswith(f"CREATE TABLE _tsm_t ({new});\nINSERT INTO _tsm_t (rowid, a, b)\n")
        assert found.endswith("DROP TABLE t;\nALTER TABLE _tsm_t RENAME TO t;")

    def test_many_changes_are_one_rebuild(self) -> None:
        new = "(b text not null, c int unique, d as (c) stored)"

        assert sql([T, "insert into t values (1, 'x')"], [f"create table t {new}"]) == rebuilt(
            new, "rowid, b"
        )

    def test_a_column_that_something_else_needs_is_not_dropped_in_place(self) -> None:
        for rest in (
            "check (a > 0)",
            "foreign key (a) references t",
            "d as (a)",
            "d check (a > d)",
        ):
            old = f"create table t (a int, b text, {rest})"
            assert sql([old, ROW], ["create table t (b text)"]).endswith("RENAME TO t;")

    def test_its_own_clauses_go_with_a_column(self) -> None:
        old = "create table t (a int check (a > 0) references t default 7, b text)"

        assert sql([old, ROW], ["create table t (b text)"]) == "ALTER TABLE t DROP COLUMN a;"


class TestConstraints:
    """What SQLite 3.53 and later can do in place."""

    @pytest.mark.parametrize(
        ("old", "new", "expected"),
        [
            ("a int, b text", "a int not null, b text",
             "ALTER TABLE t ALTER COLUMN a SET NOT NULL;"),
            ("a int not null, b text", "a int, b text",
             "ALTER TABLE t ALTER COLUMN a DROP NOT NULL;"),
            ("a int, b text", "a int, b text, check (a > 0)", "ALTER TABLE t ADD check (a > 0);"),
            ("a int, b text", "a int constraint c check (a > 0), b text",
             "ALTER TABLE t ADD constraint c check (a > 0);"),
            ("a int, b text, constraint c check (a > 0)", "a int, b text",
             "ALTER TABLE t DROP CONSTRAINT c;"),
            ("a int, b text, constraint c check (a > 0)", "b text",
             "ALTER TABLE t DROP CONSTRAINT c;\nALTER TABLE t DROP COLUMN a;"),
        ],
    )  # fmt: skip
    def test_in_place(self, old: str, new: str, expected: str) -> None:
        old, new = f"create table t ({old})", f"create table t ({new})"

        assert sql([old, ROW], [new], NEW) == expected
        assert sql([old, ROW], [new], OLD).endswith("ALTER TABLE _tsm_t RENAME TO t;")

    def test_a_check_without_a_name_cannot_be_named(self) -> None:
        old, new = "create table t (a int, check (a > 0))", "create table t (a int)"

        assert sql([old, ROW], [new], NEW) == rebuilt("(a int)", "rowid, a")

    def test_a_new_column_gets_its_values_first(self) -> None:
        new, fills = "create table t (a int, b text, c int not null)", {("t", "c"): "a * 2"}

        assert sql([T, ROW], [new], NEW, fills) == (
            "ALTER TABLE t ADD COLUMN c int;\n"
            "UPDATE t SET c = a * 2;\n"
            "ALTER TABLE t ALTER COLUMN c SET NOT NULL;"
        )
        assert sql([T, ROW], [new], OLD, fills) == rebuilt(
            "(a int, b text, c int not null)", "rowid, a, b, c", "rowid, a, b, a * 2"
        )

    def test_nothing_is_updated_where_a_trigger_would_see_it(self) -> None:
        trigger = "create trigger r after update on t begin delete from t; end"
        new = "create table t (a int, b text not null)"
        found = sql([T, ROW, trigger], [new, trigger], NEW, {("t", "b"): "''"})

        assert found == (
            rebuilt("(a int, b text not null)", "rowid, a, b", "rowid, a, ifnull(b, '')")
            + "\nCREATE TRIGGER r after update on t begin delete from t; end;"
        )


class TestRebuild:
    NEW_T = "create table t (a int, b text default 'x')"
    PLAIN = rebuilt("(a int, b text default 'x')")

    def test_indexes_come_back_and_others_are_left_alone(self) -> None:
        index = "create index i on t (b desc) where a > 0"
        other = ["create table u (a)", "create index j on u (a)"]

        assert sql([T, index, *other, ROW], [self.NEW_T, index, *other]) == (
            f"{self.PLAIN}\nCREATE INDEX i on t (b desc) where a > 0;"
        )

    def test_its_triggers_come_back(self) -> None:
        trigger = "create trigger r before delete on t begin select 1; end"

        assert sql([T, trigger, ROW], [self.NEW_T, trigger]) == (
            f"{self.PLAIN}\nCREATE TRIGGER r before delete on t begin select 1; end;"
        )

    def test_a_trigger_of_another_table_steps_aside(self) -> None:
        rest = ["create table u (a)", "create trigger r after insert on u begin delete from t; end"]

        assert sql([T, *rest, ROW], [self.NEW_T, *rest]) == (
            f"DROP TRIGGER r;\n{self.PLAIN}\n"
            "CREATE TRIGGER r after insert on u begin delete from t; end;"
        )

    def test_views_upon_views_step_aside_with_their_triggers(self) -> None:
        rest = [
            "create view v as select a from t", "create view w as select a from v",
            "create trigger r instead of insert on w begin select 1; end",
        ]  # fmt: skip

        assert sql([T, *rest, ROW], [self.NEW_T, *rest]) == (
            f"DROP VIEW w;\nDROP VIEW v;\n{self.PLAIN}\n"
            "CREATE VIEW v as select a from t;\nCREATE VIEW w as select a from v;\n"
            "CREATE TRIGGER r instead of insert on w begin select 1; end;"
        )

    def test_children_keep_their_rows_and_their_parent(self) -> None:
        old = ["create table t (id integer primary key, b text)",
               "create table c (t references t on delete cascade)",
               "insert into t values (5, 'x')", "insert into c values (5)"]  # fmt: skip
        new = "create table t (id integer primary key, b text unique)"
        connection = made(*old, *sql(old, [new, old[1]]).split(";\n"))

        assert connection.execute("select * from c").fetchall() == [(5,)]
        assert connection.execute("pragma foreign_key_list(c)").fetchall()[0][2] == "t"
        assert connection.execute("pragma foreign_key_check").fetchall() == []

    def test_a_table_that_refers_to_itself(self) -> None:
        old = [
            "create table t (id integer primary key, up references t)",
            "insert into t values (1, 1)",
        ]
        new = "create table t (id integer primary key, up not null references t (id))"

        assert sql(old, [new]) == rebuilt(
            "(id integer primary key, up not null references t (id))", "id, up"
        )

    def test_the_mark_of_autoincrement_is_kept(self) -> None:
        old = ["create table t (id integer primary key autoincrement)",
               "insert into t values (9)", "delete from t"]  # fmt: skip
        new = "create table t (id integer primary key autoincrement, b text unique)"
        found = sql(old, [new])

        assert found == (
            "CREATE TABLE _tsm_t (id integer primary key autoincrement, b text unique);\n"
            "INSERT INTO sqlite_sequence (name, seq)\n"
            "SELECT '_tsm_t', seq FROM sqlite_sequence WHERE name = 't';\n"
            "INSERT INTO _tsm_t (id)\nSELECT id FROM t;\n"
            "DROP TABLE t;\nALTER TABLE _tsm_t RENAME TO t;"
        )
        connection = made(*old, *found.split(";\n"), "insert into t (b) values ('x')")
        assert connection.execute("select id from t").fetchall() == [(10,)]

    def test_no_row_is_swallowed_by_a_conflict_clause(self) -> None:
        new = "create table t (a int unique on conflict replace, b text)"

        assert "INSERT OR ABORT INTO _tsm_t" in sql([T, ROW], [new])
        with pytest.raises(Exception, match="UNIQUE constraint failed"):
            sql([T, ROW, ROW], [new])

    def test_a_table_named_in_its_own_check_follows(self) -> None:
        new = "create table t (a int, b text, check (t.a > 0 and \"T\".b is not 't'))"

        assert sql([T, ROW], [new]).startswith(
            "CREATE TABLE _tsm_t (a int, b text, check (_tsm_t.a > 0 and _tsm_t.b is not 't'));"
        )

    def test_a_free_name_is_taken(self) -> None:
        assert sql(
            [T, ROW, "create table _tsm_t (x)"], [self.NEW_T, "create table _tsm_t (x)"]
        ) == (self.PLAIN.replace("_tsm_t", "_tsm_t_"))

    def test_reserved_words_and_quotes_as_names(self) -> None:
        old = 'create table "order "" by" ("select" int, "x y" text)'
        new = 'create table "order "" by" ("select" int unique, "x y" text)'

        assert sql([old], [new]) == (
            'CREATE TABLE "_tsm_order "" by" ("select" int unique, "x y" text);\n'
            'INSERT INTO "_tsm_order "" by" (rowid, "select", "x y")\n'
            'SELECT rowid, "select", "x y" FROM "order "" by";\n'
            'DROP TABLE "order "" by";\n'
            'ALTER TABLE "_tsm_order "" by" RENAME TO "order "" by";'
        )


class TestConversion:
    def test_a_check_stands_beside_it(self) -> None:
        found = sql([T, "insert into t values (7, '12')"], ["create table t (a int, b int)"])

        assert found == (
            "CREATE TABLE _tsm_t (a int, b int);\n"
            "INSERT INTO _tsm_t (rowid, a, b)\nSELECT rowid, a, b FROM t;\n"
            "CREATE TABLE _tsm_check (lost CONSTRAINT "
            '"a value of t.b does not survive its new type" CHECK (lost = 0));\n'
            "INSERT INTO _tsm_check\n"
            "SELECT count(*) FROM t AS before LEFT JOIN _tsm_t AS after"
            " ON after.rowid = before.rowid\n"
            "WHERE +before.b COLLATE BINARY IS NOT CASE typeof(before.b)\n"
            "    WHEN 'text' THEN CAST(after.b AS TEXT)\n"
            "    WHEN 'integer' THEN CAST(after.b AS INTEGER)\n"
            "    WHEN 'real' THEN CAST(after.b AS REAL)\n"
            "    ELSE +after.b END;\n"
            "DROP TABLE _tsm_check;\n"
            "DROP TABLE t;\nALTER TABLE _tsm_t RENAME TO t;"
        )

    @pytest.mark.parametrize(
        ("declared", "value", "to", "survives"),
        [
            ("text", "'12'", "int", True), ("text", "'abc'", "int", True),
            ("text", "'007'", "int", False), ("text", "' 7'", "int", False),
            ("text", "'1.50'", "real", False), ("text", "'1.5'", "real", True),
            ("text", "NULL", "int", True), ("int", "9007199254740993", "real", False),
            ("int", "3", "text", True), ("real", "0.1 + 0.2", "text", False),
            ("real", "2.5", "int", True), ("blob", "x'00'", "text", True),
            ("int", "3", "blob", True), ("", "'12'", "numeric", True),
        ],
    )  # fmt: skip
    def test_what_survives(self, declared: str, value: str, to: str, survives: bool) -> None:
        old = [f"create table t (a {declared})", f"insert into t values ({value})"]
        if survives:
            sql(old, [f"create table t (a {to})"])
        else:
            with pytest.raises(Exception, match=r"a value of t\.a does not survive its new type"):
                sql(old, [f"create table t (a {to})"])

    def test_one_affinity_has_nothing_to_lose(self) -> None:
        assert "_tsm_check" not in sql([T, ROW], ["create table t (a bigint, b varchar(9))"])


class TestTables:
    def test_parents_come_first_and_go_last(self) -> None:
        tables = ["create table c (b references b)", "create table b (a references a)",
                  "create table a (x)"]  # fmt: skip

        assert sql([], tables) == (
            "CREATE TABLE a (x);\nCREATE TABLE b (a references a);\nCREATE TABLE c (b references b);"
        )
        assert sql(tables, []) == "DROP TABLE c;\nDROP TABLE b;\nDROP TABLE a;"

    def test_circles_stay_in_the_order_of_creation(self) -> None:
        tables = ["create table a (b references b)", "create table b (a references a)"]

        assert sorted(parents_first(schema_of(*tables))) == ["a", "b"]
        assert sql([], tables).count("CREATE TABLE") == 2

    def test_a_table_becomes_a_view_of_that_name(self) -> None:
        assert sql([T], ["create table u (a)", "create view t as select a from u"]) == (
            "CREATE TABLE u (a);\nDROP TABLE t;\nCREATE VIEW t as select a from u;"
        )

    def test_a_virtual_table_is_made_and_never_changed(self) -> None:
        virtual = "create virtual table f using fts5(a)"
        assert sql([], [virtual]) == "CREATE VIRTUAL TABLE f using fts5(a);"

        plan = plan_changes(schema_of(virtual), schema_of(T), OLD, {})

        assert plan.statements == ["CREATE TABLE t (a int, b text);"]
        assert [change.name for change in plan.left_alone] == ["f"]


class TestOthers:
    @pytest.mark.parametrize(
        ("old", "new", "expected"),
        [
            ("index i on t (a)", "index i on t (b)", "DROP INDEX i;\nCREATE INDEX i on t (b);"),
            ("view v as select a from t", "view v as select b from t",
             "DROP VIEW v;\nCREATE VIEW v as select b from t;"),
            ("trigger r after insert on t begin select 1; end",
             "trigger r after insert on t begin select 2; end",
             "DROP TRIGGER r;\nCREATE TRIGGER r after insert on t begin select 2; end;"),
        ],
    )  # fmt: skip
    def test_they_are_dropped_and_made_again(self, old: str, new: str, expected: str) -> None:
        assert sql([T, f"create {old}"], [T, f"create {new}"]) == expected

    def test_an_index_goes_before_its_column(self) -> None:
        assert sql([T, "create index i on t (a)"], ["create table t (b text)"]) == (
            "DROP INDEX i;\nALTER TABLE t DROP COLUMN a;"
        )

    def test_a_view_that_ends_in_a_comment_ends_on_a_line_of_its_own(self) -> None:
        assert sql([T], [T, "create view v as select 1 -- one\n+ 1 -- and one"])[-1] == ";"
