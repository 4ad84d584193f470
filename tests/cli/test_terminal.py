"""What is for a terminal only: questions, and tables that fit it."""

from __future__ import annotations

import re

import pytest

from tests.harness.project import Project
from tests.harness.terminal import on_a_terminal

QUESTION = "Check each commit, merge and push by a git hook? [y/N]: "


class TestInit:
    @pytest.mark.parametrize(("answer", "installed"), [("y", True), ("n", False), ("", False)])
    def test_it_offers_the_hooks(self, project: Project, answer: str, installed: bool) -> None:
        shown = on_a_terminal(project, "init", "app.sqlite", prompt=QUESTION, answers=(answer,))

        assert "app.sqlite is set up" in shown
        assert QUESTION in shown
        assert (project.root / ".git" / "hooks" / "pre-commit").exists() == installed

    def test_it_says_how_where_there_is_none(self, project: Project) -> None:
        said = project.tsm("init", "app.sqlite").exits(0)

        assert said.stderr == (
            "next: `tsm hooks install`, so that each commit and merge is checked\n"
        )


class TestStatus:
    def test_it_fits(self, project: Project) -> None:
        name = "002.a_name_that_says_more_than_anybody_would_ever_want_to_know_of_it.sql"
        project.scripts("001.users.sql", name)
        project.commit("start")

        shown = on_a_terminal(project, "status", env={"NO_COLOR": "1"})

        assert max(map(len, shown.splitlines())) <= 80
        assert re.search(r"^  002\.a_name.*\.\.\..*\.sql +yes .*published, pending$", shown, re.M)
        assert name in project.tsm("status").exits(0).stdout  # nothing is cut in a file
