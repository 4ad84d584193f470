"""`tsm rehearse`: what only production's rows show, on a copy, with nothing changed."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from tests.harness.looking import untouched
from tests.harness.project import Entry, Project, Result, open_database
from tests.schema.test_documents import validate
from tsm_git.core.proof.rehearsal import Checks, Rehearsal
from tsm_git.core.proof.replay import Run
from tsm_git.render.rehearsal import duration, rehearsal_markdown

START = """
create table users (id integer primary key, name text, email text);
create table posts (id integer primary key, user_id integer references users (id), body text);
create trigger gone after delete on users begin delete from posts where user_id = old.id; end;
"""
ROWS = """
insert into users values (1, 'Ada', 'ada@example.com'), (2, 'Bob', 'ada@example.com'), (3, null, null);
insert into posts values (1, 1, 'a long text'), (2, 2, 'short'), (3, 2, 'short');
"""


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project whose production has rows that nobody's scripts have made."""
    project.script("001.start.sql", START)
    project.commit("start")
    in_production(project, ROWS)
    return project


def in_production(project: Project, rows: str) -> None:
    """Run what is there in a ref database, and add rows."""
    text = project.read("001.start.sql")
    path = project.write_ledger([Entry(1, "001.start.sql", text)], "app.sqlite.ref")
    with contextlib.closing(open_database(path)) as connection:
        connection.execute(text).fetchall()
        connection.execute(rows).fetchall()


def rehearsed(project: Project, *options: str) -> Result:
    """Rehearse, which must leave everything as it is."""
    with untouched(project.root):
        return project.tsm_inprocess("rehearse", *options)


def document(project: Project) -> dict[str, Any]:
    """Rehearse, and return what is told of the one database."""
    told = rehearsed(project, "--json").json()
    validate(told, "rehearse")
    (found,) = told["databases"]
    return dict(found)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("create unique index users_email on users (email);", "UNIQUE constraint failed: users.email"),
        ("create table n (id integer primary key, name text not null);\n"
         "insert into n select id, name from users;", "NOT NULL constraint failed: n.name"),
        ("create table n (id integer primary key, body text check (length(body) > 5));\n"
         "insert into n select id, body from posts;", "CHECK constraint failed: length(body) > 5"),
        ("alter table users add column age integer not null;", "Cannot add a NOT NULL column with default value NULL"),
        ("create table users (id);", "table users already exists"),
    ],
)  # fmt: skip
def test_it_finds_what_fails_on_productions_rows_only(
    shop: Project, script: str, message: str
) -> None:
    shop.script("002.next.sql", script)
    shop.script("003.more.sql", "create table more (a);")

    told = rehearsed(shop)

    line = script.count("\n") + 1
    assert told.exit_code == 1
    place = f"{shop.path('002.next.sql')}:{line}:"
    assert place in told.stdout
    assert f"TSM501 `002.next.sql` fails: {message}\n" in told.stdout
    assert "    003.more.sql: not run\n" in told.stdout
    assert "not fit for production" in told.stdout


def test_it_tells_what_happens_to_rows(shop: Project) -> None:
    shop.script(
        "002.next.sql",
        "delete from users where id = 2;\n"
        "update posts set body = substr(body, 1, 3);\n"
        "create table kept as select * from users;\n",
    )
    shop.script("003.null.sql", "update users set email = null;\ndrop table kept;")

    found = document(shop)

    one, two = found["scripts"]
    assert found["good"] is True
    assert [(t["table"], t["before"], t["after"], t["by_trigger"]) for t in one["tables"]] == [
        ("kept", None, 2, False),
        ("posts", 3, 1, False),
        ("users", 3, 2, False),
    ]
    assert one["columns"] == []
    assert [(t["table"], t["before"], t["after"]) for t in two["tables"]] == [
        ("kept", 2, None),
        ("users", 2, 2),
    ]
    assert two["columns"] == [{"table": "users", "column": "email", "emptied": 1, "shortened": 15}]
    assert found["before"] == found["after"] == {"foreign_keys": [], "pages": []}


