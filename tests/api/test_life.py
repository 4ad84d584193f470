"""`dev` and `deploy` from Python, in a program that has the database open itself."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.harness.project import SOURCE, Project
from tsm_git import (
    CheckResult,
    Migrate,
    Refusal,
    ScriptError,
    State,
    TableRow,
    ensure_current,
)


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project that has applied 001 of two scripts."""
    project.scripts("001.users.sql", "002.orders.sql")
    project.commit("start")
    project.tsm_inprocess("apply", "001.users.sql").exits(0)
    return project


@pytest.fixture
def caller(shop: Project) -> Iterator[sqlite3.Connection]:
    """Return a connection of the caller's own, through another SQLite library."""
    with closing(sqlite3.connect(shop.root / shop.database)) as connection:
        connection.execute("insert into users values (7)")
        connection.commit()
        yield connection


def migrate(project: Project) -> Migrate:
    """Return the API to the working database."""
    return Migrate(project.root / project.database)


def test_ensure_current(shop: Project, caller: sqlite3.Connection) -> None:
    result = ensure_current(shop.root / shop.database)

    assert isinstance(result, CheckResult)
    assert (result.state, result.applied) == (State.CURRENT, ["001.users.sql", "002.orders.sql"])
    assert caller.execute("select id from users").fetchall() == [(7,)]
    caller.execute("insert into orders values (8)")
    caller.commit()
    assert shop.query("select id from orders") == [(8,)]


class Users(TableRow):
    """What the program has changed its mind about."""

    __tablename__ = "users"
    name: str | None


class Orders(TableRow):
    """As the scripts have it."""

    __tablename__ = "orders"


def test_ensure_current_with_models(shop: Project, caller: sqlite3.Connection) -> None:
    result = ensure_current(shop.root / shop.database, [Users, Orders])

    assert result.state is State.CURRENT
    assert len(result.applied) == 3
    assert caller.execute("select id, name from users").fetchall() == [(7, None)]


def test_dev_stops_where_only_a_person_can_go_on(shop: Project) -> None:
    shop.script("004.gap.sql")

    with pytest.raises(Refusal, match="is ERROR: number 003 is missing") as refusal:
        migrate(shop).dev()

    assert refusal.value.state is State.ERROR
    assert refusal.value.hint


def test_deploy(shop: Project, caller: sqlite3.Connection) -> None:
    assert migrate(shop).deploy() == ["002.orders.sql"]
    assert migrate(shop).deploy() == []

    (backup,) = migrate(shop).list_backups()
    assert shop.query("select id from users", str(backup)) == [(7,)]


def test_deploy_says_how_far_it_came(shop: Project) -> None:
    shop.script("003.wrong.sql", "nonsense;\n")
    shop.script("004.fax.sql")

    with pytest.raises(ScriptError) as error:
        migrate(shop).deploy()

    progress = error.value.progress
    assert progress is not None
    assert progress.applied == ("002.orders.sql",)
    assert progress.not_started == ("004.fax.sql",)
    assert progress.backup is not None
    assert (shop.root / progress.backup).is_file()


class TestTheExampleOfTheReadme:
    """A development server that starts, and a deployment that uploads its backup."""

    STUB = "class FastAPI:\n    def __init__(self, lifespan):\n        self.lifespan = lifespan\n"
    START = (
        "import asyncio, app\n"
        "async def serve():\n"
        "    async with app.app.lifespan(app.app): print('serving')\n"
        "asyncio.run(serve())\n"
    )

    @pytest.mark.parametrize("where", ["development", "production"])
    def test_the_server_starts(self, project: Project, where: str) -> None:
        project.database = "shop.sqlite"
        project.script("001.users.sql")
        project.commit("start")
        project.write("app.py", block("py"))
        project.write("fastapi.py", self.STUB)

        ran = project.env.run(
            [sys.executable, "-c", self.START],
            cwd=project.root,
            env={"PYTHONPATH": str(SOURCE), "SHOP_ENV": where},
        )

        assert (ran.exit_code, ran.stdout) == (0, "serving\n"), ran
        assert len(project.ledger()) == (where == "development")

    def test_the_backup_is_uploaded(self, shop: Project) -> None:
        shop.write("pyproject.toml", block("ini"))
        bucket = shop.write("bucket/empty", "").parent
        program = shop.write("bin/aws", f'#!/bin/sh\necho "$1 $2 $4"; cp "$3" \'{bucket}\'\n')
        program.chmod(0o755)
        path = f"{program.parent}:{shop.env.variables()['PATH']}"

        result = shop.tsm("deploy", env={"PATH": path})

        assert "s3 cp s3://shop-backups/\n" in result.exits(0).stderr
        (uploaded,) = bucket.glob("*.001.app.sqlite")
        assert [entry.id for entry in shop.ledger(str(uploaded))] == [1]


def block(language: str) -> str:
    """Return the one block of that language in the README."""
    text = Path(SOURCE, "README.md").read_text(encoding="utf-8")
    (found,) = (part.partition("\n```")[0] for part in text.split(f"```{language}\n")[1:])
    return found + "\n"
