"""`tsm rehearse` on files like production's: every number against what a plain run of it shows."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.harness.production import SCHEMA, fill
from tests.harness.project import Entry, Project, open_database

IS_LONG = os.environ.get("TSM_TEST_PROFILE") == "long"
SIZES = [2, 48, *([1_024] if IS_LONG else [])]  # megabytes: in memory, in a file, a large one

REBUILD = """
create table new_posts (id integer primary key, user_id integer references users (id),
    body text not null, note text, length integer not null);
insert into new_posts select id, user_id, body, case when id % 5 then note end, length(body) from posts;
drop table posts;
alter table new_posts rename to posts;
create index posts_user on posts (user_id);
create trigger gone after delete on posts begin delete from likes where post_id = old.id; end;
"""
CHANGES = {
    "002.rebuild.sql": REBUILD,
    "003.clean.sql": "delete from posts where id % 10 = 3;\nupdate posts set note = null where id % 7 = 0;",
    "004.cut.sql": "update users set mail = substr(mail, 1, 5);",
}


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", SIZES)
def test_every_number_is_true(project: Project, megabytes: int, tmp_path: Path) -> None:
    ref = in_production(project, megabytes, seed=megabytes)
    for name, text in CHANGES.items():
        project.script(name, text)
    before = digest(ref)

    told = project.tsm_inprocess("rehearse", "--json", "--timeout", "600")

    (found,) = told.json()["databases"]
    assert digest(ref) == before
    assert found["good"], told.stdout
    assert (found["before"], found["after"]) == ({"foreign_keys": [], "pages": []},) * 2
    expected = plainly(ref, tmp_path / "plain.sqlite")
    assert [numbers(script) for script in found["scripts"]] == expected
    assert any(columns for _, columns in expected)


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", SIZES)
def test_what_these_rows_do_not_allow(project: Project, megabytes: int) -> None:
    ref = in_production(project, megabytes, seed=7)
    project.script(
        "002.unique.sql", "drop index users_mail;\ncreate unique index u on users (mail);"
    )
    before = digest(ref)

    told = project.tsm_inprocess("rehearse", "--json", "--timeout", "600")

    (found,) = told.json()["databases"]
    assert told.exit_code == 1
    assert digest(ref) == before
    failure = found["scripts"][0]["failure"]
    assert failure == {"line": 2, "column": 1, "message": "UNIQUE constraint failed: users.mail"}


def in_production(project: Project, megabytes: int, seed: int) -> Path:
    """Make a ref database of that size, in which only the first script is."""
    project.script("001.start.sql", SCHEMA)
    project.commit("start")
    text = project.read("001.start.sql")
    path = project.write_ledger([Entry(1, "001.start.sql", text)], "app.sqlite.ref")
    with contextlib.closing(open_database(path)) as connection:
        connection.execute(text).fetchall()
    fill(path, megabytes, seed)
    size = path.stat().st_size / (1 << 20)
    assert megabytes * 0.6 < size < megabytes * 1.6
    return path


def digest(path: Path) -> str:
    """Return what tells one content of a file from another."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


Rows = dict[str, tuple[int, int]]
Columns = dict[tuple[str, str], tuple[int, int]]


def numbers(script: dict[str, Any]) -> tuple[Rows, Columns]:
    """Return the rows of a script's tables that are there after it, and its poorer columns."""
    rows = {each["table"]: (each["before"], each["after"]) for each in script["tables"]}
    columns = {
        (each["table"], each["column"]): (each["emptied"], each["shortened"])
        for each in script["columns"]
    }
    return {name: pair for name, pair in rows.items() if not name.startswith("new_")}, columns


def plainly(ref: Path, copy: Path) -> list[tuple[Rows, Columns]]:
    """Return the same numbers by counting everything around each script on a plain copy."""
    shutil.copyfile(ref, copy)
    found = []
    with contextlib.closing(open_database(copy)) as connection:
        for text in CHANGES.values():
            before = counts(connection)
            connection.execute(text).fetchall()
            after = counts(connection)
            found.append(difference(before, after))
    return found


Counts = dict[str, dict[str, int]]


def counts(connection: apsw.Connection) -> Counts:
    """Return of each table its rows, and of each text column its values and bytes."""
    found: Counts = {}
    for table, columns in (("users", ("name", "mail")), ("posts", ("body", "note")), ("likes", ())):
        parts = [f"count({c}), total(length(cast({c} as blob)))" for c in columns]
        (row,) = connection.execute(f"select {', '.join(['count(*)', *parts])} from {table}")
        found[table] = {"": int(row[0])}
        for at, column in enumerate(columns):
            found[table]["+" + column] = int(row[1 + 2 * at])
            found[table]["=" + column] = int(row[2 + 2 * at])
    return found


def difference(before: Counts, after: Counts) -> tuple[Rows, Columns]:
    """Return the tables that have changed, and the columns that have fewer values or bytes."""
    rows: Rows = {}
    columns: Columns = {}
    for table, old in before.items():
        new = after[table]
        if new == old:
            continue
        rows[table] = old[""], new[""]
        for name in [key[1:] for key in old if key.startswith("+")]:
            lost = (
                max(0, old["+" + name] - new["+" + name]),
                max(0, old["=" + name] - new["=" + name]),
            )
            if any(lost) and new[""] >= old[""]:
                columns[table, name] = lost
    return rows, columns
