"""`tsm check --ci` in clones as CI services make them, with real git."""

from __future__ import annotations

import re

import pytest

from tests.harness.looking import complaint, told, untouched
from tests.harness.project import Project, Result
from tests.harness.runners import (
    HEADS,
    PUSHES,
    REQUESTS,
    Job,
    github_pull,
    github_push,
    github_queue,
    gitlab_request,
    hosted,
)

EVERY = "'+refs/heads/*:refs/remotes/origin/*'"


@pytest.fixture
def team(project: Project) -> Project:
    """Return `main`, and `phone` and `city` that both draft an 003 on top of it."""
    project.scripts("001.users.sql", "002.mail.sql")
    project.commit("start")
    for branch, author in (("phone", "Ben"), ("city", "Cy")):
        project.branch(branch, "main")
        project.script(f"003.{branch}.sql")
        project.commit(branch, author=author)
    project.switch("main")
    return project


@pytest.fixture
def clash(team: Project) -> Project:
    """Return the team after `main` has published another 003."""
    team.script("003.address.sql")
    team.commit("address", author="Ada")
    return team


def ran(job: Job, *options: str) -> Result:
    """Run the gate, which leaves the clone as it is."""
    with untouched(job.clone.root):
        return job.clone.tsm_inprocess("check", "--ci", *options, env=job.environ)


def codes(result: Result) -> list[tuple[str, str]]:
    """Return code and file name of each finding in a JSON report, but for what may come one day."""
    (one,) = result.json()["databases"]
    found = [(f["code"], f["path"].rpartition("/")[2]) for f in one["findings"]]
    return [(code, name) for code, name in found if code != "TSM206"]


