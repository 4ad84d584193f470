"""What a script does to its connection ends with it, and what asks for no transaction has none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from tests.adapters.test_applying import WHEN, rows, tables
from tests.harness.project import SOURCE, open_database
from tsm_git.adapters.sqlite import Applier, Runnable
from tsm_git.adapters.sqlite.replay import replay
from tsm_git.core.errors import ScriptError
from tsm_git.core.ledger import Ledger
from tsm_git.core.script import inspect
from tsm_git.core.transactions import first_unfit


def run(path: Path, *texts: str, first: int = 1) -> None:
    """Apply scripts over one applier, each of which has to run."""
    with Applier(path, "app.sqlite", lambda: WHEN) as one:
        for number, text in enumerate(texts, start=first):
            runnable = Runnable(number, f"app.sqlite.migrations/{number:03}.it.sql", text)
            assert one.apply(runnable, lambda _: True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a database is to be."""
    return tmp_path / "app.sqlite"


class TestSettings:
    @pytest.mark.parametrize(
        ("pragma", "value"),
        [
            ("legacy_alter_table", 1), ("ignore_check_constraints", 1), ("recursive_triggers", 1),
            ("secure_delete", 1), ("cell_size_check", 1), ("reverse_unordered_selects", 1),
            ("foreign_keys", 1), ("case_sensitive_like", None),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("first", [1, 2], ids=["new database", "old database"])
    def test_they_do_not_leak(self, path: Path, pragma: str, value: int | None, first: int) -> None:
        seen = f"create table seen as select * from pragma_{pragma}"
        if value is None:
            seen = "create table seen as select 'A' not like 'a'"
        if first == 2:
            run(path, "create table t (a)")

        run(path, f"pragma {pragma} = on", seen, first=first)

        assert rows(path, "select * from seen") == [(0,)]

    def test_what_is_temporary_is_gone(self, path: Path) -> None:
        run(path, "create table t (a); create temp trigger x after insert on t begin"
                  " insert into t values (9); end; create temp view t2 as select 1;",
            "insert into t values (1)")  # fmt: skip

        assert rows(path, "select * from t") == [(1,)]

    def test_those_of_a_script_that_failed_are_gone_too(self, path: Path) -> None:
        run(path, "create table t (a check (a > 0))")
        with Applier(path, "app.sqlite", lambda: WHEN) as one:
            bad = "pragma ignore_check_constraints = on; insert into t values (-1); bad"
            with pytest.raises(ScriptError):
                one.apply(Runnable(2, "002.it.sql", bad), lambda _: True)
            with pytest.raises(ScriptError, match="CHECK constraint failed"):
                one.apply(Runnable(2, "002.it.sql", "insert into t values (-1)"), lambda _: True)


class TestNoTransaction:
    HEADER = "-- Makes room.\n-- tsm: no-transaction\n"

    def test_vacuum_runs(self, path: Path) -> None:
        run(path, "create table t (a)", self.HEADER + "pragma page_size = 8192; vacuum;")

        assert rows(path, "pragma page_size") == [(8192,)]
        assert rows(path, "select id from _migrations") == [(1,), (2,)]

    def test_a_log_can_be_switched_on_by_the_first_script_of_all(self, path: Path) -> None:
        run(path, self.HEADER + "pragma journal_mode = wal;", "create table t (a)")

        assert [p.name for p in path.parent.glob("app.sqlite*")] == ["app.sqlite"]
        assert rows(path, "pragma journal_mode") == [("wal",)]

    def test_it_may_have_transactions_of_its_own(self, path: Path) -> None:
        run(path, "create table t (a)",
            self.HEADER + "begin; insert into t values (1); commit; savepoint s; release s;")  # fmt: skip

        assert rows(path, "select * from t") == [(1,)]

    @pytest.mark.parametrize(
        ("text", "told", "kept"),
        [
            ("insert into t values (1); insert into t values (2);\nbad;",
             '4:1: near "bad": syntax error', "its first 2 statements have run and stay"),
            ("insert into t values (1); begin; insert into t values (2);\nbad;",
             '4:1: near "bad": syntax error', "its one statement has run and stay"),
            ("bad;", '3:1: near "bad": syntax error', "none of its statements has run"),
            ("begin; insert into t values (1);",
             "3:8: the script has opened a transaction and does not commit it",
             "none of its statements has run"),
            ("insert into t values (1); delete from _migrations;",
             "3:27: not allowed in a script: the ledger is written by tsm alone",
             "its one statement has run and stay"),
            ("insert into t values (1); vacuum into 'x';",
             "3:27: not allowed in a script: a script changes one database",
             "its one statement has run and stay"),
            ("insert into t values (1); attach 'x' as x;",
             "3:27: not allowed in a script: a script changes one database",
             "its one statement has run and stay"),
        ],
    )  # fmt: skip
    def test_one_that_fails_says_what_stays(
        self, path: Path, text: str, told: str, kept: str
    ) -> None:
        run(path, "create table t (a)")

        with pytest.raises(ScriptError) as failure:
            run(path, self.HEADER + text, first=2)

        assert str(failure.value) == f"app.sqlite.migrations/002.it.sql:{told}"
        assert failure.value.hint.startswith(kept)
        count = int(kept.split()[2]) if "first" in kept else int("one" in kept.split()[:2])
        assert rows(path, "select count(*) from t") == [(count,)]
        assert rows(path, "select id from _migrations") == [(1,)]

    def test_rows_that_it_orphans_are_told(self, path: Path) -> None:
        run(path, "create table a (id integer primary key); create table b (a references a);"
                  "insert into a values (1); insert into b values (1);")  # fmt: skip

        with pytest.raises(ScriptError, match="row 1 of `b` refers to a row of `a`"):
            run(path, self.HEADER + "delete from a;", first=2)

    def test_the_first_script_of_all_leaves_nothing(self, path: Path) -> None:
        with pytest.raises(ScriptError) as failure:
            run(path, self.HEADER + "create table t (a); bad;")

        assert failure.value.hint.startswith("the database is as it was before")
        assert list(path.parent.glob("app.sqlite*")) == []

    def test_a_proof_replays_it(self) -> None:
        outcome = replay([("1", "create table t (a)"), ("2", self.HEADER + "vacuum;")])

        assert outcome.failure is None


class TestAsking:
    """The ledger is read once, and again only where others have written: cost must not grow."""

    def test_once_for_all_scripts_unless_somebody_else_writes(self, path: Path) -> None:
        run(path, "create table t (a)")
        asked: list[int] = []

        def allow(ledger: Ledger) -> bool:
            asked.append(len(ledger.entries))
            return True

        with Applier(path, "app.sqlite", lambda: WHEN) as one:
            for number in range(2, 30):
                if number == 20:
                    other = open_database(path)
                    other.execute("insert into t values (1)")
                    other.close()
                one.apply(Runnable(number, f"{number:03}.it.sql", "select 1;"), allow)

        assert asked == [1, 19]


class TestNewDatabase:
    PROGRAM = """
import sys
from pathlib import Path
from tsm_git.adapters.sqlite import Runnable, Applier
from tsm_git.core.errors import TsmError
path = Path(sys.argv[1])
def allow(ledger):
    return not ledger.entries
print("ready", flush=True); sys.stdin.readline()
with Applier(path, "app.sqlite", lambda: "2026") as one:
    print(one.apply(Runnable(1, "001.it.sql", "create table t (a); insert into t values (1)"), allow))
"""

    def test_processes_at_once_make_it_once(self, path: Path) -> None:
        running = [
            subprocess.Popen(
                [sys.executable, "-c", self.PROGRAM, str(path)], cwd=SOURCE, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )
            for _ in range(4)
        ]  # fmt: skip
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        said = [process.communicate("\n")[0].strip() for process in running]

        assert sorted(said) == ["False", "False", "False", "True"]
        assert rows(path, "select * from t") == [(1,)]
        assert [p.name for p in path.parent.glob("app.sqlite*")] == ["app.sqlite"]

    def test_nobody_sees_it_before_it_is_whole(self, path: Path) -> None:
        with Applier(path, "app.sqlite", lambda: WHEN) as one:
            one.apply(Runnable(1, "001.it.sql", "create table t (a)"), lambda _: True)
            one.apply(Runnable(2, "002.it.sql", "create table u (a)"), lambda _: True)
            assert not path.exists()

        assert tables(path) == {"t", "u"}
        assert one.ran == ["001.it.sql", "002.it.sql"]
        assert [p.name for p in path.parent.glob("app.sqlite*")] == ["app.sqlite"]

    def test_a_script_that_fails_leaves_those_before_it(self, path: Path) -> None:
        with Applier(path, "app.sqlite", lambda: WHEN) as one:
            one.apply(Runnable(1, "001.it.sql", "create table t (a)"), lambda _: True)
            with pytest.raises(ScriptError, match="no such table"):
                one.apply(Runnable(2, "002.it.sql", "insert into u values (1)"), lambda _: True)

        assert one.ran == ["001.it.sql"]
        assert rows(path, "select id from _migrations") == [(1,)]

    def test_one_that_somebody_makes_meanwhile_gets_the_scripts(self, path: Path) -> None:
        with Applier(path, "app.sqlite", lambda: WHEN) as one:
            one.apply(Runnable(1, "001.it.sql", "create table t (a)"), lambda _: True)
            other = open_database(path)
            other.execute("create table theirs (a)")
            other.close()

        assert tables(path) == {"t", "theirs"}
        assert one.ran == ["001.it.sql"]

    def test_those_that_it_has_by_then_do_not_run_again(self, path: Path) -> None:
        with Applier(path, "app.sqlite", lambda: WHEN) as one:
            one.apply(Runnable(1, "001.it.sql", "create table t (a)"), lambda x: not x.entries)
            run(path, "create table t (a); insert into t values ('theirs')")

        assert rows(path, "select a from t") == [("theirs",)]
        assert one.ran == []
        assert [p.name for p in path.parent.glob("app.sqlite*")] == ["app.sqlite"]

    def test_a_link_leads_to_it(self, path: Path) -> None:
        (path.parent / "far").mkdir()
        path.symlink_to("far/real.sqlite")

        run(path, "create table t (a)")

        assert path.is_symlink()
        assert tables(path.parent / "far" / "real.sqlite") == {"t"}

    def test_what_a_killed_run_has_left_is_in_nobody_s_way(self, path: Path) -> None:
        old, young = [path.with_name(f"app.sqlite-new-{pid}") for pid in (99999998, 99999999)]
        for leftover in (old, young):
            leftover.write_bytes(b"half")
        os.utime(old, (1, 1))

        run(path, "create table t (a)")

        assert (old.exists(), young.exists()) == (False, True)


@pytest.mark.parametrize(
    "statement",
    [
        "pragma foreign_keys = on", "pragma page_size = 8192", "pragma auto_vacuum = full",
        "pragma encoding = 'utf-16'", "pragma journal_mode = memory", "pragma journal_mode = wal",
        "pragma synchronous = off", "pragma wal_checkpoint",
        "vacuum", "vacuum into 'x'", "commit", "end", "rollback",
    ],
)  # fmt: skip
def test_what_the_rule_forbids_does_not_work_in_a_transaction(path: Path, statement: str) -> None:
    connection = open_database(path)
    connection.execute("create table t (a); insert into t values (1)")
    name = statement.split()[1] if statement.startswith("pragma") else "user_version"
    before = connection.pragma(name) if name != "wal_checkpoint" else None
    connection.execute("begin; insert into t values (2)")

    try:
        connection.execute(statement).fetchall()
    except apsw.Error:
        pass
    else:
        assert not connection.in_transaction or connection.pragma(name) == before
    connection.close()
    assert first_unfit(statement) is not None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"select 1;\n  CoMmIt;", (2, 3, "COMMIT")),
        (b"create table t (a);--x\n/* y */ pragma [main] . \"foreign_keys\" = 1", (2, 9, "PRAGMA foreign_keys")),
        (b"pragma foreign_keys", None),
        (b"pragma main.foreign_keys", None),
        (b"\xef\xbb\xbfbegin", (1, 1, "BEGIN")),
        (b"end", (1, 1, "END")),
        (b"append; select 'end'", None),
        (b"explain commit", None),
    ],
)  # fmt: skip
def test_where_it_is_found(text: bytes, found: tuple[int, int, str] | None) -> None:
    assert inspect(text).unfit == found
