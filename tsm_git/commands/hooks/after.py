"""After the fact: a merge, a rebase or a checkout that git has made. It only advises."""

from __future__ import annotations

from tsm_git.adapters.git.objects import Commit
from tsm_git.commands.check import report_on
from tsm_git.commands.gathering.gather import gather
from tsm_git.commands.gathering.places import Trees
from tsm_git.commands.gathering.request import Request
from tsm_git.commands.hooks.arrivals import arrivals
from tsm_git.commands.hooks.judge import HookJudge, base_of
from tsm_git.core.comparison import compare
from tsm_git.core.errors import GitError
from tsm_git.core.finding import CHANGED, DELETED, Finding, Related
from tsm_git.core.integration.hook import Event, HookReport, Judgement, joined
from tsm_git.core.text import listed


class AfterJudge(HookJudge):
    """Judges what HEAD is now, and what that means to working databases."""

    def told(self) -> HookReport:
        """What there is to say."""
        match self.call.event:
            case Event.POST_MERGE:
                return self._merge()
            case Event.POST_CHECKOUT:
                return self._checkout()
            case _:
                return self._rewrite()

    def _merge(self) -> HookReport:
        """A merge or fast-forward that was made."""
        before, after = self._two(self.call.before or "ORIG_HEAD")
        if before is None or not self.differ([before.oid, *after.parents[1:]], after.oid):
            return HookReport(self.call.event)
        names = [self.name(oid) for oid in self.call.merged]
        what = "merge of" if _merged(before, after) else "fast-forward to"
        subject = f"the {what} {listed(names)}" if names else "the merge"
        return self._result(subject, before, after, alone=True)

    def _rewrite(self) -> HookReport:
        """A rebase or an amended commit: no hook has seen what a rebase made."""
        operation = self.repository.operation()
        if self.call.how == "amend" and operation and operation.kind == "rebase":
            return HookReport(self.call.event)  # one step of it; the end is told, too
        name = "HEAD@{1}" if self.call.how == "amend" else "ORIG_HEAD"
        before, after = self._two(self.call.before or name)
        if before and not self.differ([before.oid], after.oid):
            return HookReport(self.call.event)
        subject = "the amended commit" if self.call.how == "amend" else "the rebase"
        return self._result(subject, before, after, alone=False)

    def _checkout(self) -> HookReport:
        """Another branch was checked out; a rebase that is on its way there is no news."""
        before, after = self._two(self.call.before or "HEAD@{1}")
        is_stop = self.repository.operation() is not None
        if before is None or is_stop or not self.differ([before.oid], after.oid):
            return HookReport(self.call.event)
        move = self.repository.hooking.last_move()
        if move and not move.startswith("checkout:"):  # the first step of `rebase --apply`
            return HookReport(self.call.event)
        found = arrivals(self.project, Trees(self.repository), before, after)
        return HookReport(self.call.event, arrivals=found)

    def _result(
        self, subject: str, before: Commit | None, after: Commit, *, alone: bool
    ) -> HookReport:
        gathered = self.gathered(Request(head=after.oid, annotate=False))
        if gathered is None:
            return HookReport(self.call.event)
        base = base_of(gathered)
        other = ""
        if before and base and base.oid == after.oid and self.call.how != "amend":
            # On the base branch itself only what it was before can tell what was published.
            other = before.oid[:10]
            gathered = gather(self.project, Request(head=after.oid, base=other, annotate=False))
        found = []
        for facts in gathered.facts:
            report = report_on(compare(facts), gathered.settings)
            parents = [before] if before else []
            judgement = self.weighed(subject, gathered, report, parents, alone=alone)
            if not alone:  # no hook has seen it since: every error counts, old warnings do not
                errors = judgement.blocking + judgement.old
                judgement = judgement._replace(blocking=errors, old=())
            judgement = self._told(judgement, before, after, other)
            found.append(self.annotated(facts, judgement))
        arrived = arrivals(self.project, Trees(self.repository), before, after) if before else ()
        return HookReport(self.call.event, joined(found), arrived)

    def _told(
        self, judgement: Judgement, before: Commit | None, after: Commit, base: str
    ) -> Judgement:
        """With the commit that brought each, and commands that name the base it was judged by."""
        merged = _merged(before, after) if before else ()
        if before and merged:
            judgement = self.with_origin(judgement, before.oid, merged)

        def told(finding: Finding) -> Finding:
            hint = finding.hint.replace("`tsm renumber`", f"`tsm renumber --base {base}`")
            related = finding.related
            if before and before.oid != after.oid and not merged:
                change = DELETED if finding.code in ("TSM203", "TSM209") else CHANGED
                way = f"{before.oid}..{after.oid}"
                related += (Related(finding.path, "came here", way, change),)
            return finding._replace(hint=hint if base else finding.hint, related=related)

        return judgement._replace(blocking=tuple(map(told, judgement.blocking)))

    def _two(self, before: str) -> tuple[Commit | None, Commit]:
        """What was checked out before, as far as git knows, and what is now."""
        old, new = self.repository.commits([before, self.call.after])
        if new is None:
            raise GitError(f"there is no commit `{self.call.after}`", "run `git log` to see")
        return old, new


def _merged(before: Commit, after: Commit) -> tuple[str, ...]:
    """What a merge commit on top of what was there has brought; nothing for a fast-forward."""
    return after.parents[1:] if after.parents[:1] == (before.oid,) else ()