class TestMergeRequests:
    @pytest.mark.parametrize("service", REQUESTS)
    def test_a_clash_is_found_before_it_is_merged(self, service: str, clash: Project) -> None:
        host = hosted(clash)

        result = ran(REQUESTS[service](host), "--json").exits(1)

        assert codes(result) == [
            ("TSM208", "app.sqlite.migrations"),
            ("TSM204", "003.phone.sql"),
        ]
        (one,) = result.json()["databases"]
        assert one["candidate"]["commit"] == host.phone
        assert one["base"]["commit"] == host.main
        assert one["base"]["revision"] == "origin/main"
        assert re.fullmatch(
            r"\w+( Pipelines)?: [a-z ]+ 12 of `phone` into `main`: [0-9a-f]{10} against origin/main "
            r"\([0-9a-f]{10}\), the branch it goes into\.\n",
            result.stderr,
        )

    @pytest.mark.parametrize("service", REQUESTS)
    def test_one_that_fits_passes(self, service: str, team: Project) -> None:
        result = ran(REQUESTS[service](hosted(team)), "--json").exits(0)

        assert codes(result) == []
        # Another branch wants the number, too; Jenkins has not fetched it.
        assert ("on `origin/city`" in result.stdout) == (service != "jenkins")

    @pytest.mark.parametrize("service", REQUESTS)
    def test_a_shallow_clone_cannot_tell(self, service: str, clash: Project) -> None:
        job = REQUESTS[service](hosted(clash), depth=1)

        error, hint = complaint(job.clone, "check", "--ci", env=job.environ)

        assert error.endswith(" is not in this shallow clone")
        assert hint.startswith(f"run `git fetch --unshallow origin {EVERY}")
        assert "`, or set " in hint

    @pytest.mark.parametrize("service", REQUESTS)
    def test_what_the_hint_says_helps(self, service: str, clash: Project) -> None:
        job = REQUESTS[service](hosted(clash), depth=1)
        _, hint = complaint(job.clone, "check", "--ci", env=job.environ)

        job.clone.env.run(["sh", "-c", hint.split("`")[1]], cwd=job.clone.root)

        assert ran(job, "--json").exits(1).stdout.count("TSM204") == 1

    def test_the_base_that_counts_is_the_one_of_now(self, team: Project) -> None:
        host = hosted(team)  # its merge is of the base before the number was taken
        team.script("003.address.sql")
        moved = team.commit("address")
        host.bare.git("fetch", "--quiet", "origin", "+refs/heads/main:refs/heads/main")

        result = ran(github_pull(host), "--json").exits(1)

        assert result.json()["databases"][0]["base"]["commit"] == moved
        assert ("TSM204", "003.phone.sql") in codes(result)

    def test_a_branch_does_not_configure_its_gate(self, clash: Project) -> None:
        clash.switch("phone")
        clash.write("tsm.toml", 'base = "phone"\n[rules]\nTSM204 = "off"\n')
        clash.commit("soft")

        assert ran(github_pull(hosted(clash))).exits(1).stdout.count("TSM204") == 1

    def test_no_database_is_opened_and_no_model_imported(self, clash: Project) -> None:
        clash.write("tsm.toml", 'models = "evil"\n')
        clash.write("evil.py", "raise SystemExit('imported')\n")
        clash.commit("models")
        job = github_pull(hosted(clash))
        job.clone.write("app.sqlite", "no database")
        job.clone.write("app.sqlite.ref", "no database")

        assert ran(job).exits(1).stdout.count("TSM204") == 1

    def test_the_commit_of_a_fork_may_be_elsewhere(self, team: Project) -> None:
        host = hosted(team)
        job = github_pull(host)
        clone = host.bare.clone("other", "--single-branch", "--branch=main")

        error, hint = complaint(clone, "check", "--ci", env=job.environ)

        assert error == f"GitHub: the commit {host.phone[:10]} to be judged is not in this clone"
        assert hint == (
            "run `git fetch origin pull/12/head`, or set `fetch-depth: 0` at `actions/checkout`"
        )

    def test_deep_enough_is_not_whole(self, clash: Project) -> None:
        """A cut history may hide a nearer merge base, so it is believed only where it is exact."""
        clash.switch("main")
        clash.merge("phone", options=["-s", "ours"])
        clash.switch("phone")
        clash.script("004.more.sql")
        clash.commit("more")
        host = hosted(clash)
        job = gitlab_request(host)
        clone = host.bare.clone("cut", "--depth=2", "--no-single-branch")

        error, _ = complaint(clone, "check", "--ci", env=job.environ)

        assert error == (
            f"GitLab: the history of {host.main[:10]} and {host.phone[:10]} is not in this "
            "shallow clone"
        )


class TestTheQueue:
    def test_what_is_about_to_land_is_judged(self, clash: Project) -> None:
        host = hosted(clash)

        result = ran(github_queue(host), "--json").exits(1)

        assert codes(result) == [("TSM204", "003.phone.sql")]
        assert result.stderr == (
            f"GitHub: the merge queue of `main`: {host.merged[:10]} against {host.main[:10]}, "
            "what is ahead of it.\n"
        )

    def test_a_shallow_clone_says_what_it_lacks(self, clash: Project) -> None:
        job = github_queue(hosted(clash), depth=1)

        assert complaint(job.clone, "check", "--ci", env=job.environ).error.endswith(
            " is not in this shallow clone"
        )


