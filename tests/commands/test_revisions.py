"""Revisions that are unknown, strange, or meant to be something else; and which base is chosen."""

from __future__ import annotations

import pytest

from tests.harness.looking import complaint, untouched, verdict
from tests.harness.project import Project

LIST = "run `git branch --all` to see what there is, or `git fetch`"


@pytest.fixture
def team(project: Project) -> Project:
    """Return a project whose main has 001 and 002, and whose branch has drafted a 003."""
    project.scripts("001.users.sql", "002.mail.sql")
    project.commit("start")
    project.branch("phone")
    project.script("003.phone.sql")
    project.commit("phone")
    return project


def base_of(project: Project, **env: str) -> tuple[str, str]:
    """Return which base `tsm status` says it used, and why."""
    with untouched(project.root):
        result = project.tsm_inprocess("status", env=env).exits(0)
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("  base ")]
    name, _, rest = line.removeprefix("  base").strip().partition(" at ")
    assert rest[:10] == project.rev(name)[:10]
    return name, rest[10:].strip(" ()").partition(", fetched")[0]


class TestUnknown:
    @pytest.mark.parametrize("option", ["--head", "--base"])
    @pytest.mark.parametrize(
        "revision",
        [
            "nope",
            "main~99",
            "main..phone",
            "^main",
            "main^{tree}",
            "main:app.sqlite.migrations",
            "a b",
            "0" * 40,
            "refs/heads/nope",
            "é",
            "x" * 5000,
        ],
        ids=lambda revision: revision[:20],
    )
    def test_it_is_told(self, team: Project, option: str, revision: str) -> None:
        assert complaint(team, "check", option, revision) == (
            f"unknown revision `{revision}`",
            LIST,
        )

    @pytest.mark.parametrize("command", ["status", "apply"])
    def test_other_commands_tell_it_too(self, team: Project, command: str) -> None:
        assert complaint(team, command, "--base", "nope") == ("unknown revision `nope`", LIST)

    @pytest.mark.parametrize("option", ["--head", "--base"])
    @pytest.mark.parametrize(
        ("revision", "shown"),
        [
            ("-x", "-x"),
            ("--help", "--help"),
            ("--output=pwned", "--output=pwned"),
            ("", ""),
            ("main\nphone", r"main\nphone"),
        ],
    )
    def test_what_is_none_is_no_option_either(
        self, team: Project, option: str, revision: str, shown: str
    ) -> None:
        assert complaint(team, "check", f"{option}={revision}") == (
            f"`{shown}` is no revision",
            "give a branch, a tag or a commit, such as `main`",
        )

    def test_it_does_not_move_the_cursor(self, team: Project) -> None:
        assert complaint(team, "check", "--head", "\x1b[31mred").error == (
            r"unknown revision `\x1b[31mred`"
        )

    def test_a_branch_of_a_remote_that_was_not_fetched(self, team: Project) -> None:
        team.remote()
        team.push("main")

        assert complaint(team, "check", "--base", "origin/no;pe") == (
            "unknown revision `origin/no;pe`",
            "run `git fetch origin 'no;pe'`",
        )

    def test_a_place_cannot_be_two_candidates(self, team: Project) -> None:
        assert complaint(team, "check", "--staged", "--head", "main") == (
            "`--staged` and `--head` are two candidates",
            "give one of them",
        )


class TestKnown:
    @pytest.mark.parametrize(
        "revision",
        [
            "phone",
            "heads/phone",
            "refs/heads/phone",
            "HEAD",
            "@",
            "phone@{0}",
            "main@{u}~0",
            "v1",
            "v2",
        ],
    )
    def test_whatever_git_calls_a_commit_is_one(self, team: Project, revision: str) -> None:
        team.git("tag", "v1")
        team.git("tag", "--annotate", "--message", "v2", "v2", "v1")
        team.git("branch", "--set-upstream-to", "phone", "main")

        assert verdict(team, "--base", "main", "--head", revision).state == "CURRENT"
        assert verdict(team, "--base", revision, "--head", "main").findings == [
            ("TSM208", "app.sqlite.migrations")
        ]

    def test_an_abbreviated_id(self, team: Project) -> None:
        assert verdict(team, "--head", team.head[:8]).state == "CURRENT"

    def test_a_tag_that_is_called_like_the_branch_does_not_confuse_what_is_guessed(
        self, team: Project
    ) -> None:
        team.git("tag", "main", "phone")

        assert team.tsm_inprocess("status").exits(0).stdout.count(team.rev("heads/main")[:10]) == 1


