"""What a merge lost or mixed though git called it clean (FORMATS 3.7).

git merges lines; it does not know that a script is one thing. These are the invariants that a
merge of scripts must keep: every text is one of its parents' texts, and no script of a parent
vanishes unless another parent removed it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tsm_git.core.record import NamedTuple
from tsm_git.core.script import Script
from tsm_git.core.snapshot import Ancestry, Snapshot, differing
from tsm_git.core.succession import Missing, successors


class Merge(NamedTuple):
    """A merge that was made, is being made, or that git would make.

    `bases(i, j)` with i < j are the merge bases of parents i and j; they cost a process, and are
    only asked for when they matter. `conflicts` are the file names on which git's own merge of the
    parents stops, where `strange` finds something. `simulated` is a merge that nobody has made yet.
    """

    parents: tuple[Snapshot, ...]
    parent_names: tuple[str, ...]
    bases: Callable[[int, int], Ancestry]
    result: Snapshot
    conflicts: frozenset[str]
    simulated: bool = False


class Lost(NamedTuple):
    """A script of one parent that is not in the result, or would not be."""

    script: Script
    parent: str
    simulated: bool


class Mixture(NamedTuple):
    """A script of the result with a text that no parent has; `sides` name those that hold it."""

    script: Script
    sides: tuple[str, ...]
    simulated: bool


def may_differ(ancestry: Ancestry, base: Snapshot, candidate: Snapshot) -> bool:
    """Whether git's merge could be another one than the file by file merge.

    It can where a rename may be seen that nobody made: a file of the merge base is changed on
    one side and missing on the other.
    """
    for filename in differing(base, candidate):
        if not ancestry.knows(filename):
            continue
        ours, theirs = candidate.scripts.get(filename), base.scripts.get(filename)
        if (ours is None) != (theirs is None) and not ancestry.left_alone(filename, ours or theirs):
            return True
    return False


def lost(merge: Merge, candidate: Snapshot, texts: Mapping[str, str]) -> list[Lost]:
    """Scripts of a parent that the result has not, though no other parent removed them.

    A script that the person who merged gave another name, and a changed text, is not lost.
    """
    remaining = {script.digest for script in merge.result.scripts.values()}
    if not merge.simulated:
        remaining |= {script.digest for script in candidate.scripts.values()}
    found: list[Lost] = []
    for index, parent in enumerate(merge.parents):
        gone: dict[str, Lost] = {}
        for filename, script in parent.scripts.items():
            if script.digest in remaining or filename in candidate.unmerged:
                continue
            kept = merge.result.scripts.get(filename)
            if _went_back(merge, index, script):
                continue
            is_lost = (
                _replaced(merge, index, kept) if kept else not _removed(merge, index, filename)
            )
            if is_lost and (merge.simulated or candidate.scripts.get(filename) == kept):
                gone[filename] = Lost(script, merge.parent_names[index], merge.simulated)
        found += _not_kept_elsewhere(merge, candidate, gone, texts) if gone else []
    return found


def _not_kept_elsewhere(
    merge: Merge, candidate: Snapshot, found: Mapping[str, Lost], texts: Mapping[str, str]
) -> list[Lost]:
    """Those that no new script succeeds; of each parent's for itself."""
    result = merge.result.scripts if merge.simulated else candidate.scripts
    new = [
        script
        for filename, script in result.items()
        if all(parent.scripts.get(filename) != script for parent in merge.parents)
    ]
    missing = [Missing(name, frozenset([loss.script.digest])) for name, loss in found.items()]
    heirs = successors(missing, new, texts)
    return [loss for name, loss in found.items() if name not in heirs]


def strange(merge: Merge, candidate: Snapshot) -> list[Script]:
    """Scripts of the result whose text no parent has, though a parent has the file."""
    known = {script.digest for parent in merge.parents for script in parent.scripts.values()}
    return [
        script
        for filename, script in merge.result.scripts.items()
        if script.digest not in known
        and filename not in candidate.unmerged
        and any(filename in parent.scripts for parent in merge.parents)
        and (merge.simulated or candidate.scripts.get(filename) == script)
    ]


def mixed(merge: Merge, candidate: Snapshot) -> list[Mixture]:
    """The strange scripts that are nobody's resolution of a conflict."""
    return [
        Mixture(script, _sides(merge, script.filename), merge.simulated)
        for script in strange(merge, candidate)
        if script.filename not in merge.conflicts
    ]


def _sides(merge: Merge, filename: str) -> tuple[str, ...]:
    sides = zip(merge.parents, merge.parent_names, strict=True)
    return tuple(name for parent, name in sides if filename in parent.scripts)


def _others(merge: Merge, index: int) -> Iterator[tuple[Snapshot, Ancestry]]:
    for j, other in enumerate(merge.parents):
        if j != index:
            yield other, merge.bases(min(index, j), max(index, j))


def _removed(merge: Merge, index: int, filename: str) -> bool:
    """Whether a parent other than `index` deleted or renamed the file."""
    return any(
        bases.knows(filename) and filename not in other.scripts
        for other, bases in _others(merge, index)
    )


def _went_back(merge: Merge, index: int, script: Script) -> bool:
    """Whether the parent had only renamed it, and the result has it under its old name again."""
    return any(
        name in merge.result.scripts and name not in merge.parents[index].scripts
        for _, bases in _others(merge, index)
        if not bases.knows(script.filename)
        for name in bases.named(script.digest)
    )


def _replaced(merge: Merge, index: int, kept: Script) -> bool:
    """Whether another parent's script of the same name, added on its own, took the place."""
    return any(
        other.scripts.get(kept.filename) == kept and not bases.knows(kept.filename)
        for other, bases in _others(merge, index)
    )
