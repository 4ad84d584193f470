"""`tsm dev`: brings the working database to where scripts and models are, one repair after another.

Each repair is a command of its own that copies before it changes; here is only which comes next,
and when to stop. A repair that did not help is not tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tsm_git.commands import generate, restore, restore_database
from tsm_git.commands.apply import Clock, Listener
from tsm_git.commands.apply import apply as apply_pending
from tsm_git.commands.check import CheckRequest, check
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.gathering.request import Models
from tsm_git.commands.renumbering import follow
from tsm_git.core.change.choices import Choices
from tsm_git.core.errors import Refusal
from tsm_git.core.report import DatabaseReport
from tsm_git.core.state import State
from tsm_git.core.text import counted

APPLY, GENERATE, FOLLOW, RESTORE, SCRIPTS = "apply", "generate", "follow", "restore", "scripts"


@dataclass(frozen=True, slots=True)
class Step:
    """One repair: the state that asked for it, what was done, and in words what it came to."""

    state: State
    did: str
    words: str


@dataclass(frozen=True, slots=True)
class Developed:
    """What `dev` did to one database, in order; `state` is the one that it ended in."""

    database: str
    state: State
    steps: tuple[Step, ...]


@dataclass(slots=True)
class _Run:
    """One run for one database, and what it has done so far."""

    project: Project
    request: CheckRequest
    database: str
    clock: Clock
    listener: Listener
    tell: Callable[[Step], None]
    steps: list[Step] = field(default_factory=list)

    def took(self, state: State, did: str, words: str) -> None:
        step = Step(state, did, words)
        self.steps.append(step)
        self.tell(step)

    def may(self, did: str) -> bool:
        """Whether a repair is a new one. Applying may follow each of the others once."""
        if did == APPLY:
            return not self.steps or self.steps[-1].did != APPLY
        return all(step.did != did for step in self.steps)


def dev(
    project: Project,
    request: CheckRequest,
    clock: Clock,
    listener: Listener | None = None,
    tell: Callable[[Step], None] = lambda _: None,
) -> list[Developed]:
    """Repairs each database until it is CURRENT; `tell` is given each repair when it is done.

    Raises Refusal where only a person can go on: in ERROR, where nothing helps, and where a repair
    did not; and what the repairs raise. What was done by then stays done.
    """
    done = []
    for one in check(project, request).databases:
        folder = one.comparison.facts.folder
        narrowed = request._replace(folder=folder, database=None, annotate=False)
        run = _Run(project, narrowed, one.database, clock, listener or Listener(), tell)
        while (report := _look(run)).state is not State.CURRENT:
            _REPAIRS[report.state](run, report)
        done.append(Developed(one.database, report.state, tuple(run.steps)))
    return done


def _look(run: _Run) -> DatabaseReport:
    (report,) = check(run.project, run.request).databases
    return report


def _apply(run: _Run, report: DatabaseReport) -> None:
    _insist(run, report, APPLY)
    request = run.request._replace(models=Models.NO, pieces=())  # they do not say what is pending
    (done,) = apply_pending(run.project, request, run.clock, listener=run.listener)
    run.took(report.state, APPLY, f"applied {counted(len(done.scripts), 'script')}")


def _generate(run: _Run, report: DatabaseReport) -> None:
    """Writes a script; one that leaves a choice open makes the state ERROR, which ends the run."""
    _insist(run, report, GENERATE)
    settings = run.project.settings().of(run.database)
    base, pieces = run.request.base, run.request.pieces
    made = generate.draft(run.project, settings, base, Choices(), pieces=pieces)
    if made is None:
        raise _stuck(run, report)
    generate.write(run.project, made, run.clock())
    run.took(report.state, GENERATE, f"wrote {made.path}")


def _follow(run: _Run, report: DatabaseReport) -> None:
    """Moves the rows of the ledger where replay proves that enough, else starts from ref."""
    following = _following(run, report) if run.may(FOLLOW) else None
    if following:
        follow.carry_out(run.project, following, run.clock)
        words = f"moved {counted(len(following.rows), 'row')} of the ledger"
        if following.scripts:
            words += f", applied {counted(len(following.scripts), 'script')}"
        run.took(report.state, FOLLOW, f"{words}; the backup is {following.backup}")
        return
    _insist(run, report, RESTORE)
    plan = restore_database.plan_database(run.project, run.database)
    saved = restore_database.restore_database(run.project, plan, run.clock)
    content = f"what {plan.source} holds" if plan.source else "empty"
    run.took(report.state, RESTORE, f"{run.database} is {content} now; the backup is {saved}")


def _following(run: _Run, report: DatabaseReport) -> follow.Follow | None:
    """How the database can keep its rows; None where it cannot."""
    try:
        return follow.plan_for(report, run.clock())
    except Refusal:  # not a renumbering alone, or not a harmless one
        return None


def _restore_scripts(run: _Run, report: DatabaseReport) -> None:
    _insist(run, report, SCRIPTS)
    (plan,) = restore.plan_scripts(run.project, run.request.base, run.database)
    if not plan.returns:
        raise _stuck(run, report)
    done = restore.restore_scripts(run.project, plan, run.clock())
    kept = [saved for _, saved in done if saved]
    words = f"restored {counted(len(done), 'script')}"
    if kept:
        words += f"; what they held is in {kept[0].rpartition('/')[0]}"
    run.took(report.state, SCRIPTS, words)


def _stop(run: _Run, report: DatabaseReport) -> None:
    raise _stuck(run, report)


_REPAIRS: Mapping[State, Callable[[_Run, DatabaseReport], None]] = {
    State.ERROR: _stop,
    State.CONFLICTED: _restore_scripts,
    State.DIVERGED: _follow,
    State.PENDING: _apply,
    State.DRIFT: _generate,
}


def _insist(run: _Run, report: DatabaseReport, did: str) -> None:
    if not run.may(did):
        raise _stuck(run, report)


def _stuck(run: _Run, report: DatabaseReport) -> Refusal:
    """Why it cannot go on, and what a person can do."""
    still = f" still after `{run.steps[-1].did}`" if run.steps else ""
    first = next((f for f in report.findings if f.implies is report.state), None)
    why = f"{first.message} ({first.code})" if first else report.state.value
    hint = first.hint if first and first.hint else report.state.way_out
    return Refusal(f"`{run.database}` is {report.state.name}{still}: {why}", hint, report.state)
