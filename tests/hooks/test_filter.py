"""The shell scripts start tsm where anything concerns it, never miss, and say where it is missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.harness.project import SOURCE, Project
from tests.hooks.desk import Desk, Site, Way, sit_down, spoken

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the hooks are shell scripts")


@pytest.fixture
def desk(project: Project, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Return a desk with git's own hooks."""
    return sit_down(project, Way.PLAIN, Site.MAIN, monkeypatch)


CONCERNS = {
    "src/app.py": False,
    "migrations/001.users.sql": False,
    "app.migrations.txt": False,
    "deep/tsm.toml": False,
    "tsm.toml": True,
    "pyproject.toml": True,
    "other.migrations/001.users.sql": True,
    "deep/er/other.db.migrations/001.users.sql": True,
    "app.sqlite.migrations/latest.txt": True,
    "app.sqlite.migrations/sub/notes.txt": True,
    "data/other.sqlite3": True,
    "data/other.db-wal": True,
    "app.sqlite.bak/scripts/001.users.sql": False,
}


def test_what_concerns_tsm(desk: Desk) -> None:
    asked = {}
    for path in CONCERNS:
        desk.project.write(path, "# new\n")
        desk.quiet("add", "--force", path)

        desk.run("commit", "-m", path)

        asked[path] = desk.asked() == ["pre-commit"]
        desk.quiet("reset", "--quiet", "--hard")
    assert asked == CONCERNS


def test_pathspecs_that_the_user_wants_literal_hide_nothing(desk: Desk) -> None:
    desk.edit("001.users.sql")

    done = desk.run("--literal-pathspecs", "commit", "-a", "-m", "edit")

    assert done.exit_code == 1
    assert "TSM201" in done.stderr


@pytest.mark.parametrize(
    "setting",
    ["diff.external=true", "diff.noprefix=true", "diff.renames=copies", "color.ui=always"],
)
def test_no_taste_of_the_user_hides_anything(desk: Desk, setting: str) -> None:
    key, _, value = setting.partition("=")
    desk.project.git("config", key, value)
    desk.edit("001.users.sql")

    assert desk.run("commit", "-a", "-m", "edit").exit_code == 1


def test_the_first_commit_is_looked_at(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    sit_down(project, Way.PLAIN, Site.MAIN, monkeypatch)
    project.git("config", "--get", "tsm.program")
    fresh = Project.create(project.env, project.root.parent / "fresh")
    fresh.git("config", "core.hooksPath", str(SOURCE / "hooks"))
    desk = Desk(fresh, fresh.root, Way.HOOKS_PATH)
    fresh.scripts("001.users.sql", "003.mail.sql")
    desk.quiet("add", "--all")

    done = desk.run("commit", "-m", "start")

    assert desk.asked() == ["pre-commit"]
    assert done.exit_code == 1
    assert "TSM103" in done.stderr


class TestWithoutTsm:
    @pytest.fixture
    def lost(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
        """Return a desk whose tsm has been removed."""
        desk.project.git("config", "tsm.program", "/nowhere/tsm")
        kept = [
            folder
            for folder in os.environ["PATH"].split(os.pathsep)
            if not (Path(folder) / "tsm").exists()
        ]
        monkeypatch.setenv("PATH", os.pathsep.join(kept))
        return desk

    def test_scripts_do_not_get_by_unseen(self, lost: Desk) -> None:
        lost.draft("004.more.sql")

        done = lost.run("commit", "-m", "more")

        assert done.exit_code == 1
        assert done.stderr == (
            "tsm: pre-commit was not checked, tsm is not found: put it on PATH, "
            "or run `git config tsm.program /path/to/tsm`\n"
        )

    def test_everything_else_does(self, lost: Desk) -> None:
        lost.note("new")

        assert lost.run("commit", "-m", "notes").exit_code == 0

    def test_what_advises_says_so_and_goes_on(self, lost: Desk) -> None:
        done = lost.run("switch", "phone")

        assert done.exit_code == 0
        assert "tsm: post-checkout was not checked" in done.stderr


def test_hooks_write_nothing(desk: Desk) -> None:
    desk.quiet("merge", "--no-edit", "--no-commit", "phone")
    index = (desk.project.root / ".git" / "index").read_bytes()
    objects = sorted((desk.project.root / ".git" / "objects").rglob("*"))
    hook = str(desk.project.root / ".git" / "hooks" / "pre-commit")
    variables = {"GIT_INDEX_FILE": ".git/index"}

    done = desk.env.run([hook], cwd=desk.project.root, env=variables)

    assert done.exit_code == 1
    assert (desk.project.root / ".git" / "index").read_bytes() == index
    assert sorted((desk.project.root / ".git" / "objects").rglob("*")) == objects
    assert "TSM204" in spoken(done)
