"""`tsm dev`: one repair after another until all agree; nothing is lost, and nothing done twice."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from tests.harness.looking import told, untouched, verdict
from tests.harness.project import Project, Result
from tests.renumber.stories import land, texts
from tests.schema.test_documents import schema


@pytest.fixture
def team(project: Project) -> Project:
    """Return a project whose main has 001 and 002, both applied; the branch `mail` is checked out."""
    project.scripts("001.users.sql", "002.orders.sql")
    project.commit("start")
    project.tsm_inprocess("apply").exits(0)
    project.branch("mail")
    return project


def steps(result: Result) -> list[str]:
    """Return what was done, with the state that asked for it."""
    (one,) = result.exits(0).json()["databases"]
    assert one["state"] == "CURRENT"
    return [f"{step['state']}: {step['did']}" for step in one["steps"]]


def dev(project: Project) -> list[str]:
    """Run it, which must end well, and return what was done."""
    done = steps(project.tsm_inprocess("dev", "--json"))
    assert verdict(project).state == "CURRENT"
    return done


def stuck(project: Project) -> tuple[str, str]:
    """Run it, which must stop, and return what it said last."""
    result = project.tsm_inprocess("dev")
    assert result.exits(1).stdout == ""
    error, hint = told("\n".join(result.stderr.splitlines()[-2:]))
    return error, hint


def backups(project: Project) -> list[Path]:
    """Return the backups, oldest first."""
    return sorted((project.root / f"{project.database}.bak").glob("*.sqlite"))


def fill(project: Project) -> None:
    """Let the developer have a row in the database."""
    from tests.harness.project import open_database

    connection = open_database(project.root / project.database)
    connection.execute("insert into users values (7)")
    connection.close()


def rows(project: Project, database: str | None = None) -> list[int]:
    """Return what the developer has in it."""
    return [number for (number,) in project.query("select id from users", database)]


class TestRepairs:
    def test_current_has_nothing_to_do(self, team: Project) -> None:
        with untouched(team.root):
            assert dev(team) == []

    def test_pending_is_applied_after_a_backup(self, team: Project) -> None:
        team.scripts("003.mail.sql", "004.fax.sql")
        fill(team)

        result = team.tsm_inprocess("dev")

        assert result.exits(0).stdout == "app.sqlite: CURRENT\n"
        (backup,) = backups(team)
        assert result.stderr.splitlines() == [
            f"backed up as app.sqlite.bak/{backup.name}",
            "applying 003.mail.sql.",
            "applying 004.fax.sql.",
            "PENDING: applied 2 scripts.",
        ]
        assert rows(team, f"app.sqlite.bak/{backup.name}") == [7]

    def test_a_database_that_is_not_there_is_made(self, project: Project) -> None:
        project.scripts("001.users.sql")
        project.commit("start")

        assert dev(project) == ["PENDING: apply"]
        assert backups(project) == []

    def test_a_renumbering_keeps_the_rows(self, team: Project) -> None:
        team.script("003.mail.sql")
        team.commit("mail")
        team.tsm_inprocess("apply").exits(0)
        fill(team)
        land(team, "003.phone.sql")
        team.tsm_inprocess("renumber", "--commit").exits(0)
        team.merge("main")

        assert dev(team) == ["DIVERGED: follow"]

        assert rows(team) == [7]
        assert [entry.filename for entry in team.ledger()] == [
            "001.users.sql", "002.orders.sql", "003.phone.sql", "004.mail.sql"
        ]  # fmt: skip

    def test_an_edited_draft_makes_the_database_anew(self, team: Project) -> None:
        team.script("003.mail.sql")
        team.tsm_inprocess("apply").exits(0)
        fill(team)
        team.edit("003.mail.sql", "create table letters (id);\n")

        assert dev(team) == ["DIVERGED: restore", "PENDING: apply"]

        assert rows(team) == []
        assert any(rows(team, f"app.sqlite.bak/{path.name}") == [7] for path in backups(team))
        assert team.query("select name from sqlite_schema where name = 'letters'")

    def test_with_a_ref_it_starts_from_there(self, team: Project) -> None:
        fill(team)
        (team.root / team.database).rename(team.root / "app.sqlite.ref")
        team.script("003.mail.sql")
        team.tsm_inprocess("apply").exits(0)
        team.edit("003.mail.sql")

        assert dev(team) == ["DIVERGED: restore", "PENDING: apply"]

        assert rows(team) == [7]

    def test_published_scripts_come_back_and_what_they_held_is_kept(self, team: Project) -> None:
        before = texts(team)
        edited = team.read(Path(team.edit("001.users.sql")).name).encode()
        team.rename("002.orders.sql", "002.purchases.sql")

        assert dev(team) == ["CONFLICTED: scripts"]

        assert texts(team) == before
        (kept,) = (team.root / "app.sqlite.bak").rglob("001.users.sql")
        assert kept.read_bytes() == edited

    def test_all_at_once(self, team: Project) -> None:
        """A published script is edited, a draft that was applied too, and another one waits."""
        team.script("003.mail.sql")
        team.tsm_inprocess("apply").exits(0)
        team.edit("001.users.sql")
        team.edit("003.mail.sql")
        team.script("004.fax.sql")

        assert dev(team) == ["CONFLICTED: scripts", "DIVERGED: restore", "PENDING: apply"]

    def test_each_database_for_itself(self, project: Project) -> None:
        for name in ("one", "two"):
            project.write(f"{name}.sqlite.migrations/001.a.sql", "create table a (id);\n")
        project.commit("start")

        result = project.tsm_inprocess("dev", "-d", "two.sqlite").exits(0)

        assert result.stdout == "two.sqlite: CURRENT\n"
        assert not (project.root / "one.sqlite").exists()
        both = project.tsm_inprocess("dev").exits(0)
        assert both.stdout == "one.sqlite: CURRENT\ntwo.sqlite: CURRENT\n"

    def test_no_scripts(self, project: Project) -> None:
        result = project.tsm_inprocess("dev")

        assert result.exits(0).stdout == "no folder `X.migrations` with scripts: nothing to do\n"


CHANGING = """
import itertools, pathlib
count = next(n for n in itertools.count() if not pathlib.Path(f"asked-{n}").exists())
pathlib.Path(f"asked-{count}").touch()
print(f"create table users (id integer primary key, born text default '{count}');")
"""


class TestModels:
    @pytest.fixture
    def shop(self, team: Project) -> Project:
        """Return a project whose models have a column that the database has not."""
        team.write("tsm.toml", 'models = "schema.sql"\n')
        team.write(
            "schema.sql",
            "create table users (id integer primary key, name text);\n"
            "create table orders (id integer primary key);\n",
        )
        return team

    def test_a_change_of_the_models_becomes_a_script(self, shop: Project) -> None:
        fill(shop)

        assert dev(shop) == ["DRIFT: generate", "PENDING: apply"]

        assert shop.query("select * from users") == [(7, None)]
        assert shop.listing()[2].startswith("003.")

    def test_after_what_is_pending(self, shop: Project) -> None:
        shop.script("003.mail.sql")
        shop.write(
            "schema.sql",
            "create table mail (id integer primary key);\n"
            + shop.root.joinpath("schema.sql").read_text(),
        )

        assert dev(shop) == ["PENDING: apply", "DRIFT: generate", "PENDING: apply"]

    def test_a_choice_is_left_to_a_person(self, shop: Project) -> None:
        fill(shop)
        text = shop.root.joinpath("schema.sql").read_text()
        shop.write("schema.sql", text.replace("name text", "name text not null"))

        error, _ = stuck(shop)

        assert error.startswith("`app.sqlite` is ERROR still after `generate`: ")
        assert error.endswith("(TSM105)")
        assert [entry.id for entry in shop.ledger()] == [1, 2]

    def test_models_that_cannot_be_reached(self, team: Project) -> None:
        """They say something else each time that they are asked."""
        team.write("models.py", CHANGING)
        team.write("tsm.toml", 'models = { command = ["python", "models.py"] }\n')

        error, _ = stuck(team)

        assert error.startswith("`app.sqlite` is DRIFT still after `apply`: ")
        assert [entry.id for entry in team.ledger()] == [1, 2, 3]

    def test_production_is_not_deployed_to(self, shop: Project) -> None:
        with untouched(shop.root):
            result = shop.tsm_inprocess("deploy")

        error, hint = told(result.exits(1).stderr)
        assert error.startswith("`app.sqlite` is DRIFT: ")
        assert hint


class TestStops:
    def test_where_the_scripts_are_no_sequence(self, team: Project) -> None:
        team.script("004.fax.sql")

        with untouched(team.root):
            error, _ = stuck(team)

        assert error.startswith("`app.sqlite` is ERROR: number 003 is missing")

    def test_where_a_draft_has_to_move(self, team: Project) -> None:
        team.script("003.mail.sql")
        land(team, "003.phone.sql")

        with untouched(team.root):
            error, hint = stuck(team)

        assert error == (
            "`app.sqlite` is CONFLICTED: number 003 of `003.mail.sql` is already taken on main by "
            "`003.phone.sql` (TSM204)"
        )
        assert hint == "run `tsm renumber` to move your draft to `004.mail.sql`"

    def test_where_a_repair_did_not_help(self, team: Project) -> None:
        team.script("003.mail.sql")
        land(team, "003.phone.sql")
        team.edit("001.users.sql")

        error, _ = stuck(team)

        assert error.startswith("`app.sqlite` is CONFLICTED still after `scripts`: number 003 of")
        assert b"edited" not in texts(team)["001.users.sql"]

    def test_where_a_script_fails(self, team: Project) -> None:
        team.script("003.mail.sql")
        team.script("004.wrong.sql", "create tabel a (x);\n")
        team.script("005.fax.sql")

        result = team.tsm_inprocess("dev")

        assert result.exits(1).stdout == ""
        assert result.stderr.splitlines()[-4:-1] == [
            "applied before it: 1 script, to 003.mail.sql",
            "not started: 1 script, from 005.fax.sql",
            'error: app.sqlite.migrations/004.wrong.sql:1:8: near "tabel": syntax error',
        ]
        assert [entry.id for entry in team.ledger()] == [1, 2, 3]


def test_the_document_keeps_to_its_schema(team: Project) -> None:
    team.script("003.mail.sql")

    document = team.tsm_inprocess("dev", "--json").exits(0).json()

    jsonschema.Draft202012Validator(schema("dev")).validate(document)
    (step,) = document["databases"][0]["steps"]
    assert step == {"state": "PENDING", "did": "apply", "words": "applied 1 script"}
