"""The schema of any place, and what two places differ in."""

from __future__ import annotations

import contextlib

import pytest

from tests.harness.looking import untouched
from tests.harness.project import Project, open_database
from tests.harness.schemas import schema_of
from tests.schema.test_documents import validate
from tsm_git.core.schema.layout import schema_text

USERS = "create table users (id integer primary key, name text)"
PRINTED = "CREATE TABLE users (\n    id integer primary key,\n    name text\n);\n"


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project with a branch whose models are ahead of its scripts."""
    project.write("tsm.toml", 'database = "app.sqlite"\nmodels = "schema.sql"\n')
    project.script("001.users.sql", f"{USERS};\n")
    project.commit("start")
    project.tsm_inprocess("apply").exits(0)
    project.branch("mail")
    project.script("002.mail.sql", "alter table users add column mail text;\n")
    project.write("schema.sql", f"{USERS.replace('name text', 'name text, mail text, age int')};\n")
    project.commit("mail")
    return project


@pytest.mark.parametrize(
    ("place", "columns"),
    [
        ("scripts", "name, mail"), ("working", "name"), ("main", "name"), ("HEAD", "name, mail"),
        ("models", "name, mail, age"),
    ],
)  # fmt: skip
def test_each_place(shop: Project, place: str, columns: str) -> None:
    with untouched(shop.root):
        printed = shop.tsm_inprocess("schema", place).exits(0).stdout

    lines = [line.strip(" ,") for line in printed.splitlines()[2:-1]]
    assert ", ".join(line.split()[0] for line in lines) == columns


def test_the_ref_database(shop: Project) -> None:
    ref = shop.published_in_production("001.users.sql")
    with contextlib.closing(open_database(ref)) as connection:
        connection.execute(USERS)

    assert shop.tsm_inprocess("schema", "ref").exits(0).stdout == PRINTED


def test_what_a_branch_changes(shop: Project) -> None:
    with untouched(shop.root):
        result = shop.tsm_inprocess("schema", "--diff", "main", "scripts")

    assert result.exits(0).stdout == (
        "-- table `users`: column `mail` is new\nALTER TABLE users ADD COLUMN mail text;\n"
    )
    assert shop.tsm_inprocess("schema", "--diff", "main", "working").exits(0).stdout == (
        "-- main and working have the same schema\n"
    )


def test_the_documents(shop: Project) -> None:
    one = shop.tsm_inprocess("schema", "main", "--json").json()
    both = shop.tsm_inprocess("schema", "--diff", "main", "models", "--json").json()

    validate(one, "schema")
    validate(both, "schema-diff")
    assert one["objects"][0]["sql"] == PRINTED.rstrip(";\n")
    assert both["changes"][0]["words"] == ["column `mail` is new", "column `age` is new"]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "error"),
    [
        (["ref"], 2, "there is no database `app.sqlite.ref`"),
        (["nowhere"], 2, "nowhere"),
        (["main", "HEAD"], 2, "give one PLACE, or `--diff` and two"),
        (["--diff", "main"], 2, "give one PLACE, or `--diff` and two"),
    ],
)
def test_what_makes_no_sense(
    shop: Project, arguments: list[str], exit_code: int, error: str
) -> None:
    assert error in shop.tsm_inprocess("schema", *arguments).exits(exit_code).stderr


def test_scripts_that_do_not_run(shop: Project) -> None:
    shop.script("003.bad.sql", "select * from absent;\n")

    assert "003.bad.sql:1:1: no such table" in shop.tsm_inprocess("schema").exits(1).stderr


def test_it_looks_the_same_however_it_came_about() -> None:
    direct = schema_of(
        "create table t (a int, b text /* , */ default ',', check (a > 0), unique (a, b))",
        "create index i on t (a) where b > ''", "create view v as select a from t",
        "create trigger r instead of insert on v begin select 1; end",
    )  # fmt: skip
    by_alter = schema_of(
        "create table was (a int, old text default ',',\n  check (a > 0) , unique (a, old))",
        "alter table was rename to t", "alter table t rename column old to b",
        "create   index i on [t] (a) -- so\n where b > ''", "create view v as select a from t",
        "create trigger r instead of insert on v begin select 1; end",
    )  # fmt: skip

    assert schema_text(direct) == (
        "CREATE TABLE t (\n    a int,\n    b text default ',',\n    check (a > 0),\n"
        "    unique (a, b)\n);\n\n"
        "CREATE INDEX i on t (a) where b > '';\n\n"
        "CREATE VIEW v as select a from t;\n\n"
        "CREATE TRIGGER r instead of insert on v begin select 1; end;\n"
    )
    quoted = schema_text(by_alter).replace("[t]", "t")
    assert quoted == schema_text(direct)
    assert schema_of(*schema_text(direct).split(";\n\n")[:3]).views.keys() == {"v"}
