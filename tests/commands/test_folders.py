"""Folders of scripts: where they are found, and what else may bear such a name."""

from __future__ import annotations

import os
import shutil
import sys
from typing import ClassVar

import pytest

from tests.harness.looking import PLACES, complaint, untouched, verdict, verdicts
from tests.harness.project import Project

EACH_PLACE = pytest.mark.parametrize("options", PLACES.values(), ids=PLACES)
SCRIPTS = ["001.users.sql", "002.mail.sql"]


@pytest.fixture
def team(project: Project) -> Project:
    """Return a project whose main has 001 and 002, on a branch that has not done anything yet."""
    project.scripts(*SCRIPTS)
    project.commit("start")
    project.branch("work")
    return project


class TestSeveral:
    @EACH_PLACE
    def test_each_folder_is_a_database(self, team: Project, options: tuple[str, ...]) -> None:
        for database in ("b", "data/c.sqlite", "data/deep/er/d.db"):
            team.write(f"{database}.migrations/001.x.sql", "select 1;\n")
        team.commit("more")

        found = verdicts(team, *options)

        assert list(found) == ["app.sqlite", "b", "data/c.sqlite", "data/deep/er/d.db"]

    @EACH_PLACE
    def test_one_may_lie_in_another(self, team: Project, options: tuple[str, ...]) -> None:
        team.write("a.migrations/001.x.sql", "select 1;\n")
        team.write("a.migrations/b.migrations/002.y.sql", "select 2;\n")
        team.commit("nested")

        found = verdicts(team, *options)

        assert found["a"].findings == []
        assert found["a.migrations/b"].findings == [("TSM103", "002.y.sql")]

    @EACH_PLACE
    def test_also_where_the_outer_one_holds_no_script(
        self, team: Project, options: tuple[str, ...]
    ) -> None:
        team.write("a.migrations/b.migrations/002.y.sql", "select 2;\n")
        team.commit("nested")

        assert list(verdicts(team, *options)) == ["a.migrations/b", "app.sqlite"]

    @EACH_PLACE
    def test_what_is_wrong_in_one_is_not_wrong_in_the_other(
        self, team: Project, options: tuple[str, ...]
    ) -> None:
        team.write("b.migrations/001.x.sql", "select 1;\n")
        team.write("b.migrations/001.y.sql", "select 2;\n")
        team.commit("twice")

        found = verdicts(team, *options)

        assert found["app.sqlite"].findings == []
        assert found["b"].findings == [("TSM102", "001.y.sql")]

    @pytest.mark.parametrize(
        "name",
        ["data/shop.sqlite", "./data/shop.sqlite", "shop.sqlite", "data/shop.sqlite.migrations"],
    )
    def test_one_can_be_named(self, team: Project, name: str) -> None:
        team.write("data/shop.sqlite.migrations/001.x.sql", "select 1;\n")

        assert list(verdicts(team, "--database", name)) == ["data/shop.sqlite"]
        assert list(verdicts(team, "-d", name)) == ["data/shop.sqlite"]

    @pytest.mark.parametrize("command", ["check", "status", "apply"])
    def test_one_that_is_named_has_to_exist(self, team: Project, command: str) -> None:
        team.write("shop.migrations/001.x.sql", "select 1;\n")

        assert complaint(team, command, "--database", "nope") == (
            "there is no database `nope`",
            "there is `app.sqlite`, `shop`",
        )

    def test_where_there_is_none_it_is_said_what_makes_one(self, project: Project) -> None:
        assert complaint(project, "check", "--database", "app") == (
            "there is no database `app`",
            "a database X needs a folder `X.migrations` with scripts",
        )

    @pytest.mark.parametrize("option", ["--working", "--ref"])
    def test_a_file_belongs_to_one_of_them(self, team: Project, option: str) -> None:
        team.write("shop.migrations/001.x.sql", "select 1;\n")
        team.write_ledger([])

        assert complaint(team, "check", option, "app.sqlite") == (
            "`--working` and `--ref` need one database",
            "name it with `--database NAME`",
        )


class TestGone:
    """main has published scripts; on the branch the folder is not what it was."""

    DELETED: ClassVar = [("TSM203", name) for name in SCRIPTS]

    @EACH_PLACE
    def test_deleted(self, team: Project, options: tuple[str, ...]) -> None:
        shutil.rmtree(team.folder)
        team.commit("gone")

        assert verdict(team, *options).findings == self.DELETED

    @EACH_PLACE
    def test_renamed(self, team: Project, options: tuple[str, ...]) -> None:
        team.folder.rename(team.root / "other.sqlite.migrations")
        team.commit("renamed")

        found = verdicts(team, *options)

        assert found["app.sqlite"].findings == self.DELETED
        assert found["other.sqlite"].findings == []

    @EACH_PLACE
    def test_replaced_by_a_file(self, team: Project, options: tuple[str, ...]) -> None:
        shutil.rmtree(team.folder)
        team.folder.write_text("select 1;\n")
        team.commit("a file")

        assert verdict(team, *options).findings == self.DELETED

    def test_emptied(self, team: Project) -> None:
        for name in SCRIPTS:
            team.delete(name)

        assert verdict(team).findings == self.DELETED
        assert verdict(team, "--staged").findings == []

    def test_on_disk_only(self, team: Project) -> None:
        shutil.rmtree(team.folder)

        assert verdict(team).findings == self.DELETED
        assert verdict(team, "--staged").findings == []
        assert verdict(team, "--head", "HEAD").findings == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such links by default")
