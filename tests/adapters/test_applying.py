"""Running a script: all of it and its ledger row, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from tests.harness.project import open_database
from tsm_git.adapters.sqlite import apply_script, read_ledger
from tsm_git.core.errors import DatabaseError, ScriptError
from tsm_git.core.ledger import Ledger

WHEN = "2026-01-01T00:00:00+00:00"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a database that has applied one script."""
    path = tmp_path / "app.sqlite"
    assert run(path, "create table users (id integer primary key, name text unique);\n", number=1)
    return path


def run(
    path: Path,
    text: str,
    *,
    number: int = 2,
    allow: Callable[[Ledger], bool] = lambda _: True,
) -> bool:
    """Apply a script of that text."""
    script = (number, f"app.sqlite.migrations/{number:03}.it.sql", text)
    return apply_script(path, "app.sqlite", script, lambda: WHEN, allow)


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    """Ask the database."""
    connection = open_database(path, apsw.SQLITE_OPEN_READONLY)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def tables(path: Path) -> set[object]:
    """Return the names of all tables but the ledger."""
    found = rows(path, "select name from sqlite_schema where type = 'table'")
    return {name for (name,) in found} - {"_migrations"}


class TestRuns:
    def test_a_script_is_run_and_recorded(self, path: Path) -> None:
        text = "create table a (x);\ninsert into a values (1);\n"

        assert run(path, text)

        assert rows(path, "select x from a") == [(1,)]
        assert rows(path, "select * from _migrations where id = 2") == [
            (2, "002.it.sql", text, WHEN, WHEN)
        ]

    def test_the_ledger_is_the_one_that_tuplesaver_makes(self, path: Path) -> None:
        ((sql,),) = rows(path, "select sql from sqlite_schema where name = '_migrations'")

        assert " ".join(str(sql).split()) == (
            "CREATE TABLE _migrations ( id [INTEGER] PRIMARY KEY NOT NULL, filename [TEXT] NOT "
            "NULL, script [TEXT] NOT NULL, started_at [TEXT] NOT NULL, finished_at [TEXT] NOT NULL )"
        )

    @pytest.mark.parametrize(
        ("text", "made"),
        [
            ("select 1; create table a (x); select 2 union select 3;", {"a"}),
            ("create table a (x); -- no end", {"a"}),
            ("create table a (x); /* no end", {"a"}),
            ("create table a (x)", {"a"}),
            ("-- nothing but a remark", set()),
            (";;;;", set()),
            ("", set()),
            ("create table a (x); create trigger t after insert on a begin"
             " select case when 1 then 2 end; end; create table b (x);", {"a", "b"}),
            ("create table a (x); create trigger t after insert on a begin"
             " select 1; /* so */ end -- it is\n; create table b (x);", {"a", "b"}),
            ("with recursive c (x) as (select 1 union all select x + 1 from c where x < 9)"
             " select x from c; create table a (x);", {"a"}),
            ("create temp table gone (x); create table a (x);", {"a"}),
            ("create table [a;b] (x); insert into \"a;b\" values (';');", {"a;b"}),
            ("explain create table a (x);", set()),
            ("pragma user_version = 7;", set()),
        ],
    )  # fmt: skip
    def test_to_its_end(self, path: Path, text: str, made: set[object]) -> None:
        assert run(path, text)

        assert tables(path) == {"users"} | made

    def test_a_rebuild_keeps_the_rows_that_refer_to_it(self, path: Path) -> None:
        run(path, "create table mail (user references users on delete cascade);"
                  "insert into users values (1, 'ada'); insert into mail values (1);")  # fmt: skip

        run(path, "create table other (id integer primary key);"
                  "insert into other select id from users;"
                  "drop table users; alter table other rename to users;", number=3)  # fmt: skip

        assert rows(path, "select user from mail") == [(1,)]

    def test_a_row_is_written_where_others_made_the_ledger(self, tmp_path: Path) -> None:
        path = tmp_path / "app.sqlite"
        writer = open_database(path)
        writer.execute("create table _migrations (script BLOB, extra INT DEFAULT 7, "
                       "filename VARCHAR(9), id INT)")  # fmt: skip
        writer.close()

        assert run(path, "select 1;", number=1)

        assert rows(path, "select * from _migrations") == [("select 1;", 7, "001.it.sql", 1)]

    def test_nothing_is_run_where_somebody_else_has_done_it(self, path: Path) -> None:
        seen: list[Ledger] = []

        def allow(ledger: Ledger) -> bool:
            seen.append(ledger)
            return False

        assert not run(path, "create table a (x);", allow=allow)

        assert seen == [read_ledger(path, "app.sqlite")]
        assert tables(path) == {"users"}


