"""`tsm check` as it is typed and as it reads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.looking import PLACES, complaint, told, untouched
from tests.harness.normalise import normalise
from tests.harness.project import SOURCE, Project


@pytest.fixture
def clash(project: Project) -> Project:
    """Return the branch `phone`, whose 003 main has given to another script meanwhile."""
    project.scripts("001.users.sql", "002.mail.sql")
    project.commit("start")
    project.branch("phone")
    project.script("003.phone.sql")
    project.commit("phone", author="Ada")
    project.switch("main")
    project.script("003.address.sql")
    project.commit("address", author="Bob")
    project.switch("phone")
    return project


def shown(project: Project, *arguments: str) -> str:
    """Run tsm and return what it printed, with ids and paths replaced."""
    with untouched(project.root):
        result = project.tsm_inprocess(*arguments)
    assert result.stderr == ""
    ids = {project.rev("main"): "main", project.rev("phone"): "phone"}
    return normalise(result.stdout, root=project.root, ids=ids)


class TestText:
    def test_a_clash(self, clash: Project) -> None:
        assert shown(clash, "check", "--base", "main", "--head", "phone") == (
            "app.sqlite.migrations:1:1: TSM208 note: main has 1 script that is not merged here: "
            "`003.address.sql`\n"
            "    note: app.sqlite.migrations/003.address.sql: published on main, "
            "<main> by Bob on 2026-01-01\n"
            "    hint: run `git merge main` before you apply or publish\n"
            "app.sqlite.migrations/003.phone.sql:1:1: TSM204 number 003 of `003.phone.sql` is "
            "already taken on main by `003.address.sql`\n"
            "    note: app.sqlite.migrations/003.address.sql: has number 003 on main, "
            "<main> by Bob on 2026-01-01\n"
            "    hint: run `tsm renumber` to move your draft to `004.phone.sql`\n"
            "app.sqlite: CONFLICTED, phone against main (<main>)\n"
            "    not judged: TSM301, TSM302, TSM303, TSM304: a check of a commit opens no working "
            "database\n"
            "    not judged: TSM207: no ref database is named (--ref FILE)\n"
            "found 1 error, 0 warnings, 1 note\n"
        )

    def test_nothing_wrong(self, clash: Project) -> None:
        clash.switch("main")

        assert shown(clash, "check") == (
            "app.sqlite: PENDING, the work tree against main (<main>)\n"
            "    3 scripts to apply: 001.users.sql, 002.mail.sql, 003.address.sql\n"
            "    not judged: TSM207: there is no ref database `app.sqlite.ref`\n"
            "found 0 errors, 0 warnings, 0 notes\n"
        )

    def test_more_places_than_are_read_with_pleasure(self, clash: Project) -> None:
        clash.switch("main")
        for number in range(4, 10):
            clash.script(f"{number:03}.more.sql", f"select {number};\n")
        clash.commit("more")
        clash.switch("phone")

        said = shown(clash, "check", "--head", "phone")

        assert said.count("    note: app.sqlite.migrations/00") == 5
        assert "    note: and 3 more\n" in said
        assert "`003.address.sql`, `004.more.sql`, `005.more.sql` and 4 more\n" in said


class TestColour:
    @pytest.mark.parametrize("command", [("check",), ("status",)], ids=" ".join)
    def test_a_pipe_gets_none(self, clash: Project, command: tuple[str, ...]) -> None:
        assert "\x1b" not in shown(clash, *command)

    @pytest.mark.parametrize("command", [("check",), ("status",)], ids=" ".join)
    def test_it_can_be_forced(self, clash: Project, command: tuple[str, ...]) -> None:
        plain = clash.tsm_inprocess(*command)
        coloured = clash.tsm_inprocess(*command, env={"FORCE_COLOR": "1"})

        assert "\x1b[31mTSM204\x1b[0m" in coloured.stdout
        assert plain.stdout == _without_colour(coloured.stdout)

    def test_names_do_not_smuggle_it_in(self, clash: Project) -> None:
        clash.script("005.\x1b[42mgreen.sql")

        coloured = clash.tsm_inprocess("check", env={"FORCE_COLOR": "1"}).stdout

        assert "\x1b[42m" not in coloured
        assert r"005.\x1b[42mgreen.sql" in coloured


class TestNames:
    """What others have named must not reach the terminal as it is."""

    WILD = "\x1b]0;owned\x07\u202e"
    TAME = r"\x1b]0;owned\x07\u202e"

    def test_authors(self, clash: Project) -> None:
        clash.switch("main")
        clash.edit("003.address.sql")
        clash.script("004.city.sql")
        clash.commit("city", author=f"M{self.WILD}")

        said = shown(clash, "check", "--base", "main", "--head", "phone")

        assert f"by M{self.TAME} on" in said
        assert not set(said) & set("\x1b\x07\u202e")

    def test_branches(self, clash: Project) -> None:
        clash.git("branch", "a\u202eb", "main")

        said = shown(clash, "check", "--base", "a\u202eb")

        assert r"already taken on a\u202eb by" in said
        assert "\u202e" not in said

    def test_arguments(self, clash: Project) -> None:
        error, _ = complaint(clash, "check", "--database", self.WILD)

        assert error == f"there is no database `{self.TAME}`"


class TestOptions:
    @pytest.mark.parametrize("both", [("--staged",), ("--head", "main")], ids=" ".join)
    def test_a_candidate_is_one_place(self, clash: Project, both: tuple[str, ...]) -> None:
        assert complaint(clash, "check", "--worktree", *both) == (
            "--worktree, --staged and --head are different candidates",
            "run `tsm check --help`",
        )

    def test_the_work_tree_may_be_named(self, clash: Project) -> None:
        assert shown(clash, "check", "--worktree") == shown(clash, "check")

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            (("check", "--formt", "json"), "No such option"),
            (("check", "--format", "yaml"), "'yaml' is not one of"),
            (("check", "--head"), "requires an argument"),
            (("check", "surplus"), "unexpected extra argument"),
            (("chek",), "there is no command `chek`. Did you mean `tsm check`?"),
            (("nonsense",), "there is no command `nonsense`."),
            (("--nonsense",), "No such option"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
    )
    def test_a_mistake_is_told_in_a_line(
        self, clash: Project, arguments: tuple[str, ...], error: str
    ) -> None:
        assert error in complaint(clash, *arguments).error

    @pytest.mark.parametrize("name", ["TSM_FORMAT"])
    def test_the_format_may_come_from_the_environment(self, clash: Project, name: str) -> None:
        by_variable = clash.tsm_inprocess("check", env={name: "json"})

        assert by_variable.json() == clash.tsm_inprocess("check", "--format", "json").json()
        assert by_variable.json() == clash.tsm_inprocess("check", "--json").json()

    def test_a_format_of_the_environment_that_does_not_exist(self, clash: Project) -> None:
        result = clash.tsm_inprocess("check", env={"TSM_FORMAT": "yaml"}).exits(2)

        assert "'yaml' is not one of" in told(result.stderr).error

    def test_what_is_said_on_the_command_line_wins(self, clash: Project) -> None:
        said = clash.tsm_inprocess("check", "--format", "text", env={"TSM_FORMAT": "json"})

        assert said.stdout.endswith("found 1 error, 0 warnings, 1 note\n")

    @pytest.mark.parametrize("arguments", [("--help",), ("check", "-h"), ("--version",)])
    def test_help_is_no_error(self, clash: Project, arguments: tuple[str, ...]) -> None:
        result = clash.tsm_inprocess(*arguments).exits(0)

        assert result.stdout
        assert result.stderr == ""


class TestExitCodes:
    @pytest.mark.parametrize("options", PLACES.values(), ids=PLACES)
    def test_errors_fail(self, clash: Project, options: tuple[str, ...]) -> None:
        assert clash.tsm_inprocess("check", *options).exit_code == 1
        assert clash.tsm_inprocess("check", *options, "--exit-zero").exit_code == 0

    def test_warnings_fail_only_if_told(self, clash: Project) -> None:
        clash.switch("main")
        clash.script("4.padding.sql")

        assert clash.tsm_inprocess("check").exit_code == 0
        assert clash.tsm_inprocess("check", "--strict").exit_code == 1
        assert clash.tsm_inprocess("check", "--strict", "--exit-zero").exit_code == 0

    def test_notes_never_fail(self, clash: Project) -> None:
        clash.switch("phone")
        clash.rename("003.phone.sql", "004.phone.sql")
        clash.commit("moved")

        result = clash.tsm_inprocess("check", "--strict")

        assert result.exit_code == 0
        assert "TSM208 note: " in result.stdout

    def test_not_to_be_able_to_tell_is_not_excused(self, clash: Project) -> None:
        assert clash.tsm_inprocess("check", "--exit-zero", "--head", "nope").exit_code == 2

    def test_status_shows_and_does_not_judge(self, clash: Project) -> None:
        assert clash.tsm_inprocess("status").exit_code == 0


class TestStreams:
    """The streams of a program may be closed, full, or something that cannot show everything."""

    def run(self, project: Project, redirection: str) -> subprocess.CompletedProcess[str]:
        tsm = f'"{sys.executable}" -P -m tsm_git status --json'
        return subprocess.run(
            ["sh", "-c", redirection.format(tsm)],
            cwd=project.root,
            env=project.env.variables({"PYTHONPATH": str(SOURCE)}),
            capture_output=True,
            text=True,
            check=False,
        )

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such shell")
    def test_nobody_needs_to_listen(self, clash: Project) -> None:
        done = self.run(clash, "{} >&-")

        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="takes Linux's /dev/full")
    def test_the_disk_may_be_full(self, clash: Project) -> None:
        done = self.run(clash, "{} > /dev/full")

        assert (done.returncode, done.stdout) == (2, "")
        assert told(done.stderr) == ("No space left on device", "see that the disk is not full")

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such shell")
    def test_a_reader_may_have_had_enough(self, clash: Project) -> None:
        for number in range(4, 400):  # more than a pipe holds
            clash.script(f"{number:03}.more.sql", f"select {number};\n")

        done = self.run(clash, "(({}; echo $? >&2) | head -c 1)")

        assert (done.stdout, done.stderr) == ("{", "141\n")

    def test_a_terminal_may_not_know_every_letter(self, clash: Project) -> None:
        clash.switch("main")
        clash.script("004.名é.sql")

        result = clash.tsm("status", env={"PYTHONIOENCODING": "latin-1"}).exits(0)

        assert "004.\\u540d\udce9.sql" in result.stdout  # as the harness reads Latin-1
        assert result.stderr == ""


def _without_colour(text: str) -> str:
    for code in ("0", "1", "2", "31", "32", "33", "36", *(f"1;{n}" for n in range(31, 37))):
        text = text.replace(f"\x1b[{code}m", "")
    return text
