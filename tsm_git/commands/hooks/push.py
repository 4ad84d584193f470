"""What a push brings, on either end of it: every reference by itself."""

from __future__ import annotations

from tsm_git.adapters.git.objects import Commit
from tsm_git.commands.check import report_on
from tsm_git.commands.gathering.gather import gather
from tsm_git.commands.gathering.request import Request
from tsm_git.commands.hooks.event import Update
from tsm_git.commands.hooks.judge import HookJudge, base_of
from tsm_git.core.comparison import compare
from tsm_git.core.facts import Base, Facts
from tsm_git.core.integration.hook import HookReport, Judgement, is_base_branch, joined
from tsm_git.core.record import NamedTuple


class _Push(NamedTuple):
    """One update with its commits."""

    update: Update
    new: Commit
    old: Commit | None


class PushJudge(HookJudge):
    """Judges every reference that is pushed; a commit that goes to several only once.

    What base has already has landed. Where base itself is pushed, it is judged by what it replaces.
    """

    def pushed(self) -> HookReport:
        """The verdict on all of them."""
        pushes = self._resolved()
        if not pushes:
            return HookReport(self.call.event)
        base = base_of(self.gathered(Request(head=pushes[0].new.oid, annotate=False)))
        landed = set()
        if base:
            oids = [push.new.oid for push in pushes]
            landed = set(oids) - self.repository.hooking.new_to(base.oid, oids)
        found: list[Judgement] = []
        seen = set()
        for push in pushes:
            to_base = base is not None and _goes_to(push.update.ref, base)
            if (push.new.oid, to_base) in seen or (push.new.oid in landed and not to_base):
                continue
            seen.add((push.new.oid, to_base))
            if push.old is None or self.differ([push.old.oid], push.new.oid):
                found += self._judged(push, base, to_base=to_base)
        return HookReport(self.call.event, joined(found))

    def _resolved(self) -> list[_Push]:
        """The updates whose new revision is a commit, or a tag of one."""
        updates = self.call.updates
        news = self.repository.commits([update.new for update in updates])
        olds = self.repository.commits([update.old or update.new for update in updates])
        return [
            _Push(update, new, old if update.old else None)
            for update, new, old in zip(updates, news, olds, strict=True)
            if new
        ]

    def _judged(self, push: _Push, base: Base | None, *, to_base: bool) -> list[Judgement]:
        replaced = push.old if to_base else None
        request = Request(head=push.new.oid, annotate=False)
        if replaced and base and replaced.oid != base.oid:
            # The remote has moved since it was fetched, or what is here has.
            request = request._replace(base=replaced.oid[:10])
        gathered = gather(self.project, request) if request.base else self.gathered(request)
        own = base_of(gathered)
        if gathered is None:
            return []
        parents = [self.repository.commit(own.oid)] if own else []
        return [
            self.judged(
                f"`{push.update.ref or 'HEAD'}`",
                gathered,
                report_on(compare(_replacing(facts) if replaced else facts), gathered.settings),
                parents,
                alone=False,
            )
            for facts in gathered.facts
        ]


def _replacing(facts: Facts) -> Facts:
    """Judged as what takes the place of base: what base has must be in it, nothing gets merged."""
    base = facts.base
    if base is None or base.merge_base_oid == base.oid:
        return facts
    whole = base._replace(merge_bases=(base.snapshot,), merge_base_oid=base.oid)
    return facts._replace(base=whole)


def _goes_to(ref: str, base: Base) -> bool:
    return is_base_branch(ref.removeprefix("refs/heads/"), base)
