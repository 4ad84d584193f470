"""Before the fact: a commit or a merge that is about to be made, judged by what is staged."""

from __future__ import annotations

from collections.abc import Sequence

from tsm_git.adapters.git.objects import Commit
from tsm_git.commands.check import report_on
from tsm_git.commands.gathering.request import Gathered, Request
from tsm_git.commands.hooks.judge import RADAR, HookJudge, base_of
from tsm_git.core.comparison import Comparison, compare
from tsm_git.core.finding import Severity
from tsm_git.core.integration.hook import Event, HookReport, is_base_branch, joined
from tsm_git.core.text import listed


class CommitJudge(HookJudge):
    """Judges what is staged."""

    def commit(self) -> HookReport:
        """A commit that is about to be made, a merge included."""
        head = self.repository.head()
        self.repository.coming = self._not_in(head, tuple(self.call.merged))
        coming = self.repository.merge_heads()
        sides = [head.oid, *coming] if head else []
        if not self.call.by_hand and sides and not self.differ(sides):
            return HookReport(self.call.event)
        if not coming:
            return self._staged("what is staged" if self.call.by_hand else "this commit")
        return self._staged(f"the merge of {listed([self.name(oid) for oid in coming])}")

    def squashed(self) -> HookReport:
        """What `git merge --squash` has staged; the commit that follows is judged, too."""
        return self._staged("what the squashed merge staged")

    def _staged(self, subject: str) -> HookReport:
        """Whatever is staged; findings that a parent had do not block a commit."""
        coming = self.repository.merge_heads()
        is_plain = not coming and not self.call.by_hand and not self.call.squash
        request = Request(staged=True, annotate=False, radar_at=self.now if is_plain else None)
        gathered = self.gathered(request)
        if gathered is None:
            return HookReport(self.call.event)
        parents = self._parents(gathered, coming)
        head = self.repository.head()
        found = []
        for facts in gathered.facts:
            comparison = compare(facts)
            if is_plain:
                comparison = self._contested(gathered, comparison)
            report = report_on(comparison, gathered.settings)
            judgement = self.weighed(subject, gathered, report, parents, alone=bool(coming))
            if coming and head:
                judgement = self.with_origin(judgement, head.oid, coming)
            found.append(self.annotated(facts, judgement))
        return HookReport(self.call.event, joined(found))

    def _parents(self, gathered: Gathered, coming: Sequence[str]) -> list[Commit]:
        """The commits whose faults are old news; none where the whole result is judged.

        On the base branch a merge publishes: what only the merged branch had is new there.
        """
        head = self.repository.head()
        if self.call.by_hand or self.call.event is Event.PRE_MERGE_COMMIT or head is None:
            return []
        base = base_of(gathered)
        branch = self.repository.current_branch()
        if base and (base.oid == head.oid or is_base_branch(branch or "", base)):
            return [head]
        return [head, *(commit for commit in self.repository.commits(coming) if commit)]

    def _contested(self, gathered: Gathered, comparison: Comparison) -> Comparison:
        """With what the radar sees of the drafts that this commit brings."""
        if gathered.settings.severity(RADAR, Severity.WARNING) is None or gathered.trees is None:
            return comparison
        head = self.repository.head()
        folder = comparison.facts.folder
        before = gathered.trees.snapshot(head.tree, folder).scripts if head else {}
        drafts = tuple(d for d in comparison.drafts if before.get(d.filename) != d)
        if not drafts:
            return comparison
        from tsm_git.commands.branches import contested_drafts

        asked = comparison._replace(drafts=drafts)
        found = contested_drafts(self.project, gathered, asked, None, self.now)
        return comparison._replace(contested=found)

    def _not_in(self, head: Commit | None, oids: tuple[str, ...]) -> tuple[str, ...]:
        if not oids or head is None:
            return ()
        new = self.repository.hooking.new_to(head.oid, oids)
        return tuple(oid for oid in oids if oid in new)
