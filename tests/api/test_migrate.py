"""The Python API: one database, checked and applied by the program that uses it."""

from __future__ import annotations

import os
import pickle
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import tsm_git
from tests.harness.gitenv import GitEnv
from tests.harness.looking import untouched
from tests.harness.project import Project
from tsm_git import (
    CheckResult,
    DatabaseError,
    Migrate,
    Refusal,
    ScriptError,
    State,
    TsmError,
)
from tsm_git.core.errors import GitError, UsageError

USERS, MAIL = SCRIPTS = ["001.users.sql", "002.mail.sql"]


@pytest.fixture
def plain(env: GitEnv, tmp_path: Path) -> Project:
    """Return a folder with 001 and 002 that no repository is around."""
    (tmp_path / "plain").mkdir()
    project = Project(env, tmp_path / "plain")
    project.scripts(*SCRIPTS)
    return project


@pytest.fixture
def team(project: Project) -> Project:
    """Return a project whose main has 001 and 002."""
    project.scripts(*SCRIPTS)
    project.commit("start")
    return project


def migrate(project: Project) -> Migrate:
    """Return the API to the working database."""
    return Migrate(project.root / project.database)


class TestCheck:
    def test_without_git(self, plain: Project) -> None:
        with untouched(plain.root):
            result = migrate(plain).check()

        assert isinstance(result, CheckResult)
        assert result.state is State.PENDING
        assert (result.findings, result.pending, result.applied) == ((), SCRIPTS, [])
        assert result.skipped["TSM212"] == "it is not in a git repository"
        assert result.schema == {}

    def test_with_git_around_what_is_published_counts(self, team: Project) -> None:
        team.branch("work")
        team.edit(USERS)

        with untouched(team.root):
            result = migrate(team).check()

        assert result.state is State.CONFLICTED
        (finding,) = result.findings
        assert (finding.code, finding.subject) == ("TSM201", USERS)
        assert finding.related[0].author == "Ada"

    def test_a_database_is_left_as_it_is(self, plain: Project) -> None:
        plain.tsm_inprocess("apply").exits(0)

        with untouched(plain.root):
            assert migrate(plain).check().state is State.CURRENT

    def test_what_it_says_to_people(self, team: Project) -> None:
        team.branch("work")
        team.scripts("004.city.sql", "005.\x1b[31mred.sql")

        assert migrate(team).check().status().splitlines() == [
            "ERROR: the scripts are no valid sequence",
            "  TSM103 number 003 is missing before `004.city.sql`",
            r"  TSM101 `005.\x1b[31mred.sql` is not named `NUMBER.NAME.sql`",
            "  3 scripts pending: 001.users.sql, 002.mail.sql, 004.city.sql",
            f"  way out: {State.ERROR.way_out}",
        ]

    def test_where_all_agree_there_is_no_way_out(self, plain: Project) -> None:
        plain.tsm_inprocess("apply").exits(0)

        assert migrate(plain).check().status() == "CURRENT: all agree"

    def test_only_this_database_is_looked_at(self, team: Project) -> None:
        team.write("other.sqlite.migrations/002.gap.sql", "select 1;\n")
        team.write("other.sqlite", "no database at all")

        assert migrate(team).check().state is State.PENDING

    def test_one_without_scripts_yet(self, team: Project) -> None:
        result = Migrate(team.root / "new.sqlite").check()

        assert (result.state, result.pending) == (State.CURRENT, [])

    def test_the_configuration_counts(self, team: Project) -> None:
        team.script("3.phone.sql")
        team.write("tsm.toml", '[rules]\nTSM107 = "off"\n')

        result = migrate(team).check()

        assert result.findings == ()
        assert result.skipped["TSM107"] == "switched off in the configuration"

    def test_without_models_none_are_compared(self, plain: Project) -> None:
        assert migrate(plain).check().skipped["TSM401"] == "no models are configured"

    def test_it_is_the_verdict_of_the_command_line(self, team: Project) -> None:
        team.branch("work")
        team.rename(MAIL, "003.mail.sql")
        team.script("003.phone.sql")
        (said,) = team.tsm_inprocess("check", "--json").json()["databases"]

        result = migrate(team).check()

        assert result.state.name == said["state"]
        assert [finding.message for finding in result.findings] == [
            finding["message"] for finding in said["findings"]
        ]
        assert result.pending == said["pending"]


