"""What a check costs, in what can be counted: git processes (TARGETS S7). Times are for benchmarks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness.project import Project

IMPORT = 2  # GitPython asks git for its version twice when it is imported
CHECK = 3  # cat-file, ls-files, merge-base


def git_processes(project: Project, trace: Path, *arguments: str) -> int:
    """How many git processes one command of tsm starts (git's own trace2 counts them)."""
    trace.unlink(missing_ok=True)
    result = project.tsm(*arguments, env={"GIT_TRACE2_EVENT": str(trace)})
    assert result.exit_code == 0, result
    events = (json.loads(line) for line in trace.read_text(encoding="utf-8").splitlines())
    return sum(event["event"] == "start" for event in events)


@pytest.mark.parametrize(
    "arguments",
    [("check",), ("check", "--staged"), ("check", "--base", "main", "--head", "HEAD")],
    ids=" ".join,
)
def test_a_clean_check_starts_few_processes_whatever_there_is(
    project: Project, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    trace = tmp_path / "trace"
    project.scripts("001.users.sql", "002.mail.sql")
    project.commit("two scripts")
    few = git_processes(project, trace, *arguments)

    for number in range(3, 60):
        project.script(f"{number:03d}.t{number}.sql", f"create table t{number} (x);\n")
    project.commit("many scripts")
    for number in range(5):
        project.branch(f"other{number}")
        project.commit(f"other {number}")
        project.switch("main")
    many = git_processes(project, trace, *arguments)

    assert few == many <= CHECK + IMPORT