class TestLinks:
    """git records a link, and nothing that lies behind it."""

    @pytest.fixture
    def linked(self, team: Project) -> Project:
        """Return a branch that has moved the folder away and put a link in its place."""
        team.folder.rename(team.root / "real")
        team.folder.symlink_to("real")
        team.commit("link")
        return team

    @pytest.mark.parametrize("command", ["check", "status", "apply"])
    def test_the_work_tree_is_not_read_through_it(self, linked: Project, command: str) -> None:
        assert complaint(linked, command) == (
            "`app.sqlite.migrations` is a symbolic link, and git does not look behind those",
            "put a folder there: `ls -l app.sqlite.migrations` shows where the link leads",
        )

    def test_for_git_the_scripts_are_gone(self, linked: Project) -> None:
        assert verdict(linked, "--staged").findings == TestGone.DELETED
        assert verdict(linked, "--head", "HEAD").findings == TestGone.DELETED

    def test_nor_is_it_read_through_a_link_further_up(self, team: Project) -> None:
        team.write("data/shop.migrations/001.x.sql", "select 1;\n")
        team.commit("shop")
        (team.root / "data").rename(team.root / "elsewhere")
        (team.root / "data").symlink_to("elsewhere")

        error, _ = complaint(team, "check", "--database", "data/shop")

        assert error == "`data` is a symbolic link, and git does not look behind those"

    def test_where_nobody_published_there_is_nothing_to_check(self, project: Project) -> None:
        project.write("real/001.x.sql", "select 1;\n")
        (project.root / "app.sqlite.migrations").symlink_to("real")
        project.commit("link")

        for options in PLACES.values():
            assert verdicts(project, *options) == {}


class TestNoFolders:
    @EACH_PLACE
    @pytest.mark.parametrize(
        "path",
        [
            ".migrations/001.x.sql",
            "x.migrations/readme.md",
            "x.migrations/below/001.x.sql",
            "x.migrations.old/001.x.sql",
            "xmigrations/001.x.sql",
            "x.migrations",
        ],
    )
    def test_what_is_none(self, team: Project, path: str, options: tuple[str, ...]) -> None:
        team.write(path, "select 1;\n")
        team.commit("other")

        assert list(verdicts(team, *options)) == ["app.sqlite"]

    def test_what_git_ignores_is_none(self, team: Project) -> None:
        team.write(".gitignore", "vendor/\n")
        team.write("vendor/x.migrations/001.x.sql", "select 1;\n")

        assert list(verdicts(team)) == ["app.sqlite"]

    def test_an_empty_folder_is_none(self, team: Project) -> None:
        (team.root / "x.migrations").mkdir()

        assert list(verdicts(team)) == ["app.sqlite"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
class TestNames:
    """A folder may be called what it likes."""

    NAMES = (
        "sp ace",
        "quo'te\"s",
        "-x",
        "--help",
        ":(top)x",
        "a*b[c]?",
        "café",
        "cafe\u0301",
        "new\nline",
        "new\nline/x",
        "tab\t",
        "back\\slash",
        "x.migrations",
        "$(touch pwned)",
    )

    @pytest.mark.parametrize("name", NAMES)
    def test_it_is_found_and_judged_in_every_place(self, team: Project, name: str) -> None:
        team.write(f"{name}.migrations/001.x.sql", "select 1;\n")
        team.write(f"{name}.migrations/003.y.sql", "select 2;\n")
        assert verdicts(team)[name].findings == [("TSM103", "003.y.sql")]
        team.commit("odd")

        for options in PLACES.values():
            found = verdicts(team, *options)
            assert found[name].findings == [("TSM103", "003.y.sql")]
            assert found["app.sqlite"].findings == []
            assert verdicts(team, *options, "--database", name).keys() == {name}

    @pytest.mark.parametrize("name", NAMES)
    def test_its_database_is_applied_and_told_from_others(self, team: Project, name: str) -> None:
        team.write(f"{name}.migrations/001.x.sql", "create table x (a);\n")
        # git refuses to ignore nothing: the databases are not to be tracked.
        team.tsm_inprocess("apply", f"--database={name}").exits(0)

        assert verdicts(team)[name].applied == ["001.x.sql"]
        assert (team.root / name).is_file()

    def test_the_database_beside_it_is_known_to_be_tracked(self, team: Project) -> None:
        team.write("new\nline.migrations/001.x.sql", "select 1;\n")
        team.write("new\nline", "a database")
        team.write("new\nline.bak/old", "a backup")
        team.commit("tracked")

        for options in (("--staged",), ("--head", "HEAD")):
            found = verdicts(team, *options)["new\nline"].findings
            assert [code for code, _ in found] == ["TSM212", "TSM212"]

    @pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
    def test_it_need_not_be_utf_8(self, team: Project) -> None:
        name = os.fsdecode(b"caf\xe9")
        team.write(f"{name}.migrations/001.x.sql", "create table x (a);\n")
        team.commit("latin")

        team.tsm_inprocess("apply").exits(0)

        assert verdicts(team)[name].state == "CURRENT"
        for options in (("--staged",), ("--head", "HEAD")):
            assert verdicts(team, *options)[name].findings == []

    def test_it_cannot_paint_the_terminal(self, team: Project) -> None:
        team.write("\x1b[31mred\u202e.migrations/002.x.sql", "select 1;\n")
        team.commit("red")

        for command in (
            ("check",),
            ("check", "--staged"),
            ("check", "--head", "HEAD"),
            ("status",),
        ):
            with untouched(team.root):
                said = team.tsm_inprocess(*command).stdout
            assert r"\x1b[31mred\u202e.migrations/002.x.sql" in said or "status" in command
            assert not set("\x1b\u202e") & set(said)