class TestApply:
    def test_the_next_one(self, plain: Project) -> None:
        migrate(plain).apply(USERS)
        assert plain.ledger() == plain.entries(USERS)

        migrate(plain).apply(plain.folder / MAIL)
        assert plain.ledger() == plain.entries(*SCRIPTS)

    def test_no_other(self, plain: Project) -> None:
        with pytest.raises(Refusal) as refusal:
            migrate(plain).apply(MAIL)

        assert refusal.value.state is State.PENDING
        assert refusal.value.message == f"`{USERS}` comes before `{MAIL}`"
        assert refusal.value.hint == f"run `tsm apply {USERS}` first, or `tsm apply` for all"
        assert str(refusal.value) == refusal.value.message

    def test_none_that_is_not_pending(self, plain: Project) -> None:
        with pytest.raises(Refusal, match=r"`nope\.sql` is not pending"):
            migrate(plain).apply("nope.sql")

    def test_nothing_where_all_agree(self, plain: Project) -> None:
        plain.tsm_inprocess("apply").exits(0)

        with untouched(plain.root), pytest.raises(Refusal) as refusal:
            migrate(plain).apply(MAIL)

        assert refusal.value.state is State.CURRENT
        assert refusal.value.message == "`app.sqlite` is CURRENT: nothing is pending"
        assert refusal.value.hint == "write a script into `app.sqlite.migrations` first"

    def test_nothing_where_scripts_are_wrong(self, plain: Project) -> None:
        plain.script("002.other.sql")

        with untouched(plain.root), pytest.raises(Refusal) as refusal:
            migrate(plain).apply(USERS)

        assert refusal.value.state is State.ERROR
        assert "TSM102" in refusal.value.message

    def test_nothing_that_contradicts_what_is_published(self, team: Project) -> None:
        team.branch("work")
        team.edit(MAIL)

        with untouched(team.root), pytest.raises(Refusal) as refusal:
            migrate(team).apply(USERS)

        assert refusal.value.state is State.CONFLICTED

    def test_nothing_that_contradicts_the_database(self, plain: Project) -> None:
        plain.write_ledger([(1, USERS, "select 'other'")])

        with untouched(plain.root), pytest.raises(Refusal) as refusal:
            migrate(plain).apply(MAIL)

        assert refusal.value.state is State.DIVERGED

    def test_a_statement_that_fails(self, plain: Project) -> None:
        plain.tsm_inprocess("apply").exits(0)
        plain.script("003.bad.sql", "create table t (a);\ncreate tabel u (a);\n")

        with pytest.raises(ScriptError) as failure:
            migrate(plain).apply("003.bad.sql")

        assert str(failure.value) == (
            'app.sqlite.migrations/003.bad.sql:2:8: near "tabel": syntax error'
        )
        assert (failure.value.line, failure.value.column) == (2, 8)
        assert plain.ledger() == plain.entries(*SCRIPTS)


