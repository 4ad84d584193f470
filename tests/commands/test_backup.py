"""`tsm backup`: whole copies, made beside whoever uses the database, never lost by a pruning."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.harness.holding import held, killed_after
from tests.harness.looking import complaint, untouched
from tests.harness.project import Project, open_database
from tests.schema.test_documents import validate
from tsm_git.core.backups import Backup, backup_name, outdated, parse_age, parse_backup
from tsm_git.core.text import file_stamp

WRITER = """
import sys, time, apsw
connection = apsw.Connection(sys.argv[1])
connection.set_busy_timeout(20_000)
print("ready", flush=True)
for number in range(100_000):
    connection.execute("begin immediate; insert into log values (?, ?); insert into twin values (?);"
                       "commit", (number, "x" * 2000, number))
    time.sleep(0.005)
"""


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project that has applied two scripts."""
    project.scripts("001.users.sql", "002.mail.sql")
    project.commit("start")
    project.apply()
    return project


def backups(shop: Project) -> list[Path]:
    """Return the backups, oldest first."""
    return sorted(shop.root.glob("app.sqlite.bak/*.app.sqlite"))


def execute(path: Path, *statements: str) -> None:
    """Change a database by hand."""
    connection = open_database(path)
    for statement in statements:
        connection.execute(statement).fetchall()
    connection.close()


