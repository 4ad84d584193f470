"""`tsm goto`: databases of the past, in new files."""

from __future__ import annotations

import shutil
from pathlib import Path

import apsw
import pytest

from tests.harness.looking import told, untouched
from tests.harness.project import Project
from tests.schema.test_documents import validate


@pytest.fixture
def team(project: Project) -> Project:
    """Return three scripts; production ran two of them and has rows of its own."""
    project.script("001.users.sql", "create table users (id integer primary key);\n")
    project.script("002.mail.sql", "alter table users add column mail text;\n")
    project.script("003.phone.sql", "alter table users add column phone text;\n")
    project.commit("start")
    project.tsm_inprocess("apply", "001.users.sql").exits(0)
    project.tsm_inprocess("apply", "002.mail.sql").exits(0)
    ref = project.root / "app.sqlite.ref"
    shutil.copyfile(project.root / "app.sqlite", ref)
    with apsw.Connection(str(ref)) as connection:
        connection.execute("insert into users values (7, 'x')")
    connection.close()
    project.apply()
    return project


def columns(project: Project, name: str) -> list[str]:
    """Return the columns of the table that all is about."""
    return [row[1] for row in project.query("pragma table_info(users)", name)]


def test_from_ref_with_its_rows(team: Project) -> None:
    result = team.tsm_inprocess("goto", "3", "--to", "new.db").exits(0)

    assert result.stdout == "new.db: app.sqlite at 003, from ref at 002 and 1 script\n"
    assert result.stderr == "applying 003.phone.sql.\n"
    assert columns(team, "new.db") == ["id", "mail", "phone"]
    assert team.query("select id, mail from users", "new.db") == [(7, "x")]
    assert [entry.filename for entry in team.ledger("new.db")] == [
        "001.users.sql",
        "002.mail.sql",
        "003.phone.sql",
    ]
    assert team.query("pragma integrity_check", "new.db") == [("ok",)]


def test_ref_itself(team: Project) -> None:
    document = team.tsm_inprocess("goto", "2", "--to", "new.db", "--json").exits(0).json()

    validate(document, "goto")
    assert document == {
        "version": 1,
        "database": "app.sqlite",
        "file": "new.db",
        "number": 2,
        "from": "ref",
        "applied": [],
    }
    assert columns(team, "new.db") == ["id", "mail"]


def test_before_ref_there_is_only_nothing_to_start_from(team: Project) -> None:
    result = team.tsm_inprocess("goto", "1", "--to", "new.db").exits(0)

    assert result.stdout == "new.db: app.sqlite at 001, from nothing and 1 script\n"
    assert result.stderr.splitlines()[-1] == "ref will not do: it is at 002 already."
    assert columns(team, "new.db") == ["id"]
    assert team.query("select count(*) from users", "new.db") == [(0,)]


def test_from_nothing_if_that_is_wanted(team: Project) -> None:
    document = team.tsm_inprocess("goto", "2", "--to", "new.db", "--from", "nothing", "--json")

    assert document.exits(0).json()["from"] == "nothing"
    assert team.query("select count(*) from users", "new.db") == [(0,)]


def test_it_goes_on_with_apply(team: Project) -> None:
    (team.root / "app.sqlite").unlink()
    team.tsm_inprocess("goto", "2", "--to", "app.sqlite").exits(0)

    assert team.apply().stdout.endswith("applied 1 script\n")


def test_only_the_new_file_is_new(team: Project) -> None:
    outside = team.root.with_name("outside")
    outside.mkdir()

    with untouched(team.root):
        team.tsm_inprocess("goto", "3", "--to", str(outside / "new.db")).exits(0)

    assert [path.name for path in outside.iterdir()] == ["new.db"]


@pytest.mark.parametrize("suffix", ["", "-wal", "-journal", "-shm"])
def test_nothing_is_overwritten(team: Project, suffix: str) -> None:
    path = team.write(f"new.db{suffix}", "mine")

    with untouched(team.root):
        result = team.tsm_inprocess("goto", "3", "--to", "new.db").exits(1)

    assert told(result.stderr) == (
        f"`{path}` exists already",
        "give another name; nothing is overwritten",
    )


def test_not_even_a_link_to_nowhere(team: Project) -> None:
    (team.root / "new.db").symlink_to("nowhere")

    assert "exists already" in team.tsm_inprocess("goto", "3", "--to", "new.db").exits(1).stderr
    assert not (team.root / "nowhere").exists()


def test_somebody_else_takes_the_name_meanwhile(team: Project) -> None:
    from tsm_git.adapters.sqlite import Runnable
    from tsm_git.adapters.sqlite.building import build
    from tsm_git.core.errors import Refusal

    target = team.root / "new.db"
    scripts = [Runnable(1, "001.x.sql", "create table x (y);")]

    def take(_: Runnable) -> None:
        target.write_text("mine")

    with pytest.raises(Refusal):
        build(target, scripts, lambda: "now", tell=take)

    assert target.read_text() == "mine"
    assert not list(team.root.glob(".tsm-*"))


def test_a_script_that_does_not_run_leaves_nothing(team: Project) -> None:
    team.script("004.broken.sql", "create table ok (x);\nselect lost;\n")

    with untouched(team.root):
        result = team.tsm_inprocess("goto", "4", "--to", "../new.db").exits(1)

    error, hint = result.stderr.splitlines()[-2:]
    assert error == "error: app.sqlite.migrations/004.broken.sql:2:8: no such column: lost"
    assert hint.endswith("was not made; correct the script and try again")
    assert not [path.name for path in team.root.parent.iterdir() if "new" in path.name]
    assert not list(team.root.parent.glob(".tsm-*"))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda team: team.edit("002.mail.sql"), "production ran another `002.mail.sql`"),
        (lambda team: (team.root / "app.sqlite.ref").unlink(), "there is no ref database `app.sqlite.ref`"),
    ],
    ids=["edited", "gone"],
)  # fmt: skip
def test_when_ref_will_not_do(team: Project, change: object, why: str) -> None:
    assert callable(change)
    change(team)

    result = team.tsm_inprocess("goto", "2", "--to", "new.db", "--from", "ref").exits(1)

    assert told(result.stderr).error == f"ref will not do: {why}"
    assert team.tsm_inprocess("goto", "2", "--to", "new.db").exits(0).stdout.count("nothing") == 1


@pytest.mark.parametrize(
    ("number", "exit_code", "error"),
    [
        ("9", 2, "there is no script 009: the last one is 003"),
        ("0", 2, "Invalid value for 'NUMBER': 0 is not in the range x>=1."),
    ],
)
def test_a_number_that_is_not_there(team: Project, number: str, exit_code: int, error: str) -> None:
    result = team.tsm_inprocess("goto", number, "--to", "new.db").exits(exit_code)

    assert told(result.stderr).error == error


def test_a_gap_and_a_clash(team: Project) -> None:
    team.script("003.other.sql")
    assert "script 003 is there more than once" in (
        team.tsm_inprocess("goto", "3", "--to", "new.db").exits(1).stderr
    )
    team.delete("002.mail.sql")
    assert "script 002 is missing" in (
        team.tsm_inprocess("goto", "3", "--to", "new.db").exits(1).stderr
    )


def test_a_folder_that_is_not_there(team: Project) -> None:
    result = team.tsm_inprocess("goto", "3", "--to", "no/new.db").exits(2)

    assert told(result.stderr).error == f"there is no folder `{Path('no')}`"
