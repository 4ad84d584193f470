"""`tsm deploy`: applies what is pending to production's database, after a backup is kept safe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tsm_git.adapters.files import kept_folder, only_one
from tsm_git.adapters.programs import filled, run_program
from tsm_git.commands import backup
from tsm_git.commands.apply import (
    Clock,
    Listener,
    apply_scripts,
    pending,
    refuse_unless_applicable,
)
from tsm_git.commands.check import CheckRequest, check
from tsm_git.commands.gathering.project import Project
from tsm_git.core.backups import Backup
from tsm_git.core.errors import DatabaseError, Progress, Refusal, TsmError
from tsm_git.core.report import DatabaseReport
from tsm_git.core.script import Script
from tsm_git.core.state import State
from tsm_git.core.text import counted

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a deployment did to one database.

    `backup` is the path of the backup that was made before, None where nothing was pending or the
    database did not exist; `handed_over` says that the configured program has taken it.
    """

    database: str
    state: State
    applied: tuple[str, ...]
    backup: str | None = None
    handed_over: bool = False


def deploy(
    project: Project,
    request: CheckRequest,
    clock: Clock,
    listener: Listener | None = None,
    tell: Tell = lambda _: None,
) -> list[Deployed]:
    """Applies what is pending to each database, after a backup that was verified and handed over.

    All databases are judged before the first one changes. `tell` is given what happens, a line
    each. Raises Refusal in every state but CURRENT and PENDING, and where another deployment is
    running; what `apply` raises, with the `progress`; and TsmError where the configured program
    fails: nothing is applied then.
    """
    judged = _judged(project, request)
    with _alone(project, [one.database for one in judged]):
        # Somebody else may have deployed before the lock was had.
        judged = _judged(project, request)
        plans = [(one, pending(one, None)) for one in judged]
        heard = listener or Listener()
        return [_deploy(project, request, *plan, clock, heard, tell) for plan in plans]


def _judged(project: Project, request: CheckRequest) -> list[DatabaseReport]:
    found = list(check(project, request).databases)
    for one in found:
        try:
            refuse_unless_applicable(one)
        except Refusal as refusal:
            if one.state is not State.DIVERGED:
                raise
            # What a developer would do, making the database anew, is not for production.
            hint = "bring the scripts back as this database has run them; `tsm check` shows each"
            raise Refusal(refusal.message, hint, one.state) from refusal
        if one.state is State.DRIFT:
            first = next(f for f in one.findings if f.implies is State.DRIFT)
            raise Refusal(
                f"`{one.database}` is DRIFT: {first.message} ({first.code})",
                first.hint or State.DRIFT.way_out,
                one.state,
            )
    return found


def _deploy(
    project: Project,
    request: CheckRequest,
    one: DatabaseReport,
    scripts: Sequence[Script],
    clock: Clock,
    listener: Listener,
    tell: Tell,
) -> Deployed:
    if not scripts:
        return Deployed(one.database, one.state, ())
    made = backup.before_change(project, one.database, clock, listener.pages)
    try:
        if made:
            listener.backed_up(made)
            _verify(project, made)
        handed_over = made is not None and _hand_over(project, one.database, made, tell)
    except TsmError as error:
        names = tuple(script.filename for script in scripts)
        error.progress = Progress((), "", names, made.path if made else None)
        raise
    done = apply_scripts(project, one, scripts, clock, listener, made)
    after = check(project, request._replace(folder=one.comparison.facts.folder)).databases
    state = after[0].state
    path = made.path if made else None
    tell(f"applied {counted(len(done.scripts), 'script')} to {one.database}.")
    if state is not State.CURRENT:
        first = next((f.message for f in after[0].findings if f.implies is state), state.value)
        raise Refusal(
            f"`{one.database}` is {state.name} after all was applied: {first}",
            "run `tsm check` to see what is wrong" + (f"; the backup is `{path}`" if path else ""),
            state,
        )
    return Deployed(one.database, state, done.scripts, path, handed_over)


def _verify(project: Project, made: Backup) -> None:
    """Reads the backup once more, as whoever needs it will."""
    problem = backup.verify(project, made)
    if problem:
        raise DatabaseError(problem, "nothing was applied; see that the disk is sound")


def _hand_over(project: Project, database: str, made: Backup, tell: Tell) -> bool:
    """Runs the program that the configuration names for backups; whether there is one."""
    settings = project.settings().of(database)
    command = settings.after_backup
    if command is None:
        return False
    argv = filled(command.argv, {"path": str(project.top / made.path)})
    tell(f"running {argv[0]} on the backup.")
    problem = run_program(argv, project.top / settings.home)
    if problem:
        raise TsmError(
            f"the program of `after_backup` has not taken the backup: {problem}",
            "nothing was applied; correct `after_backup` or what it needs, "
            "then run `tsm deploy` again",
        )
    return True


@contextmanager
def _alone(project: Project, databases: Sequence[str]) -> Iterator[None]:
    """Keeps other deployments of these databases out; the system lets go of it if this one dies."""
    if not databases:
        yield
        return
    folder = project.top / f"{databases[0]}.bak"
    busy = Refusal(
        f"another deployment of `{databases[0]}` is running",
        "wait for it, then run `tsm deploy` again",
    )
    with (
        kept_folder(folder),
        only_one(folder / "deploy.lock", busy),
        _alone(project, databases[1:]),
    ):
        yield
