"""What a hint says can be pasted, and when it has been, its finding is gone."""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

import pytest

from tests.cases.loader import Case, cases
from tests.cases.story import Story
from tests.harness.project import Project
from tests.rules.test_rule_cases import judged

# What stands behind "then run" comes after something that only a person can do.
COMMANDS = re.compile(r"(?<!then )run `([^`]+)`(?:[^`,]*, then `([^`]+)`)?")


class Advice(NamedTuple):
    """A finding whose hint a case gives in full, with a command in it."""

    case: Case
    code: str
    subject: str


ADVICE = [
    Advice(case, found.code, found.subject)
    for case in cases()
    for found in case.expected
    if COMMANDS.search(found.parts.get("hint", ""))
]


@pytest.mark.parametrize("advice", ADVICE, ids=[f"{each.case.id}-{each.code}" for each in ADVICE])
def test_pasting_the_hint_ends_the_finding(advice: Advice, project: Project) -> None:
    Story(project).play(advice.case)
    if advice.case.check.revision:
        project.switch(advice.case.check.revision)

    for command in _commands(_findings(advice, project)[advice.code, advice.subject]):
        _paste(command, project)
    project.commit("as the hint says")

    assert (advice.code, advice.subject) not in _findings(advice, project)


def _findings(advice: Advice, project: Project) -> dict[tuple[str, str], str]:
    """Codes and subjects of what the check says now, with the hints."""
    return {(found.code, found.subject): found.hint for found in judged(advice.case, project)[0]}


def _commands(hint: str) -> list[str]:
    found = COMMANDS.search(hint)
    assert found, f"no command in the hint: {hint}"
    return [command for command in found.groups() if command]


def _paste(command: str, project: Project) -> None:
    words = shlex.split(command)
    if words[0] == "tsm":
        answer = ["--yes"] if words[1] == "restore" else []
        project.tsm(*words[1:], *answer).exits(0)
        return
    into = words.pop() if ">" in words else ""
    completed = project.env.run(words[:-1] if into else words, cwd=project.root)
    assert completed.exit_code == 0, completed
    if into:
        (project.root / into).write_text(completed.stdout)
