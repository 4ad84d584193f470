"""Where tsm finds a repository, and what it says where there is none, or a broken one."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.harness.gitenv import GitEnv
from tests.harness.looking import PLACES, complaint, told, untouched, verdict
from tests.harness.project import Project
from tsm_git.adapters.git.discovery import discover

LOOKING = [("check", *options) for options in PLACES.values()] + [("status",)]
LOOKS = pytest.mark.parametrize("command", LOOKING, ids=" ".join)


@pytest.fixture
def team(project: Project) -> Project:
    """Return a project whose main has 001 and 002."""
    project.scripts("001.users.sql", "002.mail.sql")
    project.commit("start")
    return project


@pytest.fixture
def folder(env: GitEnv, tmp_path: Path) -> Project:
    """Return a folder that no repository is around."""
    (tmp_path / "folder").mkdir()
    return Project(env, tmp_path / "folder")


class TestNoRepository:
    @pytest.mark.parametrize("command", [("check",), ("status",), ("apply",)], ids=" ".join)
    def test_without_scripts_there_is_nothing_to_judge(
        self, folder: Project, command: tuple[str, ...]
    ) -> None:
        assert complaint(folder, *command) == (
            f"`{folder.root}` is not in a git repository and has no folder `X.migrations`",
            "go to the project that holds the scripts",
        )

    @pytest.mark.parametrize(
        "option", [("--staged",), ("--head", "HEAD"), ("--base", "main")], ids=" ".join
    )
    def test_with_scripts_git_is_missed_where_it_is_asked_for(
        self, folder: Project, option: tuple[str, ...]
    ) -> None:
        folder.script("001.users.sql")

        assert complaint(folder, "check", *option) == (
            f"`{folder.root}` is not in a git repository",
            "run `git init`, or go to the repository first",
        )

    def test_scripts_are_judged_alone_and_what_needs_git_is_said_to_be_left_out(
        self, folder: Project
    ) -> None:
        folder.scripts("001.users.sql", "003.mail.sql")

        result = folder.tsm_inprocess("check").exits(1)

        assert "TSM103 number 002 is missing before `003.mail.sql`" in result.stdout
        assert "TSM212: it is not in a git repository\n" in result.stdout

    def test_a_database_one_folder_down_is_found(self, env: GitEnv, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        project = Project(env, tmp_path / "folder", database="data/app.sqlite")
        project.script("001.users.sql")

        assert verdict(project).state == "PENDING"

    def test_it_is_checked_applied_and_checked_again(self, folder: Project) -> None:
        folder.script("001.users.sql")

        folder.tsm_inprocess("apply").exits(0)

        assert verdict(folder) == ("CURRENT", [], [], ["001.users.sql"])


class TestBrokenRepository:
    """What claims to be a repository and is none must not be judged as if there were no git."""

    @LOOKS
    def test_a_head_that_is_garbage(self, team: Project, command: tuple[str, ...]) -> None:
        team.write(".git/HEAD", "garbage")

        assert complaint(team, *command) == (
            f"`{team.root}/.git` is no git repository",
            "run `git status` there to see what git says",
        )

    @LOOKS
    def test_an_object_store_that_is_gone(self, team: Project, command: tuple[str, ...]) -> None:
        shutil.rmtree(team.root / ".git" / "objects")

        assert complaint(team, *command).error == f"`{team.root}/.git` is no git repository"

    @LOOKS
    def test_a_git_file_that_leads_nowhere(self, team: Project, command: tuple[str, ...]) -> None:
        shutil.rmtree(team.root / ".git")
        team.write(".git", "gitdir: /nowhere\n")

        assert complaint(team, *command).error == f"`{team.root}/.git` is no git repository"

    def test_it_is_found_out_from_a_folder_below(self, team: Project) -> None:
        team.write(".git/HEAD", "garbage")

        result = team.tsm_inprocess("check", cwd=team.folder).exits(2)

        assert told(result.stderr).error == f"`{team.root}/.git` is no git repository"

    @LOOKS
    def test_a_configuration_that_git_cannot_read(
        self, team: Project, command: tuple[str, ...]
    ) -> None:
        team.write(".git/config", "[garbage")

        error, hint = complaint(team, *command)

        assert " failed: bad config line " in error
        assert hint == "run `git status` and `git fsck` to see what is wrong with the repository"

    @pytest.mark.parametrize("text", ["garbage\n", "1" * 40 + "\n"], ids=["garbage", "lost"])
    @pytest.mark.parametrize(
        "command", [("check",), ("check", "--staged"), ("status",)], ids=" ".join
    )
    def test_a_branch_that_leads_nowhere_is_not_taken_for_one_without_commits(
        self, team: Project, command: tuple[str, ...], text: str
    ) -> None:
        team.write(".git/refs/heads/main", text)

        error, hint = complaint(team, *command)

        assert error.startswith("`git log` failed: ")
        assert hint == "run `git status` and `git fsck` to see what is wrong with the repository"

    @LOOKS
    def test_a_folder_of_scripts_that_is_lost(
        self, team: Project, command: tuple[str, ...]
    ) -> None:
        lost = _lose(team, "HEAD:app.sqlite.migrations")

        assert complaint(team, *command) == (
            f"the tree {lost} is missing",
            "run `git fsck` to see what is lost",
        )

    @pytest.mark.parametrize("place", ["staged", "head"])
    def test_a_script_that_is_lost(self, team: Project, place: str) -> None:
        lost = _lose(team, "HEAD:app.sqlite.migrations/002.mail.sql")

        assert complaint(team, "check", *PLACES[place]) == (
            f"the blob {lost} is missing",
            "run `git fsck` to see what is lost",
        )

    @pytest.mark.parametrize("place", ["worktree", "staged"])
    def test_an_index_that_is_garbage(self, team: Project, place: str) -> None:
        team.write(".git/index", "garbage")

        assert complaint(team, "check", *PLACES[place]) == (
            "`git ls-files` failed: .git/index: index file smaller than expected",
            "run `git status` and `git fsck` to see what is wrong with the repository",
        )

    def test_a_commit_is_judged_without_the_index(self, team: Project) -> None:
        team.write(".git/index", "garbage")

        assert verdict(team, "--head", "HEAD").state == "CURRENT"


class TestEnvironment:
    @pytest.mark.parametrize("command", ["check", "status"])
    def test_git_is_not_on_the_search_path(self, team: Project, command: str) -> None:
        with untouched(team.root):
            result = team.tsm(command, env={"PATH": "/nowhere"}).exits(2)

        assert result.stdout == ""
        assert told(result.stderr) == (
            "git cannot be used: there is no program `git`",
            "install git 2.34 or later, and see that it is on PATH",
        )

    def test_without_git_a_folder_that_needs_none_is_judged(self, folder: Project) -> None:
        folder.script("001.users.sql")

        assert folder.tsm("check", env={"PATH": "/nowhere"}).exits(0).stderr == ""

    def test_what_needs_no_project_needs_no_git(self, folder: Project) -> None:
        explained = folder.tsm("explain", "TSM204", env={"PATH": "/nowhere"})

        assert explained.exits(0).stdout.startswith("# TSM204 number-taken\n")

    @LOOKS
    def test_git_distrusts_a_repository_that_somebody_else_owns(
        self, team: Project, command: tuple[str, ...]
    ) -> None:
        # git's own tests play another owner in this way.
        other = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}

        error, hint = complaint(team, *command, env=other)

        assert error.endswith(f"detected dubious ownership in repository at '{team.root}'")
        assert hint == (
            f"run `git config --global --add safe.directory {team.root}` if you trust it"
        )

    def test_git_dir_names_another_repository(
        self, team: Project, env: GitEnv, tmp_path: Path
    ) -> None:
        other = Project.create(env, tmp_path / "other")
        other.script("001.things.sql")
        other.commit("things")
        named = {"GIT_DIR": str(other.root / ".git"), "GIT_WORK_TREE": str(other.root)}

        result = team.tsm_inprocess("check", "--head", "HEAD", "--json", env=named)

        assert result.exits(0).json()["databases"][0]["candidate"]["commit"] == other.head

    @LOOKS
    def test_git_dir_names_nothing(self, team: Project, command: tuple[str, ...]) -> None:
        assert complaint(team, *command, env={"GIT_DIR": "/nowhere"}) == (
            "GIT_DIR is `/nowhere`, which is no git repository",
            "run `git status` there to see what git says",
        )


class TestPlaces:
    def test_from_a_folder_below_the_paths_stay_those_of_the_repository(
        self, team: Project
    ) -> None:
        team.branch("mail")
        team.edit("002.mail.sql")

        result = team.tsm_inprocess("check", "--json", cwd=team.folder).exits(1)

        (finding,) = result.json()["databases"][0]["findings"]
        assert finding["path"] == "app.sqlite.migrations/002.mail.sql"

    def test_another_folder_can_be_named(self, team: Project, tmp_path: Path) -> None:
        result = team.tsm_inprocess("-C", str(team.folder), "check", cwd=tmp_path)

        assert "app.sqlite: PENDING" in result.exits(0).stdout

    def test_another_folder_has_to_exist(self, team: Project) -> None:
        assert complaint(team, "-C", "nowhere", "check") == (
            "there is no folder `nowhere`",
            "give a folder to `tsm -C`",
        )

    @pytest.mark.parametrize(
        "command", [("check",), ("check", "--staged"), ("status",), ("apply",)]
    )
    def test_a_bare_repository_has_only_commits(
        self, team: Project, command: tuple[str, ...]
    ) -> None:
        bare = team.clone("bare.git", "--bare")

        assert complaint(bare, *command) == (
            "a bare repository has no work tree and no index",
            "run `tsm check --base main --head BRANCH`",
        )

    def test_a_bare_repository_is_found_from_the_folder_it_is(self, team: Project) -> None:
        bare = team.clone("bare.git", "--bare")

        assert verdict(bare, "--head", "main").state == "CURRENT"

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
    def test_a_folder_may_have_a_line_break_in_its_name(self, env: GitEnv, tmp_path: Path) -> None:
        project = Project.create(env, tmp_path / "a\nb")
        project.script("001.users.sql")
        project.commit("users")
        linked = project.worktree("c\nd", "mail")

        assert verdict(linked).state == "PENDING"
        # git asks hooks in linked work trees to believe its variables.
        hook = {"GIT_DIR": linked.git("rev-parse", "--absolute-git-dir")}
        assert "app.sqlite: PENDING" in linked.tsm_inprocess("check", env=hook).exits(0).stdout

    def test_it_is_what_git_finds(self, team: Project) -> None:
        """Plain or not: whatever git says of a folder, tsm says too."""
        bare = team.clone("bare.git", "--bare")
        linked = team.worktree("linked", "mail")
        moved = team.clone("moved")
        (moved.root / ".git").rename(team.root.parent / "elsewhere")
        (moved.root / ".git").symlink_to(team.root.parent / "elsewhere", target_is_directory=True)
        named = team.clone("named")
        named.git("config", "core.worktree", str(team.root))
        team.git(
            "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(bare.root), "sub"
        )
        link = team.root.parent / "link"
        link.symlink_to(team.folder, target_is_directory=True)
        places = {
            "plain": team.root,
            "below": team.folder,
            "link": link,
            "linked work tree": linked.root,
            "bare": bare.root,
            "below bare": bare.root / "refs",
            "moved": moved.root,
            "submodule": team.root / "sub",
            "core.worktree": team.root / ".." / "named" / ".git",
        }

        found = {name: discover(place) for name, place in places.items()}

        for name, place in places.items():
            dirs = team.git(
                *("-C", str(place), "rev-parse", "--path-format=absolute"),
                *("--git-dir", "--git-common-dir", "--is-bare-repository"),
            )
            git_dir, common, is_bare = dirs.splitlines()
            top = None
            if is_bare == "false":
                top = team.git("-C", str(place), "rev-parse", "--show-toplevel")
            one = found[name]
            assert one is not None, name
            assert one.top == (Path(top) if top else None), name
            assert one.git_dir.resolve() == Path(git_dir).resolve(), name
            assert one.common_dir.resolve() == Path(common).resolve(), name

    def test_an_empty_git_folder_hides_nothing_above_it(self, team: Project) -> None:
        (team.root / "below" / ".git").mkdir(parents=True)

        found = discover(team.root / "below")

        assert found is not None
        assert found.top == team.root


def _lose(project: Project, name: str) -> str:
    """Delete a loose object, and return its id."""
    lost = project.git("rev-parse", name)
    (project.root / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
    return lost
