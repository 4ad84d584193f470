"""`tsm squash`: several drafts become one, and end in the same database."""

from __future__ import annotations

from tests.harness.looking import untouched, verdict
from tests.harness.project import Project
from tests.renumber.stories import land, status, texts


class TestSquash:
    def test_drafts_become_one(self, team: Project) -> None:
        team.script("003.mail.sql", "create table mail (id);\n")
        team.commit("mail")
        team.script("004.index.sql", "create index by_id on mail (id)\n")
        team.script("005.rows.sql", b"\xef\xbb\xbfinsert into mail values (1);\r\n-- end")

        result = team.tsm_inprocess("squash").exits(0)

        assert result.stdout == "app.sqlite.migrations/003.mail.sql holds 3 drafts now\n"
        assert team.read("003.mail.sql") == (
            "create table mail (id);\n\n"
            "create index by_id on mail (id)\n;\n\n"
            "insert into mail values (1);\n-- end\n"
        )
        assert team.listing() == ["001.users.sql", "002.orders.sql", "003.mail.sql"]
        assert status(team) == ["M  003.mail.sql"]
        assert verdict(team).findings == []
        kept = {path.name for path in team.root.glob("app.sqlite.bak/scripts-*/*")}
        assert kept == {"003.mail.sql", "004.index.sql", "005.rows.sql"}

    def test_the_one_has_the_number_of_the_first_and_a_name(self, team: Project) -> None:
        team.scripts("003.mail.sql", "004.index.sql")

        team.tsm_inprocess("squash", "--name", "contact").exits(0)

        assert team.listing()[2:] == ["003.contact.sql"]

    def test_it_is_applied_as_the_several_would_have_been(self, team: Project) -> None:
        team.script("003.mail.sql", "create table mail (id);\ninsert into mail values (1)")
        team.script("004.more.sql", "insert into mail select id + 1 from mail -- two\n")
        team.tsm_inprocess("squash").exits(0)

        team.apply()

        assert team.query("select id from mail order by id") == [(1,), (2,)]

    def test_a_dry_run(self, team: Project) -> None:
        team.scripts("003.mail.sql", "004.index.sql")

        with untouched(team.root):
            result = team.tsm_inprocess("squash", "--dry-run").exits(0)

        assert result.stdout.count("create table") == 2

    def test_published_scripts_are_not_squashed(self, team: Project) -> None:
        with untouched(team.root):
            assert (
                team.tsm_inprocess("squash")
                .exits(1)
                .stderr.startswith("error: `app.sqlite` has no draft on this branch\n")
            )
        team.script("003.mail.sql")
        assert "has one draft" in team.tsm_inprocess("squash").exits(1).stderr

    def test_not_what_production_ran(self, team: Project) -> None:
        team.scripts("003.mail.sql", "004.index.sql", "005.rows.sql")
        team.published_in_production("001.users.sql", "002.orders.sql", "003.mail.sql")

        team.tsm_inprocess("squash").exits(0)

        assert team.listing()[2:] == ["003.mail.sql", "004.index.sql"]

    def test_not_in_disorder(self, team: Project) -> None:
        team.scripts("003.mail.sql", "004.index.sql")
        team.commit("mail")
        land(team, "003.phone.sql")
        before = texts(team)

        assert "(TSM204)" in team.tsm_inprocess("squash").exits(1).stderr
        assert texts(team) == before

    def test_a_draft_that_fails(self, team: Project) -> None:
        team.script("003.mail.sql", "create table mail (id);\n")
        team.script("004.broken.sql", "insert into nowhere values (1);\n")
        before = texts(team)

        result = team.tsm_inprocess("squash").exits(1)

        assert "no such table: nowhere" in result.stderr
        assert texts(team) == before

    def test_a_database_that_has_run_them_is_said_to_need_a_restore(self, team: Project) -> None:
        team.scripts("003.mail.sql", "004.index.sql")
        team.apply()

        result = team.tsm_inprocess("squash").exits(0)

        assert "`tsm restore --db`" in result.stderr

    def test_json(self, team: Project) -> None:
        team.scripts("003.mail.sql", "004.index.sql")

        document = team.tsm_inprocess("squash", "--dry-run", "--json").exits(0).json()

        assert document == {
            "version": 1,
            "database": "app.sqlite",
            "dry_run": True,
            "drafts": [
                "app.sqlite.migrations/003.mail.sql",
                "app.sqlite.migrations/004.index.sql",
            ],
            "script": "app.sqlite.migrations/003.mail.sql",
            "moved_to": None,
            "applied": [],
        }

    def test_a_name_that_is_none(self, team: Project) -> None:
        team.scripts("003.mail.sql", "004.index.sql")

        for name in ("../x", "a/b", "a\nb"):
            assert team.tsm_inprocess("squash", "--name", name).exits(2).stderr.startswith("error:")
        assert team.listing()[2:] == ["003.mail.sql", "004.index.sql"]
