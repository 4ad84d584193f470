"""`Migrate.generate()`: a draft from Python, in state DRIFT only."""

from __future__ import annotations

import sqlite3

import pytest

from tests.harness.project import Project
from tsm_git import Migrate, Refusal, State, TableRow

USERS = "create table users (id integer primary key, mail text);\n"


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project whose database is as its models say."""
    project.write("tsm.toml", 'database = "app.sqlite"\nmodels = "schema.sql"\n')
    project.write("schema.sql", USERS)
    project.script("001.users.sql", USERS)
    project.commit("start")
    project.tsm_inprocess("apply").exits(0)
    return project


def test_it_writes_a_script_and_the_next_one_is_refused(shop: Project) -> None:
    shop.write("schema.sql", USERS.replace("mail text", "mail text unique"))
    migrate = Migrate(shop.root / "app.sqlite")
    held = sqlite3.connect(shop.root / "app.sqlite")  # the caller may have it open

    path = migrate.generate()

    assert path == shop.folder / "002.alter_users.sql"
    with pytest.raises(Refusal, match="is PENDING: scripts wait to be applied") as caught:
        migrate.generate()
    assert caught.value.state is State.PENDING
    migrate.apply(path.name)
    with pytest.raises(Refusal, match="is CURRENT: there is nothing to generate"):
        migrate.generate()
    held.close()


def test_models_may_be_classes(project: Project) -> None:
    class Guest(TableRow):
        id: int | None
        name: str

    path = Migrate(project.root / "app.sqlite", [Guest]).generate()

    assert "CREATE TABLE Guest" in path.read_text()


def test_a_choice_is_left_in_the_script(shop: Project) -> None:
    shop.write("schema.sql", USERS.replace("mail", "email"))
    migrate = Migrate(shop.root / "app.sqlite")

    path = migrate.generate()

    assert "-- tsm: undecided" in path.read_text()
    assert migrate.check().state is State.ERROR
