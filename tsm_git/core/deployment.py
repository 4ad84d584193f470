"""Which commit production runs, from what its ledger holds and how a branch came to be.

A script is compared by the ids of the blobs that its text can have in git.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from tsm_git.core.ledger import Entry
from tsm_git.core.record import NamedTuple


class FolderCommit(NamedTuple):
    """A commit that changed a folder; `changes` maps file names to blobs, None for what went."""

    commit: str
    author: str
    date: str
    reference: str
    changes: Mapping[str, str | None]


class Deployed(NamedTuple):
    """The first commit of a branch with which production can have been deployed.

    `is_exact` says that the branch held just what production ran then, and not more; `before` is
    the commit that changed the scripts next.
    """

    commit: FolderCommit
    is_exact: bool
    before: FolderCommit | None = None


class Ran(NamedTuple):
    """One script that production ran: who wrote it where, and what has become of it here since.

    `commit` is None where no commit has its text, `since` empty where it is as production ran it.
    """

    entry: Entry
    commit: FolderCommit | None
    branch: str
    since: str


class RefReport(NamedTuple):
    """What is known of one ref database; `refreshed` is the file's time, in Unix seconds.

    `waiting` are the file names that base has (without git: the folder) and production has not.
    """

    database: str
    path: str
    refreshed: float
    source: str
    ran: tuple[Ran, ...]
    base: str | None
    deployed: Deployed | None
    waiting: tuple[str, ...]


def deployed(
    history: Iterable[FolderCommit], ran: Mapping[str, Collection[str]], is_script: Collection[str]
) -> Deployed | None:
    """The commit that production runs, from the commits of a branch, oldest first.

    `ran` has the blobs that each applied script can have, `is_script` all file names that are
    scripts. The last stretch of commits that hold just what production ran is meant; else the first
    commit that holds all of it; None where none does.
    """
    held: dict[str, str] = {}
    exact: Deployed | None = None
    whole: Deployed | None = None
    was_exact = False
    for commit in history:
        for name, blob in commit.changes.items():
            if name not in is_script:
                continue
            if blob is None:
                held.pop(name, None)
            else:
                held[name] = blob
        has_all = len(held) >= len(ran) and all(held.get(name) in ran[name] for name in ran)
        is_exact = has_all and len(held) == len(ran)
        if is_exact and not was_exact:
            exact = Deployed(commit, True)
        elif was_exact and not is_exact and exact:
            exact = exact._replace(before=commit)
        if has_all and whole is None:
            whole = Deployed(commit, False)
        was_exact = is_exact
    return exact or whole


def writers(
    history: Iterable[FolderCommit], ran: Mapping[str, Collection[str]]
) -> dict[str, FolderCommit]:
    """For each applied script the first commit that brought its text, under whatever name.

    One that brought it under its own name is preferred. `history` is oldest first.
    """
    by_blob: dict[str, list[str]] = {}
    for name, blobs in ran.items():
        for each in blobs:
            by_blob.setdefault(each, []).append(name)
    found: dict[str, tuple[bool, FolderCommit]] = {}
    for commit in history:
        for file, blob in commit.changes.items():
            for script in by_blob.get(blob or "", ()):
                is_own = file == script
                if script not in found or (is_own and not found[script][0]):
                    found[script] = (is_own, commit)
    return {name: commit for name, (_, commit) in found.items()}
