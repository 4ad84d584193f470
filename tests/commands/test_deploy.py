"""`tsm deploy`: what is pending reaches production after a backup that somebody has taken, or not at all."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import jsonschema
import pytest

from tests.harness.looking import told, untouched
from tests.harness.project import SOURCE, Project, open_database
from tests.schema.test_documents import schema

UPLOAD = """
import pathlib, shutil, sys
source = pathlib.Path(sys.argv[1])
assert source.is_absolute()
print("uploaded")
shutil.copyfile(source, "uploaded.sqlite")
"""


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project whose database has applied 001 and holds a row; 002 and 003 are pending."""
    project.scripts("001.users.sql", "002.orders.sql", "003.mail.sql")
    project.commit("start")
    project.tsm_inprocess("apply", "001.users.sql").exits(0)
    connection = open_database(project.root / project.database)
    connection.execute("insert into users values (7)")
    connection.close()
    return project


def hand_over_to(project: Project, argv: Sequence[str]) -> None:
    """Configure what is to run on each backup."""
    project.write("tsm.toml", f"after_backup = {json.dumps(list(argv))}\n")


def python(text: str) -> list[str]:
    """Return the command of a program that is given the backup."""
    return [sys.executable, "-c", text, "{path}"]


def backups(project: Project) -> list[str]:
    """Return the paths of the backups, oldest first."""
    found = (project.root / "app.sqlite.bak").glob("*.sqlite")
    return sorted(path.relative_to(project.root).as_posix() for path in found)


def applied(project: Project, database: str | None = None) -> list[int]:
    """Return the numbers in the ledger."""
    return [entry.id for entry in project.ledger(database)]


class TestDeploys:
    def test_in_order_after_a_backup(self, shop: Project) -> None:
        result = shop.tsm_inprocess("deploy")

        (backup,) = backups(shop)
        assert result.exits(0).stdout == "app.sqlite: CURRENT, applied 2 scripts\n"
        assert result.stderr.splitlines() == [
            f"backed up as {backup}",
            "applying 002.orders.sql.",
            "applying 003.mail.sql.",
            "applied 2 scripts to app.sqlite.",
        ]
        assert applied(shop) == [1, 2, 3]
        assert applied(shop, backup) == [1]
        assert shop.query("select id from users", backup) == [(7,)]

    def test_the_program_gets_the_backup_before_anything_is_applied(self, shop: Project) -> None:
        hand_over_to(shop, python(UPLOAD))

        result = shop.tsm("deploy", "--json")

        document = result.exits(0).json()
        jsonschema.Draft202012Validator(schema("deploy")).validate(document)
        (backup,) = backups(shop)
        assert document["databases"] == [
            {
                "database": "app.sqlite",
                "state": "CURRENT",
                "applied": ["002.orders.sql", "003.mail.sql"],
                "backup": backup,
                "handed_over": True,
            }
        ]
        lines = result.stderr.splitlines()
        assert lines.index("uploaded") < lines.index("applying 002.orders.sql.")
        assert applied(shop, "uploaded.sqlite") == [1]

    def test_the_first_time_there_is_nothing_to_back_up(self, shop: Project) -> None:
        hand_over_to(shop, ["false"])
        (shop.root / shop.database).unlink()

        document = shop.tsm_inprocess("deploy", "--json").exits(0).json()

        assert document["databases"][0]["backup"] is None
        assert not document["databases"][0]["handed_over"]
        assert applied(shop) == [1, 2, 3]

    def test_nothing_pending_is_no_reason_for_a_backup(self, shop: Project) -> None:
        shop.tsm_inprocess("apply").exits(0)
        before = backups(shop)
        hand_over_to(shop, ["false"])

        result = shop.tsm_inprocess("deploy")

        assert result.exits(0).stdout == "app.sqlite: CURRENT, nothing to do\n"
        assert backups(shop) == before

    def test_without_git(self, shop: Project, tmp_path: Path) -> None:
        server = Project(shop.env, tmp_path / "server")
        shop.git("checkout-index", "--all", f"--prefix={server.root}/")

        server.tsm_inprocess("deploy").exits(0)

        assert applied(server) == [1, 2, 3]

    def test_several_databases(self, project: Project) -> None:
        for name in ("one", "two"):
            project.write(f"{name}.sqlite.migrations/001.a.sql", "create table a (id);\n")
        project.commit("start")

        result = project.tsm_inprocess("deploy")

        assert result.exits(0).stdout == (
            "one.sqlite: CURRENT, applied 1 script\ntwo.sqlite: CURRENT, applied 1 script\n"
        )


def edit_published(project: Project) -> str:
    """A published script was edited."""
    project.edit("002.orders.sql")
    return "CONFLICTED: `002.orders.sql` is published on main and was edited (TSM201)"


def edit_applied(project: Project) -> str:
    """What production ran is not what is there."""
    project.edit("001.users.sql")
    project.commit("edit")
    return "DIVERGED: `001.users.sql` was edited after the working database applied it (TSM301)"