class TestCannotWork:
    @pytest.mark.parametrize("database", ["", ":memory:"])
    def test_a_database_in_memory(self, database: str) -> None:
        with pytest.raises(UsageError, match="a database in memory has no scripts"):
            Migrate(database)

    def test_a_folder_that_does_not_exist(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError) as failure:
            Migrate(tmp_path / "none" / "app.sqlite").check()

        assert failure.value.message == f"there is no folder `{tmp_path / 'none'}`"
        assert not (tmp_path / "none").exists()

    def test_a_file_that_is_no_database(self, plain: Project) -> None:
        plain.write("app.sqlite", "no database at all")

        with untouched(plain.root), pytest.raises(DatabaseError) as failure:
            migrate(plain).check()

        assert failure.value.message == "`app.sqlite` is not an SQLite database"

    def test_a_repository_that_is_broken(self, team: Project) -> None:
        team.write(".git/HEAD", "garbage")

        with pytest.raises(GitError, match="is no git repository"):
            migrate(team).check()

    def test_each_is_an_error_of_tsm(self) -> None:
        assert all(issubclass(error, TsmError) for error in (DatabaseError, Refusal, ScriptError))

    def test_a_child_that_dies_is_told(
        self, plain: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "executable", str(_script(plain, "exit 7")))

        with pytest.raises(TsmError) as failure:
            migrate(plain).check()

        assert failure.value.message == ("the process that was to check `app.sqlite` ended with 7")


