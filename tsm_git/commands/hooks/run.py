"""`tsm hooks run`: judges what a commit, a merge, a rebase or a push brings.

Reads git objects only: a database may be moved about by a stash right now, and nothing is written.
"""

from __future__ import annotations

from tsm_git.commands.gathering.project import Project
from tsm_git.commands.hooks.event import HookCall
from tsm_git.core.errors import GitError
from tsm_git.core.integration.hook import Event, HookReport


def run_hook(project: Project, call: HookCall, now: float) -> HookReport:
    """What tsm says of an event; `now` is in Unix seconds. Reads only."""
    if project.repository is None:
        raise GitError(
            f"`{project.start}` is not in a git repository", "run the hook in a repository"
        )
    given = (project, project.repository, call, now)
    # Each loads what it needs; a hook is waited for.
    match call.event:
        case Event.PRE_COMMIT | Event.PRE_MERGE_COMMIT:
            from tsm_git.commands.hooks.commit import CommitJudge

            return CommitJudge(*given).commit()
        case Event.POST_MERGE if call.squash:
            from tsm_git.commands.hooks.commit import CommitJudge

            return CommitJudge(*given).squashed()
        case Event.POST_MERGE | Event.POST_CHECKOUT | Event.POST_REWRITE:
            from tsm_git.commands.hooks.after import AfterJudge

            return AfterJudge(*given).told()
        case Event.PRE_PUSH | Event.PRE_RECEIVE | Event.UPDATE:
            from tsm_git.commands.hooks.push import PushJudge

            return PushJudge(*given).pushed()
