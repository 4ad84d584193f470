"""`tsm blame`, over scripts that real git keeps."""

from __future__ import annotations

import pytest

from tests.harness.looking import complaint, untouched
from tests.harness.normalise import normalise
from tests.harness.project import Project
from tests.schema.test_documents import validate


@pytest.fixture
def team(project: Project) -> Project:
    """Return scripts by two authors, the second not published."""
    project.script("001.users.sql", "create table users (id integer primary key);\n")
    project.commit("start", author="Ada")
    project.branch("mail")
    project.script("002.mail.sql", "-- mail\nalter table users add column mail text;\n")
    project.commit("mail", author="Ben")
    return project


def test_as_it_reads(team: Project) -> None:
    ids = {team.rev("main"): "start", team.rev("mail"): "mail"}

    with untouched(team.root):
        said = team.tsm_inprocess("blame", "users").exits(0).stdout

    assert normalise(said, ids=ids) == (
        "users: table in app.sqlite\n"
        "app.sqlite.migrations/001.users.sql:1:1: `users` is new\n"
        "    written <start> by Ada on 2026-01-01; published <start> by Ada on 2026-01-01\n"
        "app.sqlite.migrations/002.mail.sql:2:1: `users` column `mail` is new\n"
        "    written <mail> by Ben on 2026-01-01; not published\n"
    )


def test_the_document(team: Project) -> None:
    document = team.tsm_inprocess("blame", "users.mail", "--json").exits(0).json()

    validate(document, "blame")
    (one,) = document["objects"]
    (event,) = one.pop("events")
    assert one == {
        "database": "app.sqlite",
        "kind": "table",
        "name": "users",
        "column": "mail",
        "exists": True,
    }
    assert event["written"]["author"] == "Ben"
    assert event["published"] is None
    assert (event["number"], event["line"], event["column"]) == (2, 2, 1)
    assert (event["old"], event["new"], event["words"]) == (None, "users.mail", ["is new"])


def test_every_database_that_has_it(team: Project) -> None:
    for name in ("other", "third"):
        table = "users" if name == "other" else "things"
        team.write(f"{name}.sqlite.migrations/001.x.sql", f"create table {table} (x);\n")

    document = team.tsm_inprocess("blame", "users", "--json").exits(0).json()

    assert [one["database"] for one in document["objects"]] == ["app.sqlite", "other.sqlite"]
    (one,) = team.tsm_inprocess("blame", "users", "-d", "other.sqlite", "--json").json()["objects"]
    assert one["events"][0]["written"] is None


def test_what_never_was(team: Project) -> None:
    assert complaint(team, "blame", "nobody") == (
        "no script of `app.sqlite` makes `nobody`",
        "give a TABLE, TABLE.COLUMN, index, trigger or view",
    )


def test_a_script_that_does_not_run(team: Project) -> None:
    team.script("003.broken.sql", "select 1;\nselect lost;\n")

    result = team.tsm_inprocess("blame", "users").exits(1)

    assert result.stderr.splitlines() == [
        "error: app.sqlite.migrations/003.broken.sql:2:8: no such column: lost",
        "hint: nothing was changed: correct the script, `tsm check` shows where it stands",
    ]


def test_a_text_that_is_gone_while_it_is_read(team: Project) -> None:
    from tsm_git.commands.blame import text_of
    from tsm_git.commands.gathering.project import open_project
    from tsm_git.commands.log import log
    from tsm_git.core.errors import Refusal

    with open_project(team.root) as opened:
        (history,) = log(opened)
        script = history.comparison.facts.candidate.scripts["001.users.sql"]

        with pytest.raises(Refusal, match=r"the text of `app\.sqlite\.migrations/001\.users\.sql`"):
            text_of(history.comparison, script._replace(digest="0" * 40))
