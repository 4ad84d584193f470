"""A history as plain values: commits with parents, and what follows from that alone.

No git: what a commit reaches and where two commits part is walked here, naively.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tests.oracle.oracle import Content

Tree = dict[str, Content]
"""All files of a commit: path from the top of the repository -> content."""


@dataclass(frozen=True)
class Commit:
    """A tree, the indexes of the commits it was made from, and what its author meant."""

    tree: Tree
    parents: tuple[int, ...]
    what: str


@dataclass(frozen=True)
class History:
    """All commits of one team, each after its parents; two of them are to be compared."""

    seed: int
    folders: tuple[str, ...]
    commits: tuple[Commit, ...]
    base: int
    candidate: int

    @cached_property
    def reach(self) -> list[frozenset[int]]:
        """For each commit the commits it reaches, itself included."""
        reach: list[frozenset[int]] = []
        for index, commit in enumerate(self.commits):
            reach.append(frozenset({index}).union(*(reach[parent] for parent in commit.parents)))
        return reach

    def merge_bases(self, one: int, other: int) -> list[int]:
        """The common ancestors that are not ancestors of other common ancestors."""
        common = self.reach[one] & self.reach[other]
        return sorted(
            index
            for index in common
            if not any(index in self.reach[later] for later in common - {index})
        )

    def place(self, index: int, folder: str) -> dict[str, Content]:
        """What a commit holds directly in a folder."""
        return place_in(self.commits[index].tree, folder)

    def story(self) -> str:
        """The history for a reader: who did what when."""
        lines = []
        for index, commit in enumerate(self.commits):
            parents = ", ".join(f"c{parent}" for parent in commit.parents) or "root"
            lines.append(f"  c{index} ({parents}) {commit.what}")
        bases = ", ".join(f"c{index}" for index in self.merge_bases(self.base, self.candidate))
        lines.append(
            f"  base c{self.base}, candidate c{self.candidate}, merge bases {bases or '-'}"
        )
        return "\n".join(lines)


def place_in(tree: Tree, folder: str) -> dict[str, Content]:
    """What a tree holds directly in a folder, by file name."""
    start = folder + "/"
    found = {path[len(start) :]: tree[path] for path in tree if path.startswith(start)}
    return {name: content for name, content in found.items() if "/" not in name}
