"""The project builder does what its verbs say, so that stories may trust it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.gitenv import Completed, GitEnv
from tests.harness.project import Entry, Project, Result


@pytest.fixture
def team(project: Project) -> Project:
    """Return a project whose main has 001 and 002."""
    project.scripts("001.users.sql", "002.mail.sql")
    project.commit("start")
    return project


class TestScripts:
    def test_a_script_without_a_text_creates_a_table_named_like_it(self, project: Project) -> None:
        assert project.script("001.users.sql") == "app.sqlite.migrations/001.users.sql"
        assert project.read("001.users.sql") == "create table [users] (id integer primary key);\n"

    def test_bytes_are_written_as_they_are(self, project: Project) -> None:
        project.script("001.users.sql", b"\xef\xbb\xbfselect 1;\r\n")

        assert (project.folder / "001.users.sql").read_bytes() == b"\xef\xbb\xbfselect 1;\r\n"

    def test_a_script_is_edited_renamed_and_deleted(self, team: Project) -> None:
        team.edit("001.users.sql", "select 1;\n")
        team.rename("002.mail.sql", "003.mail.sql")
        team.delete("001.users.sql")

        assert team.listing() == ["003.mail.sql"]

    def test_no_verb_does_what_it_does_not_say(self, team: Project) -> None:
        with pytest.raises(AssertionError, match="is there already"):
            team.script("001.users.sql")
        with pytest.raises(AssertionError, match="is not there"):
            team.edit("003.phone.sql", "select 1;")
        with pytest.raises(AssertionError, match="is there already"):
            team.rename("001.users.sql", "002.mail.sql")

    def test_the_scripts_of_another_database(self, env: GitEnv, tmp_path: Path) -> None:
        shop = Project.create(env, tmp_path / "shop", database="data/shop.sqlite")

        assert shop.script("001.users.sql") == "data/shop.sqlite.migrations/001.users.sql"


class TestGit:
    def test_branches_part_and_are_merged(self, team: Project) -> None:
        team.branch("mail")
        team.script("003.mail_index.sql")
        team.commit("index mail", author="Ada")
        team.switch("main")
        team.script("003.phone.sql")
        team.commit("phone", author="Bob")

        merge = team.merge("mail")

        assert team.tree(merge) == [
            "001.users.sql",
            "002.mail.sql",
            "003.mail_index.sql",
            "003.phone.sql",
        ]
        assert team.git("log", "--format=%an <%ae>: %s", "mail", "--not", "main^1") == (
            "Ada <ada@example.com>: index mail"
        )

    def test_a_merge_that_stops_tells_where(self, team: Project) -> None:
        team.branch("mail")
        team.edit("001.users.sql", "select 'mail';\n")
        team.commit("mail")
        team.switch("main")
        team.edit("001.users.sql", "select 'main';\n")
        team.commit("main")

        assert team.merge_stops("mail") == ["app.sqlite.migrations/001.users.sql"]

    def test_only_what_is_staged_is_committed_if_the_story_says_so(self, team: Project) -> None:
        team.script("003.phone.sql")
        team.stage("003.phone.sql")
        team.script("004.draft.sql")
        team.delete("001.users.sql")

        team.commit("phone", stage=False)

        assert team.tree() == ["001.users.sql", "002.mail.sql", "003.phone.sql"]

    def test_databases_are_ignored(self, team: Project) -> None:
        team.write_ledger([])
        team.published_in_production("001.users.sql")

        assert team.git("status", "--porcelain") == ""

    def test_commits_are_rebased_and_picked(self, team: Project) -> None:
        team.branch("mail")
        team.script("003.index.sql")
        picked = team.commit("index")
        team.switch("main")
        team.script("003.phone.sql")
        team.commit("phone")

        assert team.cherry_pick(picked) != picked
        team.switch("mail")
        assert team.rebase("main") == team.rev("main")

    def test_a_sha256_repository(self, env: GitEnv, tmp_path: Path) -> None:
        project = Project.create(env, tmp_path / "project", object_format="sha256")

        assert len(project.commit("start")) == 64


class TestPlaces:
    def test_a_colleague_clones_commits_and_pushes(self, team: Project) -> None:
        origin = team.remote()
        team.push("main")
        bob = team.clone("bob", source=origin)
        bob.script("003.phone.sql")
        pushed = bob.commit("phone", author="Bob")
        bob.push()

        team.fetch()

        assert team.rev("origin/main") == pushed
        assert team.tree("origin/main")[-1] == "003.phone.sql"

    def test_a_shallow_clone_has_one_commit(self, team: Project) -> None:
        team.commit("more")

        assert team.clone("shallow", "--depth=1").git("rev-list", "--count", "HEAD") == "1"

    def test_a_copy_goes_its_own_way(self, team: Project) -> None:
        other = team.copy("other")
        other.script("003.phone.sql")
        other.commit("phone")

        assert other.tree() != team.tree()

    def test_a_linked_work_tree_shares_the_branches(self, team: Project) -> None:
        linked = team.worktree("linked", "mail")
        linked.script("003.index.sql")

        assert linked.commit("index") == team.rev("mail")
        assert team.worktree("again", "main~0", new=False).head == team.head

    def test_a_submodule_is_a_project_of_its_own(
        self, team: Project, env: GitEnv, tmp_path: Path
    ) -> None:
        library = Project.create(env, tmp_path / "library", database="lib.sqlite")
        library.script("001.things.sql")
        library.commit("things")

        inner = team.submodule(library, "vendor/library")
        team.commit("library")

        assert inner.head == library.head
        assert Path(inner.git("rev-parse", "--show-superproject-working-tree")) == team.root


class TestLedgers:
    def test_a_ledger_is_written_and_read(self, team: Project) -> None:
        team.write_ledger([(1, "001.users.sql", "select 1;\n"), (0, "other", None)], columns=LOOSE)

        assert team.ledger() == [Entry(0, "other", None), Entry(1, "001.users.sql", "select 1;\n")]

    def test_production_has_run_the_scripts_as_they_are_now(self, team: Project) -> None:
        team.published_in_production("001.users.sql", "002.mail.sql")
        team.edit("001.users.sql", "select 1;\n")

        entries = team.ledger("app.sqlite.ref")

        assert [entry.filename for entry in entries] == ["001.users.sql", "002.mail.sql"]
        assert entries[0].script == "create table [users] (id integer primary key);\n"

    def test_a_ledger_of_another_shape(self, team: Project) -> None:
        team.write_ledger(
            [(1, "001.users.sql", "select 1;")],
            columns={"script": "BLOB", "extra": "", "filename": "VARCHAR(9)", "id": "INT"},
        )

        assert team.query("select * from _migrations") == [("select 1;", None, "001.users.sql", 1)]

    def test_no_database_and_no_ledger_hold_nothing(self, team: Project) -> None:
        assert team.ledger() == []
        (team.root / team.database).touch()
        assert team.ledger() == []


LOOSE = {"id": "INTEGER PRIMARY KEY", "filename": "TEXT", "script": "TEXT"}


class TestResults:
    def test_a_result_that_nobody_looks_at_is_known(self) -> None:
        result = Result(Completed("tsm check", 0, "", ""))
        assert not result.looked_at
        repr(result)
        assert not result.looked_at
        assert result.exit_code == 0
        assert result.looked_at

    def test_an_unexpected_exit_code_shows_the_command_and_all_it_said(self) -> None:
        result = Result(Completed("tsm check --staged", 1, "found 1 error\n", "reading\n"))

        with pytest.raises(AssertionError) as failure:
            result.exits(0)

        assert str(failure.value) == (
            "expected exit code 0\n"
            "$ tsm check --staged\n"
            "--- stdout\n"
            "found 1 error\n"
            "--- stderr\n"
            "reading\n"
            "--- exit code 1"
        )

    def test_what_is_no_json_is_shown(self) -> None:
        result = Result(Completed("tsm check --json", 2, "", "not a repository"))

        with pytest.raises(AssertionError, match="not a repository"):
            result.json()


class TestTsm:
    def test_a_clash_is_told_alike_by_a_process_and_in_process(self, team: Project) -> None:
        team.branch("phone")
        team.script("003.phone.sql")
        team.commit("phone", author="Ada")
        team.switch("main")
        team.script("003.address.sql")
        team.commit("address", author="Bob")

        alone = team.tsm("check", "--base", "main", "--head", "phone", "--json")
        inside = team.tsm_inprocess("check", "--base", "main", "--head", "phone", "--json")

        assert alone.exit_code == inside.exit_code == 1
        assert alone.json() == inside.json()
        assert alone.stderr == inside.stderr == ""

    def test_tsm_runs_in_a_folder_of_the_project(self, team: Project) -> None:
        assert "001.users.sql" in team.tsm("status", cwd=team.folder).exits(0).stdout
        assert "001.users.sql" in team.tsm_inprocess("status", cwd=team.folder).exits(0).stdout

    def test_scripts_are_applied(self, team: Project) -> None:
        team.apply()

        assert team.ledger() == team.entries("001.users.sql", "002.mail.sql")

    def test_the_environment_of_a_run_may_be_added_to(self, team: Project) -> None:
        changed = {"TSM_FORMAT": "json"}

        assert team.tsm("check", env=changed).json() == team.tsm("check", "--json").json()
        assert team.tsm_inprocess("check", env=changed).json()["version"] == 1

    def test_a_mistake_on_the_command_line_is_no_bug(self, team: Project) -> None:
        assert team.tsm_inprocess("check", "--nonsense").exit_code == 2
