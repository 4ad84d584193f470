"""Pushes, seen from both ends: every reference by itself, and the objects in quarantine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.harness.gitenv import Completed
from tests.harness.project import SOURCE, Project
from tests.hooks.desk import program

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the hooks are shell scripts")

NOBODY = "0" * 40


@pytest.fixture
def team(project: Project) -> Project:
    """Return a project that has published two scripts, and two branches that took one number."""
    project.scripts("001.users.sql", "002.mail.sql")
    project.commit("start")
    project.remote()
    project.push("main")
    project.branch("phone")
    project.script("003.phone.sql")
    project.commit("phone", author="Ben")
    project.switch("main")
    project.script("003.address.sql")
    project.commit("address")
    return project


def guarded(project: Project, event: str = "pre-receive") -> Path:
    """Put a hook of tsm's into the bare repository that is pushed to."""
    bare = project.root.parent / "origin.git"
    hooks = bare / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / event).write_text((SOURCE / "hooks" / event).read_text())
    (hooks / event).chmod(0o755)
    project.env.git("config", "tsm.program", str(program(project.env.home)), cwd=bare)
    return bare


def push(project: Project, *arguments: str) -> Completed:
    """Push, whatever comes of it."""
    return project.env.run(["git", "push", "origin", *arguments], cwd=project.root)


def asked(project: Project, lines: str) -> tuple[int, str]:
    """Ask as the hook of a push does; return the exit code and what was said."""
    result = project.tsm_inprocess(
        "hooks", "run", "pre-push", "origin", "url", stdin=lines.encode()
    )
    assert result.stderr == "", result
    return result.exit_code, result.stdout


class TestServer:
    @pytest.mark.parametrize("event", ["pre-receive", "update"])
    def test_takes_what_is_good_and_refuses_a_clash(self, team: Project, event: str) -> None:
        bare = guarded(team, event)

        assert push(team, "main").exit_code == 0
        refused = push(team, "phone")

        assert refused.exit_code == 1
        assert "remote: tsm: `refs/heads/phone` brings 1 error" in refused.stderr
        assert "TSM204 number 003 of `003.phone.sql` is already taken on main" in refused.stderr
        assert "by Ada on 2026-01-01" in refused.stderr
        listed = team.env.git("for-each-ref", "--format=%(refname)", cwd=bare)
        assert listed == "refs/heads/main"
        team.env.git("fsck", "--strict", cwd=bare)

    def test_refuses_an_edit_of_what_is_published(self, team: Project) -> None:
        guarded(team)
        team.edit("001.users.sql")
        team.commit("edit")

        refused = push(team, "main")

        assert refused.exit_code == 1
        assert "TSM201" in refused.stderr

    def test_refuses_to_take_published_scripts_back(self, team: Project) -> None:
        bare = guarded(team)
        assert push(team, "main").exit_code == 0
        tip = team.env.git("rev-parse", "main", cwd=bare)

        refused = push(team, "--force", "main~1:main")

        assert refused.exit_code == 1
        assert "TSM203 `003.address.sql` is published" in refused.stderr
        assert team.env.git("rev-parse", "main", cwd=bare) == tip

    def test_refuses_all_of_a_push_or_by_reference(self, team: Project) -> None:
        team.git("branch", "good", "main")
        team.git("switch", "--quiet", "-c", "bad", "main~1")
        team.edit("002.mail.sql")
        team.commit("edit")
        bare = guarded(team)
        assert push(team, "good", "bad").exit_code == 1
        assert "good" not in team.env.git("for-each-ref", cwd=bare)

        (bare / "hooks" / "pre-receive").unlink()
        guarded(team, "update")
        assert push(team, "good", "bad").exit_code == 1

        refs = team.env.git("for-each-ref", "--format=%(refname:short)", cwd=bare)
        assert refs.split() == ["good", "main"]

    def test_the_first_push_has_no_base(self, team: Project) -> None:
        guarded(team)
        bare = team.root.parent / "origin.git"
        team.env.git("update-ref", "-d", "refs/heads/main", cwd=bare)

        assert push(team, "main").exit_code == 0
        team.script("007.late.sql")
        team.commit("late")
        team.env.git("update-ref", "-d", "refs/heads/main", cwd=bare)
        refused = push(team, "main")

        assert refused.exit_code == 1
        assert "TSM103" in refused.stderr

    def test_the_branch_names_the_configuration_of_base(self, team: Project) -> None:
        guarded(team)
        assert push(team, "main").exit_code == 0
        team.write("tsm.toml", '[rules]\nTSM201 = "off"\n')
        team.edit("001.users.sql")
        team.commit("softened")

        refused = push(team, "main")

        assert refused.exit_code == 1
        assert "TSM201" in refused.stderr

    def test_a_deletion_brings_nothing(self, team: Project) -> None:
        assert push(team, "phone").exit_code == 0
        guarded(team)

        assert push(team, "--delete", "phone").exit_code == 0