class TestPushes:
    @pytest.fixture
    def before(self, clash: Project) -> str:
        """Return what `main` was before it published its 003."""
        return clash.rev("main~1")

    @pytest.mark.parametrize("service", PUSHES)
    def test_the_branches_that_it_has_broken_are_named(
        self, service: str, clash: Project, before: str
    ) -> None:
        job = PUSHES[service](hosted(clash), before)
        if service == "jenkins":  # the line of the recipe
            job.clone.git("fetch", "--quiet", "origin", HEADS)

        result = ran(job).exits(0)

        for branch, author in (("phone", "Ben"), ("city", "Cy")):
            assert (
                f"TSM206 warning: `origin/{branch}` by {author} has `003.{branch}.sql`, and this "
                "push has given number 003 to `003.address.sql`\n"
            ) in result.stdout
            assert (
                f"hint: run `git fetch && git switch {branch} && git merge origin/main && "
                "tsm renumber` before that branch lands\n"
            ) in result.stdout
        assert result.stderr.endswith(", what it was before.\n")

    @pytest.mark.parametrize("service", PUSHES)
    def test_a_push_that_breaks_the_base_itself(self, service: str, clash: Project) -> None:
        clash.merge("phone")
        host = hosted(clash)

        result = ran(PUSHES[service](host, clash.rev("main~1")), "--json").exits(1)

        assert ("TSM204", "003.phone.sql") in codes(result)
        assert f"run `tsm renumber --base {clash.rev('main~1')[:10]}` to move" in result.stdout

    def test_the_pasted_command_mends_it(self, clash: Project) -> None:
        clash.merge("phone")
        job = github_push(hosted(clash), clash.rev("main~1"))
        (finding,) = [
            finding
            for finding in ran(job, "--json").json()["databases"][0]["findings"]
            if finding["code"] == "TSM204"
        ]
        command = finding["fix"]["command"].split()
        assert clash.tsm_inprocess(*command[1:]).exit_code == 0
        assert clash.listing()[2:] == ["003.address.sql", "004.phone.sql"]

    def test_an_edited_script_is_found_after_the_fact(self, clash: Project) -> None:
        clash.edit("001.users.sql")
        clash.commit("edit")
        job = github_push(hosted(clash), clash.rev("main~1"))

        assert ("TSM201", "001.users.sql") in codes(ran(job, "--json").exits(1))

    def test_a_forced_push_that_drops_a_script(self, clash: Project) -> None:
        dropped = clash.head
        clash.git("reset", "--quiet", "--hard", "HEAD~1")
        clash.script("other.txt.sql")
        clash.git("branch", "kept", dropped)
        clash.commit("instead")

        result = ran(github_push(hosted(clash), dropped), "--json").exits(1)

        assert ("TSM203", "003.address.sql") in codes(result)

    def test_a_forced_push_whose_past_is_gone(self, clash: Project) -> None:
        gone = "1234567890" * 4
        job = github_push(hosted(clash), gone)

        error, hint = complaint(job.clone, "check", "--ci", env=job.environ)

        assert error == f"GitHub: the commit {gone[:10]} is not in this clone"
        assert hint.startswith(f"run `git fetch origin {gone}`, or set ")

    def test_the_first_push_is_judged_alone(self, clash: Project) -> None:
        job = github_push(hosted(clash), "0" * 40)

        assert ran(job).exits(0).stderr.endswith(", itself.\n")

    def test_a_commit_is_not_named_twice(self, clash: Project, before: str) -> None:
        head = clash.head[:10]

        said = ran(github_push(hosted(clash), before)).exits(0).stdout

        assert f"app.sqlite: CURRENT, {head} against {before[:10]}\n" in said

    def test_two_commits_are_deep_enough(self, clash: Project, before: str) -> None:
        job = github_push(hosted(clash), before, depth=2)

        assert ran(job).exits(0).stderr.endswith(", what it was before.\n")

    @pytest.mark.parametrize("service", PUSHES)
    def test_one_commit_is_not(self, service: str, clash: Project, before: str) -> None:
        job = PUSHES[service](hosted(clash), before, depth=1)

        error, hint = complaint(job.clone, "check", "--ci", env=job.environ)

        assert f"the commit {before[:10]} is not" in error or "^1 is not" in error
        assert "git fetch --unshallow" in hint

    def test_a_push_to_another_branch_is_judged_against_base(self, clash: Project) -> None:
        host = hosted(clash)
        job = github_pull(host)
        environ = dict(job.environ) | {
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_REF": "refs/heads/phone",
            "GITHUB_SHA": host.phone,
            "GITHUB_EVENT_PATH": "",
            "GITHUB_BASE_REF": "",
        }
        job.clone.git("remote", "set-head", "origin", "main")

        result = ran(Job(job.clone, environ), "--json").exits(1)

        assert ("TSM204", "003.phone.sql") in codes(result)
        assert result.json()["databases"][0]["base"]["revision"] == "origin/main"

    @pytest.mark.parametrize("name", ["main", "refs/heads/main", "remotes/origin/main"])
    def test_the_base_is_pushed_to_however_it_is_written(self, clash: Project, name: str) -> None:
        clash.write("tsm.toml", f'base = "{name}"\n')
        clash.edit("001.users.sql")
        clash.commit("edit")
        clash.git("commit", "--quiet", "--allow-empty", "-m", "one more")

        result = ran(github_push(hosted(clash), clash.rev("main~2")), "--json")

        assert ("TSM201", "001.users.sql") in codes(result.exits(1))

    def test_the_base_may_be_configured_on_the_default_branch(self, clash: Project) -> None:
        clash.write("tsm.toml", 'base = "origin/release"\n')
        clash.commit("the base is another")
        clash.git("branch", "release")
        before = clash.rev("main~1")

        result = ran(github_push(hosted(clash), before)).exits(0)

        assert " against origin/release " in result.stderr


