"""What an index holds, as values."""

from __future__ import annotations

from enum import Enum

from tsm_git.core.record import NamedTuple


class IndexEntry(NamedTuple):
    """One path of the index; stages 1 to 3 are the sides of a merge that stopped on it.

    `name` is what follows the last slash of the path.
    """

    path: str
    name: str
    mode: str
    oid: str
    stage: int
    skip_worktree: bool


class Uncommitted(Enum):
    """What is to be committed: the index, or the files of a folder as they are on disk."""

    STAGED = "staged"
    ON_DISK = "on disk"


class Listing(NamedTuple):
    """What the index holds below some paths, and which untracked files lie there."""

    entries: list[IndexEntry]
    untracked: list[str]
