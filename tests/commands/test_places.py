"""The index, the work tree and commits, in every form that git gives them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.harness.gitenv import GitEnv
from tests.harness.looking import PLACES, verdict, verdicts
from tests.harness.project import SOURCE, Project

EACH_PLACE = pytest.mark.parametrize("options", PLACES.values(), ids=PLACES)
SCRIPTS = ["001.users.sql", "002.mail.sql"]


@pytest.fixture
def team(project: Project) -> Project:
    """Return a project whose main has 001 and 002."""
    project.scripts(*SCRIPTS)
    project.commit("start")
    return project


class TestIndex:
    """What `git commit` would make: neither more nor less."""

    def test_what_is_not_staged_does_not_count(self, team: Project) -> None:
        team.edit("001.users.sql")
        team.script("004.phone.sql")

        assert verdict(team, "--staged").findings == []
        assert verdict(team).findings == [("TSM201", "001.users.sql"), ("TSM103", "004.phone.sql")]

    def test_what_is_staged_counts_whatever_lies_on_disk(self, team: Project) -> None:
        team.edit("001.users.sql", "select 1;\n")
        team.stage()
        team.git("show", "HEAD:app.sqlite.migrations/001.users.sql")
        team.edit("001.users.sql", "create table [users] (id integer primary key);\n")

        assert verdict(team, "--staged").findings == [("TSM201", "001.users.sql")]
        assert verdict(team).findings == []

    def test_a_file_that_is_only_meant_to_be_added_is_in_no_commit(self, team: Project) -> None:
        team.scripts("003.phone.sql", "004.city.sql")
        team.script("005.empty.sql", "")
        team.git("add", "--intent-to-add", "--", team.path("003.phone.sql"))
        team.git("add", "--intent-to-add", "--", team.path("005.empty.sql"))
        team.stage("004.city.sql")

        assert verdict(team, "--staged").findings == [("TSM103", "004.city.sql")]
        assert verdict(team).findings == [("TSM108", "005.empty.sql")]

    def test_an_empty_file_that_is_staged_is_in_the_commit(self, team: Project) -> None:
        team.script("003.empty.sql", "")
        team.stage()

        assert verdict(team, "--staged").findings == [("TSM108", "003.empty.sql")]

    @pytest.mark.parametrize(
        "arguments",
        [
            ("update-index", "--index-version", "4"),
            ("update-index", "--split-index"),
            ("update-index", "--untracked-cache"),
            ("config", "core.fsmonitor", "false"),
            ("config", "core.quotePath", "true"),
            ("config", "color.ui", "always"),
            ("config", "status.relativePaths", "true"),
        ],
        ids=" ".join,
    )
    def test_its_format_does_not_matter(self, team: Project, arguments: tuple[str, ...]) -> None:
        team.git(*arguments)
        team.script("004.café.sql")
        team.stage()
        team.delete("002.mail.sql")

        assert verdict(team, "--staged").findings == [("TSM103", "004.café.sql")]
        assert verdict(team).findings == [("TSM203", "002.mail.sql"), ("TSM103", "004.café.sql")]

    def test_files_that_git_ignores_are_pending_like_others(self, team: Project) -> None:
        team.write(".gitignore", "003.*\n")
        team.script("003.phone.sql")

        assert verdict(team).pending == [*SCRIPTS, "003.phone.sql"]
        assert verdict(team, "--staged").findings == []

    @pytest.mark.parametrize("bit", ["--assume-unchanged", "--skip-worktree"])
    def test_a_file_that_git_is_told_not_to_look_at_is_looked_at(
        self, team: Project, bit: str
    ) -> None:
        team.git("update-index", bit, "--", team.path("001.users.sql"))
        team.edit("001.users.sql")

        assert verdict(team).findings == [("TSM201", "001.users.sql")]


class TestHooks:
    """git gives a commit of some files an index of its own, and names it in GIT_INDEX_FILE."""

    @pytest.fixture
    def hooked(self, team: Project) -> Project:
        """Return a project whose commits are checked, as a hook would."""
        hook = team.write(
            ".git/hooks/pre-commit",
            f'#!/bin/sh\nexec "{sys.executable}" -P -m tsm_git check --staged\n',
        )
        hook.chmod(0o755)
        return team

    def commit(self, project: Project, *arguments: str) -> tuple[int, str]:
        """Commit, and return git's exit code and what the hook said."""
        done = project.env.run(
            ["git", "commit", "--quiet", "--message", "work", *arguments],
            cwd=project.root,
            env={"PYTHONPATH": str(SOURCE)},
        )
        return done.exit_code, done.stdout + done.stderr

    def test_commit_all_is_judged_with_what_it_adds(self, hooked: Project) -> None:
        hooked.edit("001.users.sql")

        exit_code, said = self.commit(hooked, "--all")

        assert exit_code == 1
        assert "TSM201 `001.users.sql` is published on main and was edited" in said

    def test_commit_of_one_path_is_judged_without_the_rest(self, hooked: Project) -> None:
        hooked.scripts("002.address.sql", "003.phone.sql")
        hooked.stage()

        assert self.commit(hooked, "--", hooked.path("003.phone.sql"))[0] == 0
        exit_code, said = self.commit(hooked)

        assert exit_code == 1
        assert "TSM204 number 002 of `002.address.sql` is already taken on main" in said

    def test_a_commit_from_a_linked_work_tree(self, hooked: Project) -> None:
        linked = hooked.worktree("linked", "mail")
        linked.edit("002.mail.sql")

        exit_code, said = self.commit(linked, "--all")

        assert exit_code == 1
        assert "TSM201 `002.mail.sql`" in said


