"""Where the configuration is read from, what wins, and what is said where it is wrong.

What each key may hold is for `tests/core/test_settings.py`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.harness.gitenv import GitEnv
from tests.harness.looking import PLACES, complaint, untouched, verdict, verdicts
from tests.harness.project import Project

TOML = "correct `{}`; it is read as TOML"


@pytest.fixture
def team(project: Project) -> Project:
    """Return a project whose main has 001, and 003 twice in different padding."""
    project.scripts("001.users.sql", "002.mail.sql", "3.phone.sql")
    project.commit("start")
    return project


class TestFiles:
    def test_none_is_needed(self, team: Project) -> None:
        assert verdict(team).findings == [("TSM107", "3.phone.sql")]

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("tsm.toml", '[rules]\nTSM107 = "off"\n'),
            ("pyproject.toml", '[tool.tsm.rules]\nTSM107 = "off"\n'),
            ("pyproject.toml", '[tool]\ntsm = {rules = {TSM107 = "off"}}\n'),
            ("tsm.toml", '\r\n[rules]\r\nTSM107 = "off"\r\n'),
        ],
    )
    def test_either_will_do(self, team: Project, name: str, text: str) -> None:
        team.write(name, text)

        assert verdict(team).findings == []

    def test_the_file_of_its_own_wins(self, team: Project) -> None:
        team.write("tsm.toml", '[rules]\nTSM107 = "error"\n')
        team.write("pyproject.toml", '[tool.tsm.rules]\nTSM107 = "off"\n')

        assert team.tsm_inprocess("check").exit_code == 1

    def test_an_empty_file_of_its_own_says_that_all_is_as_by_default(self, team: Project) -> None:
        team.write("tsm.toml", "")
        team.write("pyproject.toml", '[tool.tsm.rules]\nTSM107 = "off"\n')

        assert verdict(team).findings == [("TSM107", "3.phone.sql")]

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[tool.other]\nx = 1\n",
            "[project]\nname = 'tsm'\n",
            "[tool.tsm-other]\nx = 1\n",
            "tool = 5 # no tsm here\n",
            "this is no TOML, and speaks of nothing that concerns us",
        ],
    )
    def test_a_project_file_without_a_word_for_it_says_nothing(
        self, team: Project, text: str
    ) -> None:
        team.write("pyproject.toml", text)

        assert verdict(team).findings == [("TSM107", "3.phone.sql")]

    def test_the_nearest_one_counts(self, team: Project) -> None:
        team.write("tsm.toml", '[rules]\nTSM107 = "error"\n')
        team.write("below/pyproject.toml", '[tool.tsm.rules]\nTSM107 = "off"\n')

        here = team.tsm_inprocess("check")
        below = team.tsm_inprocess("check", cwd="below")

        assert (here.exit_code, below.exit_code) == (1, 0)

    def test_its_paths_are_relative_to_it(self, team: Project) -> None:
        team.write("shop/data/shop.sqlite.migrations/001.things.sql", "select 1;\n")
        team.write("shop/tsm.toml", 'database = "data/shop.sqlite"\n')

        result = team.tsm_inprocess("check", "--json", cwd="shop").exits(0)

        assert [d["database"] for d in result.json()["databases"]] == ["shop/data/shop.sqlite"]

    def test_it_may_look_above_itself_but_not_out_of_the_repository(self, team: Project) -> None:
        (team.root / "below").mkdir()
        team.write("below/tsm.toml", 'database = "../app.sqlite"\n')
        assert team.tsm_inprocess("check", cwd="below").exit_code == 0

        team.write("below/tsm.toml", 'database = "../../app.sqlite"\n')
        assert (
            "error: below/tsm.toml: `database` is '../../app.sqlite', expected a path inside the "
            "repository, relative to the configuration file\n"
        ) in team.tsm_inprocess("check", cwd="below").exits(2).stderr

    def test_without_git_it_counts_too(self, env: GitEnv, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        project = Project(env, tmp_path / "folder")
        project.scripts("001.users.sql", "3.phone.sql")
        project.write("tsm.toml", '[per-file-ignores]\n"3.*" = ["TSM103", "TSM107"]\n')

        assert verdict(project).findings == []

    def test_without_git_nothing_above_the_folder_is_read(
        self, env: GitEnv, tmp_path: Path
    ) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "tsm.toml").write_text("nonsense = 1\n")
        project = Project(env, tmp_path / "folder")
        project.script("001.users.sql")

        assert verdict(project).findings == []


class TestWrong:
    """One line with the key, the value and what was expected, from every command."""

    @pytest.mark.parametrize(
        "command",
        [("check",), ("check", "--staged"), ("check", "--head", "HEAD"), ("status",), ("apply",)],
        ids=" ".join,
    )
    @pytest.mark.parametrize(
        ("text", "error"),
        [
            ("strct = true", "unknown key `strct` (value True)"),
            ('strict = "yes"', "`strict` is 'yes', expected true or false"),
        ],
    )
    def test_a_key_or_a_value(
        self, team: Project, command: tuple[str, ...], text: str, error: str
    ) -> None:
        team.write("tsm.toml", text)

        assert complaint(team, *command).error == f"tsm.toml: {error}"

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("a =", "Invalid value (at end of document)"),
            ("strict = true\nstrict = false\n", "Cannot overwrite a value (at line 2, column 15)"),
            ("\x00", "Invalid statement (at line 1, column 1)"),
        ],
    )
    def test_what_is_no_toml(self, team: Project, text: str, why: str) -> None:
        team.write("tsm.toml", text)

        assert complaint(team, "check") == (f"tsm.toml: {why}", TOML.format("tsm.toml"))

    def test_what_is_no_utf_8(self, team: Project) -> None:
        team.write("tsm.toml", b"\xff\xfe")

        assert complaint(team, "check").hint == TOML.format("tsm.toml")

    def test_a_project_file_that_speaks_of_it_and_is_no_toml(self, team: Project) -> None:
        team.write("pyproject.toml", "[tool.tsm]\nstrict =\n")

        assert complaint(team, "check").error.startswith("pyproject.toml: Invalid value")

    @pytest.mark.parametrize(
        ("text", "error"),
        [
            ("[tool]\ntsm = 5\n", "pyproject.toml: `tool.tsm` is 5, expected a table"),
            ("[tool.tsm]\nbase = 5\n",
             "pyproject.toml [tool.tsm]: `base` is 5, expected a string that is not empty"),
        ],
    )  # fmt: skip
    def test_a_project_file_whose_part_for_it_is_wrong(
        self, team: Project, text: str, error: str
    ) -> None:
        team.write("pyproject.toml", text)

        assert complaint(team, "check").error == error

    def test_a_key_cannot_paint_the_terminal(self, team: Project) -> None:
        team.write("tsm.toml", '"\\u001b[31mred" = 1\n')

        assert complaint(team, "check").error == r"tsm.toml: unknown key `\x1b[31mred` (value 1)"

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
    def test_a_pipe_is_not_waited_for(self, team: Project) -> None:
        os.mkfifo(team.root / "tsm.toml")
        (team.root / "pyproject.toml").mkdir()

        assert verdict(team).findings == [("TSM107", "3.phone.sql")]


class TestGate:
    """A commit is judged by base's configuration: a branch must not switch off its own judge."""

    @pytest.fixture
    def branch(self, team: Project) -> Project:
        """Return a branch that turns everything off and edits what is published."""
        team.branch("work")
        team.edit("001.users.sql")
        team.write("tsm.toml", '[rules]\nTSM201 = "off"\nTSM107 = "off"\n')
        team.commit("nothing to see here")
        return team

    def test_the_branch_s_own_does_not_count(self, branch: Project) -> None:
        expected = [("TSM201", "001.users.sql"), ("TSM107", "3.phone.sql")]

        assert verdict(branch, "--base", "main", "--head", "work").findings == expected
        assert verdict(branch, "--head", "HEAD").findings == expected

    def test_at_the_desk_it_counts(self, branch: Project) -> None:
        assert verdict(branch).findings == []
        assert verdict(branch, "--staged").findings == []

    def test_that_of_base_counts(self, branch: Project) -> None:
        branch.switch("main")
        branch.write("pyproject.toml", '[tool.tsm.rules]\nTSM107 = "off"\n')
        branch.commit("padding is a matter of taste")

        found = verdict(branch, "--base", "main", "--head", "work")

        assert found.findings == [("TSM201", "001.users.sql")]

    def test_it_cannot_narrow_down_what_is_looked_at(self, branch: Project) -> None:
        branch.write("tsm.toml", 'database = "other.sqlite"\n')
        branch.commit("look away")

        assert list(verdicts(branch, "--base", "main", "--head", "work")) == ["app.sqlite"]

    @pytest.mark.parametrize("text", ["nonsense = 1", "no TOML"], ids=["key", "syntax"])
    def test_one_that_is_broken_does_not_stop_it(self, branch: Project, text: str) -> None:
        branch.write("tsm.toml", text)
        branch.commit("broken")

        found = verdict(branch, "--base", "main", "--head", "work")

        assert found.findings[0] == ("TSM201", "001.users.sql")

    def test_one_of_base_that_is_broken_does(self, branch: Project) -> None:
        branch.switch("main")
        branch.write("tsm.toml", "nonsense = 1\n")
        broken = branch.commit("broken")
        branch.switch("work")

        assert complaint(branch, "check", "--base", "main", "--head", "work").error == (
            f"{broken[:10]}:tsm.toml: unknown key `nonsense` (value 1)"
        )

    def test_in_a_bare_repository_that_of_base_counts(self, branch: Project) -> None:
        branch.switch("main")
        branch.write("tsm.toml", "strict = true\n")
        branch.commit("strict")
        bare = branch.clone("bare.git", "--bare")

        result = bare.tsm_inprocess("check", "--head", "main")

        assert "found 0 errors, 1 warning" in result.exits(1).stdout


