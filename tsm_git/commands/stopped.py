"""What a merge, rebase, cherry-pick or `am` that stopped on scripts leaves to decide.

Two scripts of one name are no conflict of texts: the published one keeps its name, the other is a
draft that moves. Everything else that git stops on is for a person.
"""

from __future__ import annotations

from dataclasses import dataclass

from tsm_git.adapters.git import IndexEntry, Repository
from tsm_git.commands.places import Trees
from tsm_git.core.comparison import Comparison
from tsm_git.core.errors import Refusal
from tsm_git.core.script import Script, parse_number
from tsm_git.core.text import shell_quoted

_COMMON, _OURS, _THEIRS = 1, 2, 3  # the stages of the index (git-read-tree, "3-way merge")


@dataclass(frozen=True, slots=True)
class Contender:
    """One side of an unmerged file: its script, and the index entry that holds its text."""

    script: Script
    entry: IndexEntry


@dataclass(frozen=True, slots=True)
class Contest:
    """An unmerged file of which one side keeps the name; `moved` is None where it only stays."""

    filename: str
    kept: Contender
    moved: Contender | None


def contests(repository: Repository, comparison: Comparison) -> list[Contest]:
    """How each unmerged script is to be resolved.

    Raises Refusal where that is not for a machine to say: both sides changed one script, or one
    deleted a draft that the other changed.
    """
    facts = comparison.facts
    trees = Trees(repository)
    found = []
    for filename in sorted(facts.candidate.unmerged):
        path = f"{facts.folder}/{filename}"
        entries = repository.listing([f":(top,literal){path}"], untracked=False).entries
        sides = {entry.stage: _contender(trees, filename, entry) for entry in entries}
        published = facts.base.snapshot.scripts.get(filename) if facts.base else None
        found.append(_contest(filename, path, sides, published))
    return found


def _contest(
    filename: str, path: str, sides: dict[int, Contender], published: Script | None
) -> Contest:
    ours, theirs = sides.get(_OURS), sides.get(_THEIRS)
    if published is not None:
        keepers = [side for side in (ours, theirs) if side and side.script == published]
        others = [side for side in (ours, theirs) if side and side.script != published]
        if keepers and (_COMMON not in sides or not others):
            return Contest(filename, keepers[0], others[0] if others else None)
    elif ours and theirs and _COMMON not in sides:
        return Contest(filename, ours, theirs)  # the first parent, or what is rebased onto
    raise Refusal(
        f"a merge stopped on `{path}`, and which text is meant is not for a machine to say",
        f"edit `{path}` to what it shall be, run `git add -- {shell_quoted(path)}`, "
        "then `tsm renumber`",
    )


def _contender(trees: Trees, filename: str, entry: IndexEntry) -> Contender:
    number = parse_number(filename)
    text = trees.digest(entry.oid)
    if number is None:
        raise Refusal(f"`{filename}` is no script name", "run `tsm explain TSM101`")
    return Contender(Script(number, filename, text), entry)
