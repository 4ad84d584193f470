"""What is read of a schema is what SQLite itself says of it, whatever way it is written."""

from __future__ import annotations

import apsw
import pytest

from tests.harness.schemas import made, schema_of, table_of
from tsm_git.adapters.sqlite.introspect import read_schema
from tsm_git.core.schema.structure import Check, ForeignKey, Key, Part

EVERYTHING = """
create table parent (
    id [INTEGER] primary key not null,  -- as TupleSaver writes it
    "a b" varchar( 10 ) default 'x' collate nocase,
    stored int generated always as (id + 1) stored, virtual as ((id * 2)),
    mail text not null on conflict ignore default (1 + 2) check (length(mail) > 0),
    real real default -1.5 null, blob blob default x'00' unique, word default Abc,
    /* , */ "check" text constraint "NN" not null,
    constraint u unique (mail) on conflict replace check ((stored > 0)) constraint c check(1)
)
"""
CHILD = """
create table Child (
    id integer primary key autoincrement,
    parent integer constraint fk references Parent on delete cascade
        deferrable initially deferred,
    other real references parent(id) not deferrable initially deferred,
    foreign key (other) references parent (mail) on update set null match full on delete no action
)
"""


class TestTable:
    def test_its_columns(self) -> None:
        columns = table_of(EVERYTHING).columns

        assert list(columns) == [
            "id", "a b", "stored", "virtual", "mail", "real", "blob", "word", "check"
        ]  # fmt: skip
        assert [c.type for c in columns.values()][:3] == ["integer", "varchar ( 10 )", "int"]
        assert columns["a b"].collation == "nocase"
        assert [c.default for c in columns.values()] == [
            None, "'x'", None, None, "1 + 2", "- 1 . 5", "x '00'", "'Abc'", None
        ]  # fmt: skip
        assert [c.generated for c in columns.values()][1:4] == ["", "stored", "virtual"]
        assert [c.expression for c in columns.values()][1:4] == [None, "id + 1", "id * 2"]
        assert [c.name for c in columns.values() if c.not_null] == ["id", "mail", "check"]
        assert columns["mail"].names == (("not null", "on conflict ignore"),)
        assert columns["check"].names == (("not null", "NN"),)

    def test_its_constraints(self) -> None:
        table = table_of(EVERYTHING)

        assert table.primary_key == Key((Part("id"),))
        assert table.rowid_alias == "id"
        assert table.uniques == (
            Key((Part("blob"),)),
            Key((Part("mail"),), name="u", conflict="replace"),
        )
        assert table.checks == (
            Check("1", name="c"),
            Check("length ( mail ) > 0"),
            Check("stored > 0"),
        )

    def test_its_foreign_keys(self) -> None:
        table = schema_of(EVERYTHING, CHILD).tables["child"]

        assert table.autoincrement
        assert table.foreign_keys == (
            ForeignKey(("other",), "parent", ("id",), "no action", "no action", deferred=False),
            ForeignKey(("other",), "parent", ("mail",), "set null", "no action", deferred=False),
            ForeignKey(("parent",), "parent", (), "no action", "cascade", deferred=True, name="fk"),
        )

    def test_a_key_that_is_no_rowid(self) -> None:
        table = table_of(
            "create table t (a text, b int, primary key (b desc, a collate nocase)) without rowid,"
            " strict"
        )

        assert (table.strict, table.without_rowid, table.rowid_alias) == (True, True, None)
        assert table.primary_key == Key((Part("b", descending=True), Part("a", False, "nocase")))
        assert table_of("create table t (a integer primary key desc)").rowid_alias is None
        assert table_of("create table t (a int primary key)").rowid_alias is None

    @pytest.mark.parametrize(
        "sql",
        [
            "create table [t \" ' ` ] (a, b)", "create table t (a, b int, constraint x check (1))",
            "create table 't' ('a' text, 'b' 'long type' primary key)",
            "create table t (a -- ,\n, b /* ) */ text default (')'))",
            "create table main.t (a generated, b always)", "create table t(a,b,unique(a)unique(b))",
            "create table t (a int default +.5e-3 not null, b default - 7 check (b in (1, ')')))",
            "create table t (a default 1. unique, b default 1.e5)", "create table t as select 1 a, 2 b",
            "create table t (a default true collate 'rtrim', b default \"q,)\")",
            "create table t (a references x on delete set default on update restrict match y, b)",
            "create table t (a default current_timestamp, b int generated always as (a) virtual)",
            "create table t (a constraint p primary key on conflict fail, b)",
            "create table t (a primary key asc, b not null deferrable initially immediate)",
            "create table \"é\" (\"a\" [decimal](10, -5), \"b\" double precision unsigned)",
        ],
    )  # fmt: skip
    def test_every_clause_stands_where_it_is_said(self, sql: str) -> None:
        """SQLite itself says which columns there are; each one's text makes that column again."""
        connection = made(sql)
        (table,) = read_schema(connection).tables.values()

        assert [column.name for column in table.text.columns] == ["a", "b"]
        assert [row.name for row in table.column_rows] == ["a", "b"]
        for column, row in zip(table.text.columns, table.column_rows, strict=True):
            text = table.sql[column.span.start : column.span.end]
            other = "b" if column.name == "a" else "a"
            (again,) = schema_of(f"create table t ({text}, {other})").tables.values()
            assert next(r for r in again.column_rows if r.name == row.name)[:5] == row[:5]
        for name, read in table.columns.items():
            _, collation, *_ = connection.column_metadata(None, table.name, name)
            assert read.collation == collation.lower()

    def test_its_definition_is_sqlites_after_every_alter(self) -> None:
        table = table_of(
            "create table was (gone int, old text, constraint keep check (old <> ''))",
            "alter table was add column added int not null default 5 check (added > 0)",
            "alter table was rename column old to new", "alter table was drop column gone",
            "alter table was rename to t",
        )  # fmt: skip

        assert list(table.columns) == ["new", "added"]
        assert table.columns["added"].default == "5"
        assert table.checks == (Check("added > 0"), Check("new < > ''", name="keep"))


