"""The merges that a candidate is, and the one that base and candidate wait for (FORMATS 3.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tsm_git.adapters.git import Repository
from tsm_git.adapters.git.entries import Uncommitted
from tsm_git.adapters.git.objects import Commit
from tsm_git.commands.gathering.places import Trees
from tsm_git.core.errors import GitError
from tsm_git.core.facts import Base
from tsm_git.core.merging import Merge, may_differ, strange
from tsm_git.core.record import NamedTuple
from tsm_git.core.snapshot import Ancestry, Snapshot, snapshot


class CannotTell(Exception):
    """A merge cannot be judged; the message says why, and its rules are skipped."""


class MergeReader(NamedTuple):
    """Reads the merges of one candidate.

    `head` is the commit that the candidate is or stands on, `name` what the user calls it;
    `uncommitted` is what the candidate holds on top of it, None where it is that commit.
    """

    repository: Repository
    trees: Trees
    head: Commit
    name: str
    uncommitted: Uncommitted | None

    def merges(self, folder: str, candidate: Snapshot, base: Base | None) -> Iterator[Merge]:
        """Both kinds of merge, as far as there are any. Raises CannotTell."""
        made = self._made(folder, candidate)
        if made:
            yield made
        if base is None or base.oid == self.head.oid:
            return
        ancestry = Ancestry(base.merge_bases)
        if not may_differ(ancestry, base.snapshot, candidate):
            return
        if self._brings(base.oid):
            return
        uncommitted = self.uncommitted
        coming = self.repository.merge_heads() if uncommitted else []
        if uncommitted and not coming and candidate.scripts == self._at_head(folder).scripts:
            uncommitted = None
        found = self.repository.simulation.merge_tree(
            base.oid, self.head.oid, folder, uncommitted=uncommitted, coming=coming
        )
        if found is None:
            raise CannotTell("git cannot simulate the merge: it takes git 2.38 and a merged index")
        conflicted = _names_in(folder, found.conflicted)
        yield Merge(
            parents=(base.snapshot, candidate),
            parent_names=(base.name, self.name),
            bases=lambda _one, _other: ancestry,
            result=snapshot(self.trees.contents(found.entries, found.new)),
            conflicts=conflicted,
            simulated=True,
        )

    def _made(self, folder: str, candidate: Snapshot) -> Merge | None:
        coming = [] if self.uncommitted is None else self.repository.merge_heads()
        oids = [self.head.oid, *coming] if coming else list(self.head.parents)
        if len(oids) < 2:
            return None
        commits = self.repository.commits(oids)
        parents = [commit for commit in commits if commit]
        if len(parents) < len(oids):
            raise CannotTell("the clone is too shallow to see the parents of the merge")
        oids = [commit.oid for commit in parents]
        merge = Merge(
            parents=tuple(self.trees.snapshot(commit.tree, folder) for commit in parents),
            parent_names=tuple(oid[:10] for oid in oids),  # `HEAD^2` is another one tomorrow
            bases=self._bases_between(oids, folder),
            result=candidate if coming else self._at_head(folder),
            conflicts=frozenset(),
        )
        if strange(merge, candidate):
            merge = merge._replace(conflicts=self._conflicts_between(oids, folder))
        return merge

    def _at_head(self, folder: str) -> Snapshot:
        return self.trees.snapshot(self.head.tree, folder)

    def _brings(self, base: str) -> bool:
        """Whether a merge in progress brings base in: then it is no longer to be simulated."""
        coming = [] if self.uncommitted is None else self.repository.merge_heads()
        return any(self.repository.merge_bases(base, oid) == [base] for oid in coming)

    def _bases_between(self, oids: Sequence[str], folder: str) -> Callable[[int, int], Ancestry]:
        found: dict[tuple[int, int], Ancestry] = {}

        def bases(one: int, other: int) -> Ancestry:
            if (one, other) not in found:
                commits = existing(
                    self.repository, self.repository.merge_bases(oids[one], oids[other])
                )
                found[one, other] = Ancestry(
                    self.trees.snapshot(commit.tree, folder) for commit in commits
                )
            return found[one, other]

        return bases

    def _conflicts_between(self, oids: Sequence[str], folder: str) -> frozenset[str]:
        if len(oids) != 2:  # git makes an octopus merge only where nothing conflicts
            return frozenset()
        found = self.repository.simulation.merge_tree(oids[0], oids[1], folder, unrelated=True)
        if found is None:
            raise CannotTell("git cannot repeat the merge (it takes git 2.38)")
        return _names_in(folder, found.conflicted)


def existing(repository: Repository, oids: Sequence[str]) -> list[Commit]:
    """The commits with these ids. Raises GitError where the clone lacks one."""
    found = repository.commits(oids)
    for oid, commit in zip(oids, found, strict=True):
        if commit is None:
            raise GitError(f"the commit {oid[:10]} is missing", "run `git fetch --unshallow`")
    return [commit for commit in found if commit]


def _names_in(folder: str, paths: frozenset[str]) -> frozenset[str]:
    return frozenset(path.rpartition("/")[2] for path in paths if path.rpartition("/")[0] == folder)
