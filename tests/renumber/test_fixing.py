"""`tsm check --fix`: the repairs that lose nothing; the rest is left and said."""

from __future__ import annotations

from tests.harness.looking import untouched, verdict
from tests.harness.project import Project
from tests.renumber.stories import land, staged, status, texts


def fixed(team: Project) -> list[str]:
    """Return what `check --fix` says it has done."""
    lines = team.tsm_inprocess("check", "--fix").stderr.splitlines()
    return [line for line in lines if line.startswith(("fixed: ", "left: ", "kept: "))]


class TestFix:
    def test_nothing_to_fix(self, team: Project) -> None:
        team.script("003.mail.sql")

        with untouched(team.root):
            assert fixed(team) == []

    def test_a_clash_is_renumbered(self, team: Project) -> None:
        team.script("003.mail.sql")
        team.commit("mail")
        land(team, "003.phone.sql")

        assert fixed(team) == [
            "fixed: renamed app.sqlite.migrations/003.mail.sql "
            "to app.sqlite.migrations/004.mail.sql"
        ]
        assert status(team) == ["R  003.mail.sql -> 004.mail.sql"]

    def test_a_renamed_script_gets_its_name_back(self, team: Project) -> None:
        before = texts(team)
        team.rename("002.orders.sql", "002.purchases.sql")
        team.commit("rename")

        assert fixed(team) == ["fixed: restored app.sqlite.migrations/002.orders.sql"]
        assert texts(team) == staged(team) == before

    def test_a_deleted_script_comes_back(self, team: Project) -> None:
        before = texts(team)
        team.delete("002.orders.sql")

        assert fixed(team) == ["fixed: restored app.sqlite.migrations/002.orders.sql"]
        assert texts(team) == before

    def test_an_edited_script_comes_back_and_the_edit_is_kept(self, team: Project) -> None:
        before = texts(team)
        team.edit("002.orders.sql")
        edited = texts(team)["002.orders.sql"]

        (line,) = fixed(team)

        (kept,) = team.root.glob("app.sqlite.bak/scripts-*/002.orders.sql")
        where = kept.relative_to(team.root).as_posix()
        assert line == (
            f"fixed: restored app.sqlite.migrations/002.orders.sql; what was there is now {where}"
        )
        assert kept.read_bytes() == edited
        assert texts(team) == before

    def test_all_of_it_in_one_go(self, team: Project) -> None:
        team.script("003.mail.sql")
        team.commit("mail")
        land(team, "003.phone.sql")
        team.edit("001.users.sql")
        team.rename("002.orders.sql", "005.orders.sql")

        assert len(fixed(team)) == 3
        assert verdict(team).findings == [("TSM208", "app.sqlite.migrations")]
        assert team.listing() == ["001.users.sql", "002.orders.sql", "004.mail.sql"]
        assert fixed(team) == []

    def test_the_verdict_that_follows_is_the_one_after_the_fix(self, team: Project) -> None:
        team.script("003.mail.sql")
        team.commit("mail")
        land(team, "003.phone.sql")

        result = team.tsm_inprocess("check", "--fix").exits(0)

        assert "TSM204" not in result.stdout
        assert "app.sqlite: PENDING" in result.stdout

    def test_what_takes_a_decision_is_left(self, team: Project) -> None:
        team.script("003.contact.sql", b"create table a (id);\n")
        team.commit("contact")
        team.branch("other")
        team.edit("003.contact.sql", b"create table b (id);\n")
        team.commit("b")
        team.switch("mail")
        team.edit("003.contact.sql", b"create table c (id);\n")
        team.commit("c")
        team.git("merge", "--quiet", "other", exit_code=1)
        before = texts(team)

        (line,) = fixed(team)

        assert line.startswith("left: a merge stopped on `app.sqlite.migrations/003.contact.sql`")
        assert texts(team) == before

    def test_a_proof_that_fails_leaves_the_number(self, team: Project) -> None:
        team.script(
            "003.mail.sql", "alter table phone add column mail;\ncreate table phone (id);\n"
        )
        land(team, "003.phone.sql")

        assert fixed(team)[0].startswith("left: in the new order a statement fails: ")
        assert "003.mail.sql" in team.listing()

    def test_a_stopped_merge_is_resolved(self, team: Project) -> None:
        team.script("003.contact.sql", b"create table a (id);\n")
        team.commit("contact")
        land(team, "003.contact.sql", text=b"create table b (id);\n")
        team.git("merge", "--quiet", "main", exit_code=1)

        lines = fixed(team)

        assert lines[0].startswith("fixed: renamed ")
        assert lines[1] == "fixed: resolved app.sqlite.migrations/003.contact.sql"
        assert lines[2].startswith("kept: what the merge had left there is now app.sqlite.bak/")
        team.git("commit", "--quiet", "--no-edit")
        assert verdict(team).findings == []

    def test_only_the_work_tree_can_be_fixed(self, team: Project) -> None:
        for options in (("--staged",), ("--head", "HEAD")):
            assert "`--fix` changes the work tree" in (
                team.tsm_inprocess("check", "--fix", *options).exits(2).stderr
            )
