"""The caller's process has the file open through another library, and calls all of the API.

Two SQLite libraries on one file in one process lose each other's locks, so nothing here may look
at the file from this process but the library under test: others look from a process of their own.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.harness.project import Project
from tsm_git import DatabaseError, Migrate, Refusal, State
from tsm_git.core.errors import ConfigError

USERS, MAIL, CITY = SCRIPTS = ("001.users.sql", "002.mail.sql", "003.city.sql")
INSERT = "insert into users (id) values ({})"
COUNTED = "select id from users order by id"


class Caller(Protocol):
    """A connection of the caller's, in autocommit mode unless it begins a transaction."""

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""

    def close(self) -> None:
        """Let go of the file."""


class Stdlib:
    """Python's own `sqlite3`."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self.close = self._connection.close

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        return self._connection.execute(sql).fetchall()


class Apsw:
    """The library that tsm uses, too."""

    def __init__(self, path: Path) -> None:
        import apsw

        self._connection = apsw.Connection(str(path))
        self.close = self._connection.close

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        return self._connection.execute(sql).fetchall()


class Sqlalchemy:
    """An engine with its pool, of which one connection is in use."""

    def __init__(self, path: Path) -> None:
        from sqlalchemy import create_engine

        self._engine = create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT")
        self._connection = self._engine.connect()

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        result = self._connection.exec_driver_sql(sql)
        return [tuple(row) for row in result] if result.returns_rows else []

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
        self._engine.dispose()


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project of three scripts of which one is applied, as in production."""
    project.scripts(*SCRIPTS)
    project.commit("start")
    project.tsm_inprocess("apply", USERS).exits(0)
    project.tsm_inprocess("ref", "save").exits(0)
    return project


def named(case: tuple[type[Caller], str]) -> str:
    """Return the name of a case."""
    return f"{case[0].__name__.lower()}-{case[1]}"


@pytest.fixture(
    params=[(Stdlib, "delete"), (Stdlib, "wal"), (Apsw, "wal"), (Sqlalchemy, "delete")], ids=named
)
def caller(request: pytest.FixtureRequest, shop: Project) -> Iterator[Caller]:
    """Return a connection that stays open while the API is at work; each library has its turn."""
    library, mode = request.param
    if library is Sqlalchemy:
        pytest.importorskip("sqlalchemy", reason="SQLAlchemy is an optional dependency")
    opened: Caller = library(shop.root / shop.database)
    assert opened.run(f"pragma journal_mode = {mode}") == [(mode,)]
    assert opened.run(COUNTED) == []
    yield opened
    opened.close()


def elsewhere(path: Path, sql: str) -> list[tuple[Any, ...]] | None:
    """Run a statement in another process, and return its rows; None where it is locked out."""
    code = (
        "import json, sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], 0, isolation_level=None)\n"
        "print(json.dumps(connection.execute(sys.argv[2]).fetchall()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), sql], capture_output=True, text=True, check=False
    )
    if done.returncode and "database is locked" in done.stderr:
        return None
    assert done.returncode == 0, done.stderr
    return [tuple(row) for row in json.loads(done.stdout)]


def test_an_open_connection_and_writes_from_both_sides(shop: Project, caller: Caller) -> None:
    path = shop.root / shop.database
    written: list[int] = []
    api = Migrate(path)

    def after(call: Callable[[], Any]) -> Any:
        """Write a row, call, let another process write one, and find all from both sides."""
        written.append(len(written) + 1)
        caller.run(INSERT.format(written[-1]))
        outcome = call()
        written.append(len(written) + 1)
        assert elsewhere(path, INSERT.format(written[-1])) == []
        expected = [(number,) for number in written]
        assert caller.run(COUNTED) == elsewhere(path, COUNTED) == expected
        return outcome

    assert after(api.check).state is State.PENDING
    after(lambda: api.apply(MAIL))
    caller.run("insert into mail (id) values (1)")
    backup = after(api.backup)
    assert after(api.list_backups)[-1] == backup
    assert after(api.deploy) == [CITY]
    caller.run("insert into city (id) values (1)")
    assert after(api.dev).state is State.CURRENT
    for refused, error in ((api.restore_scripts, Refusal), (api.generate, ConfigError)):
        with pytest.raises(error):
            after(refused)
        assert elsewhere(path, INSERT.format(len(written) + 1)) == []
        written.append(len(written) + 1)
    after(api.save_ref)

    assert caller.run("select (select count(*) from mail), (select count(*) from city)") == [(1, 1)]
    caller.run(INSERT.format(1000))  # what ref does not have
    saved = api.restore()
    assert saved is not None
    everything = elsewhere(saved, COUNTED)
    assert everything is not None
    assert everything[-1] == (1000,)
    assert caller.run(COUNTED) == elsewhere(path, COUNTED) == everything[:-2]
    caller.run(INSERT.format(1001))
    assert elsewhere(path, COUNTED) == [*everything[:-2], (1001,)]
    assert elsewhere(path, "pragma integrity_check") == [("ok",)]


def test_a_transaction_that_is_open(shop: Project, caller: Caller) -> None:
    path = shop.root / shop.database
    api = Migrate(path)
    before = caller.run("select filename from _migrations")
    caller.run("begin immediate")
    caller.run(INSERT.format(1))

    reads: list[Callable[[], object]] = [api.check, api.backup, api.list_backups, api.save_ref]
    for read in reads:
        read()
        assert elsewhere(path, "begin immediate") is None, read
    for refused in (api.restore_scripts, api.generate):
        with pytest.raises(Refusal):
            refused()
        assert elsewhere(path, "begin immediate") is None, refused
    for write in (lambda: api.apply(MAIL), api.deploy, api.dev, api.restore):
        with pytest.raises(DatabaseError, match="locked"):
            write()
        assert elsewhere(path, "begin immediate") is None, write

    assert elsewhere(path, COUNTED) == []  # others have not seen it yet
    caller.run("commit")
    assert elsewhere(path, INSERT.format(2)) == []
    assert caller.run(COUNTED) == elsewhere(path, COUNTED) == [(1,), (2,)]
    assert caller.run("select filename from _migrations") == before
    assert elsewhere(path, "pragma integrity_check") == [("ok",)]
    api.apply(MAIL)
    assert caller.run("select count(*) from mail") == [(0,)]


@pytest.mark.parametrize(
    "caller", [(each, "delete") for each in (Stdlib, Apsw, Sqlalchemy)], indirect=True, ids=named
)
def test_a_lock_that_lets_nobody_read(shop: Project, caller: Caller) -> None:
    path = shop.root / shop.database
    api = Migrate(path)
    caller.run("begin exclusive")
    caller.run(INSERT.format(1))

    for call in (api.check, api.backup, lambda: api.apply(MAIL)):
        with pytest.raises(DatabaseError, match="locked"):
            call()
        assert elsewhere(path, COUNTED) is None, call

    caller.run("commit")
    assert api.check().state is State.PENDING
    assert caller.run(COUNTED) == elsewhere(path, COUNTED) == [(1,)]