class TestFails:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("create table a (x);\ncreate tabel b (x);\n", '2:8: near "tabel": syntax error'),
            ("create table a (x);\n\n  insert into\n   nope values (1);", "3:3: no such table: nope"),
            ("create table a (é);\n/* é */ insert into a (é, nope) values (1, 2);",
             "2:9: table a has no column named nope"),
            ("select 'é', nope;", "1:13: no such column: nope"),
            ("create table b (x unique);\ninsert into b values (1), (1);",
             "2:1: UNIQUE constraint failed: b.x"),
            ("create table \"a\nb\" (x); insert into nope values (1);", "2:9: no such table: nope"),
            ("select 'no end", '1:8: unrecognized token: "\'no end"'),
            ("insert into users values (?, ?);",
             "1:1: it has a parameter, and nothing gives a script values"),
            ("vacuum;", "1:1: cannot VACUUM from within a transaction"),
            ("pragma journal_mode = wal;",
             "1:1: cannot change into wal mode from within a transaction"),
            ("select load_extension('x');", "1:1: not authorized"),
            ("create table a (x);\u00a0", '1:20: near "\u00a0": syntax error'),
        ],
    )  # fmt: skip
    def test_it_says_where_and_leaves_nothing(self, path: Path, text: str, told: str) -> None:
        before = path.read_bytes()

        with pytest.raises(ScriptError) as failure:
            run(path, text)

        assert str(failure.value) == f"app.sqlite.migrations/002.it.sql:{told}"
        assert failure.value.hint == (
            "the database is as it was before this script; correct the script and apply again"
        )
        assert path.read_bytes() == before
        assert not path.with_name("app.sqlite-journal").exists()

    @pytest.mark.parametrize(
        "text",
        [
            "insert or rollback into users values (1, 'a'), (2, 'a');",
            "create trigger t after insert on users begin select raise(rollback, 'no'); end;"
            "insert into users values (1, 'a');",
        ],
        ids=["conflict clause", "trigger"],
    )
    def test_also_where_sqlite_ends_the_transaction_itself(self, path: Path, text: str) -> None:
        before = path.read_bytes()

        with pytest.raises(ScriptError):
            run(path, text)

        assert path.read_bytes() == before

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("begin;", "it would end the transaction that it is applied in"),
            ("create table a (x); commit;", "it would end the transaction that it is applied in"),
            ("rollback;", "it would end the transaction that it is applied in"),
            ("end;", "it would end the transaction that it is applied in"),
            ("savepoint s;", "it would work on the transaction that it is applied in"),
            ("release s;", "it would work on the transaction that it is applied in"),
            ("attach 'other.sqlite' as other;", "a script changes one database"),
            ("detach main;", "a script changes one database"),
            ("delete from _migrations;", "the ledger is written by tsm alone"),
            ("update _migrations set script = '';", "the ledger is written by tsm alone"),
            ("insert into _MIGRATIONS values (9, '', '', '', '');",
             "the ledger is written by tsm alone"),
            ("drop table _migrations;", "the ledger is written by tsm alone"),
            ("alter table _migrations rename to other;", "the ledger is written by tsm alone"),
            ("create trigger t after insert on _migrations begin select 1; end;",
             "the ledger is written by tsm alone"),
            ("create trigger t after insert on users begin delete from _migrations; end;"
             "insert into users values (1, 'a');", "the ledger is written by tsm alone"),
        ],
    )  # fmt: skip
    def test_what_is_not_for_scripts_is_refused(self, path: Path, text: str, why: str) -> None:
        before = path.read_bytes()

        with pytest.raises(ScriptError, match=f"not allowed in a script: {why}"):
            run(path, text)

        assert path.read_bytes() == before
        assert [entry.name for entry in path.parent.iterdir() if entry.is_file()] == ["app.sqlite"]

    def test_the_ledger_may_be_read(self, path: Path) -> None:
        assert run(path, "create table seen as select filename from _migrations;")

        assert rows(path, "select * from seen") == [("001.it.sql",)]

    def test_the_first_script_of_all_leaves_no_database(self, tmp_path: Path) -> None:
        path = tmp_path / "app.sqlite"

        with pytest.raises(ScriptError):
            run(path, "create table a (x); bad;")

        assert list(tmp_path.glob("app.sqlite*")) == []

    @pytest.mark.parametrize(
        ("sql", "why"),
        [
            ("create trigger t after insert on _migrations begin delete from _migrations; end",
             "the row is not there after it was written"),
            ("create trigger t before insert on _migrations begin select raise(ignore); end",
             "the row is not there after it was written"),
            ("create unique index i on _migrations (started_at)",
             "UNIQUE constraint failed: _migrations.started_at"),
            ("alter table _migrations add column who check (who > 0) default 0 not null",
             "CHECK constraint failed: who > 0"),
        ],
    )  # fmt: skip
    def test_a_ledger_that_does_not_take_the_row(self, path: Path, sql: str, why: str) -> None:
        writer = open_database(path)
        if "CHECK" in why:  # SQLite refuses such a column where there are rows
            writer.execute("delete from _migrations")
        writer.execute(sql)
        writer.close()
        before = path.read_bytes()

        with pytest.raises(DatabaseError) as failure:
            run(path, "create table a (x);")

        assert (
            failure.value.message == f"`app.sqlite`: the ledger does not record `002.it.sql`: {why}"
        )
        assert failure.value.hint == (
            "see what constraints and triggers `_migrations` has; nothing was changed"
        )
        assert path.read_bytes() == before

    def test_an_interruption_leaves_nothing(self, path: Path) -> None:
        before = path.read_bytes()

        def clock() -> str:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            apply_script(path, "", (2, "002.it.sql", "create table a (x);"), clock, lambda _: True)

        assert path.read_bytes() == before

    def test_a_value_that_is_too_big_is_the_scripts_fault(self, path: Path) -> None:
        with pytest.raises(ScriptError, match="string or blob too big"):
            run(path, "select zeroblob(2000000000);")
