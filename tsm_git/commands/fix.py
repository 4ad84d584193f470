"""`tsm check --fix`: the repairs that lose nothing."""

from __future__ import annotations

from tsm_git.commands import renumber, restore
from tsm_git.commands.check import CheckRequest
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.tips import keep_tips
from tsm_git.core.errors import Refusal, UsageError
from tsm_git.core.facts import Place


def fix(project: Project, request: CheckRequest, now: str) -> list[str]:
    """Brings published scripts back and moves drafts behind them; says what was done and what not.

    An edited text is moved aside, not thrown away. Whatever takes a decision is left to a person.
    """
    if request.place is not Place.WORK_TREE:
        raise UsageError("`--fix` changes the work tree", "leave out `--staged` and `--head`")
    request = request._replace(annotate=False, radar_at=None)
    return [*_restore(project, request, now), *_renumber(project, request, now)]


def _restore(project: Project, request: CheckRequest, now: str) -> list[str]:
    try:
        plans = restore.plan_scripts(project, request.base, request.database)
    except Refusal as refusal:
        return [f"left: {refusal.message}; {refusal.hint}"]
    words = []
    for plan in plans:
        for filename, saved in restore.restore_scripts(project, plan, now):
            kept = f"; what was there is now {saved}" if saved else ""
            words.append(f"fixed: restored {plan.folder}/{filename}{kept}")
    return words


def _renumber(project: Project, request: CheckRequest, now: str) -> list[str]:
    try:
        plans = renumber.plan(project, request.base, request.database)
        saved = renumber.carry_out(project, plans, now)
    except Refusal as refusal:
        return [f"left: {refusal.message}; {refusal.hint}"]
    words = [f"fixed: renamed {move.old} to {move.new}" for plan in plans for move in plan.shown]
    words += [f"fixed: resolved {path}" for plan in plans for path, _ in plan.unmerged]
    words += [f"fixed: wrote {path}" for path in keep_tips(project, request.base, request.database)]
    return words + [f"kept: what the merge had left there is now {path}" for path in saved]
