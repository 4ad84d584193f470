"""`tsm restore`."""

from __future__ import annotations

import sys

import click

from tsm_git.cli.backups import told_pages
from tsm_git.cli.choosing import choose
from tsm_git.cli.shared import base_option, database_option, now, project_here
from tsm_git.commands import restore as scripts_command
from tsm_git.commands import restore_database as database_command
from tsm_git.commands.project import Project
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
    "  tsm restore --backup latest"
)
@click.option("--scripts", is_flag=True, help="Bring edited, renamed and deleted scripts back.")
@click.option("--applied", is_flag=True, help="--scripts: as the working database ran them.")
@click.option("--db", is_flag=True, help="Make the working database anew, from ref if there is one")
@click.option("--backup", metavar="NAME", help="Make the working database what a backup holds.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@base_option
@database_option
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
) -> None:
    """Bring scripts back, or make the working database anew.

    Nothing is lost: a file that gives way is moved to `DATABASE.bak/`, and a database is backed up
    there and the backup verified before it changes. Other programs may have the database open.
    """
    if scripts + db + (backup is not None) > 1:
        raise click.UsageError("give one of --scripts, --db and --backup", context)
    if applied and not scripts:
        raise click.UsageError("--applied is for --scripts", context)
    with project_here(context) as project:
        if scripts:
            _scripts(project, base, database, yes, applied)
        elif db or backup is not None:
            _database(project, database_command.plan_database(project, database, backup), yes)
        else:
            _ask_for_each(project, base, database)


def _scripts(
    project: Project, base: str | None, database: str | None, yes: bool, applied: bool
) -> None:
    found = scripts_command.plan_scripts(project, base, database, applied=applied)
    plans = [plan for plan in found if plan.returns]
    if not plans:
        click.echo(
            "every applied script is as it was applied"
            if applied
            else "every published script is as it was published"
        )
        return
    for plan in plans:
        for back in plan.returns:
            other = back.instead_of if back.instead_of != back.filename else None
            instead = f" in place of {other}" if other else ""
            click.echo(printable(f"{plan.folder}/{back.filename}{instead}"))
    _confirm("Bring these back?", yes)
    for plan in plans:
        _bring_back(project, plan)


def _bring_back(project: Project, plan: ScriptsPlan) -> None:
    for filename, saved in scripts_command.restore_scripts(project, plan, now()):
        kept = f"; what was there is now {saved}" if saved else ""
        click.echo(printable(f"restored {plan.folder}/{filename}{kept}"))


def _database(project: Project, plan: DatabasePlan, yes: bool) -> None:
    content = f"the content of {plan.source}" if plan.source else "an empty database"
    click.echo(printable(f"{plan.database} becomes {content}"))
    _confirm("Go on?", yes)
    saved = database_command.restore_database(project, plan, now, told_pages())
    if saved:
        click.echo(printable(f"what it held is now {saved}"))
    click.echo(printable(f"restored {plan.database}; next: `tsm apply`"))


def _ask_for_each(project: Project, base: str | None, database: str | None) -> None:
    """Shows what has diverged, and does what is chosen for each script."""
    if not sys.stdin.isatty():
        raise UsageError(
            "there is no terminal to ask on",
            "give `--scripts`, `--db` or `--backup NAME`, with `--yes`",
        )
    for scripts, rebuilt in choose(project, base, database):
        if scripts.returns:
            _bring_back(project, scripts)
        if rebuilt:
            plan = database_command.plan_database(project, scripts.database)
            _database(project, plan, yes=True)


def _confirm(question: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on", "add `--yes` to go ahead")
    click.confirm(question, abort=True)