class TestNoCommitYet:
    """HEAD is a branch that has no commit."""

    @pytest.mark.parametrize("options", [(), ("--staged",)], ids=["worktree", "index"])
    def test_without_scripts_there_is_nothing_to_check(
        self, project: Project, options: tuple[str, ...]
    ) -> None:
        with untouched(project.root):
            result = project.tsm_inprocess("check", *options).exits(0)

        assert result.stdout == (
            "no folder `X.migrations` with scripts: nothing to check\n"
            "found 0 errors, 0 warnings, 0 notes\n"
        )

    def test_scripts_that_are_staged_are_judged(self, project: Project) -> None:
        project.scripts("001.users.sql", "003.mail.sql")
        project.stage("003.mail.sql")

        assert verdict(project).findings == [("TSM103", "003.mail.sql")]
        assert verdict(project, "--staged").findings == [("TSM103", "003.mail.sql")]

    def test_what_is_published_is_said_to_be_left_out(self, project: Project) -> None:
        project.script("001.users.sql")

        assert ": the repository has no commit\n" in project.tsm_inprocess("check").stdout

    def test_there_is_no_commit_to_judge(self, project: Project) -> None:
        assert complaint(project, "check", "--head", "HEAD").error == "unknown revision `HEAD`"

    def test_an_orphan_branch_is_judged_against_main(self, team: Project) -> None:
        team.git("switch", "--quiet", "--orphan", "fresh")
        team.script("001.other.sql")
        team.stage()

        # Unrelated histories have no merge base: nothing is missing, 001 is taken.
        for options in ((), ("--staged",)):
            assert verdict(team, *options).findings == [
                ("TSM208", "app.sqlite.migrations"),
                ("TSM204", "001.other.sql"),
            ]

    def test_its_scripts_are_applied(self, project: Project) -> None:
        project.script("001.users.sql")
        project.tsm_inprocess("apply").exits(0)

        assert verdict(project).state == "CURRENT"


class TestDetached:
    def test_a_commit_without_a_branch_is_judged_like_any_other(self, team: Project) -> None:
        team.detach("phone")
        team.edit("001.users.sql")
        team.stage()

        for options in ((), ("--staged",)):
            assert verdict(team, *options).findings == [("TSM201", "001.users.sql")]
        assert verdict(team, "--head", "HEAD").findings == []


class TestChoice:
    """Which base is taken where none is named, best first."""

    def test_main_where_there_is_no_remote(self, team: Project) -> None:
        assert base_of(team) == ("main", "the local default branch")

    def test_master_where_there_is_no_main(self, team: Project) -> None:
        team.git("branch", "--move", "main", "master")

        assert base_of(team) == ("master", "the local default branch")

    def test_head_where_there_is_neither(self, team: Project) -> None:
        team.git("branch", "--move", "main", "trunk")

        assert base_of(team) == (
            "HEAD",
            "no remote, main or master; set `base` in the configuration",
        )

    def test_the_upstream_of_main(self, team: Project) -> None:
        team.remote("upstream")
        team.push("main", remote="upstream")
        team.push("phone", remote="upstream")

        assert base_of(team) == ("upstream/main", "the upstream of main")

    def test_the_head_of_the_remote(self, team: Project) -> None:
        team.remote()
        team.push("main", "phone")
        team.git("remote", "set-head", "origin", "phone")

        assert base_of(team) == ("origin/phone", "the remote's HEAD")

    @pytest.mark.parametrize(
        "head", ["ref: refs/remotes/origin/gone\n", "garbage", "", "ref: refs/heads/phone\n"]
    )
    def test_a_head_of_the_remote_that_leads_nowhere_is_passed_over(
        self, team: Project, head: str
    ) -> None:
        team.remote()
        team.push("main", "phone")
        team.write(".git/refs/remotes/origin/HEAD", head)

        assert base_of(team) == ("origin/main", "the upstream of main")

    def test_main_of_the_remote_where_nobody_says_what_its_head_is(self, team: Project) -> None:
        team.remote()
        team.push("main")
        team.git("branch", "--unset-upstream", "main")

        assert base_of(team) == ("origin/main", "the remote's default branch")

    def test_a_colleague_who_cloned_knows_the_head_of_the_remote(self, team: Project) -> None:
        team.switch("main")
        bob = team.clone("bob")

        assert base_of(bob) == ("origin/main", "the remote's HEAD")

    def test_the_configuration(self, team: Project) -> None:
        team.write("tsm.toml", 'base = "phone"\n')

        assert base_of(team) == ("phone", "`base` in the configuration")

    @pytest.mark.parametrize(
        ("base", "error"),
        [
            ("nope", "unknown revision `nope`"),
            ("-x", "`-x` is no revision"),
            ("a\\nb", r"`a\nb` is no revision"),
        ],
    )
    def test_one_that_is_configured_and_does_not_exist_is_no_reason_to_guess(
        self, team: Project, base: str, error: str
    ) -> None:
        team.write("tsm.toml", f'base = "{base}"\n')

        assert complaint(team, "check").error == error
        assert complaint(team, "check", "--staged").error == error
        assert complaint(team, "check", "--head", "HEAD").error == error