class TestOptions:
    def test_other_services_name_both_sides(self, clash: Project) -> None:
        job = Job(clash.clone("any"), {"TSM_BASE": "origin/main", "TSM_HEAD": "origin/phone"})

        assert ("TSM204", "003.phone.sql") in codes(ran(job, "--json").exits(1))

    def test_what_is_said_on_the_command_line_wins(self, clash: Project) -> None:
        job = github_pull(hosted(clash))

        assert ran(job, "--base", "origin/phone").exits(0).stdout.count("origin/phone") == 1
        assert ran(job, "--head", "origin/main").exit_code == 0

    def test_no_service_is_no_success(self, clash: Project) -> None:
        assert complaint(clash, "check", "--ci") == (
            "`--ci` knows no CI service by the variables here",
            "set TSM_BASE and TSM_HEAD, or run `tsm check --base origin/main --head HEAD`",
        )

    @pytest.mark.parametrize("option", ["--staged", "--worktree", "--fix"])
    def test_a_gate_judges_a_commit(self, clash: Project, option: str) -> None:
        assert complaint(clash, "check", "--ci", option).error == (
            "--ci judges a commit, and changes nothing"
        )

    @pytest.mark.parametrize("text", ["", "{", "\udcff"], ids=repr)
    def test_an_event_that_is_none(self, clash: Project, text: str) -> None:
        job = github_pull(hosted(clash))
        path = clash.root.with_name("broken.json")
        path.write_bytes(text.encode(errors="surrogateescape"))

        result = job.clone.tsm_inprocess(
            "check", "--ci", env=dict(job.environ) | {"GITHUB_EVENT_PATH": str(path)}
        )

        if text:
            assert told(result.exits(2).stderr).error.endswith(" holds no JSON document")
        else:  # as where a container sees none: the variables and the merge have to do
            assert "TSM204" in result.exits(1).stdout

    def test_the_annotations(self, clash: Project) -> None:
        lines = ran(github_pull(hosted(clash)), "--format", "github").exits(1).stdout.splitlines()

        assert lines[0].startswith(
            "::error file=app.sqlite.migrations/003.phone.sql,line=1,title=TSM204 number-taken::"
        )
        assert lines[1].startswith("::warning ")
        assert lines[2].startswith("::notice file=app.sqlite.migrations,line=1,title=TSM208 ")

    def test_a_bare_repository_has_a_gate_too(self, clash: Project) -> None:
        host = hosted(clash)
        job = Job(host.bare, {"TSM_BASE": "main", "TSM_HEAD": "phone"})

        assert ("TSM204", "003.phone.sql") in codes(ran(job, "--json").exits(1))