def test_only_tables_are_counted(shop: Project) -> None:
    shop.script(
        "002.next.sql",
        "create view names as select name from users;\n"
        "create temp table posts as select * from users;\n"
        "insert into posts select * from users;\n"
        "drop table users;",
    )

    (script,) = document(shop)["scripts"]

    assert [(t["table"], t["before"], t["after"]) for t in script["tables"]] == [
        ("posts", 3, 3),
        ("users", 3, None),
    ]


def test_the_same_in_words(shop: Project) -> None:
    shop.script("002.next.sql", "delete from users where id = 2;\nupdate users set email = null;")
    shop.script("003.short.sql", "update posts set body = substr(body, 1, 3);")

    told = rehearsed(shop)

    assert told.exit_code == 0
    assert "        posts: 3 rows before, 1 after: 2 deleted by triggers\n" in told.stdout
    assert "        users: 3 rows before, 2 after: 1 deleted\n" in told.stdout
    assert "        posts.body: the values are 8 bytes shorter\n" in told.stdout
    assert "    checks after: integrity_check and foreign keys are fine\n" in told.stdout


def test_a_rebuild_that_forgets_is_told_with_its_losses(shop: Project) -> None:
    shop.script(
        "002.rebuild.sql",
        "create table n (id integer primary key, name text);\n"
        "insert into n select id, name from users;\n"
        "drop table users;\n"
        "alter table n rename to users;\n",
    )

    found = document(shop)

    assert found["good"] is True
    assert [f["code"] for f in found["findings"]] == ["TSM504", "TSM508"]


def test_orphans_make_it_unfit(shop: Project) -> None:
    shop.script("002.orphans.sql", "drop trigger gone;\ndelete from users where id = 2;")

    found = document(shop)

    assert found["good"] is False
    assert found["after"]["foreign_keys"] == ["posts: 2 rows refer to nothing in `users`"]
    assert [f["code"] for f in found["findings"]] == ["TSM503"]


def test_what_production_had_before_is_no_fault_of_the_scripts(project: Project) -> None:
    project.script("001.start.sql", START)
    project.commit("start")
    in_production(project, ROWS + "insert into posts values (9, 99, 'orphan');")
    project.script("002.next.sql", "create table t (a);")

    found = document(project)

    assert found["good"] is True
    assert found["before"]["foreign_keys"] == ["posts: 1 row refers to nothing in `users`"]


def test_nothing_pending(shop: Project) -> None:
    told = rehearsed(shop)

    assert told.exit_code == 0
    assert told.stdout.startswith("app.sqlite: nothing is pending in production\n")


def test_what_a_branch_lacks_of_base_is_rehearsed_with_it(shop: Project) -> None:
    shop.branch("work")
    shop.script("003.mine.sql", "create index theirs_a on theirs (a);")
    shop.commit("mine")
    shop.switch("main")
    shop.script("002.theirs.sql", "create table theirs (a);")
    shop.commit("theirs")

    told = rehearsed(shop, "--head", "work", "--ref", "app.sqlite.ref", "--json").json()

    (found,) = told["databases"]
    assert [s["filename"] for s in found["scripts"]] == ["002.theirs.sql", "003.mine.sql"]
    assert found["good"] is True


def test_no_ref(project: Project) -> None:
    project.script("001.start.sql")

    told = rehearsed(project)

    assert told.exit_code == 2
    assert told.stderr == (
        "error: there is no ref database `app.sqlite.ref`\n"
        "hint: run `tsm ref refresh` to fetch one, or name one with `--ref FILE`\n"
    )


def test_a_ref_that_is_no_database(shop: Project) -> None:
    shop.script("002.next.sql")
    shop.write("app.sqlite.ref", b"no database at all, but long enough to be one")

    told = rehearsed(shop)

    assert told.exit_code == 2
    assert told.stderr.startswith("error: `app.sqlite.ref` is not an SQLite database\n")


def test_scripts_that_contradict_production_are_refused(shop: Project) -> None:
    shop.edit("001.start.sql")

    told = rehearsed(shop)

    assert told.exit_code == 1
    assert told.stderr.startswith("error: `app.sqlite` is CONFLICTED: ")