class TestEveryReference:
    def test_each_is_judged(self, team: Project) -> None:
        team.push("main")
        team.branch("edited", "main")
        team.edit("001.users.sql")
        team.commit("edit")
        phone, edited = team.rev("phone"), team.rev("edited")

        code, said = asked(
            team,
            f"refs/heads/phone {phone} refs/heads/phone {NOBODY}\n"
            f"refs/heads/edited {edited} refs/heads/edited {NOBODY}\n"
            f"refs/heads/copy {edited} refs/heads/copy {NOBODY}\n",
        )

        assert code == 1
        assert "tsm: `refs/heads/phone` brings 1 error" in said
        assert "tsm: `refs/heads/edited` brings 1 error" in said
        assert "copy" not in said  # the same commit

    def test_a_thousand_of_them(self, team: Project) -> None:
        team.push("main")
        main, phone = team.rev("main"), team.rev("phone")
        lines = [f"refs/tags/v{n} {main} refs/tags/v{n} {NOBODY}\n" for n in range(1_000)]
        lines.insert(700, f"refs/heads/phone {phone} refs/heads/phone {NOBODY}\n")

        code, said = asked(team, "".join(lines))

        assert code == 1
        assert said.count("tsm: `refs/") == 1

    def test_tags_of_commits_count_and_other_things_do_not(self, team: Project) -> None:
        team.push("main")
        team.git("tag", "-a", "-m", "one", "v1", "phone")
        team.git("tag", "blob", f"main:{team.path('001.users.sql')}")
        tag, blob = team.git("rev-parse", "v1"), team.git("rev-parse", "blob")

        code, said = asked(
            team,
            f"refs/tags/v1 {tag} refs/tags/v1 {NOBODY}\n"
            f"refs/tags/blob {blob} refs/tags/blob {NOBODY}\n",
        )

        assert code == 1
        assert "`refs/tags/v1`" in said
        assert "blob" not in said

    def test_what_base_has_is_not_judged_again(self, team: Project) -> None:
        team.script("003.third.sql", "select 3;\n")
        team.commit("a clash of long ago", author="Eve")
        team.push("main")
        team.branch("topic")
        team.script("004.topic.sql")
        team.commit("topic")

        tag = asked(team, f"refs/tags/v1 {team.rev('main')} refs/tags/v1 {NOBODY}\n")
        code, said = asked(team, f"refs/heads/topic {team.head} refs/heads/topic {NOBODY}\n")

        assert tag == (0, "")
        assert code == 0
        assert "1 error had been there before `refs/heads/topic`" in said

    def test_base_that_was_not_fetched_is_what_the_remote_says(self, team: Project) -> None:
        first = team.rev("main~1")
        team.push("main")
        team.git("update-ref", "refs/remotes/origin/main", first)  # as before a fetch
        team.edit("003.address.sql")
        team.commit("edit")

        code, said = asked(
            team, f"refs/heads/main {team.head} refs/heads/main {team.rev('main~1')}\n"
        )

        assert code == 1
        assert "TSM201 `003.address.sql`" in said

    def test_a_shallow_clone_cannot_tell(self, team: Project) -> None:
        team.push("main", "phone")
        clone = team.clone(
            "ci", "--depth=1", "--no-single-branch", source=team.root.parent / "origin.git"
        )
        phone = clone.rev("origin/phone")

        result = clone.tsm_inprocess(
            *("hooks", "run", "pre-push", "origin", "url"),
            stdin=f"refs/heads/x {phone} refs/heads/x {NOBODY}\n".encode(),
        )

        assert result.exit_code == 2
        assert "git fetch --unshallow" in result.stderr


class TestFrameworkVariables:
    def test_the_first_reference_only(self, team: Project) -> None:
        team.push("main")
        variables = {
            "PRE_COMMIT": "1",
            "PRE_COMMIT_TO_REF": team.rev("phone"),
            "PRE_COMMIT_FROM_REF": team.rev("main~1"),
            "PRE_COMMIT_LOCAL_BRANCH": "refs/heads/phone",
            "PRE_COMMIT_REMOTE_BRANCH": "refs/heads/phone",
        }

        result = team.tsm_inprocess("hooks", "run", "pre-push", env=variables)

        assert result.exit_code == 1
        assert "`refs/heads/phone` brings 1 error" in result.stdout

    def test_a_first_push_names_the_branch_only(self, team: Project) -> None:
        variables = {"PRE_COMMIT": "1", "PRE_COMMIT_LOCAL_BRANCH": "refs/heads/phone"}
        team.push("main")

        result = team.tsm_inprocess("hooks", "run", "pre-push", env=variables)

        assert result.exit_code == 1
        assert "`HEAD` brings 1 error" in result.stdout
