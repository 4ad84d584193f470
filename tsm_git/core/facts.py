"""Facts: everything gathered for one judgement of one database.

None means that it was not looked at. What is expensive and seldom needed (texts, the search for
a text in git) is a mapping that may fetch when asked; tests give plain dictionaries.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

from tsm_git.core.ledger import Ledger
from tsm_git.core.merging import Merge
from tsm_git.core.publishing import Whereabouts
from tsm_git.core.record import NamedTuple
from tsm_git.core.snapshot import Snapshot

if TYPE_CHECKING:  # most checks have no use for them
    from tsm_git.core.models import Drift
    from tsm_git.core.proof.replay import Replayed


class Place(Enum):
    """Where a candidate is; the value is its name in the JSON document."""

    WORK_TREE = "worktree"
    INDEX = "index"
    COMMIT = "commit"


class Operation(NamedTuple):
    """What git is in the middle of: a merge, rebase, cherry-pick, revert or am.

    `ours` and `theirs` say whose the two sides of a conflict are; they swap in a rebase.
    """

    kind: str
    ours: str
    theirs: str

    @property
    def go_on(self) -> str:
        """The command that concludes it when all is resolved."""
        return "git commit" if self.kind == "merge" else f"git {self.kind} --continue"


class Base(NamedTuple):
    """The base branch: where scripts get published.

    `name` is as the user knows it (`origin/main`); `oid` its commit; `why` how it was chosen.
    """

    name: str
    oid: str
    why: str
    snapshot: Snapshot
    merge_bases: tuple[Snapshot, ...]
    merge_base_oid: str | None  # the first of them


_NOTHING: Mapping[str, str] = MappingProxyType({})
_NOWHERE: Mapping[str, Whereabouts] = MappingProxyType({})


class Facts(NamedTuple):
    """What is known of one database; paths are relative to the repository root, POSIX style."""

    database: str
    folder: str
    place: Place
    candidate: Snapshot
    candidate_name: str
    candidate_revision: str | None = None  # the commit that its history starts from
    base: Base | None = None
    merges: tuple[Merge, ...] = ()
    ref: Ledger | None = None
    working: Ledger | None = None
    tracked: tuple[str, ...] = ()
    operation: Operation | None = None
    tip: str | None = None  # the text of the tip file, if there is one
    head: Snapshot | None = None
    staged: Snapshot | None = None
    pushed: str = ""  # the base branch that holds the candidate already; `base` is what was there
    texts: Mapping[str, str] = _NOTHING
    whereabouts: Mapping[str, Whereabouts] = _NOWHERE
    replayed: Replayed | None = None
    drift: Drift | None = None
    unseen: Mapping[str, str] = _NOTHING  # evidence -> why it was not looked at
    unasked: Collection[str] = ("tip",)  # evidence that nobody has asked for, if it is unseen