class TestWorkTree:
    def test_a_linked_one_has_scripts_and_a_database_of_its_own(self, team: Project) -> None:
        team.tsm_inprocess("apply").exits(0)
        linked = team.worktree("linked", "mail")
        linked.script("003.index.sql")
        linked.stage()

        assert verdict(linked) == ("PENDING", [], [*SCRIPTS, "003.index.sql"], [])
        assert verdict(linked, "--staged").state == "CURRENT"
        assert verdict(linked, "--head", "mail").state == "CURRENT"
        assert verdict(team) == ("CURRENT", [], [], SCRIPTS)

    @EACH_PLACE
    def test_a_submodule_is_a_project_of_its_own(
        self, team: Project, env: GitEnv, tmp_path: Path, options: tuple[str, ...]
    ) -> None:
        library = Project.create(env, tmp_path / "library", database="lib.sqlite")
        library.scripts("001.things.sql", "003.more.sql")
        library.commit("things")
        inner = team.submodule(library, "vendor/library")
        team.commit("library")
        inner.database = "lib.sqlite"

        assert verdict(team, *options).findings == []
        assert verdict(inner, *options).findings == [("TSM103", "003.more.sql")]

    @EACH_PLACE
    def test_a_submodule_in_the_place_of_a_folder_holds_no_scripts(
        self, team: Project, env: GitEnv, tmp_path: Path, options: tuple[str, ...]
    ) -> None:
        library = Project.create(env, tmp_path / "library")
        library.write("001.things.sql", "select 1;\n")
        library.commit("things")
        team.submodule(library, "lib.sqlite.migrations")
        team.commit("library")

        assert list(verdicts(team, *options)) == ["app.sqlite"]

    @pytest.mark.parametrize("sparse", [(), ("--sparse-index",)], ids=["index", "sparse index"])
    def test_scripts_that_a_sparse_checkout_left_out_are_there(
        self, team: Project, sparse: tuple[str, ...]
    ) -> None:
        team.write("other/file", "")
        team.commit("other")
        team.git("sparse-checkout", "set", *sparse, "other")
        assert not team.folder.exists()

        for options in PLACES.values():
            assert verdict(team, *options).findings == []
        assert verdict(team).pending == SCRIPTS

        team.tsm_inprocess("apply").exits(0)
        assert verdict(team) == ("CURRENT", [], [], SCRIPTS)

    def test_a_script_beside_those_that_were_left_out(self, team: Project) -> None:
        team.write("other/file", "")
        team.commit("other")
        team.git("sparse-checkout", "set", "other")
        team.script("002.address.sql")

        assert verdict(team).findings == [("TSM204", "002.address.sql")]

    def test_a_folder_that_nobody_has_added_yet(self, team: Project) -> None:
        team.write("new.sqlite.migrations/001.things.sql", "select 1;\n")

        assert list(verdicts(team)) == ["app.sqlite", "new.sqlite"]
        assert list(verdicts(team, "--staged")) == ["app.sqlite"]


