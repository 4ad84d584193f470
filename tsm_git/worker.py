"""Runs one task of the Python API in a process of its own.

The caller's process may hold the same database open through another SQLite library, and two
libraries on one file in one process lose each other's locks
(https://sqlite.org/howtocorrupt.html, section 2.2.1). So whatever touches the file runs here.
Parent and child are the same program and trust each other; they speak pickle over pipes.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from tsm_git.commands import backup, ref
from tsm_git.commands import restore as scripts
from tsm_git.commands import restore_database as restoring
from tsm_git.commands.apply import apply
from tsm_git.commands.check import CheckRequest, check
from tsm_git.commands.deploy import deploy
from tsm_git.commands.dev import dev
from tsm_git.commands.gathering.project import open_project
from tsm_git.commands.gathering.request import Models
from tsm_git.core.change.choices import Choices
from tsm_git.core.change.diff import Kind
from tsm_git.core.errors import Refusal, TsmError
from tsm_git.core.models import Drift, Piece
from tsm_git.core.settings import SUFFIX
from tsm_git.core.sql import fold
from tsm_git.core.state import State
from tsm_git.core.text import printable
from tsm_git.migrate import CheckResult, TableSchema


def check_one(path: Path, pieces: tuple[Piece, ...] = ()) -> CheckResult:
    """The verdict on one database; `pieces` are the DDL of the caller's models."""
    with open_project(path.parent, os.environ) as project:
        folder = _folder(project.top, path)
        request = CheckRequest(folder=folder, models=Models.IF_CONFIGURED, pieces=pieces)
        (report,) = check(project, request).databases
    skipped = {code: skip.why for skip in report.skipped for code in skip.codes}
    drift = report.comparison.facts.drift
    return CheckResult(
        report.state,
        report.findings,
        report.pending,
        report.applied,
        skipped,
        _tables(drift) if drift else {},
    )


def _tables(drift: Drift) -> dict[str, TableSchema]:
    wanted, actual = drift.models.schema.tables, drift.actual.tables
    changes = {fold(change.name): change for change in drift.changes() if change.kind is Kind.TABLE}
    found = {}
    for name in [*wanted, *(name for name in actual if name not in wanted)]:
        new, old, change = wanted.get(name), actual.get(name), changes.get(name)
        shown = new.name if new else actual[name].name
        words = change.words if change else ()
        found[shown] = TableSchema(shown, new.sql if new else None, old.sql if old else None, words)
    return found


def apply_next(path: Path, filename: str) -> None:
    """Applies the next pending script. Raises Refusal in every state but PENDING."""
    with open_project(path.parent, os.environ) as project:
        request = CheckRequest(folder=_folder(project.top, path), annotate=False)
        state = check(project, request).databases[0].state
        if state in (State.CURRENT, State.DRIFT):
            raise Refusal(
                f"`{path.name}` is {state.name}: nothing is pending",
                f"write a script into `{path.name}{SUFFIX}` first",
                state,
            )
        apply(project, request, _now, filename)


def develop(path: Path, pieces: tuple[Piece, ...] = ()) -> None:
    """Repairs one database until it is CURRENT; says on standard error what it does."""
    with open_project(path.parent, os.environ) as project:
        folder = _folder(project.top, path)
        request = CheckRequest(folder=folder, models=Models.IF_CONFIGURED, pieces=pieces)
        dev(project, request, _now, tell=lambda step: _say(f"{step.state.name}: {step.words}."))


def deploy_one(path: Path, pieces: tuple[Piece, ...] = ()) -> list[str]:
    """Applies what is pending to production's database; returns the file names."""
    with open_project(path.parent, os.environ) as project:
        folder = _folder(project.top, path)
        request = CheckRequest(folder=folder, models=Models.IF_CONFIGURED, pieces=pieces)
        (done,) = deploy(project, request, _now, tell=_say)
        return list(done.applied)


