"""`tsm restore`."""

from __future__ import annotations

import sys

import click

from tsm_git.cli.backups import told_pages
from tsm_git.cli.choosing import choose
from tsm_git.cli.shared import base_option, database_option, json_option, now, project_here
from tsm_git.commands import restore as scripts_command
from tsm_git.commands import restore_database as database_command
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.restore import ScriptsPlan
from tsm_git.commands.restore_database import DatabasePlan
from tsm_git.core.errors import UsageError
from tsm_git.core.text import printable


@click.command(
    epilog="\b\nExamples:\n"
    "  tsm restore               on a terminal: see what differs, and choose\n"
    "  tsm restore --scripts     published scripts as they were published\n"
    "  tsm restore --scripts --applied\n"
    "                            applied scripts as the working database ran them\n"
    "  tsm restore --db          the working database from ref, or empty; then `tsm apply`\n"
    "  tsm restore --backup latest\n"
    "  tsm restore --db --yes --json"
)
@click.option("--scripts", is_flag=True, help="Bring edited, renamed and deleted scripts back.")
@click.option("--applied", is_flag=True, help="--scripts: as the working database ran them.")
@click.option("--db", is_flag=True, help="Make the working database anew, from ref if there is one")
@click.option("--backup", metavar="NAME", help="Make the working database what a backup holds.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@base_option
@database_option
@json_option
@click.pass_context
def restore(
    context: click.Context,
    scripts: bool,
    applied: bool,
    db: bool,
    backup: str | None,
    yes: bool,
    base: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Bring scripts back, or make the working database anew.

    Nothing is lost: a file that gives way is moved to `DATABASE.bak/`, and a database is backed up
    there and the backup verified before it changes. Other programs may have the database open.
    """
    if scripts + db + (backup is not None) > 1:
        raise click.UsageError("give one of --scripts, --db and --backup", context)
    if applied and not scripts:
        raise click.UsageError("--applied is for --scripts", context)
    if as_json and not (scripts or db or backup is not None):
        raise click.UsageError("--json needs one of --scripts, --db and --backup", context)
    with project_here(context) as project:
        if scripts:
            done = _scripts(project, base, database, yes, applied, err=as_json)
        elif db or backup is not None:
            plan = database_command.plan_database(project, database, backup)
            done = [_database(project, plan, yes, err=as_json)]
        else:
            done = _ask_for_each(project, base, database)
    if as_json:
        from tsm_git.render.jsondoc import dumped

        click.echo(dumped({"version": 1, "databases": done}), nl=False)


def _scripts(
    project: Project, base: str | None, database: str | None, yes: bool, applied: bool, *, err: bool
) -> list[dict[str, object]]:
    found = scripts_command.plan_scripts(project, base, database, applied=applied)
    plans = [plan for plan in found if plan.returns or plan.staged]
    if not plans:
        how = "every applied script is as it was applied"
        click.echo(how if applied else "every published script is as it was published", err=err)
        return []
    for plan in plans:
        for name in () if plan.returns else plan.staged:
            click.echo(printable(f"{plan.folder}/{name} as it is staged"), err=err)
        for back in plan.returns:
            other = back.instead_of if back.instead_of != back.filename else None
            instead = f" in place of {other}" if other else ""
            click.echo(printable(f"{plan.folder}/{back.filename}{instead}"), err=err)
    _confirm("Bring these back?", yes)
    return [_bring_back(project, plan, err=err) for plan in plans]


def _bring_back(project: Project, plan: ScriptsPlan, *, err: bool = False) -> dict[str, object]:
    done = []
    for filename, saved in scripts_command.restore_scripts(project, plan, now()):
        kept = f"; what was there is now {saved}" if saved else ""
        click.echo(printable(f"restored {plan.folder}/{filename}{kept}"), err=err)
        done.append({"script": filename, "saved": saved})
    return _document(plan.database, scripts=done)


def _database(
    project: Project, plan: DatabasePlan, yes: bool, *, err: bool = False
) -> dict[str, object]:
    content = f"the content of {plan.source}" if plan.source else "an empty database"
    click.echo(printable(f"{plan.database} becomes {content}"), err=err)
    _confirm("Go on?", yes)
    saved = database_command.restore_database(project, plan, now, told_pages())
    if saved:
        click.echo(printable(f"what it held is now {saved}"), err=err)
    click.echo(printable(f"restored {plan.database}; next: `tsm apply`"), err=err)
    return _document(plan.database, restored=True, source=plan.source, saved=saved)


def _document(database: str, **more: object) -> dict[str, object]:
    """One database in `--json`: FORMATS section 8 tells of the keys."""
    nothing: dict[str, object] = {
        "restored": False,
        "source": None,
        "saved": None,
        "scripts": [],
    }
    return {"database": database, **nothing, **more}


def _ask_for_each(
    project: Project, base: str | None, database: str | None
) -> list[dict[str, object]]:
    """Shows what has diverged, and does what is chosen for each script."""
    if not sys.stdin.isatty():
        raise UsageError(
            "there is no terminal to ask on",
            "give `--scripts`, `--db` or `--backup NAME`, with `--yes`",
        )
    done = []
    for scripts, rebuilt in choose(project, base, database):
        if scripts.returns:
            done.append(_bring_back(project, scripts))
        if rebuilt:
            plan = database_command.plan_database(project, scripts.database)
            done.append(_database(project, plan, yes=True))
    return done


def _confirm(question: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on", "add `--yes` to go ahead")
    click.confirm(question, abort=True)
