"""The tip file: git itself reports two branches that each add a script."""

from __future__ import annotations

import pytest

from tests.harness.looking import verdict
from tests.harness.project import Project
from tests.renumber.stories import moves, status

STALE = ("TSM109", "latest.txt")


@pytest.fixture
def tipped(project: Project) -> Project:
    """Return a project that keeps a tip file; `mail` and `phone` each draft 003."""
    project.write("pyproject.toml", "[tool.tsm]\ntip_file = true\n")
    project.scripts("001.users.sql", "002.orders.sql")
    project.tsm_inprocess("renumber").exits(0)
    project.commit("start")
    for name in ("phone", "mail"):
        project.branch(name, "main")
        project.script(f"003.{name}.sql")
        project.tsm_inprocess("renumber").exits(0)
        project.commit(name)
    return project


def tip(project: Project) -> str:
    """Return the script that the tip file names."""
    return next(line for line in project.read("latest.txt").splitlines() if line[0] != "#")


class TestTipFile:
    def test_without_the_setting_there_is_none(self, team: Project) -> None:
        team.script("003.mail.sql")
        assert moves(team.tsm_inprocess("renumber")) == ["nothing to renumber"]
        assert "latest.txt" not in team.listing()
        assert verdict(team).findings == []

    def test_it_names_the_last_script(self, tipped: Project) -> None:
        assert tip(tipped) == "003.mail.sql"
        assert verdict(tipped, "--head", "HEAD").findings == [("TSM206", "003.mail.sql")]

    def test_a_stale_one_is_found_written_and_staged(self, tipped: Project) -> None:
        tipped.script("004.index.sql")
        assert STALE in verdict(tipped).findings

        tipped.tsm_inprocess("renumber").exits(0)

        assert tip(tipped) == "004.index.sql"
        assert status(tipped) == ["M  latest.txt", "?? 004.index.sql"]
        assert STALE not in verdict(tipped).findings

    def test_a_missing_one_is_found(self, tipped: Project) -> None:
        tipped.delete("latest.txt")
        assert STALE in verdict(tipped).findings

    def test_git_stops_on_it_and_renumber_resolves_it(self, tipped: Project) -> None:
        tipped.switch("main")
        tipped.merge("phone")
        tipped.switch("mail")
        assert tipped.merge_stops("main") == ["app.sqlite.migrations/latest.txt"]
        assert STALE in verdict(tipped).findings

        assert moves(tipped.tsm_inprocess("renumber")) == ["003.mail.sql -> 004.mail.sql"]

        assert tip(tipped) == "004.mail.sql"
        assert tipped.unmerged() == []
        tipped.git("commit", "--quiet", "--no-edit")
        assert verdict(tipped).findings == []
        assert "<<<<" not in tipped.read("latest.txt")

    def test_in_a_rebase_as_well(self, tipped: Project) -> None:
        tipped.switch("main")
        tipped.merge("phone")
        tipped.switch("mail")
        tipped.git("rebase", "--quiet", "main", exit_code=1)

        tipped.tsm_inprocess("renumber").exits(0)
        tipped.git("rebase", "--continue")

        assert tipped.tree() == [
            "001.users.sql",
            "002.orders.sql",
            "003.phone.sql",
            "004.mail.sql",
            "latest.txt",
        ]
        assert verdict(tipped).findings == []

    def test_a_renumbering_that_is_committed_holds_it(self, tipped: Project) -> None:
        tipped.switch("main")
        tipped.merge("phone")
        tipped.switch("mail")

        tipped.tsm("renumber", "--commit").exits(0)

        assert status(tipped) == []
        assert tip(tipped) == "004.mail.sql"

    def test_check_fix_and_squash_keep_it(self, tipped: Project) -> None:
        tipped.script("004.index.sql")
        tipped.tsm_inprocess("check", "--fix").exits(0)
        assert tip(tipped) == "004.index.sql"

        tipped.tsm_inprocess("squash").exits(0)

        assert tip(tipped) == "003.mail.sql"
        assert STALE not in verdict(tipped).findings
