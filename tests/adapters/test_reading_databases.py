"""Databases in every state that a machine can leave them in: read without a trace, or told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from tests.harness.holding import held, killed_after
from tests.harness.looking import complaint, told, untouched, verdict
from tests.harness.project import SOURCE, Project, open_database
from tsm_git.adapters.sqlite import connection, read_ledger
from tsm_git.core.errors import DatabaseError
from tsm_git.core.ledger import Ledger

BOTH = ["001.users.sql", "002.mail.sql"]
WHAT_OPENS_IT = pytest.mark.parametrize("command", ["check", "status", "apply"])
LEFT_OPEN = ("pragma journal_mode = wal", "create table left_open (a)")


@pytest.fixture
def team(project: Project) -> Project:
    """Return a project whose main has 001 and 002."""
    project.scripts(*BOTH)
    project.commit("start")
    return project


@pytest.fixture
def applied(team: Project) -> Project:
    """Return a project that has applied both."""
    team.tsm_inprocess("apply").exits(0)
    return team


def database(project: Project) -> Path:
    """Return where the working database is."""
    return project.root / project.database


def stamp(project: Project, offset: int, data: bytes) -> None:
    """Write bytes over a place of the database."""
    content = bytearray(database(project).read_bytes())
    content[offset : offset + len(data)] = data
    database(project).write_bytes(content)


class TestNotADatabase:
    NO_DATABASE = (
        "`app.sqlite` is not an SQLite database",
        "see that the path is the one you mean",
    )

    @WHAT_OPENS_IT
    @pytest.mark.parametrize("data", [b"x", b"no database at all " * 99], ids=["short", "long"])
    def test_a_file_that_is_something_else(self, team: Project, command: str, data: bytes) -> None:
        database(team).write_bytes(data)

        assert complaint(team, command) == self.NO_DATABASE

    @WHAT_OPENS_IT
    def test_a_folder(self, team: Project, command: str) -> None:
        database(team).mkdir()

        assert complaint(team, command) == (
            "`app.sqlite` is not a file",
            "run `ls -ld app.sqlite`",
        )

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
    @WHAT_OPENS_IT
    def test_a_pipe_is_not_waited_for(self, team: Project, command: str) -> None:
        os.mkfifo(database(team))

        assert complaint(team, command).error == "`app.sqlite` is not a file"

    def test_the_index_and_a_commit_do_not_ask_it(self, team: Project) -> None:
        database(team).write_bytes(b"no database at all")

        assert verdict(team, "--staged").state == "CURRENT"
        assert verdict(team, "--head", "HEAD").state == "CURRENT"

    @pytest.mark.parametrize("place", [("--staged",), ("--head", "HEAD")], ids=["index", "commit"])
    @pytest.mark.parametrize("option", ["--working", "--ref"])
    def test_one_that_is_named_is_asked(
        self, team: Project, place: tuple[str, ...], option: str
    ) -> None:
        team.write("other.sqlite", "no database at all")

        assert complaint(team, "check", *place, option, "other.sqlite").error == (
            "`other.sqlite` is not an SQLite database"
        )
        assert complaint(team, "check", *place, option, "nothing.sqlite") == (
            "there is no file `nothing.sqlite`",
            "give the path of a database",
        )

    @pytest.mark.parametrize("place", [(), ("--staged",)], ids=["worktree", "index"])
    def test_the_ref_database_is_asked(self, team: Project, place: tuple[str, ...]) -> None:
        team.write("app.sqlite.ref", "no database at all")

        assert complaint(team, "check", *place).error == (
            "`app.sqlite.ref` is not an SQLite database"
        )


class TestEmpty:
    def test_no_database_has_applied_nothing(self, team: Project) -> None:
        assert verdict(team) == ("PENDING", [], BOTH, [])

    def test_nor_has_a_file_without_a_byte(self, team: Project) -> None:
        database(team).touch()

        assert verdict(team) == ("PENDING", [], BOTH, [])

    def test_nor_has_one_without_a_ledger(self, team: Project) -> None:
        open_database(database(team)).execute("create table users (id)")

        assert verdict(team) == ("PENDING", [], BOTH, [])

    def test_a_link_that_leads_nowhere_is_no_database_yet(self, team: Project) -> None:
        database(team).symlink_to("nowhere.sqlite")

        assert verdict(team) == ("PENDING", [], BOTH, [])

    def test_status_tells_no_database_from_an_empty_one(self, team: Project) -> None:
        with untouched(team.root):
            none = team.tsm_inprocess("status").exits(0).stdout
        database(team).touch()
        with untouched(team.root):
            empty = team.tsm_inprocess("status").exits(0).stdout

        assert "working   app.sqlite: does not exist yet" in none
        assert "working   app.sqlite: 0 scripts applied" in empty


class TestCorrupt:
    @WHAT_OPENS_IT
    @pytest.mark.parametrize(
        "harm",
        [
            pytest.param(lambda data: data[:4096] + b"\xff" * 4096 + data[8192:], id="page"),
            pytest.param(lambda data: data[:100] + b"\xff" * 500 + data[600:], id="schema"),
            pytest.param(lambda data: data[:5000], id="cut"),
        ],
    )
    def test_it_is_told_and_not_made_worse(
        self, applied: Project, command: str, harm: Callable[[bytes], bytes]
    ) -> None:
        database(applied).write_bytes(harm(database(applied).read_bytes()))

        error, hint = complaint(applied, command)

        assert error == "`app.sqlite` is corrupt: database disk image is malformed"
        assert hint == (
            "run `sqlite3 app.sqlite 'PRAGMA integrity_check'` to see how far, "
            "then `tsm restore --backup latest` to have the newest backup back"
        )

    def test_a_schema_that_is_no_sql(self, applied: Project) -> None:
        writer = open_database(database(applied))
        writer.execute("pragma writable_schema = on; update sqlite_schema set sql = 'create tble'")
        writer.close()

        assert complaint(applied, "check").error.startswith("`app.sqlite` is corrupt: malformed")


class TestNewerFormat:
    @WHAT_OPENS_IT
    @pytest.mark.parametrize(
        ("offset", "data"),
        [(18, b"\x03\x03"), (18, b"\x03"), (19, b"\x03"), (44, b"\0\0\0\x09")],
        ids=["file", "write", "read", "schema"],
    )
    def test_it_is_left_to_a_later_sqlite(
        self, applied: Project, command: str, offset: int, data: bytes
    ) -> None:
        stamp(applied, offset, data)

        assert complaint(applied, command) == (
            f"`app.sqlite` has a file format that SQLite {apsw.sqlite_lib_version()} does not know",
            "run `pip install --upgrade apsw`",
        )


class TestLocked:
    @pytest.fixture(autouse=True)
    def _impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connection, "BUSY_MILLISECONDS", 20)

    LOCKED = (
        "`app.sqlite` is locked by another process",
        "close what has it open, then try again",
    )

    @WHAT_OPENS_IT
    def test_by_a_writer_that_lets_nobody_in(self, applied: Project, command: str) -> None:
        with held(database(applied), "begin exclusive"):
            result = applied.tsm_inprocess(command).exits(2)

        assert result.stdout == ""
        assert told(result.stderr) == self.LOCKED

    def test_a_write_ahead_log_in_exclusive_mode(self, applied: Project) -> None:
        # Such a writer has no shared index, so a copy of database and log is read.
        with held(
            database(applied),
            "pragma locking_mode = exclusive",
            *LEFT_OPEN,
        ):
            assert "app.sqlite: CURRENT" in applied.tsm_inprocess("check").exits(0).stdout

    def test_a_writer_that_has_not_committed_yet_does_not_keep_readers_out(
        self, applied: Project
    ) -> None:
        with held(database(applied), "begin immediate", "create table new (a)"):
            assert "app.sqlite: CURRENT" in applied.tsm_inprocess("check").exits(0).stdout

    def test_it_keeps_writers_out(self, applied: Project) -> None:
        applied.script("003.phone.sql")

        with held(database(applied), "begin immediate"):
            result = applied.tsm_inprocess("apply").exits(2)

        assert result.stderr.splitlines()[-2:] == [f"error: {self.LOCKED[0]}",
                                                   f"hint: {self.LOCKED[1]}"]  # fmt: skip
        assert [entry.filename for entry in applied.ledger()] == BOTH


class TestLeftovers:
    """What a program leaves beside a database, and what reading makes of it: nothing."""

    def test_a_hot_journal_is_rolled_back_in_a_copy(self, applied: Project) -> None:
        killed_after(
            database(applied),
            "pragma cache_size = 5",
            "begin",
            "delete from _migrations",
            "create table big (a)",
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < 900)"
            " insert into big select randomblob(500) from n",
        )
        assert (applied.root / "app.sqlite-journal").stat().st_size > 0

        assert verdict(applied) == ("CURRENT", [], [], BOTH)

        # Whoever writes next has the right to mend the file itself.
        applied.script("003.phone.sql")
        applied.tsm_inprocess("apply").exits(0)
        assert [entry.filename for entry in applied.ledger()] == [*BOTH, "003.phone.sql"]

    def test_a_journal_without_a_transaction_is_left_alone(self, applied: Project) -> None:
        applied.write("app.sqlite-journal", b"\0" * 512)

        assert verdict(applied) == ("CURRENT", [], [], BOTH)

    def test_a_write_ahead_log_that_is_not_there_is_not_made(self, applied: Project) -> None:
        writer = open_database(database(applied))
        writer.pragma("journal_mode", "wal")
        writer.close()

        assert verdict(applied) == ("CURRENT", [], [], BOTH)

    def test_a_write_ahead_log_that_another_program_is_using(self, team: Project) -> None:
        with held(database(team), *LEFT_OPEN):
            team.tsm_inprocess("apply").exits(0)

            assert verdict(team) == ("CURRENT", [], [], BOTH)

    @pytest.mark.parametrize("lost", [[], ["-shm"]], ids=["with its index", "without its index"])
    def test_a_write_ahead_log_that_a_dead_program_left(
        self, applied: Project, lost: list[str]
    ) -> None:
        killed_after(database(applied), *LEFT_OPEN, "update _migrations set script = 'other'")
        for suffix in lost:
            (applied.root / f"app.sqlite{suffix}").unlink()

        assert verdict(applied).findings == [("TSM301", name) for name in BOTH]

    def test_the_log_lies_beside_the_file_and_not_beside_a_link_to_it(
        self, applied: Project, tmp_path: Path
    ) -> None:
        elsewhere = tmp_path / "elsewhere.sqlite"
        shutil.move(database(applied), elsewhere)
        database(applied).symlink_to(elsewhere)
        killed_after(elsewhere, *LEFT_OPEN, "delete from _migrations where id = 2")

        assert verdict(applied) == ("PENDING", [], ["002.mail.sql"], ["001.users.sql"])

    def test_a_name_may_hold_what_means_something_in_a_uri(self, applied: Project) -> None:
        for name in ("a b.sqlite", "a%41.sqlite", "a?mode=memory.sqlite", "a#b.sqlite", "é.sqlite"):
            shutil.copy(database(applied), applied.root / name)

            assert verdict(applied, "--working", name) == ("CURRENT", [], [], BOTH), name

    @pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
    def test_a_name_need_not_be_utf_8(self, applied: Project) -> None:
        path = applied.root / os.fsdecode(b"\xff.sqlite")
        shutil.copy(database(applied), path)

        assert [entry.filename for entry in read_ledger(path, "shown").entries] == BOTH

    def test_a_database_that_is_gone_by_now_is_none(self, tmp_path: Path) -> None:
        assert read_ledger(tmp_path / "none", "none") == Ledger("none", (), exists=False)


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="takes a user without privileges")
class TestPermissions:
    """Run without the privileges of a superuser, who may do everything."""

    def unprivileged(self, project: Project, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                *("setpriv", "--bounding-set=-all", "--inh-caps=-all"),
                *(sys.executable, "-P", "-m", "tsm_git", *command),
            ],
            cwd=project.root,
            env=project.env.variables({"PYTHONPATH": str(SOURCE)}),
            capture_output=True,
            text=True,
            check=False,
        )

    @pytest.mark.parametrize("mode", ["delete", "wal"])
    def test_a_folder_that_nobody_may_write_to_is_read(self, applied: Project, mode: str) -> None:
        writer = open_database(database(applied))
        writer.pragma("journal_mode", mode)
        writer.close()
        database(applied).chmod(0o444)
        applied.root.chmod(0o555)
        try:
            with untouched(applied.root):
                result = self.unprivileged(applied, "check")
        finally:
            applied.root.chmod(0o755)

        assert (result.returncode, result.stderr) == (0, "")
        assert "app.sqlite: CURRENT" in result.stdout

    def test_a_database_that_may_not_be_written_is_told(self, applied: Project) -> None:
        applied.script("003.phone.sql")
        database(applied).chmod(0o444)

        with untouched(applied.root):
            result = self.unprivileged(applied, "apply")

        assert result.returncode == 2
        *_, error, hint = result.stderr.splitlines()
        assert error.startswith("error: `app.sqlite` cannot be opened: ")
        assert hint == "hint: run `ls -ld app.sqlite` to see who may"

    def test_a_database_that_may_not_be_read_is_told(self, applied: Project) -> None:
        database(applied).chmod(0)

        result = self.unprivileged(applied, "check")

        assert (result.returncode, result.stdout) == (2, "")
        assert told(result.stderr) == (
            "`app.sqlite` cannot be read or written: Permission denied",
            "run `df` to see whether the disk is full, `ls -ld` to see who may",
        )

    def test_a_folder_of_scripts_that_may_not_be_read_is_told(self, team: Project) -> None:
        team.folder.chmod(0)
        try:
            result = self.unprivileged(team, "check")
        finally:
            team.folder.chmod(0o755)

        assert (result.returncode, result.stdout) == (2, "")
        assert told(result.stderr) == (
            f"the folder `{team.folder}` cannot be read: Permission denied",
            f"run `ls -ld '{team.folder}'`",
        )

    def test_a_script_that_may_not_be_read_is_a_finding(self, team: Project) -> None:
        (team.folder / "002.mail.sql").chmod(0)

        result = self.unprivileged(team, "check")

        assert result.returncode == 1
        assert "TSM106 `002.mail.sql` cannot be read" in result.stdout

    def test_a_configuration_that_may_not_be_read_is_told(self, team: Project) -> None:
        team.write("tsm.toml", "strict = true\n").chmod(0)

        result = self.unprivileged(team, "check")

        assert (result.returncode, result.stdout) == (2, "")
        assert told(result.stderr).error == "`tsm.toml` cannot be read: Permission denied"


def test_a_disk_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError) as failure, connection.translated("app.sqlite"):
        raise apsw.IOError("disk I/O error")

    assert failure.value.message == "`app.sqlite` cannot be read or written: disk I/O error"


def test_what_has_no_name_of_its_own_is_told_too() -> None:
    with pytest.raises(DatabaseError) as failure, connection.translated("app.sqlite"):
        raise apsw.MismatchError("datatype mismatch")

    assert failure.value.message == "`app.sqlite`: datatype mismatch"
    assert failure.value.hint == "run `sqlite3 app.sqlite` to see what it holds"
