"""Who blocks what: a commit is stopped by what it brings, a merge by what it makes."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest

from tests.harness.looking import untouched
from tests.harness.project import Project

COMMIT = {"GIT_INDEX_FILE": ".git/index"}  # as git sets it for the hooks of a commit


def judged(project: Project, *, env: Mapping[str, str] = COMMIT) -> tuple[int, str]:
    """Ask as the hook of a commit does; return the exit code and what was said."""
    with untouched(project.root):
        result = project.tsm_inprocess("hooks", "run", "pre-commit", env=env)
    assert result.stderr == "", result
    return result.exit_code, result.stdout


def titles(text: str) -> list[str]:
    """Return the lines that tsm begins with its name."""
    return [line.removeprefix("tsm: ") for line in text.splitlines() if line.startswith("tsm: ")]


STOPPED = "nothing is committed: mend it as the hints say, stage it, then commit again"


@pytest.fixture
def clash(project: Project) -> Project:
    """Return the branch `phone`, whose 003 main has given to another script meanwhile."""
    project.scripts("001.users.sql", "002.mail.sql")
    project.write("notes.txt", "start\n")
    project.commit("start")
    project.branch("phone")
    project.script("003.phone.sql")
    project.commit("phone", author="Ben")
    project.switch("main")
    project.script("003.address.sql")
    project.commit("address")
    project.switch("phone")
    return project


class TestOldFaults:
    def test_do_not_stop_another_script(self, clash: Project) -> None:
        clash.script("004.more.sql")
        clash.stage()

        assert judged(clash) == (
            0,
            "tsm: 1 error had been there before this commit\n"
            "app.sqlite.migrations/003.phone.sql:1:1: TSM204 warning: number 003 of "
            "`003.phone.sql` is already taken on main by `003.address.sql`\n"
            "    hint: run `tsm check` to see what to do about it\n",
        )

    def test_stop_it_with_strict(self, clash: Project) -> None:
        clash.write("tsm.toml", "strict = true\n")
        clash.script("004.more.sql")
        clash.stage()

        code, said = judged(clash)

        assert code == 1
        assert titles(said) == ["this commit brings 1 error", STOPPED]

    def test_are_told_apart_from_new_ones(self, clash: Project) -> None:
        clash.edit("001.users.sql")
        clash.stage()

        code, said = judged(clash)

        assert code == 1
        assert titles(said) == [
            "this commit brings 1 error",
            "1 error had been there before this commit",
            STOPPED,
        ]
        assert "TSM201 `001.users.sql`" in said

    def test_that_are_mended_in_part_do_not_stop_that(self, project: Project) -> None:
        project.scripts("001.users.sql", "005.late.sql")
        project.script("001.other.sql", "select 1;\n")
        project.script("001.third.sql", "select 2;\n")
        project.write("tsm.toml", '[rules]\nTSM203 = "warning"\n')
        project.commit("a mess")
        project.delete("001.third.sql")
        project.script("002.mail.sql", "select 3;\n")
        project.write("tsm.toml", '[rules]\nTSM203 = "warning"\nTSM204 = "off"\nTSM205 = "off"\n')
        project.stage()

        code, said = judged(project)

        assert code == 0, said
        assert "numbers 003 to 004 are missing" in said

    def test_that_are_warnings_are_told_once(self, project: Project) -> None:
        project.script("001.users.sql")
        project.commit("start")
        project.script("002.empty.sql", "-- nothing yet\n")
        project.stage()
        code, said = judged(project)
        assert (code, titles(said)) == (0, ["this commit brings 1 warning"])
        project.commit("empty", stage=False)
        project.script("003.more.sql")
        project.stage()

        assert judged(project) == (0, "")

    def test_that_grow_stop_the_commit(self, project: Project) -> None:
        project.scripts("001.users.sql")
        project.script("001.other.sql", "select 1;\n")
        project.commit("a mess")
        project.script("001.third.sql", "select 2;\n")
        project.stage()

        code, said = judged(project)

        assert code == 1
        assert "`001.third.sql`" in said

    def test_a_tracked_database_is_old_the_second_time(self, project: Project) -> None:
        project.scripts("001.users.sql")
        project.commit("start")
        project.write("app.sqlite", b"")
        project.git("add", "--force", "app.sqlite")
        code, said = judged(project)
        assert (code, "TSM212" in said) == (1, True)
        project.commit("anyway", stage=False)
        project.script("002.mail.sql")
        project.stage("002.mail.sql")

        code, said = judged(project)

        assert code == 0
        assert titles(said) == ["1 error had been there before this commit"]


class TestFirstCommit:
    def test_is_judged_without_a_parent(self, project: Project) -> None:
        project.scripts("001.users.sql", "003.mail.sql")
        project.stage()

        code, said = judged(project)

        assert code == 1
        assert "TSM103" in said

    def test_may_be_right(self, project: Project) -> None:
        project.scripts("001.users.sql")
        project.stage()

        assert judged(project) == (0, "")


class TestContested:
    def test_a_number_is_told_once(self, clash: Project) -> None:
        clash.git("switch", "--quiet", "--create", "city", "main")
        clash.script("004.city.sql")
        clash.commit("city", author="Ben")
        clash.git("switch", "--quiet", "--create", "zip", "main")
        clash.script("004.zip.sql")
        clash.stage()

        code, said = judged(clash)

        assert code == 0
        assert titles(said) == ["this commit brings 1 warning"]
        assert "TSM206 warning: number 004 of `004.zip.sql`" in said
        clash.commit("zip", stage=False)
        clash.script("005.more.sql")
        clash.stage()
        assert judged(clash) == (0, "")

    def test_it_stops_nothing_with_strict(self, clash: Project) -> None:
        clash.git("switch", "--quiet", "--create", "city", "main")
        clash.script("004.city.sql")
        clash.commit("city", author="Ben")
        clash.git("switch", "--quiet", "--create", "zip", "main")
        clash.write("tsm.toml", "strict = true\n")
        clash.script("004.zip.sql")
        clash.stage()

        assert judged(clash)[0] == 0

    def test_it_does_where_the_configuration_calls_it_an_error(self, clash: Project) -> None:
        clash.git("switch", "--quiet", "--create", "city", "main")
        clash.script("004.city.sql")
        clash.commit("city", author="Ben")
        clash.git("switch", "--quiet", "--create", "zip", "main")
        clash.write("tsm.toml", '[rules]\nTSM206 = "error"\n')
        clash.script("004.zip.sql")
        clash.stage()

        assert judged(clash)[0] == 1


class TestMerges:
    def test_that_bring_base_into_a_clashing_branch_make_the_clash(self, clash: Project) -> None:
        clash.git("merge", "--no-commit", "--quiet", "main")

        code, said = judged(clash)

        assert code == 1
        assert titles(said)[0] == f"the merge of `{clash.rev('main')[:10]}` brings 1 error"
        assert "003.address.sql: has number 003 on main" in said

    def test_are_not_stopped_by_what_base_had(self, clash: Project) -> None:
        clash.switch("main")
        clash.script("003.third.sql", "select 3;\n")  # main is broken, by somebody else
        clash.commit("third", author="Eve")
        clash.switch("phone")
        clash.git("mv", clash.path("003.phone.sql"), clash.path("004.phone.sql"))
        clash.commit("moved")
        clash.git("merge", "--no-commit", "--quiet", "main")

        code, said = judged(clash)

        assert code == 0
        assert titles(said) == [
            f"1 error had been there before the merge of `{clash.rev('main')[:10]}`"
        ]

    def test_on_base_are_stopped_by_what_the_branch_had(self, clash: Project) -> None:
        clash.git("mv", clash.path("003.phone.sql"), clash.path("004.phone.sql"))
        clash.edit("001.users.sql")
        clash.commit("moved, and edited")
        clash.switch("main")
        clash.git("merge", "--no-commit", "--quiet", "phone")

        code, said = judged(clash)

        assert code == 1
        assert "TSM201" in said
        assert "comes with" in said
        assert "by Ada" in said

    def test_are_judged_by_what_git_names_before_it_writes_it_down(self, clash: Project) -> None:
        clash.git("merge", "--no-commit", "--quiet", "main")
        coming = (clash.root / ".git" / "MERGE_HEAD").read_text().strip()
        (clash.root / ".git" / "MERGE_HEAD").unlink()

        code, said = judged(clash, env=COMMIT | {f"GITHEAD_{coming}": "main"})

        assert code == 1
        assert titles(said)[0] == "the merge of `main` brings 1 error"
        assert "git merge --abort" in said


class TestByHand:
    def test_the_whole_index_is_judged(self, clash: Project) -> None:
        code, said = judged(clash, env={})

        assert code == 1
        assert titles(said)[0] == "what is staged brings 1 error"

    def test_nothing_is_said_where_all_is_well(self, clash: Project) -> None:
        clash.switch("main")

        assert judged(clash, env={}) == (0, "")


class TestNothingToJudge:
    def test_a_repository_without_scripts_and_without_a_base(self, project: Project) -> None:
        project.write("notes.txt", "start\n")
        project.commit("start")
        project.git("update-ref", "refs/remotes/origin/trunk", "HEAD")
        project.git("branch", "--move", "main", "topic")

        assert judged(project, env={}) == (0, "")
        project.write("pyproject.toml", "[project]\n")
        project.stage()
        assert judged(project) == (0, "")

    def test_scripts_without_a_base_cannot_be_judged(self, project: Project) -> None:
        project.script("001.users.sql")
        project.commit("start")
        project.git("update-ref", "refs/remotes/origin/trunk", "HEAD")
        project.git("branch", "--move", "main", "topic")
        project.script("002.mail.sql")
        project.stage()

        result = project.tsm_inprocess("hooks", "run", "pre-commit", env=COMMIT)

        assert result.exit_code == 2
        assert result.stderr.startswith("error: no base branch is known")

    def test_a_broken_configuration_stops_scripts_and_nothing_else(self, clash: Project) -> None:
        clash.write("tsm.toml", "base = 1\n")
        clash.write("notes.txt", "new\n")
        clash.git("add", "notes.txt")
        assert judged(clash) == (0, "")
        clash.script("004.more.sql")
        clash.stage("004.more.sql")

        result = clash.tsm_inprocess("hooks", "run", "pre-commit", env=COMMIT)

        assert result.exit_code == 2
        assert result.stderr.startswith("error: tsm.toml: `base`")

    @pytest.mark.parametrize("event", ["post-merge", "post-rewrite", "post-checkout"])
    def test_what_advises_never_fails(self, clash: Project, event: str) -> None:
        clash.write("tsm.toml", "base = 1\n")
        words = {
            "post-merge": ["0"],
            "post-rewrite": ["rebase"],
            "post-checkout": ["nonsense", "HEAD", "1"],
        }[event]
        clash.git("update-ref", "ORIG_HEAD", "main")

        result = clash.tsm_inprocess("hooks", "run", event, *words, stdin=b"nonsense\n")

        assert result.exit_code == 0
        assert "Traceback" not in result.stderr

    @pytest.mark.parametrize(
        ("event", "words", "stdin"),
        [
            ("pre-push", ["origin", "url"], b"too few\n"),
            ("pre-push", ["origin", "url"], b"refs/heads/main --all refs/heads/main HEAD\n"),
            ("pre-receive", [], b"\xff\n"),
            ("update", ["refs/heads/main"], b""),
            ("update", ["refs/heads/main", "0" * 40, "main"], b""),
        ],
    )
    def test_what_git_would_not_say_is_refused(
        self, clash: Project, event: str, words: list[str], stdin: bytes
    ) -> None:
        result = clash.tsm_inprocess("hooks", "run", event, *words, stdin=stdin)

        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 2

    @pytest.mark.skipif(os.name != "posix", reason="a closed input is POSIX")
    def test_a_closed_input_is_an_empty_one(self, clash: Project) -> None:
        import sys

        from tests.harness.project import SOURCE

        command = f"exec '{sys.executable}' -P -m tsm_git hooks run pre-push origin url <&-"
        ran = clash.env.run(["sh", "-c", command], cwd=clash.root, env={"PYTHONPATH": str(SOURCE)})

        assert (ran.exit_code, ran.stdout, ran.stderr) == (0, "", "")
