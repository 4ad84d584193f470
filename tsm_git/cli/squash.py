"""`tsm squash`."""

from __future__ import annotations

import click

from tsm_git.cli.shared import base_option, database_option, json_option, now, project_here
from tsm_git.commands import squash as command
from tsm_git.commands.tips import keep_tips
from tsm_git.core.text import listed, printable


@click.command(epilog="\b\nExamples:\n  tsm squash --dry-run\n  tsm squash --name add_customers")
@click.option("--name", metavar="NAME", help="The name part; by default that of the first draft.")
@click.option("--dry-run", is_flag=True, help="Print the one script, change nothing.")
@base_option
@database_option
@json_option
@click.pass_context
def squash(
    context: click.Context,
    name: str | None,
    dry_run: bool,
    base: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Merge this branch's drafts into one script.

    Published scripts are not touched. Both ways are replayed in memory first, and have to end in
    the same database. The drafts are moved to `DATABASE.bak/`, not deleted.
    """
    with project_here(context) as project:
        plan = command.plan(project, base, database, name)
        aside = None if dry_run else command.carry_out(project, plan, now())
        if not dry_run:
            keep_tips(project, base, database)
    if as_json:
        from tsm_git.render.jsondoc import dumped

        document = {
            "version": 1,
            "database": plan.database,
            "dry_run": dry_run,
            "drafts": [f"{plan.folder}/{draft}" for draft in plan.drafts],
            "script": f"{plan.folder}/{plan.filename}",
            "moved_to": aside,
            "applied": list(plan.applied),
        }
        click.echo(dumped(document), nl=False)
        return
    if dry_run:
        click.echo(f"-- {printable(plan.filename)}", err=True)
        click.echo(plan.text, nl=False)
        return
    click.echo(printable(f"{plan.folder}/{plan.filename} holds {len(plan.drafts)} drafts now"))
    click.echo(printable(f"they are in {aside}"), err=True)
    if plan.applied:
        click.echo(
            printable(f"the working database has run {listed(plan.applied)}: `tsm restore --db`"),
            err=True,
        )
