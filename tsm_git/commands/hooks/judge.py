"""What all hooks share: to gather, and to tell what is new from what was there before."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tsm_git.adapters.git import Repository
from tsm_git.adapters.git.objects import Commit
from tsm_git.commands.check import failing_severities
from tsm_git.commands.gathering.gather import gather
from tsm_git.commands.gathering.history import History, annotated
from tsm_git.commands.gathering.places import Trees
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.gathering.request import Gathered, Request
from tsm_git.commands.hooks.event import HookCall
from tsm_git.commands.hooks.inherited import Parents, inherited
from tsm_git.core.errors import GitError
from tsm_git.core.facts import Base, Facts
from tsm_git.core.finding import Finding, Related, Severity
from tsm_git.core.integration.hook import CONCERNS, Judgement
from tsm_git.core.report import DatabaseReport

RADAR = "TSM206"
_ERROR = Severity.ERROR


class HookJudge:
    """Judges one event in one repository; `now` is in Unix seconds."""

    def __init__(
        self, project: Project, repository: Repository, call: HookCall, now: float
    ) -> None:
        self.project = project
        self.repository = repository
        self.call = call
        self.now = now

    def name(self, oid: str) -> str:
        """What the user calls a commit that is merged, as far as git says."""
        name = self.call.merged.get(oid, oid)
        if name == oid:  # `git pull` merges an id
            return self.repository.hooking.fetched_as(oid) or f"`{oid[:10]}`"
        return f"`{name}`"

    def gathered(self, request: Request) -> Gathered | None:
        """The facts; None where there are no scripts to judge, whatever else is wrong."""
        try:
            return gather(self.project, request)
        except GitError:
            if self._has_scripts(request.head):
                raise
            return None

    def judged(
        self,
        subject: str,
        gathered: Gathered,
        report: DatabaseReport,
        parents: Sequence[Commit],
        *,
        alone: bool,
    ) -> Judgement:
        """The findings on one database: those that block, those to look at, and old ones."""
        judgement = self.weighed(subject, gathered, report, parents, alone=alone)
        return self.annotated(report.comparison.facts, judgement)

    def weighed(
        self,
        subject: str,
        gathered: Gathered,
        report: DatabaseReport,
        parents: Sequence[Commit],
        *,
        alone: bool,
    ) -> Judgement:
        failing = failing_severities(gathered, strict=False)
        old: Collection[int] = ()
        is_worth = any(finding.severity is not Severity.NOTE for finding in report.findings)
        if is_worth and parents and gathered.trees is not None:
            judge = Parents(self.repository, gathered.trees, gathered.settings)
            had = [judge.had(report, parent, alone=alone) for parent in parents]
            old = inherited(report, had)
        blocking, noted, before = [], [], []
        for position, finding in enumerate(report.findings):
            fails = finding.severity in failing
            if finding.code == RADAR and finding.severity is not _ERROR:
                fails = False  # somebody else's branch is no fault of a commit
            if fails and (position not in old or gathered.settings.strict):
                blocking.append(finding)
            elif finding.severity is _ERROR:
                before.append(finding)
            elif finding.severity is Severity.WARNING and position not in old:
                noted.append(finding)
        return Judgement(subject, tuple(blocking), tuple(noted), tuple(before))

    def with_origin(self, judgement: Judgement, ours: str, merged: Sequence[str]) -> Judgement:
        """With the merged commit that each script comes with; who wrote it is looked up later."""

        def told(finding: Finding) -> Finding:
            names = [f"{oid}:{finding.path}" for oid in (ours, *merged)]
            mine, *theirs = [
                item.oid if item else None for item in self.repository.objects.get(names)
            ]
            related = tuple(
                Related(finding.path, f"comes with {self.name(oid)}", f"{ours}..{oid}")
                for oid, blob in zip(merged, theirs, strict=True)
                if blob not in (None, mine)
            )
            return finding._replace(related=finding.related + related)

        return judgement._replace(blocking=tuple(map(told, judgement.blocking)))

    def annotated(self, facts: Facts, one: Judgement) -> Judgement:
        """With the commits that did what the findings say."""
        shown = [*one.blocking, *one.noted]
        if not shown:
            return one
        history = facts.whereabouts if isinstance(facts.whereabouts, History) else None
        found = annotated(self.repository, history, shown)
        count = len(one.blocking)
        return one._replace(blocking=tuple(found[:count]), noted=tuple(found[count:]))

    def differ(self, sides: Sequence[str], other: str | None = None) -> bool:
        """Whether anything that concerns tsm differs between the index, or a commit, and others."""
        others = () if other is None else (other,)
        return any(self.repository.hooking.differ(CONCERNS, side, *others) for side in sides)

    def _has_scripts(self, revision: str | None) -> bool:
        if revision is None:
            return bool(self.repository.listing(CONCERNS[:1], untracked=False).entries)
        (commit,) = self.repository.commits([revision])
        return commit is None or bool(Trees(self.repository).folders([commit.tree]))


def base_of(gathered: Gathered | None) -> Base | None:
    """The base that every database of a project has."""
    return next((facts.base for facts in gathered.facts if facts.base), None) if gathered else None
