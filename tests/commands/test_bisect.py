"""`tsm bisect`, over scripts that real git keeps."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.looking import complaint, untouched
from tests.harness.normalise import normalise
from tests.harness.project import Project
from tests.schema.test_documents import validate

NAMES = "select name from roles order by name"


@pytest.fixture
def team(project: Project) -> Project:
    """Return scripts that put rows into a table, change one, and drop the table."""
    project.script("001.other.sql", "create table other (x);\n")
    project.script("002.roles.sql", "create table roles (id integer primary key, name text);\n"
                                    "insert into roles (name) values ('admin'), ('guest');\n")  # fmt: skip
    project.script("003.more.sql", "insert into other values (x'00ff'), (null), (1e999);\n")
    project.commit("start", author="Ada")
    project.branch("work")
    project.script("004.typo.sql", "update roles set name = 'Admin' where id = 1;\n")
    project.commit("typo", author="Ben")
    project.script("005.drop.sql", "drop table roles;\n")
    return project


def found(project: Project, *arguments: str) -> dict[str, Any]:
    """Return the document of `tsm bisect --json`."""
    with untouched(project.root):
        document = project.tsm_inprocess("bisect", "--json", *arguments).exits(0).json()
    validate(document, "bisect")
    result: dict[str, Any] = document
    return result


def test_as_it_reads(team: Project) -> None:
    ids = {team.rev("work"): "typo"}

    said = team.tsm_inprocess("bisect", "--query", NAMES).exits(0).stdout

    assert normalise(said, ids=ids) == (
        "app.sqlite.migrations/004.typo.sql: the result is another after this script\n"
        "    written <typo> by Ben on 2026-01-01; not published\n"
        "before, since 002.roles.sql\n"
        "    2 rows\n"
        "    name\n"
        "    admin\n"
        "    guest\n"
        "after\n"
        "    2 rows\n"
        "    name\n"
        "    Admin\n"
        "    guest\n"
    )


@pytest.mark.parametrize(
    ("query", "options", "since", "changed_by"),
    [
        (NAMES, (), 2, 4),
        (NAMES, ("--from", "3"), 3, 4),
        (NAMES, ("--from", "4"), 4, 5),
        (NAMES, ("--from", "1"), 1, 2),
        (NAMES, ("--from", "5"), 5, None),
        ("select count(*) from roles", (), 2, 5),
        ("select * from other", (), 1, 3),
        ("select 1", (), 1, None),
        ("select * from roles limit 0", (), 2, 5),
    ],
)
def test_where_it_changes(
    team: Project, query: str, options: tuple[str, ...], since: int, changed_by: int | None
) -> None:
    document = found(team, "--query", query, *options)

    assert document["since"]["number"] == since
    assert (document["changed_by"] or {}).get("number") == changed_by
    assert (document["after"] is None) == (changed_by is None)


def test_the_columns_are_those_after_the_script(team: Project) -> None:
    team.script("006.wide.sql", "alter table other add column y;\n")

    document = found(team, "--query", "select * from other where 0", "--from", "5")

    assert document["changed_by"]["number"] == 6
    assert (document["before"]["columns"], document["after"]["columns"]) == (["x"], ["x", "y"])


def test_values_that_json_does_not_know(team: Project) -> None:
    document = found(team, "--query", "select x from other order by rowid", "--from", "3")

    assert document["before"]["rows"] == [["x'00ff'"], [None], ["inf"]]


def test_an_error_is_a_result(team: Project) -> None:
    document = found(team, "--query", NAMES, "--from", "4")

    assert document["after"]["error"] == "no such table: roles"


def test_many_rows_are_counted_and_ten_are_shown(team: Project) -> None:
    many = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 30) select i from n"

    document = found(team, "--query", many)
    said = team.tsm_inprocess("bisect", "--query", many).exits(0).stdout

    assert (document["before"]["count"], len(document["before"]["rows"])) == (30, 10)
    assert said.endswith("    10\n    and 20 rows more\n")


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("delete from roles", "`--query` would change the database"),
        ("vacuum into 'x'", "`--query` would change the database"),
        ("select 1; select 2", "`--query` takes one statement"),
        ("-- nothing", "`--query` takes one statement"),
        ("select * from nobody", "the query cannot be run after any script: no such table: nobody"),
        ("attach 'x' as y", "the query cannot be run after any script: too many attached databases - max 0"),
    ],
)  # fmt: skip
def test_what_is_no_question(team: Project, query: str, error: str) -> None:
    assert complaint(team, "bisect", "--query", query).error == error


def test_a_number_that_is_not_there(team: Project) -> None:
    assert complaint(team, "bisect", "--query", "select 1", "--from", "9").error == (
        "there is no script 009"
    )


def test_several_databases(team: Project) -> None:
    team.write("other.sqlite.migrations/001.x.sql", "create table x (y);\n")

    assert complaint(team, "bisect", "--query", "select 1") == (
        "there are 2 databases: `app.sqlite`, `other.sqlite`",
        "name one with `--database NAME`",
    )
    assert found(team, "--query", "select 1", "-d", "other.sqlite")["database"] == "other.sqlite"
