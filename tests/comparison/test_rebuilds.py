"""tsm's rebuild loses nothing of what there is; docs/generate.md says what others lose."""

from __future__ import annotations

import re

import pytest

from tests.comparison.rebuilds import CASES, TOOLS, Case, installed, outcome, row
from tests.harness.project import SOURCE

DOCS = (SOURCE / "docs" / "generate.md").read_text(encoding="utf-8")
TOOL_NAMES = list(TOOLS)


def documented() -> list[list[str]]:
    """Return the table of docs/generate.md, its head first."""
    lines = DOCS.partition("| what |")[2].partition("\n\n")[0].splitlines()
    head = ["what", *(cell.strip() for cell in lines[0].strip(" |").split("|"))]
    return [head, *([c.strip() for c in line.strip(" |").split("|")] for line in lines[2:])]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_tsm_keeps(case: Case) -> None:
    assert outcome(case, TOOLS["tsm"][1]) == "kept"


def test_the_table_has_every_case() -> None:
    assert [line[:2] for line in documented()[1:]] == [[case.what, "kept"] for case in CASES]


@pytest.mark.parametrize("tool", TOOL_NAMES[1:])
def test_the_others_do_as_it_says(tool: str) -> None:
    at = TOOL_NAMES.index(tool) + 1
    head, *lines = documented()
    said = re.fullmatch(re.escape(tool) + " ([0-9.]+)", head[at])
    assert said
    if installed(TOOLS[tool][0]) != said[1]:
        pytest.skip(f"{tool} {said[1]} is not installed")

    assert [line[at] for line in lines] == [row(case, [tool])[1] for case in CASES]
