"""`tsm renumber --follow`: a working database that ran a draft keeps its rows."""

from __future__ import annotations

import pytest

from tests.harness.looking import verdict
from tests.harness.project import Project, open_database
from tests.renumber.stories import land


@pytest.fixture
def applied(team: Project) -> Project:
    """Return the team after Ada has applied her draft 003 and entered a row."""
    team.script("003.mail.sql", "create table mail (id integer primary key, address text);\n")
    team.commit("mail")
    team.apply()
    connection = open_database(team.root / team.database)
    connection.execute("insert into mail (address) values ('ada@example.com')")
    connection.close()
    return team


def rows(team: Project) -> list[tuple[int, str]]:
    """Return numbers and names of the ledger."""
    return [(entry.id, entry.filename) for entry in team.ledger()]


class TestFollow:
    def test_the_ledger_follows_and_the_rows_stay(self, applied: Project) -> None:
        land(applied, "003.phone.sql")

        result = applied.tsm("renumber", "--follow", "--commit").exits(0)

        assert "app.sqlite follows; backup: app.sqlite.bak/" in result.stderr
        assert rows(applied) == [
            (1, "001.users.sql"),
            (2, "002.orders.sql"),
            (4, "004.mail.sql"),
        ]
        assert applied.query("select address from mail") == [("ada@example.com",)]
        applied.merge("main")
        applied.tsm("renumber", "--follow").exits(0)
        assert verdict(applied).state == "CURRENT"
        assert rows(applied)[2:] == [(3, "003.phone.sql"), (4, "004.mail.sql")]
        assert applied.query("select count(*) from phone") == [(0,)]

    def test_after_the_merge_as_well(self, applied: Project) -> None:
        land(applied, "003.phone.sql")
        applied.tsm("renumber", "--commit").exits(0)
        applied.merge("main")
        assert verdict(applied).state == "DIVERGED"

        applied.tsm("renumber", "--follow").exits(0)

        assert verdict(applied).state == "CURRENT"
        assert applied.query("select address from mail") == [("ada@example.com",)]

    def test_a_chain_of_one_name_follows_link_by_link(self, applied: Project) -> None:
        """004 has the text that 003 had: it was renumbered, and nobody edited anything."""
        applied.script("004.mail.sql", "alter table mail add column seen text;\n")
        applied.commit("seen")
        applied.apply()
        land(applied, "003.phone.sql")
        applied.tsm("renumber", "--commit").exits(0)
        assert [code for code, _ in verdict(applied).findings] == ["TSM208", "TSM302", "TSM302"]

        applied.tsm("renumber", "--follow").exits(0)

        assert rows(applied)[2:] == [(4, "004.mail.sql"), (5, "005.mail.sql")]
        assert applied.query("select address, seen from mail") == [("ada@example.com", None)]

    def test_a_backup_is_as_it_was_before(self, applied: Project) -> None:
        land(applied, "003.phone.sql")
        applied.tsm("renumber", "--follow").exits(0)

        (backup,) = applied.root.glob("app.sqlite.bak/*.sqlite")

        name = backup.relative_to(applied.root).as_posix()
        assert applied.query("select id, filename from _migrations order by id", name)[2:] == [
            (3, "003.mail.sql")
        ]

    def test_without_the_option_it_is_only_said(self, applied: Project) -> None:
        land(applied, "003.phone.sql")

        result = applied.tsm("renumber").exits(0)

        assert "`tsm renumber --follow` lets it follow and keeps its rows" in result.stderr
        assert rows(applied)[2:] == [(3, "003.mail.sql")]

    def test_what_would_be_another_database_is_refused(self, applied: Project) -> None:
        """What base has gained changes the rows that the draft's table begins with."""
        land(applied, "003.phone.sql")
        applied.tsm("renumber", "--commit").exits(0)
        applied.merge("main")
        applied.edit("004.mail.sql", "create table mail (id integer primary key);\n")
        before = rows(applied)

        result = applied.tsm("renumber", "--follow").exits(1)

        assert "tsm restore --db" in result.stderr
        assert rows(applied) == before

    def test_a_database_that_another_program_writes_to_is_left(self, applied: Project) -> None:
        land(applied, "003.phone.sql")
        applied.tsm("renumber").exits(0)
        applied.delete("004.mail.sql")
        applied.script("004.mail.sql", "create table mail (id integer primary key);\n")

        assert applied.tsm("renumber", "--follow").exit_code == 1
        assert rows(applied)[2:] == [(3, "003.mail.sql")]

    def test_several_rows_move_past_each_other(self, team: Project) -> None:
        team.scripts("003.a.sql", "004.b.sql", "005.c.sql")
        team.commit("three")
        team.apply()
        land(team, "003.phone.sql")

        team.tsm("renumber", "--follow").exits(0)

        assert rows(team)[2:] == [(4, "004.a.sql"), (5, "005.b.sql"), (6, "006.c.sql")]
