"""`tsm explain` as it is typed and as it reads."""

from __future__ import annotations

import pytest

from tests.harness.looking import complaint
from tests.harness.project import Project
from tsm_git.rules import RULES


def test_every_rule_has_a_line(project: Project) -> None:
    lines = project.tsm_inprocess("explain").exits(0).stdout.splitlines()

    assert [line.split()[0] for line in lines] == [rule.code for rule in RULES]
    assert (
        "TSM204 error   number-taken: a draft claims a number that a published script has" in lines
    )


@pytest.mark.parametrize("word", ["TSM204", "tsm204", "number-taken"])
def test_a_rule_has_a_page(project: Project, word: str) -> None:
    said = project.tsm_inprocess("explain", word).exits(0).stdout

    assert said.startswith("# TSM204 number-taken\n")


def test_as_json(project: Project) -> None:
    assert project.tsm_inprocess("explain", "TSM204", "--json").json() == [
        {
            "code": "TSM204",
            "name": "number-taken",
            "summary": "a draft claims a number that a published script has",
            "severity": "error",
            "implies": "CONFLICTED",
        }
    ]
    every = project.tsm_inprocess("explain", "--json").json()
    assert [rule["code"] for rule in every] == [rule.code for rule in RULES]
    assert {rule["implies"] for rule in every} == {"ERROR", "CONFLICTED", "DIVERGED", "DRIFT", None}


@pytest.mark.parametrize("word", ["TSM999", "", "../pages/TSM204", "TSM204.md", "\x1b[1m"])
def test_what_is_no_rule(project: Project, word: str) -> None:
    shown = word.replace("\x1b", r"\x1b")

    assert complaint(project, "explain", word) == (
        f"there is no rule `{shown}`",
        "run `tsm explain` to see them all",
    )
