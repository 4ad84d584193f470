"""`tsm restore`."""

from __future__ import annotations

import sys

import click

from tsm_git.cli.shared import base_option, database_option, now, project_here
from tsm_git.commands import restore as command
from tsm_git.commands.project import Project
from tsm_git.core.errors import UsageError
from tsm_git.core.text import printable


@click.command(
    epilog="\b\nExamples:\n  tsm restore --scripts     published scripts as they were published\n"
    "  tsm restore --db          the working database from ref, or empty; then `tsm apply`"
)
@click.option("--scripts", is_flag=True, help="Bring edited, renamed and deleted scripts back.")
@click.option("--db", is_flag=True, help="Make the working database anew, from ref if there is one")
@click.option("--yes", is_flag=True, help="Do not ask.")
@base_option
@database_option
@click.pass_context
def restore(
    context: click.Context,
    scripts: bool,
    db: bool,
    yes: bool,
    base: str | None,
    database: str | None,
) -> None:
    """Bring published scripts back, or make the working database anew.

    Nothing is lost: a file that gives way is moved to `DATABASE.bak/`, and a database is backed up
    there and the backup verified before it changes.
    """
    if scripts == db:
        raise click.UsageError("give --scripts or --db")
    with project_here(context) as project:
        if scripts:
            _scripts(project, base, database, yes)
        else:
            _database(project, database, yes)


def _scripts(project: Project, base: str | None, database: str | None, yes: bool) -> None:
    plans = [plan for plan in command.plan_scripts(project, base, database) if plan.returns]
    if not plans:
        click.echo("every published script is as it was published")
        return
    for plan in plans:
        for back in plan.returns:
            other = back.instead_of if back.instead_of != back.filename else None
            instead = f" in place of {other}" if other else ""
            click.echo(printable(f"{plan.folder}/{back.filename}{instead}"))
    _ask("Bring these back?", yes)
    for plan in plans:
        for filename, saved in command.restore_scripts(project, plan, now()):
            kept = f"; what was there is now {saved}" if saved else ""
            click.echo(printable(f"restored {plan.folder}/{filename}{kept}"))


def _database(project: Project, database: str | None, yes: bool) -> None:
    plan = command.plan_database(project, database, now())
    content = f"the content of {plan.ref}" if plan.ref else "an empty database"
    click.echo(printable(f"{plan.database} becomes {content}"))
    if plan.backup:
        click.echo(printable(f"its content will be backed up as {plan.backup}"))
    _ask("Go on?", yes)
    command.restore_database(project, plan)
    click.echo(printable(f"restored {plan.database}; next: `tsm apply`"))


def _ask(question: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on", "add `--yes` to go ahead")
    click.confirm(question, abort=True)