class TestContinuousIntegration:
    VARIABLES = (
        ("GITHUB_BASE_REF", "GitHub"),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "GitLab"),
        ("BITBUCKET_PR_DESTINATION_BRANCH", "Bitbucket"),
        ("SYSTEM_PULLREQUEST_TARGETBRANCH", "Azure Pipelines"),
        ("CHANGE_TARGET", "Jenkins"),
    )

    @pytest.mark.parametrize(("variable", "service"), VARIABLES)
    @pytest.mark.parametrize("prefix", ["", "refs/heads/"], ids=["short", "long"])
    def test_the_branch_that_a_request_goes_to(
        self, team: Project, variable: str, service: str, prefix: str
    ) -> None:
        team.write("tsm.toml", 'base = "main"\n')

        assert base_of(team, **{variable: f"{prefix}phone"}) == (
            "phone",
            f"{variable} of {service}",
        )

    def test_the_remotes_branch_is_meant_where_there_is_one(self, team: Project) -> None:
        team.remote()
        team.push("main")

        assert base_of(team, GITHUB_BASE_REF="main") == (
            "origin/main",
            "GITHUB_BASE_REF of GitHub",
        )

    def test_a_variable_that_is_set_to_nothing_says_nothing(self, team: Project) -> None:
        assert base_of(team, GITHUB_BASE_REF="") == ("main", "the local default branch")

    @pytest.mark.parametrize("options", [(), ("--staged",), ("--head", "HEAD")], ids=str)
    def test_a_branch_that_was_not_fetched_is_no_reason_to_guess(
        self, team: Project, options: tuple[str, ...]
    ) -> None:
        assert complaint(team, "check", *options, env={"GITHUB_BASE_REF": "release"}) == (
            "the base branch `release` (GITHUB_BASE_REF of GitHub) is not in this clone",
            "run `git fetch origin release:refs/remotes/origin/release` (in CI: fetch with depth 0)",
        )

    def test_what_is_named_outranks_it(self, team: Project) -> None:
        nowhere = {"GITHUB_BASE_REF": "nowhere"}

        assert verdict(team, "--base", "main", env=nowhere).state == "PENDING"

    @pytest.mark.parametrize(
        ("branch", "shown"),
        [
            ("-x", "-x"),
            ("--help", "--help"),
            ("main\nHEAD", r"main\nHEAD"),
            ("\x1b[1m", r"\x1b[1m"),
        ],
    )
    def test_what_can_be_no_branch_is_none(self, team: Project, branch: str, shown: str) -> None:
        assert complaint(team, "check", env={"GITHUB_BASE_REF": branch}) == (
            f"`{shown}` (GITHUB_BASE_REF of GitHub) is no branch",
            "give the base with `--base REV`",
        )

    @pytest.mark.parametrize("branch", ["main^{tree}", "x; touch pwned", "main phone"])
    def test_what_is_to_be_pasted_is_quoted(self, team: Project, branch: str) -> None:
        error, hint = complaint(team, "check", env={"GITHUB_BASE_REF": branch})

        assert (
            error == f"the base branch `{branch}` (GITHUB_BASE_REF of GitHub) is not in this clone"
        )
        assert f"git fetch origin '{branch}:refs/remotes/origin/{branch}'" in hint


