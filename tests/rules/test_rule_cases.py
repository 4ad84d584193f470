"""Every rule is shown by stories: in at least one it fires, in at least one it must not."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cases.loader import RULES as FOLDERS
from tests.cases.loader import Case, CaseError, Expected, cases, load
from tests.cases.story import Story
from tests.harness.gitenv import BEGINNING
from tests.harness.project import Project
from tsm_git.commands.check import CheckRequest, check
from tsm_git.commands.gathering.project import open_project
from tsm_git.commands.gathering.request import Models
from tsm_git.core.finding import Finding
from tsm_git.rules import CODES, RULES

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_check_finds_exactly_what_the_case_expects(case: Case, project: Project) -> None:
    Story(project).play(case)

    findings, state = judged(case, project)

    assert _told(findings, case) == _wanted(case, project)
    assert state == case.state


@pytest.mark.parametrize("code", sorted(CODES))
def test_each_rule_has_a_case_that_fires_and_one_that_is_silent(code: str) -> None:
    fires = [case.fires for case in CASES if case.code == code]

    assert True in fires, f"no case in {FOLDERS / code} expects {code}"
    assert False in fires, f"every case in {FOLDERS / code} expects {code}"


@pytest.mark.parametrize("code", sorted(CODES))
def test_each_rule_has_a_case_with_its_whole_message_and_hint(code: str) -> None:
    asserted = {part for case in CASES for found in case.expected if found.code == code
                for part in found.parts}  # fmt: skip

    assert {"message", "hint"} <= asserted


def test_a_case_is_named_after_what_its_own_rule_does_in_it() -> None:
    wrong = [case.id for case in CASES
             if case.path.stem.split("_")[0] != ("fires" if case.fires else "silent")]  # fmt: skip

    assert wrong == []


def test_no_folder_is_left_over_from_a_rule_that_does_not_exist() -> None:
    assert {path.name for path in FOLDERS.iterdir() if path.is_dir()} == CODES


def test_no_case_expects_a_rule_that_does_not_exist() -> None:
    assert {found.code for case in CASES for found in case.expected} <= CODES


def test_no_two_cases_tell_the_same() -> None:
    titles = Counter(case.title for case in CASES)

    assert [title for title, count in titles.items() if count > 1] == []


def test_codes_and_names_of_rules_are_unique() -> None:
    assert len({rule.code for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("main:\n    + 001.a.sql\n", ":2: the first line must be a title: # what happens"),
        ("# a\nmain:\n    x 001.a.sql\n", ":3: cannot be understood: x 001.a.sql"),
        ("# a\nmain\n", ":2: cannot be understood: main"),
        ("# a\nmain:\n    + 001.a.sql | \\q\n", ":3: no such escape: \\q"),
        ("# a\nmain:\n    commit\n    | text\n", ":4: a text that belongs to nothing"),
        ("# a\ncheck main\ncheck main\n", ":3: a second `check`"),
        ("# a\ncheck main\nmain:\n", ":3: the story goes on after `check`"),
        ("# a\ncheck main\nexpect nothing\n", ":3: the last line must be: state STATE"),
        ("# a\nexpect nothing\nstate CURRENT\n", ":3: no line that begins with `check`"),
        (
            "# a\ncheck main\nstate CURRENT\n",
            ":3: no `expect`: write `expect nothing` if that is meant",
        ),
        (
            "# a\ncheck main\nexpect TSM101 a\nexpect nothing\nstate ERROR\n",
            ":5: `expect nothing` and an expectation",
        ),
        (
            "# a\ncheck main\nexpect TSM101 a\n    colour red\n",
            ":4: a finding has no part `colour`",
        ),
    ],
)
def test_a_case_that_cannot_be_understood_is_refused_with_its_line(
    text: str, complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / "case.txt"
    path.write_text(text)

    with pytest.raises(CaseError) as caught:
        load(path)

    assert str(caught.value) == f"{path}{complaint}"


def judged(case: Case, project: Project) -> tuple[list[Finding], str]:
    """What the real check says of the repository that the story has left."""
    asked = case.check
    request = CheckRequest(
        head=asked.revision,
        staged=asked.staged,
        base=asked.base,
        ref=project.root / "app.sqlite.ref" if asked.with_ref else None,
        annotate=False,
        replay=asked.with_replay,
        models=Models.IF_CONFIGURED,
        radar_at=(BEGINNING + timedelta(days=30)).timestamp() if asked.with_radar else None,
    )
    with open_project(project.root) as opened:
        report = check(opened, request)
    (database,) = report.databases
    return list(database.findings), database.state.name


def _told(findings: list[Finding], case: Case) -> list[Expected]:
    """The findings, each with those of its parts that the case gives."""
    given = {(found.code, found.subject): found.parts for found in case.expected}
    return sorted(
        Expected(
            finding.code,
            finding.subject,
            {part: _part(finding, part) for part in given.get((finding.code, finding.subject), ())},
        )
        for finding in findings
    )


def _part(finding: Finding, part: str) -> str:
    value = getattr(finding, part)
    return str(value.value if part == "severity" else value)


def _wanted(case: Case, project: Project) -> list[Expected]:
    """The expectations, with the commit ids that only the played story knows."""
    return sorted(
        found._replace(parts={part: _filled(text, project) for part, text in found.parts.items()})
        for found in case.expected
    )


def _filled(text: str, project: Project) -> str:
    return re.sub(r"\{(\S+?)\}", lambda named: project.rev(named[1])[:10], text)
