"""`tsm apply`: pending scripts in order, each with its row, and never one that may not run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.looking import complaint, untouched, verdict, verdicts
from tests.harness.project import LEDGER_COLUMNS, SOURCE, Project, open_database
from tsm_git.commands.apply import Listener, apply
from tsm_git.commands.check import CheckRequest
from tsm_git.commands.gathering.project import open_project
from tsm_git.core.errors import Refusal

USERS, MAIL, PHONE = SCRIPTS = ["001.users.sql", "002.mail.sql", "003.phone.sql"]


@pytest.fixture
def team(project: Project) -> Project:
    """Return a project whose main has 001, 002 and 003."""
    project.scripts(*SCRIPTS)
    project.commit("start")
    return project


def names(project: Project) -> list[str]:
    """Return the file names in the ledger."""
    return [entry.filename for entry in project.ledger()]


def refused(project: Project, *arguments: str) -> tuple[str, str]:
    """Run `tsm apply`, which must decline and change nothing, and return why and what to do."""
    with untouched(project.root):
        result = project.tsm_inprocess("apply", *arguments).exits(1)
    assert result.stdout == ""
    error, hint = result.stderr.splitlines()
    return error.removeprefix("error: "), hint.removeprefix("hint: ")


class TestInOrder:
    def test_all_that_is_pending(self, team: Project) -> None:
        result = team.tsm_inprocess("apply").exits(0)

        assert result.stdout == "app.sqlite: applied 3 scripts\n"
        assert result.stderr == "".join(f"applying {name}.\n" for name in SCRIPTS)
        assert team.ledger() == team.entries(*SCRIPTS)
        assert verdict(team) == ("CURRENT", [], [], SCRIPTS)

    def test_then_nothing(self, team: Project) -> None:
        team.tsm_inprocess("apply").exits(0)

        with untouched(team.root):
            assert team.tsm_inprocess("apply").exits(0).stdout == "app.sqlite: applied nothing\n"

    def test_only_the_one_that_is_named(self, team: Project) -> None:
        assert (
            team.tsm_inprocess("apply", USERS).exits(0).stdout == "app.sqlite: applied 1 script\n"
        )
        assert names(team) == [USERS]

        team.tsm_inprocess("apply", team.path(MAIL)).exits(0)  # as a shell completes it
        assert names(team) == [USERS, MAIL]

    def test_a_thousand_comes_after_nine_hundred_and_ninety_nine(self, team: Project) -> None:
        team.write_ledger([(n, f"{n:03}.x.sql", "select 1;\n") for n in range(4, 999)])
        team.write_ledger(team.entries(*SCRIPTS))
        for number in range(4, 1003):
            team.script(f"{number:03}.x.sql", "select 1;\n")

        team.tsm_inprocess("apply").exits(0)

        assert names(team)[-4:] == ["999.x.sql", "1000.x.sql", "1001.x.sql", "1002.x.sql"]

    def test_what_is_recorded_is_the_normalised_text(self, team: Project) -> None:
        team.script(
            "004.crlf.sql", b"\xef\xbb\xbfcreate table t (a);\r\ninsert into t values ('\r');"
        )

        team.tsm_inprocess("apply").exits(0)

        assert team.ledger()[-1].script == "create table t (a);\ninsert into t values ('\n');"
        assert team.query("select a from t") == [("\n",)]

    def test_when_it_ran_is_recorded(self, team: Project) -> None:
        team.tsm_inprocess("apply", USERS).exits(0)

        ((started_at, finished_at),) = team.query("select started_at, finished_at from _migrations")

        assert started_at <= finished_at
        assert str(started_at).endswith("+00:00")

    def test_as_json(self, team: Project) -> None:
        team.write("b.migrations/001.x.sql", "select 1;\n")

        assert team.tsm_inprocess("apply", "--json").exits(0).json() == {
            "version": 1,
            "databases": [
                {"database": "app.sqlite", "applied": SCRIPTS, "backup": None},
                {"database": "b", "applied": ["001.x.sql"], "backup": None},
            ],
        }

    def test_the_folder_of_the_database_need_not_be_the_current_one(self, team: Project) -> None:
        team.tsm_inprocess("apply", cwd=team.folder).exits(0)

        assert names(team) == SCRIPTS

    def test_drafts_are_applied_like_published_scripts(self, team: Project) -> None:
        team.branch("city")
        team.script("004.city.sql")

        team.tsm_inprocess("apply").exits(0)

        assert names(team) == [*SCRIPTS, "004.city.sql"]


class TestFails:
    def test_it_says_where_and_keeps_what_was_applied_before(self, team: Project) -> None:
        team.script("004.bad.sql", "create table t (a);\ncreate tabel u (a);\n")
        team.script("005.later.sql")

        result = team.tsm_inprocess("apply").exits(1)

        assert result.stdout == ""
        assert result.stderr.splitlines()[-5:] == [
            "applying 004.bad.sql.",
            "applied before it: 3 scripts, to 003.phone.sql",
            "not started: 1 script, from 005.later.sql",
            'error: app.sqlite.migrations/004.bad.sql:2:8: near "tabel": syntax error',
            "hint: the database is as it was before this script; correct the script and apply again",
        ]
        assert names(team) == SCRIPTS
        assert team.query("select count(*) from sqlite_schema where name = 't'") == [(0,)]

    def test_the_database_is_byte_for_byte_as_before(self, team: Project) -> None:
        team.tsm_inprocess("apply").exits(0)
        team.script("004.bad.sql", "create table t (a);\ninsert into nope values (1);\n")

        before = (team.root / "app.sqlite").read_bytes()

        team.tsm_inprocess("apply").exits(1)

        assert (team.root / "app.sqlite").read_bytes() == before
        assert [p.name for p in team.root.glob("*.sqlite*") if p.is_file()] == ["app.sqlite"]

    def test_a_mended_script_is_applied(self, team: Project) -> None:
        team.script("004.bad.sql", "create tabel t (a);\n")
        team.tsm_inprocess("apply").exits(1)

        team.edit("004.bad.sql", "create table t (a);\n")
        team.tsm_inprocess("apply").exits(0)

        assert names(team)[-1] == "004.bad.sql"

    @pytest.mark.parametrize("text", ["begin; select 1; commit;", "commit;", "rollback;", "end;"])
    def test_a_script_does_not_end_its_transaction(self, team: Project, text: str) -> None:
        team.script("004.bad.sql", f"create table t (a); {text}")

        word = text.partition(";")[0].upper()
        assert refused(team) == (
            f"`app.sqlite` is ERROR: `{word}` would work on the transaction that `004.bad.sql` "
            "is applied in (TSM505)",
            "delete the statement: `tsm apply` makes each script one transaction",
        )

    def test_not_even_where_the_rule_is_switched_off(self, team: Project) -> None:
        team.write("tsm.toml", '[rules]\nTSM505 = "off"\n')
        team.script("004.bad.sql", "create table t (a); commit;")

        result = team.tsm_inprocess("apply").exits(1)

        assert (
            "004.bad.sql:1:21: not allowed in a script: "
            "it would end the transaction that it is applied in"
        ) in result.stderr
        assert names(team) == SCRIPTS

    def test_a_database_of_several_that_fails_does_not_undo_the_others(self, team: Project) -> None:
        team.write("b.migrations/001.x.sql", "bad;")

        team.tsm_inprocess("apply").exits(1)

        assert names(team) == SCRIPTS


class TestRefuses:
    def test_another_than_the_next(self, team: Project) -> None:
        assert refused(team, MAIL) == (
            f"`{USERS}` comes before `{MAIL}`",
            f"run `tsm apply {USERS}` first, or `tsm apply` for all",
        )

    def test_to_quote_badly(self, team: Project) -> None:
        team.tsm_inprocess("apply").exits(0)
        team.scripts("004.what it's.sql", "005.x.sql")

        _, hint = refused(team, "005.x.sql")

        assert hint == "run `tsm apply '004.what it'\\''s.sql'` first, or `tsm apply` for all"

    @pytest.mark.parametrize("name", ["004.city.sql", "users", "", "/", "../001.users.sqlx"])
    def test_what_is_not_pending(self, team: Project, name: str) -> None:
        assert refused(team, name) == (
            f"`{name}` is not pending",
            "run `tsm status` to see what is",
        )

    def test_what_has_been_applied(self, team: Project) -> None:
        team.tsm_inprocess("apply").exits(0)

        assert refused(team, USERS)[0] == f"`{USERS}` is not pending"

    def test_to_guess_which_database_a_script_is_for(self, team: Project) -> None:
        team.write("b.migrations/001.users.sql", "select 1;\n")

        assert complaint(team, "apply", USERS) == (
            "there are 2 databases: `app.sqlite`, `b`",
            "name the one that the script is for with `--database NAME`",
        )
        team.tsm_inprocess("apply", "--database", "b", USERS).exits(0)
        assert verdicts(team)["app.sqlite"].applied == []

    def test_to_jump_over_a_number_that_base_has(self, team: Project) -> None:
        team.branch("city")
        team.script("005.city.sql")
        team.commit("city")
        team.switch("main")
        team.script("004.street.sql")
        team.commit("street")
        team.switch("city")
        # Not wrong: behind. But it cannot be run before 004 is here.
        team.tsm_inprocess("check").exits(0)

        assert refused(team) == (
            "number 004 is missing here, so `005.city.sql` cannot be applied yet",
            "run `git merge main` first",
        )

    def test_to_jump_over_a_number_that_an_ignore_hides(self, team: Project) -> None:
        team.write("tsm.toml", '[per-file-ignores]\n"005.*" = ["TSM103"]\n')
        team.script("005.city.sql")

        assert refused(team)[0] == (
            "number 004 is missing here, so `005.city.sql` cannot be applied yet"
        )

    def test_where_scripts_are_wrong(self, team: Project) -> None:
        team.script("003.address.sql")
        team.commit("address")

        error, hint = refused(team)

        assert error == (
            "`app.sqlite` is ERROR: number 003 is claimed by `003.address.sql` and "
            "`003.phone.sql` (TSM102)"
        )
        assert hint.startswith("if no database has run the one that moves, run `mv ")

    def test_where_they_contradict_what_is_published(self, team: Project) -> None:
        team.branch("work")
        team.edit(USERS)

        assert refused(team)[0] == (
            f"`app.sqlite` is CONFLICTED: `{USERS}` is published on main and was edited (TSM201)"
        )

    def test_where_they_contradict_the_database(self, team: Project) -> None:
        team.write_ledger([(1, USERS, "select 'other';\n")])

        assert refused(team)[0] == (
            f"`app.sqlite` is DIVERGED: `{USERS}` was edited after the working database applied it "
            "(TSM301)"
        )

    def test_where_one_of_several_databases_is_wrong(self, team: Project) -> None:
        team.write("z.migrations/002.x.sql", "select 1;\n")

        assert refused(team)[0].startswith("`z` is ERROR: ")

    def test_a_script_that_changes_while_it_is_about_to_run(self, team: Project) -> None:
        def tell(name: str) -> None:
            if name == USERS:
                team.edit(MAIL, "create table surprise (a);\n")

        with open_project(team.root) as opened, pytest.raises(Refusal) as failure:
            apply(opened, CheckRequest(), lambda: "now", listener=Listener(tell))

        assert failure.value.message == (
            f"`{team.path(MAIL)}` changed while it was about to be applied"
        )
        assert failure.value.hint == "run `tsm apply` again"
        assert names(team) == [USERS]

    @pytest.mark.parametrize(
        "row", [(2, "002.other.sql", "select 1"), (2, MAIL, "select 'other'"), (7, "007.x.sql", "")]
    )
    def test_a_database_that_somebody_else_changes_meanwhile(
        self, team: Project, row: tuple[int, str, str]
    ) -> None:
        def tell(name: str) -> None:
            if name == MAIL:
                team.write_ledger([row])

        with open_project(team.root) as opened, pytest.raises(Refusal) as failure:
            apply(opened, CheckRequest(), lambda: "now", listener=Listener(tell))

        assert failure.value.message == "`app.sqlite` was changed by somebody else meanwhile"
        assert team.query("select count(*) from sqlite_schema where name = 'mail'") == [(0,)]


class TestTogether:
    def test_what_another_process_has_just_applied_is_not_applied_again(
        self, team: Project
    ) -> None:
        def tell(name: str) -> None:
            if name == USERS:
                team.tsm_inprocess("apply").exits(0)

        with open_project(team.root) as opened:
            (done,) = apply(opened, CheckRequest(), lambda: "now", listener=Listener(tell))

        assert done.scripts == ()
        assert team.ledger() == team.entries(*SCRIPTS)

    def test_processes_at_once_apply_each_script_once(self, project: Project) -> None:
        project.script("001.log.sql", "create table log (line);\n")
        for number in range(2, 12):
            project.script(f"{number:03}.add.sql", f"insert into log values ({number});\n")
        project.commit("start")
        command = [sys.executable, "-P", "-m", "tsm_git", "apply"]
        environment = project.env.variables({"PYTHONPATH": str(SOURCE)})

        running = [
            subprocess.Popen(
                command, cwd=project.root, env=environment, stderr=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True,
            )
            for _ in range(3)
        ]  # fmt: skip
        ended = [(*process.communicate(), process.returncode) for process in running]

        assert [exit_code for _, _, exit_code in ended] == [0, 0, 0], ended
        assert project.query("select line from log") == [(number,) for number in range(2, 12)]
        assert [entry.id for entry in project.ledger()] == list(range(1, 12))


class TestOtherPrograms:
    """A project may come from TupleSaver's migrations, and go back to them."""

    def test_a_ledger_that_tuplesaver_made_is_continued(self, team: Project) -> None:
        writer = open_database(team.root / team.database)
        writer.execute(
            "CREATE TABLE _migrations (\n"
            "id [INTEGER] PRIMARY KEY NOT NULL,\n"
            "filename [TEXT] NOT NULL,\n"
            "script [TEXT] NOT NULL,\n"
            "started_at [TEXT] NOT NULL,\n"
            "finished_at [TEXT] NOT NULL\n"
            ")"
        )
        writer.execute(
            "insert into _migrations values (1, ?, ?, '2025-01-01T00:00:00', '2025-01-01T00:00:01')",
            (USERS, team.read(USERS)),
        )
        writer.execute(team.read(USERS))
        writer.close()
        assert verdict(team) == ("PENDING", [], [MAIL, PHONE], [USERS])

        team.tsm_inprocess("apply").exits(0)

        assert team.ledger() == team.entries(*SCRIPTS)
        assert verdict(team).state == "CURRENT"

    def test_rows_that_are_none_of_tsm_s_business_stay(self, team: Project) -> None:
        columns = LEDGER_COLUMNS | {"script": "TEXT"}
        team.write_ledger([(0, "baseline", None), (-1, "../x", "drop")], columns=columns)

        team.tsm_inprocess("apply").exits(0)

        assert [(entry.id, entry.filename) for entry in team.ledger()] == [
            (-1, "../x"), (0, "baseline"), (1, USERS), (2, MAIL), (3, PHONE)
        ]  # fmt: skip

    def test_a_ledger_without_times_is_continued(self, team: Project) -> None:
        team.write_ledger([], columns={"id": "INTEGER", "filename": "TEXT", "script": "TEXT"})

        team.tsm_inprocess("apply").exits(0)

        assert team.ledger() == team.entries(*SCRIPTS)

    def test_a_database_in_wal_mode_stays_in_it(self, team: Project) -> None:
        writer = open_database(team.root / team.database)
        writer.pragma("journal_mode", "wal")
        writer.close()

        team.tsm_inprocess("apply").exits(0)

        assert team.query("pragma journal_mode") == [("wal",)]
        assert names(team) == SCRIPTS


def test_a_work_tree_without_scripts_has_nothing_to_apply(project: Project) -> None:
    project.commit("start")

    with untouched(project.root):
        result = project.tsm_inprocess("apply").exits(0)

    assert result.stdout == "no folder `X.migrations` with scripts: nothing to apply\n"
    assert not Path(project.root, project.database).exists()
