"""Turns histories into the oracle's cases: what lies where, what the merge bases held, who merged.

Merge bases come from the history's own graph. git is asked one thing only, through `GitMerge`: what
its own merge of two commits is, because that is what section 3.7 of FORMATS.md is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from tests.oracle.desks import WORK_TREE, Desk, Workbench
from tests.oracle.fastimport import GitMerge, Repository
from tests.oracle.graph import History
from tests.oracle.oracle import (
    Ancestors,
    Case,
    Content,
    Merge,
    git_may_differ,
    scripts_of,
    text_in_git,
)

GitMerges = Mapping[tuple[str, str], GitMerge]


def cases(
    repository: Repository, histories: Sequence[History], ids: Sequence[Sequence[str]]
) -> list[dict[str, Case]]:
    """What the oracle has to judge of each history, by folder."""
    asked: list[tuple[str, str]] = []
    for history, commits in zip(histories, ids, strict=True):
        asked += questions(history, commits)
    merges = repository.merges(asked)
    return [
        {
            folder: case_of(repository, history, commits, folder, merges)
            for folder in history.folders
        }
        for history, commits in zip(histories, ids, strict=True)
    ]


def questions(history: History, commits: Sequence[str]) -> Iterable[tuple[str, str]]:
    """The merges that git has to be asked about before this history can be judged."""
    yield from pairs_of(history, commits, history.candidate)
    if is_merged(history):
        return
    for folder in history.folders:
        m = [history.place(index, folder) for index in bases_of(history)]
        c, b = (history.place(index, folder) for index in (history.candidate, history.base))
        if git_may_differ(scripts_of(c), scripts_of(b), Ancestors([scripts_of(p) for p in m])):
            yield commits[history.base], commits[history.candidate]


def pairs_of(history: History, commits: Sequence[str], merge: int) -> list[tuple[str, str]]:
    """The parents of a commit that merges two."""
    parents = history.commits[merge].parents
    return [(commits[parents[0]], commits[parents[1]])] if len(parents) == 2 else []


def case_of(
    repository: Repository,
    history: History,
    commits: Sequence[str],
    folder: str,
    merges: GitMerges,
) -> Case:
    """One database of one history, with a commit as the candidate."""
    candidate, base = history.candidate, history.base

    def git_merge() -> Merge:
        merge = merges[commits[base], commits[candidate]]
        result = repository.place(merge.tree, folder)
        conflicts = names_in(folder, merge.conflicts)
        return merge_of(history, folder, (base, candidate), result, conflicts)

    return Case(
        candidate=history.place(candidate, folder),
        base=history.place(base, folder),
        merge_bases=[history.place(index, folder) for index in bases_of(history)],
        merges=made_merges(history, commits, folder, candidate, merges),
        git_merge=None if is_merged(history) else git_merge,
    )


def made_merges(
    history: History, commits: Sequence[str], folder: str, merge: int, merges: GitMerges
) -> list[Merge]:
    """The merge that this commit is, if it is one."""
    parents = history.commits[merge].parents
    if len(parents) < 2:
        return []
    conflicts = names_in(folder, conflicts_between(merges, [commits[p] for p in parents]))
    return [merge_of(history, folder, parents, history.place(merge, folder), conflicts)]


def merge_of(
    history: History,
    folder: str,
    parents: Sequence[int],
    result: Mapping[str, Content],
    conflicts: frozenset[str],
) -> Merge:
    """A merge of commits of this history."""
    bases = {
        (i, j): [history.place(index, folder) for index in history.merge_bases(one, other)]
        for (i, one), (j, other) in combinations(enumerate(parents), 2)
    }
    places = [history.place(parent, folder) for parent in parents]
    return Merge(places, bases, result, conflicts)


def bases_of(history: History) -> list[int]:
    """The merge bases of base and candidate."""
    return history.merge_bases(history.base, history.candidate)


def is_merged(history: History) -> bool:
    """Whether one of base and candidate reaches the other, so that git has nothing to merge."""
    return bases_of(history) in ([history.base], [history.candidate])


def conflicts_between(merges: GitMerges, parents: Sequence[str]) -> frozenset[str]:
    """The paths on which git stops; it does not begin to merge three where anything conflicts."""
    return merges[parents[0], parents[1]].conflicts if len(parents) == 2 else frozenset()


def names_in(folder: str, paths: Iterable[str]) -> frozenset[str]:
    """The file names of those paths that lie directly in the folder."""
    start = folder + "/"
    names = {path[len(start) :] for path in paths if path.startswith(start)}
    return frozenset(name for name in names if "/" not in name)


# --- Desks ---------------------------------------------------------------------------------------


def desk_cases(
    repository: Repository, desks: Sequence[Desk], ids: Sequence[Sequence[str]]
) -> list[dict[str, Case]]:
    """What the oracle has to judge of each desk, by folder."""
    asked: list[tuple[str, str]] = []
    for desk, commits in zip(desks, ids, strict=True):
        history = desk.history
        for merge in (desk.head, history.candidate):
            asked += pairs_of(history, commits, merge)
        asked.append((commits[history.base], commits[history.candidate]))
    merges = repository.merges(asked)
    return [
        {
            folder: desk_case(repository, desk, commits, folder, merges)
            for folder in desk.history.folders
        }
        for desk, commits in zip(desks, ids, strict=True)
    ]


def desk_case(
    repository: Repository, desk: Desk, commits: Sequence[str], folder: str, merges: GitMerges
) -> Case:
    """One database of one desk."""
    history = desk.history
    case = case_of(repository, history, commits, folder, merges)
    made = list(case.merges)
    if desk.stopped is None:
        made += [
            replace(merge, still=case.candidate)
            for merge in made_merges(history, commits, folder, desk.head, merges)
        ]
    ours = history.reach[desk.head] | history.reach[history.base]
    named = frozenset[int]().union(*(history.reach[tip] for tip in desk.branches))
    working = desk.working.get(folder, ()) if desk.place == WORK_TREE else None
    bases = history.merge_bases(history.base, desk.head)
    return replace(
        case,
        merge_bases=[history.place(index, folder) for index in bases],
        merges=made,
        ref=desk.ref.get(folder),
        working=working,
        our_history=texts_in(history, ours),
        other_history=texts_in(history, named - ours),
    )


def stopped_case(
    workbench: Workbench, desk: Desk, commits: Sequence[str], folder: str, merges: GitMerges
) -> Case:
    """One database of a desk on which git has just stopped merging, as git left it."""
    history, parents = desk.history, (desk.head, desk.stopped or 0)
    case = desk_case(workbench.repository, desk, commits, folder, merges)
    unmerged = names_in(folder, workbench.unmerged())
    read = workbench.on_disk if desk.place == WORK_TREE else workbench.staged
    candidate = read(folder)
    conflicts = names_in(folder, conflicts_between(merges, [commits[p] for p in parents]))
    merge = merge_of(history, folder, parents, candidate, conflicts)
    return replace(case, candidate=candidate, unmerged=unmerged, merges=[merge], git_merge=None)


def texts_in(history: History, commits: Iterable[int]) -> frozenset[str]:
    """All texts in some commits that tsm can find again."""
    texts = (
        text_in_git(content)
        for index in commits
        for content in history.commits[index].tree.values()
    )
    return frozenset(text for text in texts if text is not None)