class TestShallow:
    """Clones whose history is cut off: what cannot be told is not guessed."""

    FETCH = "run `git fetch --unshallow` (in CI: fetch the whole history, depth 0)"

    @pytest.fixture
    def shallow(self, team: Project) -> Project:
        """Return a clone of depth 1 with both branches, on main, which has gone on."""
        team.switch("main")
        team.script("003.address.sql")
        team.commit("address")
        return team.clone("shallow", "--depth=1", "--no-single-branch")

    @pytest.mark.parametrize(
        "options",
        [
            ("--head", "origin/phone"),
            ("--base", "origin/phone"),
            ("--staged", "--base", "origin/phone"),
        ],
        ids=" ".join,
    )
    def test_a_merge_base_that_was_not_fetched(
        self, shallow: Project, options: tuple[str, ...]
    ) -> None:
        error, hint = complaint(shallow, "check", *options)

        assert error.startswith("no merge base of ")
        assert error.endswith(" in this shallow clone")
        assert hint == self.FETCH

    def test_where_none_is_needed_the_clone_is_deep_enough(self, shallow: Project) -> None:
        assert verdict(shallow).state == "PENDING"
        assert verdict(shallow, "--staged").state == "CURRENT"
        assert verdict(shallow, "--head", "HEAD").state == "CURRENT"

    def test_after_the_fetch_it_can_be_told(self, shallow: Project) -> None:
        shallow.git("fetch", "--quiet", "--unshallow")

        assert verdict(shallow, "--head", "origin/phone").findings == [
            ("TSM208", "app.sqlite.migrations"),
            ("TSM204", "003.phone.sql"),
        ]

    def test_a_revision_that_was_not_fetched(self, shallow: Project) -> None:
        assert complaint(shallow, "check", "--head", "HEAD~1") == (
            "unknown revision `HEAD~1`",
            self.FETCH,
        )

    @pytest.mark.parametrize("options", [(), ("--staged",), ("--head", "HEAD")], ids=str)
    def test_a_script_of_production_may_be_in_what_was_not_fetched(
        self, shallow: Project, options: tuple[str, ...]
    ) -> None:
        ref = shallow.write_ledger([(4, "004.city.sql", "select 4")], "app.sqlite.ref")
        named = ("--ref", str(ref)) if "HEAD" in options else ()

        assert complaint(shallow, "check", *options, *named) == (
            "production ran a script that this shallow clone does not hold",
            self.FETCH,
        )

    def test_the_parents_of_a_merge_that_were_not_fetched_are_said_to_be_left_out(
        self, team: Project
    ) -> None:
        team.switch("main")
        team.commit("more")
        team.merge("phone")
        shallow = team.clone("shallow", "--depth=1")

        with untouched(shallow.root):
            result = shallow.tsm_inprocess("check", "--head", "HEAD").exits(0)

        assert "CURRENT" in result.stdout

    def test_a_clone_of_one_branch_does_not_know_main(self, team: Project) -> None:
        single = team.clone("single", "--single-branch", "--branch", "phone")

        assert complaint(single, "check", "--base", "main").error == "unknown revision `main`"
        assert complaint(single, "check", env={"GITHUB_BASE_REF": "main"}).hint == (
            "run `git fetch origin main:refs/remotes/origin/main` (in CI: fetch with depth 0)"
        )

    def test_a_clone_without_texts_says_that_it_needs_its_remote(self, team: Project) -> None:
        origin = team.clone("origin.git", "--bare")
        origin.git("config", "uploadpack.allowFilter", "true")
        blobless = team.clone("blobless", "--filter=blob:none", "--no-checkout", source=origin.root)
        origin.root.rename(origin.root.with_name("gone"))

        error, hint = complaint(blobless, "check", "--head", "HEAD")

        assert error.startswith("`git cat-file` failed: ")
        assert hint == (
            "run `git fetch --refetch` with the remote in reach: the clone lacks objects"
        )