def generate_one(path: Path, pieces: tuple[Piece, ...] = ()) -> Path:
    """Writes a draft script, and returns where it is. Raises Refusal in every state but DRIFT."""
    from tsm_git.commands import generate  # a check needs no apsw
    from tsm_git.commands.mending import mend

    with open_project(path.parent, os.environ) as project:
        database = _database(project.top, path)
        mend(project, [database])
        request = CheckRequest(folder=database + SUFFIX, annotate=False)
        state = check(project, request).databases[0].state
        waits = state is State.PENDING
        settings = project.settings().of(database)
        made = None if waits else generate.draft(project, settings, None, Choices(), pieces=pieces)
        if made is None:
            what = "scripts wait to be applied" if waits else "there is nothing to generate"
            way = "`Migrate.apply()` what is pending" if waits else "change the models first"
            raise Refusal(f"`{path.name}` is {state.name}: {what}", way, state)
        generate.write(project, made, _now())
        return project.top / made.path


def back_up(path: Path) -> Path:
    """Makes a backup, and returns where it is."""
    with open_project(path.parent, os.environ) as project:
        return project.top / backup.make(project, _database(project.top, path), _now).path


def list_backups(path: Path) -> list[Path]:
    """The backups of one database, oldest first."""
    with open_project(path.parent, os.environ) as project:
        found = backup.list_backups(project, _database(project.top, path))
        return [project.top / each.path for each in found]


def restore_database(path: Path) -> Path | None:
    """Makes the database what ref holds, or empty; returns where what it held is saved."""
    with open_project(path.parent, os.environ) as project:
        database = _database(project.top, path)
        source = f"{database}.ref" if (project.top / f"{database}.ref").exists() else None
        plan = restoring.DatabasePlan(database, source)
        saved = restoring.restore_database(project, plan, _now)
        return project.top / saved if saved else None


def restore_scripts(path: Path) -> list[Path]:
    """Brings published scripts back. Raises Refusal in every state but CONFLICTED."""
    with open_project(path.parent, os.environ) as project:
        request = CheckRequest(folder=_folder(project.top, path), annotate=False)
        report = check(project, request).databases[0]
        if report.state is not State.CONFLICTED:
            raise Refusal(
                f"`{path.name}` is {report.state.name}: no published script is to be restored",
                report.state.way_out,
                report.state,
            )
        returns = tuple(scripts.published_returns(report))
        plan = scripts.ScriptsPlan(report.database, report.comparison.facts.folder, returns)
        done = scripts.restore_scripts(project, plan, _now())
        return [project.top / plan.folder / filename for filename, _ in done]


def save_ref(path: Path) -> Path:
    """Makes the ref database a copy of the database; returns where it is."""
    with open_project(path.parent, os.environ) as project:
        database = _database(project.top, path)
        ref.save(project, project.settings().of(database))
        return project.top / f"{database}.ref"


TASKS: Mapping[str, Callable[..., object]] = {
    "apply": apply_next,
    "back up": back_up,
    "check": check_one,
    "deploy": deploy_one,
    "develop": develop,
    "generate a script for": generate_one,
    "list the backups of": list_backups,
    "restore": restore_database,
    "save the ref of": save_ref,
    "restore the scripts of": restore_scripts,
}


def main() -> None:
    """Reads a task from standard input, writes its outcome to standard output."""
    name, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by our own parent
    try:
        outcome: object = (True, TASKS[name](*arguments))
    except TsmError as error:
        outcome = (False, error)
    pickle.dump(outcome, sys.stdout.buffer)


def _folder(top: Path, path: Path) -> str:
    return _database(top, path) + SUFFIX


def _database(top: Path, path: Path) -> str:
    # The database itself may be a link to somewhere else; its scripts lie beside the link.
    return (path.parent.resolve() / path.name).relative_to(top.resolve()).as_posix()


def _say(words: str) -> None:
    sys.stderr.write(f"tsm: {printable(words)}\n")


def _now() -> str:
    return datetime.now(UTC).isoformat()


if __name__ == "__main__":
    main()
