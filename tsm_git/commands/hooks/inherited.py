"""Which findings a commit's parents had already: those it does not bring itself.

A parent is judged by the evidence of the candidate: the same base, ref ledger and settings.
"""

from __future__ import annotations

from collections.abc import Sequence

from tsm_git.adapters.git import Repository
from tsm_git.adapters.git.objects import Commit
from tsm_git.commands.check import report_on
from tsm_git.commands.gathering.merges import CannotTell, MergeReader, existing
from tsm_git.commands.gathering.places import Trees
from tsm_git.core.comparison import compare
from tsm_git.core.facts import Base, Facts
from tsm_git.core.integration.hook import Atom, atoms
from tsm_git.core.report import DatabaseReport
from tsm_git.core.script import normalise
from tsm_git.core.settings import Settings
from tsm_git.core.tip import FILENAME


class Parents:
    """The commits that a candidate is made on, judged when somebody asks."""

    def __init__(self, repository: Repository, trees: Trees, settings: Settings) -> None:
        self._repository = repository
        self._trees = trees
        self._settings = settings

    def had(self, report: DatabaseReport, parent: Commit, *, alone: bool) -> frozenset[Atom]:
        """The faults of a parent.

        `alone`: against no more of base than the parent has itself. A merge that brings two scripts
        of one number together has made the clash, though base and parent have long been at odds.
        """
        facts = report.comparison.facts
        base = self._known_to(parent, facts) if alone else facts.base
        comparison = compare(self._facts(facts, parent, base))
        found = report_on(comparison, self._settings).findings
        return frozenset(atom for finding in found for atom in atoms(finding, comparison))

    def _known_to(self, parent: Commit, facts: Facts) -> Base | None:
        base = facts.base
        if base is None or base.oid == parent.oid:
            return base
        oids = self._repository.merge_bases(base.oid, parent.oid)
        if base.oid in oids:
            return base
        snapshots = tuple(
            self._trees.snapshot(commit.tree, facts.folder)
            for commit in existing(self._repository, oids)
        )
        if not snapshots:
            return None
        return base._replace(oid=oids[0], snapshot=snapshots[0], merge_bases=snapshots)

    def _facts(self, facts: Facts, parent: Commit, base: Base | None) -> Facts:
        folder = facts.folder
        candidate = self._trees.snapshot(parent.tree, folder)
        reader = MergeReader(self._repository, self._trees, parent, facts.candidate_name, None)
        try:
            merges = tuple(reader.merges(folder, candidate, base))
        except CannotTell:
            merges = ()
        objects = self._repository.objects
        (tip,) = objects.get([f"{parent.tree}:{folder}/{FILENAME}"])
        names = [f"{parent.tree}:{path}" for path in facts.tracked]
        held = zip(facts.tracked, objects.get(names), strict=True)
        return facts._replace(
            candidate=candidate,
            candidate_revision=parent.oid,
            base=base,
            merges=merges,
            operation=None,
            tip=normalise(tip.data).decode("utf-8", "surrogateescape") if tip else None,
            tracked=tuple(path for path, item in held if item),
        )


def inherited(report: DatabaseReport, had: Sequence[frozenset[Atom]]) -> frozenset[int]:
    """Which findings, by position, some parent had."""
    return frozenset(
        position
        for position, finding in enumerate(report.findings)
        if any(atoms(finding, report.comparison) <= faults for faults in had)
    )
