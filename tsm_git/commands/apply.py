"""`tsm apply`: runs pending scripts on the working database, in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tsm_git.commands.check import CheckRequest, check
from tsm_git.commands.project import Project
from tsm_git.core.errors import Refusal, UsageError
from tsm_git.core.ledger import Ledger
from tsm_git.core.report import DatabaseReport
from tsm_git.core.script import Script, digest_of, padded
from tsm_git.core.state import State
from tsm_git.core.text import shell_quoted


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply did to one database: the file names of the scripts that it ran."""

    database: str
    scripts: tuple[str, ...]


def apply(
    project: Project,
    request: CheckRequest,
    clock: Callable[[], str],
    script: str | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Applied]:
    """Applies what is pending, or only the next script if it is named; nothing where all is done.

    `tell` is called with each file name before it runs. Raises Refusal where the state forbids it,
    and ScriptError where a statement fails; scripts before that one stay applied.
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
        ran = [s.filename for s in scripts if _apply_one(project.top, database, s, clock, tell)]
        done.append(Applied(database.database, tuple(ran)))
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


def _apply_one(
    top: Path,
    database: DatabaseReport,
    script: Script,
    clock: Callable[[], str],
    tell: Callable[[str], None],
) -> bool:
    from tsm_git.adapters.sqlite import apply_script  # a refusal needs no apsw

    folder = database.comparison.facts.folder
    # From the file on disk; from git where a sparse checkout has left it out.
    text = database.comparison.facts.texts.get(script.digest)
    if text is None or digest_of(text) != script.digest:
        raise Refusal(
            f"`{folder}/{script.filename}` changed while it was about to be applied",
            "run `tsm apply` again",
        )

    def allow(ledger: Ledger) -> bool:
        """Whether the script is still to be run, now that nobody else can write."""
        entry = next((e for e in ledger.entries if e.number == script.number), None)
        if entry is not None and entry.matches(script):
            return False
        if entry is not None or ledger.last != script.number - 1:
            raise Refusal(
                f"`{database.database}` was changed by somebody else meanwhile",
                "run `tsm status` to see what it holds now",
            )
        return True

    tell(script.filename)
    working = database.comparison.facts.working
    shown = working.path if working else database.database
    return apply_script(
        top / shown, shown, (script.number, f"{folder}/{script.filename}", text), clock, allow
    )