def test_a_script_that_does_not_end_is_stopped(shop: Project) -> None:
    shop.script(
        "002.long.sql",
        "with recursive c(x) as (values (1) union all select x + 1 from c) select count(*) from c;",
    )

    told = rehearsed(shop, "--timeout", "0.5")

    assert told.exit_code == 1
    assert "is too much for a replay: it does not end within 0.5 s" in told.stdout


def test_a_script_may_reach_nothing_else(shop: Project, tmp_path: Path) -> None:
    shop.script("002.out.sql", f"attach '{tmp_path.as_posix()}/x.sqlite' as x;")

    told = rehearsed(shop)

    assert told.exit_code == 1
    assert "TSM506" in told.stdout
    assert not (tmp_path / "x.sqlite").exists()


LARGE = "create table large as select zeroblob(9000000) b from (values (1), (2), (3), (4), (5));"


@pytest.mark.parametrize(
    ("mode", "beside"), [("delete", "before"), ("wal", "before"), ("wal", "left")]
)
def test_a_large_ref_is_copied_to_a_file(
    shop: Project, mode: str, beside: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    connection = open_database(shop.root / "app.sqlite.ref")
    connection.pragma("journal_mode", mode)
    connection.execute(LARGE).fetchall()
    if beside == "before":
        connection.close()
    shop.script("002.next.sql", "delete from large;\ncreate index posts_body on posts (body);")

    # While another process has it open the file is read as it is, and readers leave marks.
    told = rehearsed(shop, "--json") if beside == "before" else shop.tsm("rehearse", "--json")
    connection.close()

    (found,) = told.json()["databases"]
    assert found["copied"] in ("a copy", "a clone")
    assert found["good"] is True
    assert found["scripts"][0]["tables"][0] == {
        "table": "large", "before": 5, "after": 0, "by_trigger": False
    }  # fmt: skip
    assert list(temporary.iterdir()) == []


def test_a_script_that_fails_after_it_has_written_much(shop: Project) -> None:
    connection = open_database(shop.root / "app.sqlite.ref")
    connection.execute(LARGE).fetchall()
    connection.close()
    shop.script(
        "002.next.sql",
        "update large set b = randomblob(9000000);\ninsert into users (id) values (7), (1);",
    )

    found = document(shop)

    (script,) = found["scripts"]
    assert script["failure"] == {
        "line": 2, "column": 1, "message": "UNIQUE constraint failed: users.id"
    }  # fmt: skip
    assert [(t["table"], t["before"], t["after"]) for t in script["tables"]] == [
        ("large", 5, 5),
        ("users", 3, 3),
    ]


def test_a_summary_for_a_pull_request(shop: Project) -> None:
    shop.script("002.next.sql", "delete from posts;")

    told = rehearsed(shop, "--markdown")

    assert told.exit_code == 0
    first, *_ = told.stdout.splitlines()
    assert first.startswith("### ✅ `` app.sqlite ``: 1 script rehearsed in ")
    assert "posts: 3 rows before, 0 after: 3 deleted |" in told.stdout


@pytest.mark.parametrize(
    "name", ["002.a|b.sql", "002.``x.sql", "002.<img src=x>.sql", "002.@everybody.sql"]
)
def test_no_name_is_markup(name: str) -> None:
    nothing = Checks()
    made = Rehearsal(
        "app.sqlite", "app.sqlite.ref", "a copy", 1, (Run(name),), (), "quick_check", nothing,
        nothing, (),
    )  # fmt: skip

    (row,) = [line for line in rehearsal_markdown([made]).splitlines() if "002" in line]

    cell = row.split(" | ")[0].removeprefix("| ")
    assert row.count("|") == 4
    assert cell.startswith("`` ")
    assert cell.endswith(" ``")
    assert "``" not in cell[2:-2]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.00084, "0.8 ms"), (0.25, "250.0 ms"), (1.25, "1.2 s"), (125, "2 min 5 s")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words