class TestText:
    """Line endings and object formats that git is told to use."""

    @pytest.fixture
    def windows(self) -> Mapping[str, str]:
        """Return the environment of somebody who has git turn LF into CRLF on disk."""
        return {"GIT_CONFIG_KEY_1": "core.autocrlf", "GIT_CONFIG_VALUE_1": "true"}

    def test_line_endings_on_disk_are_git_s_business(
        self, team: Project, windows: Mapping[str, str]
    ) -> None:
        team.git("rm", "--quiet", "-r", "--cached", ".")
        team.git("reset", "--quiet", "--hard", env=windows)
        assert b"\r\n" in (team.folder / "001.users.sql").read_bytes()

        for options in PLACES.values():
            assert verdict(team, *options, env=windows).findings == []
        team.tsm_inprocess("apply", env=windows).exits(0)

        assert verdict(team, env=windows) == ("CURRENT", [], [], SCRIPTS)
        assert "\r" not in str(team.ledger()[0].script)

    def test_nor_do_they_count_where_git_has_stored_them(self, team: Project) -> None:
        team.script("003.crlf.sql", b"\xef\xbb\xbfselect 1;\r\nselect 2;\r")
        team.commit("crlf")
        team.branch("mend")
        team.edit("003.crlf.sql", b"select 1;\nselect 2;\n")
        team.commit("lf")

        for options in PLACES.values():
            assert verdict(team, *options).findings == []

    @EACH_PLACE
    def test_a_sha_256_repository(
        self, env: GitEnv, tmp_path: Path, options: tuple[str, ...]
    ) -> None:
        project = Project.create(env, tmp_path / "modern", object_format="sha256")
        project.scripts(*SCRIPTS)
        project.script("003.crlf.sql", b"\xef\xbb\xbfselect 1;\r\n")
        project.commit("start")
        project.published_in_production(*SCRIPTS)
        project.branch("work")
        project.edit("001.users.sql")
        project.rename("002.mail.sql", "004.mail.sql")
        project.edit("003.crlf.sql", b"select 1;\n")
        project.commit("work")

        assert verdict(project, *options).findings == [
            ("TSM201", "001.users.sql"),
            ("TSM202", "004.mail.sql"),
        ]

    def test_a_sha_256_repository_is_applied(self, env: GitEnv, tmp_path: Path) -> None:
        project = Project.create(env, tmp_path / "modern", object_format="sha256")
        project.scripts(*SCRIPTS)
        project.commit("start")

        project.tsm_inprocess("apply").exits(0)

        assert verdict(project) == ("CURRENT", [], [], SCRIPTS)

    def test_production_ran_what_a_sha_256_repository_does_not_know(
        self, env: GitEnv, tmp_path: Path
    ) -> None:
        project = Project.create(env, tmp_path / "modern", object_format="sha256")
        project.scripts(*SCRIPTS)
        project.commit("start")
        project.write_ledger(
            [*project.entries(*SCRIPTS), (3, "003.lost.sql", "select 3;\n")], "app.sqlite.ref"
        )

        assert verdict(project).findings == [("TSM207", "003.lost.sql")]


class TestBareRepository:
    def test_two_branches_are_judged_without_a_work_tree(self, team: Project) -> None:
        team.branch("phone")
        team.script("003.phone.sql")
        team.commit("phone")
        team.switch("main")
        team.script("003.address.sql")
        team.commit("address")
        bare = team.clone("bare.git", "--bare")

        found = verdict(bare, "--base", "main", "--head", "phone")

        assert found.findings == [("TSM208", "app.sqlite.migrations"), ("TSM204", "003.phone.sql")]

    def test_a_database_is_opened_where_one_is_named(self, team: Project) -> None:
        ref = team.write_ledger([(1, "001.users.sql", "select 'other'")], "app.sqlite.ref")
        bare = team.clone("bare.git", "--bare")

        assert verdict(bare, "--head", "main").findings == []
        assert verdict(bare, "--head", "main", "--ref", str(ref)).findings == [
            ("TSM201", "001.users.sql")
        ]
        assert verdict(bare, "--head", "main", "--working", str(ref)).applied == ["001.users.sql"]

    def test_a_merge_is_simulated_without_a_trace(self, team: Project) -> None:
        lines = [f"create table t{number} (a);" for number in range(10)]
        team.script("003.many.sql", "\n".join(lines))
        team.commit("many")
        team.branch("mail")
        team.edit("003.many.sql", "\n".join([*lines, "select 'mail';"]))
        team.commit("edit")
        team.switch("main")
        team.rename("003.many.sql", "004.many.sql")
        team.edit("004.many.sql", "\n".join(["select 'main';", *lines]))
        team.commit("rename")
        bare = team.clone("bare.git", "--bare")

        # git writes what it merges: somewhere else.
        assert ("TSM210", "004.many.sql") in verdict(
            bare, "--base", "main", "--head", "mail"
        ).findings
