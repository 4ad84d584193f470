"""Asks tsm and the oracle the same questions, and tells the shortest story on which they differ.

This is the only module beside the tests that knows tsm; all it uses is what any caller of `check`
has. The oracle's answers are fixed when the questions are made. The radar over other branches
(TSM206) is not asked for: it says nothing about the candidate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.harness.gitenv import GitEnv, git_version
from tests.oracle.cases import cases, desk_cases, stopped_case
from tests.oracle.desks import OTHER_INDEX, WORK_TREE, Desk, Workbench
from tests.oracle.fastimport import Repository
from tests.oracle.graph import History
from tests.oracle.oracle import Case, Verdict, is_known, judge
from tests.oracle.tables import table
from tsm_git.commands.check import CheckRequest, check
from tsm_git.commands.gathering.project import Project, open_project
from tsm_git.core.report import CheckReport

NOTHING = Verdict(frozenset(), "CURRENT")

needs_merge_tree = pytest.mark.skipif(
    git_version() < (2, 39), reason="`git merge-tree --stdin` answers for the oracle"
)


class Question(NamedTuple):
    """One thing to be judged: its story, what lies where, the oracle's answer, and how to ask tsm.

    `shapes` is what the story is an example of, whatever is wrong in it.
    """

    title: str
    story: str
    cases: Mapping[str, Case]
    oracle: Mapping[str, Verdict]
    shapes: frozenset[str]
    ask: Callable[[], CheckReport]


class Disagreement(NamedTuple):
    """What the oracle says and what tsm says of one database of one story."""

    question: Question
    folder: str
    oracle: Verdict
    tsm: Verdict

    def __str__(self) -> str:
        case = self.question.cases.get(self.folder)
        return "\n".join(
            [
                f"{self.question.title} in {self.folder}:",
                self.question.story,
                table(case) if case else "  (the oracle knows no such database)",
                f"  only the oracle says {sorted(self.oracle.problems - self.tsm.problems)}",
                f"  only tsm says        {sorted(self.tsm.problems - self.oracle.problems)}",
                f"  both say             {sorted(self.tsm.problems & self.oracle.problems)}",
                f"  states: oracle {self.oracle.state}, tsm {self.tsm.state}",
                f"  pending: oracle {self.oracle.pending}, tsm {self.tsm.pending}",
            ]
        )


def disagreements(questions: Iterable[Question]) -> Iterator[Disagreement]:
    """Ask tsm all questions; a database that only one of the two knows has nothing wrong."""
    for question in questions:
        tsm = {
            f"{found.database}.migrations": Verdict(
                frozenset((finding.code, finding.subject) for finding in found.findings),
                found.state.name,
                tuple(found.pending),
            )
            for found in question.ask().databases
        }
        for folder in sorted({*question.oracle, *tsm}):
            expected, said = question.oracle.get(folder, NOTHING), tsm.get(folder, NOTHING)
            if expected != said:
                yield Disagreement(question, folder, expected, said)


def told(found: Sequence[Disagreement]) -> str:
    """The shortest stories, for whoever has to find out who is wrong."""
    shortest = sorted(map(str, found), key=len)[:3]
    return "\n\n".join([f"{len(found)} disagreements; the shortest:", *shortest])


def counted(questions: Iterable[Question], met: Counter[str]) -> Iterator[Question]:
    """The same questions, counting on the way what they are examples of, by the oracle."""
    for question in questions:
        met.update(question.shapes)
        for folder, verdict in question.oracle.items():
            found = {f"{code} {f}" if code == "TSM208" else code for code, f in verdict.problems}
            if not question.cases[folder].merges:
                found |= {f"{code} in the merge to come" for code in {"TSM209", "TSM210"} & found}
            met.update(found or {"nothing wrong"})
        yield question


@contextmanager
def about_histories(
    path: Path, env: GitEnv, histories: Sequence[History]
) -> Iterator[Iterator[Question]]:
    """Two commits of each history, all in one bare repository."""
    repository = Repository(path, env)
    ids = repository.write(histories)
    with closing(repository), open_project(path) as project:
        every_case = cases(repository, histories, ids)
        yield (
            Question(
                f"history({history.seed})",
                history.story(),
                of_folders,
                answers(of_folders),
                frozenset(shapes(history)),
                partial(check_commits, project, commits[history.base], commits[history.candidate]),
            )
            for history, commits, of_folders in zip(histories, ids, every_case, strict=True)
        )


@contextmanager
def about_desks(path: Path, env: GitEnv, desks: Sequence[Desk]) -> Iterator[Iterator[Question]]:
    """One desk after another, laid out in one work tree when tsm is asked."""
    repository = Repository(path, env, bare=False)
    workbench = Workbench(repository)
    ids = repository.write([desk.history for desk in desks])
    with closing(repository):
        every_case = desk_cases(repository, desks, ids)
        yield (
            Question(
                f"desk({desk.history.seed})",
                desk.story(),
                of_folders,
                answers(of_folders),
                frozenset({desk.place} | shapes(desk.history)),
                partial(check_desk, workbench, desk, commits),
            )
            for desk, commits, of_folders in zip(desks, ids, every_case, strict=True)
        )


@contextmanager
def about_stopped_merges(
    path: Path, env: GitEnv, desks: Sequence[Desk]
) -> Iterator[Iterator[Question]]:
    """As about_desks, where index and work tree are what `git merge` left."""
    repository = Repository(path, env, bare=False)
    workbench = Workbench(repository)
    ids = repository.write([desk.history for desk in desks])
    merges = repository.merges(
        (commits[desk.head], commits[desk.stopped or 0])
        for desk, commits in zip(desks, ids, strict=True)
    )

    def question(desk: Desk, commits: Sequence[str]) -> Question:
        workbench.lay_out(desk, commits)
        of_folders = {
            folder: stopped_case(workbench, desk, commits, folder, merges)
            for folder in desk.history.folders
        }
        return Question(
            f"stopped_desk({desk.history.seed})",
            desk.story(),
            of_folders,
            answers(of_folders),
            frozenset({desk.place} | shapes(desk.history)),
            partial(check_desk, workbench, desk, commits),
        )

    with closing(repository):
        yield (question(desk, commits) for desk, commits in zip(desks, ids, strict=True))


def check_commits(project: Project, base: str, head: str) -> CheckReport:
    """Check one commit against another, as a gate would."""
    return check(project, CheckRequest(head=head, base=base, annotate=False))


def check_desk(workbench: Workbench, desk: Desk, commits: Sequence[str]) -> CheckReport:
    """Lay the desk out, and check it as its owner would."""
    index = workbench.lay_out(desk, commits)
    request = CheckRequest(
        staged=desk.place != WORK_TREE, base=commits[desk.history.base], annotate=False
    )
    with pytest.MonkeyPatch.context() as environment, open_project(workbench.top) as project:
        if desk.place == OTHER_INDEX:
            environment.setenv("GIT_INDEX_FILE", str(index))
        return check(project, request)


def answers(of_folders: Mapping[str, Case]) -> dict[str, Verdict]:
    """What the oracle says of each database that exists."""
    return {folder: judge(case) for folder, case in of_folders.items() if is_known(case)}


def shapes(history: History) -> set[str]:
    """What this history is an example of, whatever is wrong with it."""
    found = set()
    parents = history.commits[history.candidate].parents
    if len(history.merge_bases(history.base, history.candidate)) > 1:
        found.add("two merge bases")
    if len(parents) > 2:
        found.add("three parents")
    if len(parents) > 1:
        found.add("the candidate is a merge")
    if len(history.folders) > 1:
        found.add("two databases")
    return found