def leave_a_gap(project: Project) -> str:
    """A number is missing."""
    project.script("005.fax.sql")
    return "ERROR: number 004 is missing before `005.fax.sql` (TSM103)"


class TestRefuses:
    @pytest.mark.parametrize("spoil", [edit_published, edit_applied, leave_a_gap])
    def test_every_state_but_current_and_pending(
        self, shop: Project, spoil: Callable[[Project], str]
    ) -> None:
        why = spoil(shop)

        with untouched(shop.root):
            result = shop.tsm_inprocess("deploy")

        assert result.exits(1).stdout == ""
        error, hint = told(result.stderr)
        assert error == f"`app.sqlite` is {why}"
        assert "restore --db" not in hint, "production is not made anew"

    def test_all_are_judged_before_one_changes(self, project: Project) -> None:
        project.write("one.sqlite.migrations/001.a.sql", "create table a (id);\n")
        project.write("two.sqlite.migrations/002.b.sql", "create table b (id);\n")
        project.commit("start")

        project.tsm_inprocess("deploy").exits(1)

        assert not (project.root / "one.sqlite").exists()

    @pytest.mark.parametrize(
        ("argv", "why"),
        [
            (["false", "{path}"], "`false` failed with exit code 1"),
            (["no-such-program"], "`no-such-program` cannot be started: No such file or directory"),
            (python("import os; os.kill(os.getpid(), 9)"), f"`{sys.executable}` was ended by signal 9"),
        ],
    )  # fmt: skip
    def test_to_apply_where_nobody_has_taken_the_backup(
        self, shop: Project, argv: list[str], why: str
    ) -> None:
        hand_over_to(shop, argv)

        result = shop.tsm("deploy")

        (backup,) = backups(shop)
        assert result.exits(2).stdout == ""
        assert result.stderr.splitlines() == [
            f"backed up as {backup}",
            f"running {argv[0]} on the backup.",
            "not started: 2 scripts, from 002.orders.sql",
            f"the backup from before is {backup}",
            f"error: the program of `after_backup` has not taken the backup: {why}",
            "hint: nothing was applied; correct `after_backup` or what it needs, then run "
            "`tsm deploy` again",
        ]
        assert applied(shop) == [1]

    def test_a_second_deployment_meanwhile(self, shop: Project) -> None:
        again = [sys.executable, "-P", "-m", "tsm_git", "deploy"]
        hand_over_to(shop, again)

        result = shop.tsm("deploy")

        assert result.exits(2).stdout == ""
        assert "error: another deployment of `app.sqlite` is running\n" in result.stderr
        assert f"`{sys.executable}` failed with exit code 1\n" in result.stderr
        assert applied(shop) == [1]

    def test_to_call_it_done_where_something_came_meanwhile(self, shop: Project) -> None:
        late = "open('app.sqlite.migrations/004.late.sql', 'w').write('create table late (x);')"
        hand_over_to(shop, python(late))

        result = shop.tsm("deploy")

        error, hint = told("\n".join(result.exits(1).stderr.splitlines()[-2:]))
        assert error == (
            "`app.sqlite` is PENDING after all was applied: scripts wait to be applied"
        )
        assert hint.endswith(f"the backup is `{backups(shop)[0]}`")
        assert applied(shop) == [1, 2, 3]


class TestFails:
    def test_it_says_what_is_applied_and_what_is_not(self, shop: Project) -> None:
        shop.script("004.wrong.sql", "create table fine (x);\ncreate tabel wrong (x);\n")
        shop.script("005.fax.sql")

        result = shop.tsm_inprocess("deploy")

        (backup,) = backups(shop)
        assert result.exits(1).stdout == ""
        assert result.stderr.splitlines() == [
            f"backed up as {backup}",
            "applying 002.orders.sql.",
            "applying 003.mail.sql.",
            "applying 004.wrong.sql.",
            "applied before it: 2 scripts, to 003.mail.sql",
            "not started: 1 script, from 005.fax.sql",
            f"the backup from before is {backup}",
            'error: app.sqlite.migrations/004.wrong.sql:2:8: near "tabel": syntax error',
            "hint: the database is as it was before this script; correct the script and apply "
            "again",
        ]
        assert applied(shop) == [1, 2, 3]

    def test_one_that_was_killed_leaves_no_lock(self, shop: Project) -> None:
        hand_over_to(shop, python("import os; os.kill(os.getppid(), 9)"))
        killed = subprocess.run(
            [sys.executable, "-P", "-m", "tsm_git", "deploy"],
            cwd=shop.root,
            env=shop.env.variables({"PYTHONPATH": str(SOURCE)}),
            capture_output=True,
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL
        hand_over_to(shop, python(UPLOAD))

        shop.tsm("deploy").exits(0)

        assert applied(shop) == [1, 2, 3]
