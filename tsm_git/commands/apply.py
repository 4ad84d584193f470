"""`tsm apply`: runs pending scripts on the working database, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tsm_git.adapters.files import kept_folder, only_one
from tsm_git.commands import backup
from tsm_git.commands.check import CheckRequest, check
from tsm_git.commands.gathering.project import Project
from tsm_git.core.backups import Backup
from tsm_git.core.errors import Progress, Refusal, TsmError, UsageError
from tsm_git.core.ledger import Ledger
from tsm_git.core.report import DatabaseReport
from tsm_git.core.script import NO_TRANSACTION, Script, digest_of, padded
from tsm_git.core.state import State
from tsm_git.core.text import shell_quoted

Clock = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply did to one database: the file names of the scripts that it ran.

    `backup` is the path of the backup that was made before, if the database held anything.
    """

    database: str
    scripts: tuple[str, ...]
    backup: str | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told what happens while it happens.

    `applying` each file name before the script runs, `backed_up` the backup when it is made,
    `pages` how many pages of it are done, of how many.
    """

    applying: Callable[[str], None] = lambda _: None
    backed_up: Callable[[Backup], None] = lambda _: None
    pages: backup.Pages = lambda _done, _pages: None


def apply(
    project: Project,
    request: CheckRequest,
    clock: Clock,
    script: str | None = None,
    listener: Listener = Listener(),
) -> list[Applied]:
    """Applies what is pending, or only the next script if it is named; nothing where all is done.

    A database that holds anything is backed up first. Raises Refusal where the state forbids it,
    and ScriptError where a statement fails; scripts before that one stay applied, and the error's
    `progress` says which.
    """
    report = check(project, request)
    if script is not None and len(report.databases) > 1:
        names = ", ".join(f"`{database.database}`" for database in report.databases)
        raise UsageError(
            f"there are {len(report.databases)} databases: {names}",
            "name the one that the script is for with `--database NAME`",
        )
    for database in report.databases:
        refuse_unless_applicable(database)
    plans = [(database, pending(database, script)) for database in report.databases]
    done = []
    for database, scripts in plans:
        made = None
        if scripts:
            made = backup.before_change(project, database.database, clock, listener.pages)
        if made:
            listener.backed_up(made)
        done.append(apply_scripts(project, database, scripts, clock, listener, made))
    return done


def refuse_unless_applicable(database: DatabaseReport) -> None:
    """Raises Refusal in every state but CURRENT, PENDING and DRIFT."""
    if database.state in (State.ERROR, State.CONFLICTED, State.DIVERGED):
        first = next(f for f in database.findings if f.implies is database.state)
        raise Refusal(
            f"`{database.database}` is {database.state.name}: {first.message} ({first.code})",
            first.hint or "run `tsm check` to see what is wrong",
            database.state,
        )


def pending(database: DatabaseReport, wanted: str | None) -> list[Script]:
    """The scripts to run. Raises Refusal where one is not the next, or would jump over a number."""
    scripts = list(database.comparison.pending)
    if wanted is not None:
        name = wanted.rpartition("/")[2]
        if name not in database.pending:
            raise Refusal(
                f"`{wanted}` is not pending",
                "run `tsm status` to see what is",
                database.state,
            )
        if scripts[0].filename != name:
            raise Refusal(
                f"`{scripts[0].filename}` comes before `{name}`",
                f"run `tsm apply {shell_quoted(scripts[0].filename)}` first, "
                "or `tsm apply` for all",
                database.state,
            )
        scripts = scripts[:1]
    working = database.comparison.facts.working
    expected = (working.last if working else 0) + 1
    for script in scripts:
        if script.number != expected:
            base = database.comparison.facts.base
            number = padded(expected, len(script.digits))
            merge = f"run `git merge {shell_quoted(base.name)}` first" if base else ""
            raise Refusal(
                f"number {number} is missing here, so `{script.filename}` cannot be applied yet",
                merge or "add the script that is missing",
                database.state,
            )
        expected += 1
    return scripts


def apply_scripts(
    project: Project,
    database: DatabaseReport,
    scripts: Sequence[Script],
    clock: Clock,
    listener: Listener = Listener(),
    made: Backup | None = None,
) -> Applied:
    """Runs scripts that `pending` has found, over one connection; the backup is `made` already.

    What another process has done meanwhile is not done again. Raises Refusal where the ledger is
    not what was judged any more, and what `apply` raises, with the `progress` of this database.
    """
    if not scripts:
        return Applied(database.database, ())
    from tsm_git.adapters.sqlite import Applier, Runnable  # a refusal needs no apsw

    facts = database.comparison.facts
    shown = database.database
    judged = facts.working.entries if facts.working else ()
    known = len(judged)
    expected: list[tuple[object, ...]] = [entry[:3] for entry in judged]
    expected += [(script.number, script.filename, script.digest) for script in scripts]
    at = 0
    one = Applier(project.top / shown, shown, clock)
    try:
        with _alone_if_needed(project, database, scripts), one:
            for at, script in enumerate(scripts):
                listener.applying(script.filename)
                path, text = f"{facts.folder}/{script.filename}", _text_of(database, script)
                allow = _allow(database, expected, known + at)
                one.apply(Runnable(script.number, path, text), allow)
    except TsmError as error:
        later = tuple(script.filename for script in scripts[at + 1 :])
        saved = made.path if made else None
        error.progress = Progress(tuple(one.ran), scripts[at].filename, later, saved)
        raise
    return Applied(database.database, tuple(one.ran), made.path if made else None)


def _allow(
    database: DatabaseReport, expected: Sequence[tuple[object, ...]], wanted: int
) -> Callable[[Ledger], bool]:
    """What is asked under the lock whether a script is still to be run.

    `expected` are the rows of the ledger when all is done, `wanted` how many come before its own.
    """

    def allow(ledger: Ledger) -> bool:
        held = [entry[:3] for entry in ledger.entries]
        common = min(len(held), len(expected))
        if len(held) < wanted or held[:common] != expected[:common]:
            raise Refusal(
                f"`{database.database}` was changed by somebody else meanwhile",
                "run `tsm status` to see what it holds now",
            )
        return len(held) == wanted

    return allow


def _text_of(database: DatabaseReport, script: Script) -> str:
    """From the file on disk; from git where a sparse checkout has left it out."""
    facts = database.comparison.facts
    text = facts.texts.get(script.digest)
    if text is None or digest_of(text) != script.digest:
        raise Refusal(
            f"`{facts.folder}/{script.filename}` changed while it was about to be applied",
            "run `tsm apply` again",
        )
    return text


@contextmanager
def _alone_if_needed(
    project: Project, database: DatabaseReport, scripts: Sequence[Script]
) -> Iterator[None]:
    """Keeps other runs out where a script asks for no transaction, which would keep them out."""
    files = database.comparison.facts.candidate.files
    if not any(NO_TRANSACTION in files[script.filename].directives for script in scripts):
        yield
        return
    folder = project.top / f"{database.database}.bak"
    with kept_folder(folder), only_one(folder / "lock"):
        yield