class TestSchema:
    def test_what_is_no_table(self) -> None:
        schema = schema_of(
            "create table t (a text, b)", "create view v (x) as select a from t",
            "create unique index i on t (a collate nocase desc, (b) || ',', (a)) where a > (1)",
            "create trigger tr instead of insert on v begin select 1; end",
            "create virtual table f using FTS5(a, tokenize = 'porter')",
        )  # fmt: skip

        index = schema.indexes["i"]
        assert index.unique
        assert index.parts == (Part("a", True, "nocase"), Part("( b ) | | ','"), Part("a"))
        assert index.where == "a > ( 1 )"
        assert (schema.triggers["tr"].table, list(schema.views)) == ("v", ["v"])
        assert schema.virtual_tables["f"].module == "fts5"
        assert list(schema.tables) == ["t"]

    def test_the_ledger_is_left_out_with_all_that_belongs_to_it(self) -> None:
        schema = schema_of(
            "create table _Migrations (id integer primary key autoincrement, f unique)",
            "create index i on _migrations (f)", "analyze",
            "create trigger t after insert on _migrations begin select 1; end",
        )  # fmt: skip

        assert schema == schema_of("select 1")

    def test_a_broken_view_and_an_unknown_module_are_read(self) -> None:
        schema = schema_of(
            "create view broken as select * from absent", "pragma writable_schema = on",
            "insert into sqlite_schema values"
            " ('table', 'm', 'm', 0, 'CREATE VIRTUAL TABLE m USING absent(a)')",
        )  # fmt: skip

        assert list(schema.views) == ["broken"]
        assert [(name, table.module) for name, table in schema.virtual_tables.items()] == [
            ("m", "absent")
        ]

    def test_the_temporary_schema_is_another(self) -> None:
        connection = made(
            "create table t (a)", "create temp table t (b)", "create temp table u (a)"
        )

        assert list(read_schema(connection).tables["t"].columns) == ["a"]
        assert list(read_schema(connection).tables) == ["t"]

    def test_it_asks_a_few_questions_however_many_tables_there_are(self) -> None:
        connection = made(*(f"create table t{i} (a, b unique)" for i in range(50)))
        asked: list[str] = []
        connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: asked.append(event["sql"]))

        read_schema(connection)

        assert len([sql for sql in asked if sql.startswith("SELECT")]) == 5
