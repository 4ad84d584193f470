"""A database that goes back and forth between tsm and another tool with the same ledger.

The other tool is what the library TupleSaver does, through the standard library's SQLite: its table to the
letter, a write-ahead log, the text with LF, times in UTC.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.harness.looking import verdict
from tests.harness.project import Project

CREATE = """CREATE TABLE IF NOT EXISTS _migrations (
id [INTEGER] PRIMARY KEY NOT NULL, filename [TEXT] NOT NULL, script [TEXT] NOT NULL,
started_at [TEXT] NOT NULL, finished_at [TEXT] NOT NULL
)"""
COLUMNS = "id, filename, script, started_at, finished_at"
NAMES = ["001.users.sql", "002.mail.sql", "003.fax.sql", "004.phone.sql"]


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project with four scripts, the second with the line ends of Windows."""
    project.scripts(*NAMES)
    project.edit(NAMES[1], b"create table mail (id integer primary key);\r\n-- more\r\n")
    project.commit("start")
    return project


@contextmanager
def other_tool(project: Project) -> Iterator[sqlite3.Connection]:
    """Open the database as the other tool does."""
    with closing(sqlite3.connect(project.root / project.database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        yield connection
        connection.commit()


def applies(project: Project, name: str) -> None:
    """Run and record a script as the other tool does."""
    text = (project.folder / name).read_text().replace("\r\n", "\n")
    with other_tool(project) as connection:
        started_at = datetime.now(UTC).isoformat()
        connection.executescript(text)
        connection.execute(CREATE)
        row = (int(name[:3]), name, text, started_at, datetime.now(UTC).isoformat())
        connection.execute(f"INSERT INTO _migrations ({COLUMNS}) VALUES (?, ?, ?, ?, ?)", row)


def applied(project: Project) -> dict[int, tuple[str, str]]:
    """Return what the other tool takes for applied."""
    with other_tool(project) as connection:
        connection.execute(CREATE)
        rows = connection.execute(f"SELECT {COLUMNS} FROM _migrations").fetchall()
    for row in rows:
        assert [type(value) for value in row] == [int, str, str, str, str]
        started, finished = map(datetime.fromisoformat, row[3:])
        assert started.utcoffset() == timedelta(0)
        assert started <= finished
    return {row[0]: (row[1], row[2]) for row in rows}


@pytest.mark.parametrize("first", ["tsm", "the other"])
def test_they_take_turns(shop: Project, first: str) -> None:
    for count, name in enumerate(NAMES, 1):
        if (count % 2 == 1) == (first == "tsm"):
            shop.tsm("apply", name).exits(0)
        else:
            applies(shop, name)

        assert verdict(shop).applied == NAMES[:count]
        assert applied(shop) == {
            int(each[:3]): (each, Path(shop.folder, each).read_text().replace("\r\n", "\n"))
            for each in NAMES[:count]
        }
    assert verdict(shop).state == "CURRENT"


def test_an_edit_is_seen_by_both(shop: Project) -> None:
    applies(shop, NAMES[0])
    shop.tsm("apply").exits(0)
    shop.edit(NAMES[0])
    shop.commit("edit")

    assert ("TSM301", NAMES[0]) in verdict(shop).findings
    recorded = applied(shop)[1][1]
    assert Path(shop.folder, NAMES[0]).read_text() != recorded


def test_a_restore_leaves_what_the_other_tool_reads(shop: Project) -> None:
    applies(shop, NAMES[0])
    applies(shop, NAMES[1])
    shop.tsm("ref", "save").exits(0)
    shop.tsm("apply").exits(0)

    shop.tsm("restore", "--db", "--yes").exits(0)

    assert sorted(applied(shop)) == [1, 2]
    applies(shop, NAMES[2])
    assert verdict(shop).applied == NAMES[:3]