class TestMeaning:
    @pytest.mark.parametrize("options", PLACES.values(), ids=PLACES)
    @pytest.mark.parametrize("severity", ["error", "warning", "note", "off"])
    def test_a_rule_weighs_what_it_is_set_to(
        self, team: Project, options: tuple[str, ...], severity: str
    ) -> None:
        team.write("tsm.toml", f'[rules]\nTSM107 = "{severity}"\n')
        team.commit("rules")

        result = team.tsm_inprocess("check", *options)

        assert result.exit_code == (1 if severity == "error" else 0)
        found = {"error": ["TSM107 `3"], "off": []}.get(severity, [f"TSM107 {severity}: "])
        assert [word for word in ("TSM107 `3", "TSM107 warning: ", "TSM107 note: ")
                if word in result.stdout] == found  # fmt: skip

    def test_a_rule_that_is_off_is_said_to_be_skipped(self, team: Project) -> None:
        team.write("tsm.toml", '[rules]\nTSM107 = "off"\n')

        (database,) = team.tsm_inprocess("check", "--json").json()["databases"]

        assert {"code": "TSM107", "why": "switched off in the configuration"} in database["skipped"]

    def test_strict_lets_warnings_fail_and_notes_pass(self, team: Project) -> None:
        team.write("tsm.toml", "strict = true\n")
        assert team.tsm_inprocess("check").exit_code == 1

        team.write("tsm.toml", 'strict = true\n[rules]\nTSM107 = "note"\n')
        assert team.tsm_inprocess("check").exit_code == 0

    @pytest.mark.parametrize(
        "pattern",
        ["3.phone.sql", "3.*.sql", "*", "app.sqlite.migrations/3.phone.sql", "app.*/3.*"],
    )
    def test_a_finding_is_ignored_by_name_or_path(self, team: Project, pattern: str) -> None:
        team.write("tsm.toml", f'[per-file-ignores]\n"{pattern}" = ["TSM107"]\n')

        assert verdict(team).findings == []

    @pytest.mark.parametrize("pattern", ["3.phone", "3.PHONE.sql", "other/3.phone.sql", "[", ""])
    def test_what_does_not_match_is_not_ignored(self, team: Project, pattern: str) -> None:
        team.write("tsm.toml", f'[per-file-ignores]\n"{pattern}" = ["TSM107"]\n')

        assert verdict(team).findings == [("TSM107", "3.phone.sql")]

    def test_the_duplicate_of_long_ago(self, team: Project) -> None:
        team.script("003.shipped.sql")
        team.commit("shipped twice")
        assert verdict(team).state == "ERROR"

        team.write("tsm.toml", '[per-file-ignores]\n"003.*" = ["TSM102"]\n"3.*" = ["TSM102"]\n')

        assert verdict(team).state == "PENDING"

    def test_databases_are_named(self, team: Project) -> None:
        team.write("a.migrations/001.x.sql", "select 1;\n")
        team.write("data/b.migrations/001.x.sql", "select 1;\n")
        team.write("tsm.toml", '[databases.shop]\npath = "data/b"\n[databases.a]\n')

        assert list(verdicts(team)) == ["a", "data/b"]
        assert list(verdicts(team, "--database", "shop")) == ["data/b"]
        assert complaint(team, "check", "--database", "app.sqlite").hint == "there is `a`, `data/b`"

    def test_one_that_is_configured_need_not_have_scripts_yet(self, team: Project) -> None:
        team.write("tsm.toml", 'database = "new.sqlite"\n')

        assert verdicts(team)["new.sqlite"] == ("CURRENT", [], [], [])

    def test_it_may_be_ignored_by_git(self, team: Project) -> None:
        team.write(".gitignore", "local.migrations/\n")
        team.write("local.migrations/002.x.sql", "select 1;\n")
        team.write("tsm.toml", 'database = "local"\n')

        assert verdicts(team)["local"].findings == [("TSM103", "002.x.sql")]

    def test_a_path_of_windows_means_the_same(self, team: Project) -> None:
        team.write("data/b.migrations/001.x.sql", "select 1;\n")
        team.write("tsm.toml", "database = 'data\\b'\n")

        assert list(verdicts(team)) == ["data/b"]

    def test_looking_with_a_configuration_writes_nothing(self, team: Project) -> None:
        team.write("tsm.toml", 'database = "new.sqlite"\nmin_sqlite = "3.37"\n')

        with untouched(team.root):
            assert team.tsm_inprocess("status").exit_code == 0