class TestMake:
    def test_a_copy_that_passes_and_says_what_it_is(self, shop: Project) -> None:
        result = shop.tsm_inprocess("backup").exits(0)

        (backup,) = backups(shop)
        name = backup.relative_to(shop.root).as_posix()
        assert result.stdout == f"app.sqlite: backed up as {name}\n"
        assert parse_backup(backup.name, "app.sqlite") is not None
        assert backup.name.endswith(".002.app.sqlite")
        assert shop.ledger(name) == shop.ledger()
        assert {path.name for path in backup.parent.iterdir()} == {".gitignore", backup.name}

    def test_who_may_read_it_may_read_the_backup(self, shop: Project) -> None:
        (shop.root / "app.sqlite").chmod(0o600)

        shop.tsm_inprocess("backup").exits(0)

        assert backups(shop)[0].stat().st_mode & 0o777 == 0o600

    @pytest.mark.parametrize("mode", ["delete", "wal"])
    @pytest.mark.parametrize("statements", [("begin", "select * from users"), ("begin immediate",)])
    def test_others_have_it_open(
        self, shop: Project, mode: str, statements: tuple[str, ...]
    ) -> None:
        execute(shop.root / "app.sqlite", f"pragma journal_mode = {mode}")
        with held(shop.root / "app.sqlite", *statements):
            shop.tsm_inprocess("backup").exits(0)

        name = backups(shop)[0].relative_to(shop.root).as_posix()
        assert shop.query("pragma journal_mode", name) == [("delete",)]
        assert shop.ledger(name) == shop.ledger()

    def test_a_log_that_a_killed_program_has_left_is_part_of_it(self, shop: Project) -> None:
        killed_after(shop.root / "app.sqlite", "pragma journal_mode = wal", "create table late (x)")

        shop.tsm_inprocess("backup").exits(0)

        name = backups(shop)[0].relative_to(shop.root).as_posix()
        assert shop.query("select count(*) from late", name) == [(0,)]

    @pytest.mark.parametrize("mode", ["delete", "wal"])
    def test_a_busy_writer(self, shop: Project, mode: str) -> None:
        """Each transaction writes a row into two tables: a copy between the two would show."""
        path = shop.root / "app.sqlite"
        execute(path, f"pragma journal_mode = {mode}", "create table log (n, x)",
                "create table twin (n)", "pragma synchronous = off",
                "with recursive c (x) as (select 1 union all select x + 1 from c where x < 5000)"
                " insert into log select -x, zeroblob(3000) from c")  # fmt: skip
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            try:
                for _ in range(3):
                    shop.tsm_inprocess("backup").exits(0)
                assert writer.poll() is None, "the backup has disturbed the writer"
            finally:
                writer.kill()

        for backup in backups(shop):
            name = backup.relative_to(shop.root).as_posix()
            (row,) = shop.query(
                "select (select count(*) from log where n >= 0), (select count(*) from twin)", name
            )
            assert row[0] == row[1]

    @pytest.mark.slow
    def test_one_that_is_locked(self, shop: Project) -> None:
        with held(shop.root / "app.sqlite", "begin exclusive"):
            result = shop.tsm("backup").exits(2)

        assert result.stderr.startswith("error: `app.sqlite` is locked by another process\n")
        assert backups(shop) == []

    def test_one_that_is_corrupt_leaves_no_backup(self, shop: Project) -> None:
        data = (shop.root / "app.sqlite").read_bytes()
        (shop.root / "app.sqlite").write_bytes(data[:4096] + b"\xff" * 4096 + data[8192:])

        assert "corrupt" in shop.tsm_inprocess("backup").exits(2).stderr
        assert not (shop.root / "app.sqlite.bak").exists()

    def test_a_ledger_that_nobody_can_read_is_backed_up(self, shop: Project) -> None:
        execute(shop.root / "app.sqlite", "drop table _migrations", "create table _migrations (x)")

        shop.tsm_inprocess("backup").exits(0)

        assert backups(shop)[0].name.endswith(".000.app.sqlite")

    def test_there_is_no_database_yet(self, project: Project) -> None:
        project.scripts("001.users.sql")

        assert complaint(project, "backup") == (
            "there is no database `app.sqlite` yet, so there is nothing to back up",
            "run `tsm apply` to make it",
        )

    def test_there_are_no_scripts(self, project: Project) -> None:
        assert complaint(project, "backup").error == (
            "there is no folder `X.migrations` with scripts, so there is no database"
        )

    def test_the_folder_cannot_be_made(self, shop: Project) -> None:
        shop.write("app.sqlite.bak", "a file is in the way")

        assert complaint(shop, "backup") == (
            "`app.sqlite.bak` cannot be written: File exists",
            f"run `ls -ld {shop.root / 'app.sqlite.bak'}` to see who may, "
            "`df` to see whether the disk is full",
        )
        assert (shop.root / "app.sqlite.bak").read_text() == "a file is in the way"

    def test_where_a_killed_run_has_left_the_folder_git_does_not_see_it(
        self, shop: Project
    ) -> None:
        shop.write(".git/info/exclude", "*.sqlite\n")
        (shop.root / "app.sqlite.bak").mkdir()
        shop.tsm_inprocess("backup").exits(0)

        assert "bak" not in shop.git("status", "--porcelain")

    def test_a_link_in_the_folder_is_not_followed(self, shop: Project) -> None:
        (shop.root / "app.sqlite.bak").mkdir()
        (shop.root / "app.sqlite.bak/.gitignore").symlink_to(shop.root / "outside")
        shop.tsm_inprocess("backup").exits(0)

        assert not (shop.root / "outside").exists()

    def test_git_does_not_see_it(self, shop: Project) -> None:
        shop.write(".git/info/exclude", "*.sqlite\n")
        shop.tsm_inprocess("backup").exits(0)

        shop.git("add", "--all")

        assert "bak" not in shop.git("ls-files")

    def test_one_that_fails_leaves_no_folder(self, shop: Project) -> None:
        (shop.root / "app.sqlite").write_bytes(b"SQLite format 3\0" + b"\1" * 4000)

        assert "app.sqlite" in shop.tsm_inprocess("backup").exits(2).stderr

        assert not (shop.root / "app.sqlite.bak").exists()

    def test_what_a_killed_run_has_left_goes(self, shop: Project) -> None:
        old = shop.write("app.sqlite.bak/2020-01-01T00-00-00.000000.001.app.sqlite.part", "half")
        young = shop.write("app.sqlite.bak/2020-01-01T00-00-00.000001.001.app.sqlite.part", "half")
        os.utime(old, (1, 1))

        shop.tsm_inprocess("backup").exits(0)

        assert not old.exists()
        assert young.exists()
        assert len(backups(shop)) == 1

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
    def test_a_full_disk_leaves_no_backup(self, shop: Project) -> None:
        execute(shop.root / "app.sqlite", "create table big as select zeroblob(500000) as x")
        program = (
            "import resource, runpy, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000));"
            "sys.argv = ['tsm', 'backup']; runpy.run_module('tsm_git', run_name='__main__')"
        )
        ran = shop.env.run(
            [sys.executable, "-c", program], cwd=shop.root,
            env={"PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip

        assert ran.exit_code == 2, ran
        assert ran.stderr.startswith("error: `app.sqlite` cannot be read or written: "), ran
        assert not (shop.root / "app.sqlite.bak").exists()


class TestBeforeChanges:
    def test_an_apply_makes_one_whatever_it_runs(self, shop: Project) -> None:
        shop.scripts("003.a.sql", "004.b.sql")

        result = shop.tsm_inprocess("apply").exits(0)

        (backup,) = backups(shop)
        name = backup.relative_to(shop.root).as_posix()
        assert result.stderr.splitlines()[0] == f"backed up as {name}"
        assert len(shop.ledger(name)) == 2

    def test_nothing_to_apply_makes_none(self, shop: Project) -> None:
        shop.tsm_inprocess("apply").exits(0)

        assert backups(shop) == []

    def test_a_script_is_not_run_without(self, shop: Project) -> None:
        shop.script("003.a.sql")
        shop.write("app.sqlite.bak", "a file is in the way")

        shop.tsm_inprocess("apply").exits(2)

        assert len(shop.ledger()) == 2

    def test_so_many_are_kept(self, shop: Project) -> None:
        shop.write("tsm.toml", "keep_backups = 2\n")
        other = shop.write("app.sqlite.bak/notes.txt", "mine")
        for number in range(3, 7):
            shop.script(f"00{number}.x.sql", "select 1;\n")
            shop.tsm_inprocess("apply").exits(0)

        assert [path.name.split(".")[2] for path in backups(shop)] == ["004", "005"]
        assert other.exists()

    def test_the_one_just_made_is_kept_whatever_the_clock_said_before(self, shop: Project) -> None:
        shop.write("tsm.toml", "keep_backups = 1\n")
        shop.write("app.sqlite.bak/2999-01-01T00-00-00.000000.001.app.sqlite", "later")
        shop.script("003.x.sql", "select 1;\n")

        shop.tsm_inprocess("apply").exits(0)

        assert len(backups(shop)) == 2


class TestLooking:
    def test_listing_changes_nothing(self, shop: Project) -> None:
        shop.tsm_inprocess("backup").exits(0)
        shop.write("app.sqlite.bak/other.sqlite", "no backup")
        with untouched(shop.root):
            result = shop.tsm_inprocess("backup", "list").exits(0)

        (line,) = result.stdout.splitlines()
        assert line.endswith(backups(shop)[0].name)

    def test_none(self, shop: Project) -> None:
        with untouched(shop.root):
            said = shop.tsm_inprocess("backup", "list").exits(0).stdout
        assert said == "app.sqlite: no backups\n"

    def test_a_corrupt_one_is_told(self, shop: Project) -> None:
        for _ in range(2):
            shop.tsm_inprocess("backup").exits(0)
        first, second = backups(shop)
        data = first.read_bytes()
        first.write_bytes(data[:4096] + b"\xff" * 4096 + data[8192:])
        with untouched(shop.root):
            result = shop.tsm_inprocess("backup", "verify").exits(1)

        told = result.stdout.splitlines()
        assert told[0].startswith(f"`app.sqlite.bak/{first.name}` is corrupt: ")
        assert told[1] == f"app.sqlite.bak/{second.name}: ok"
        shop.tsm_inprocess("backup", "verify", "latest").exits(0)
        shop.tsm_inprocess("backup", "verify", first.name).exits(1)

    def test_one_that_does_not_exist(self, shop: Project) -> None:
        assert complaint(shop, "backup", "verify", "../app.sqlite") == (
            "there is no backup `../app.sqlite` of `app.sqlite`",
            "run `tsm backup list` to see those that there are",
        )

    @pytest.mark.parametrize(
        "arguments",
        [("list",), ("verify",), ("make",), ("prune", "--keep", "1")],
        ids=lambda words: words[0],
    )
    def test_as_json(self, shop: Project, arguments: tuple[str, ...]) -> None:
        for _ in range(2):
            shop.tsm_inprocess("backup").exits(0)

        document = shop.tsm_inprocess("backup", *arguments, "--json").exits(0).json()

        validate(document, "backup")


class TestPrune:
    def test_says_what_it_removes(self, shop: Project) -> None:
        for _ in range(3):
            shop.tsm_inprocess("backup").exits(0)
        first, second, third = backups(shop)

        result = shop.tsm_inprocess("backup", "prune", "--keep", "1").exits(0)

        assert backups(shop) == [third]
        assert result.stdout == (
            f"removed app.sqlite.bak/{first.name}\n"
            f"removed app.sqlite.bak/{second.name}\n"
            "app.sqlite: removed 2, kept 1 backup\n"
        )

    def test_a_link_is_no_backup(self, shop: Project) -> None:
        shop.tsm_inprocess("backup").exits(0)
        link = shop.root / "app.sqlite.bak/2000-01-01T00-00-00.000000.001.app.sqlite"
        link.symlink_to(shop.root / "app.sqlite")

        shop.tsm_inprocess("backup", "prune", "--keep", "1").exits(0)

        assert link.is_symlink()

    @pytest.mark.parametrize(
        "arguments",
        [
            ("prune",),
            ("prune", "--keep", "0"),
            ("prune", "--older-than", "soon"),
            ("--keep", "3"),
            ("list", "name"),
        ],
        ids=" ".join,
    )
    def test_what_makes_no_sense_removes_nothing(
        self, shop: Project, arguments: tuple[str, ...]
    ) -> None:
        with untouched(shop.root):
            shop.tsm_inprocess("backup", *arguments).exits(2)


class TestNames:
    def test_they_say_when_and_what(self) -> None:
        name = backup_name("2026-11-19T14:30:05.123456+00:00", 7, "app.sqlite")

        assert name == "2026-11-19T14-30-05.123456.007.app.sqlite"
        assert parse_backup(name, "app.sqlite") == ("2026-11-19T14:30:05.123456+00:00", 7)

    def test_a_full_second_has_microseconds_too(self) -> None:
        assert file_stamp("2026-11-19T14:30:05+00:00") == "2026-11-19T14-30-05.000000"

    @pytest.mark.parametrize(
        "name",
        [
            "2026-11-19T14-30-05.123456.007.other.sqlite",
            "2026-11-19T14-30-05.123456.07.app.sqlite",
            "2026-11-19T14-30-05.007.app.sqlite",
            "2026-11-19T14-30-05.123456.007.app.sqlite.part",
            "scripts-2026-11-19T14-30-05.123456",
        ],
    )
    def test_what_is_no_backup(self, name: str) -> None:
        assert parse_backup(name, "app.sqlite") is None

    @pytest.mark.parametrize(
        ("keep", "age", "gone"),
        [
            (None, None, []), (2, None, [1, 2, 3]), (9, None, []), (None, "2d", [1, 2, 3]),
            (1, "2d", [1, 2, 3]), (3, "2d", [1, 2]), (4, "1h", [1]), (None, "1h", [1, 2, 3, 4]),
        ],
    )  # fmt: skip
    def test_which_of_them_go(self, keep: int | None, age: str | None, gone: list[int]) -> None:
        made = [
            Backup(
                f"x/2026-01-0{day}T00-00-00.000000.001.x", f"2026-01-0{day}T00:00:00+00:00", 1, 1
            )
            for day in range(1, 6)
        ]
        found = outdated(made, keep, parse_age(age) if age else None, "2026-01-05T12:00:00+00:00")

        assert [int(backup.name[9]) for backup in found] == gone

    def test_ages(self) -> None:
        assert parse_age("12h") == timedelta(hours=12)
        assert parse_age("8w") == timedelta(weeks=8)
        assert [parse_age(word) for word in ("", "0d", "d", "3", "-1d", "1.5d")] == [None] * 6