class TestPaths:
    def test_a_relative_one_is_meant_from_where_it_was_given(
        self, plain: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(plain.root)
        api = Migrate("app.sqlite")
        monkeypatch.chdir("/")

        assert api.path == plain.root / "app.sqlite"
        assert api.check().pending == SCRIPTS

    def test_an_engine_may_be_given(self, plain: Project) -> None:
        class Engine:
            db_path = str(plain.root / "app.sqlite")

        assert Migrate(Engine()).check().pending == SCRIPTS

    def test_an_engine_in_memory(self) -> None:
        class Engine:
            db_path = None

        with pytest.raises(UsageError):
            Migrate(Engine())

    def test_a_link_has_its_scripts_beside_it(self, team: Project, tmp_path: Path) -> None:
        (team.root / "app.sqlite").symlink_to(tmp_path / "elsewhere.sqlite")

        migrate(team).apply(USERS)

        assert migrate(team).check().applied == [USERS]
        assert (tmp_path / "elsewhere.sqlite").stat().st_size > 0
        assert (team.root / "app.sqlite").is_symlink()

    def test_a_project_may_be_reached_through_a_link(self, team: Project, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(team.root)

        assert Migrate(tmp_path / "link" / "app.sqlite").check().pending == SCRIPTS

    def test_a_folder_below_the_repository(self, env: GitEnv, tmp_path: Path) -> None:
        project = Project.create(env, tmp_path / "shop", database="data/it's.sqlite")
        project.script(USERS)
        project.commit("start")

        assert migrate(project).check().pending == [USERS]


class TestBackup:
    def test_it_is_where_the_call_says(self, team: Project) -> None:
        team.tsm_inprocess("apply").exits(0)
        caller = sqlite3.connect(team.root / "app.sqlite", isolation_level=None)
        caller.execute("begin immediate")

        first, second = migrate(team).backup(), migrate(team).backup()

        caller.execute("rollback")
        caller.close()
        assert migrate(team).list_backups() == [first, second]
        assert len(team.ledger(first.relative_to(team.root).as_posix())) == 2

    def test_there_is_nothing_to_back_up(self, team: Project) -> None:
        with pytest.raises(UsageError, match="there is no database"):
            migrate(team).backup()
        assert migrate(team).list_backups() == []


class TestRestore:
    def test_the_database_becomes_empty_without_a_ref(self, team: Project) -> None:
        team.tsm_inprocess("apply").exits(0)

        saved = migrate(team).restore()

        assert saved in migrate(team).list_backups()
        assert migrate(team).check().pending == SCRIPTS
        assert migrate(team).restore() is None

    def test_the_database_becomes_what_ref_is(self, team: Project) -> None:
        team.published_in_production(USERS)
        team.tsm_inprocess("apply").exits(0)

        migrate(team).restore()

        assert migrate(team).check().applied == [USERS]

    def test_scripts_come_back_from_the_ref_ledger(self, team: Project) -> None:
        team.published_in_production(*SCRIPTS)
        before = team.read(USERS)
        team.edit(USERS)
        assert migrate(team).check().state is State.CONFLICTED

        assert migrate(team).restore_scripts() == [team.folder / USERS]

        assert team.read(USERS) == before

    def test_scripts_do_not_come_back_in_another_state(self, team: Project) -> None:
        with pytest.raises(Refusal) as refusal:
            migrate(team).restore_scripts()

        assert refusal.value.state is State.PENDING


class TestOneProcess:
    """The caller has the file open through another SQLite library, in the same process."""

    def locked_for_others(self, path: Path) -> bool:
        """Return whether another process is kept from writing."""
        code = "import sys, sqlite3; sqlite3.connect(sys.argv[1], 0).execute('begin immediate')"
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 or "database is locked" in done.stderr, done.stderr
        return done.returncode != 0

    @pytest.mark.parametrize("mode", ["delete", "wal"])
    def test_its_locks_stay(self, plain: Project, mode: str) -> None:
        plain.tsm_inprocess("apply").exits(0)
        path = plain.root / "app.sqlite"
        caller = sqlite3.connect(path, isolation_level=None)
        try:
            caller.execute(f"pragma journal_mode = {mode}")
            caller.execute("begin immediate")
            caller.execute("insert into users default values")
            assert self.locked_for_others(path)

            assert migrate(plain).check().state is State.CURRENT

            assert self.locked_for_others(path)
            caller.execute("commit")
            assert not self.locked_for_others(path)
        finally:
            caller.close()

        assert plain.query("select count(*) from users") == [(1,)]
        assert plain.query("pragma integrity_check") == [("ok",)]

    def test_it_sees_what_is_applied(self, plain: Project) -> None:
        caller = sqlite3.connect(plain.root / "app.sqlite", isolation_level=None)
        try:
            assert caller.execute("select count(*) from sqlite_schema").fetchone() == (0,)

            migrate(plain).apply(USERS)

            assert caller.execute("select count(*) from users").fetchone() == (0,)
        finally:
            caller.close()

    def test_nothing_of_apsw_is_loaded_into_it(self, plain: Project) -> None:
        code = (
            "import sys, tsm_git\n"
            f"tsm_git.Migrate({str(plain.root / 'app.sqlite')!r}).check()\n"
            "print(sorted({'apsw', 'git', 'click'} & set(sys.modules)))\n"
        )
        done = plain.env.run(
            [sys.executable, "-c", code],
            cwd=plain.root,
            env={"PYTHONPATH": os.pathsep.join(sys.path)},
        )

        assert (done.stdout, done.stderr, done.exit_code) == ("[]\n", "", 0)

    def test_threads_may_ask_at_once(self, plain: Project) -> None:
        results: list[State] = []
        threads = [
            threading.Thread(target=lambda: results.append(migrate(plain).check().state))
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert results == [State.PENDING] * 3


class TestPackage:
    def test_its_names_are_there(self) -> None:
        assert all(hasattr(tsm_git, name) for name in tsm_git.__all__)
        assert tsm_git.Migrate is Migrate

    def test_no_other_is(self) -> None:
        with pytest.raises(AttributeError, match="module 'tsm_git' has no attribute 'Nope'"):
            _ = tsm_git.Nope

    @pytest.mark.parametrize(
        "error",
        [
            Refusal("it is", "do", State.ERROR),
            Refusal("it is", "do"),
            DatabaseError("it is", "do"),
            ScriptError("a/001.x.sql", 2, 3, "no"),
            UsageError("it is"),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_errors_survive_the_way_between_processes(self, error: TsmError) -> None:
        again = pickle.loads(pickle.dumps(error))

        assert type(again) is type(error)
        assert vars(again) == vars(error)
        assert str(again) == str(error)


def _script(project: Project, line: str) -> Path:
    path = project.write("program", f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
    return path
