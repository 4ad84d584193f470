"""`tsm squash`."""

from __future__ import annotations

import click

from tsm_git.cli.shared import base_option, database_option, json_option, now, project_here
from tsm_git.commands import squash as command
from tsm_git.commands.gathering.databases import databases
from tsm_git.commands.mending import mend
from tsm_git.commands.replacing import SQUASH
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
        paths = [one.path for one in databases(project, database)]
        finished = [] if dry_run else mend(project, paths)
        squashed = [one for one in finished if one.command == SQUASH]
        if squashed:
            done, text = squashed[0], ""
        else:
            done, text = command.plan(project, base, database, name)
        if not dry_run:
            done = done if squashed else command.carry_out(project, done, text, now())
            keep_tips(project, base, database)
    if as_json:
        from tsm_git.render.jsondoc import dumped

        document = {
            "version": 1,
            "database": done.database,
            "dry_run": dry_run,
            "drafts": [f"{done.folder}/{draft}" for draft in done.drafts],
            "script": f"{done.folder}/{done.filename}",
            "moved_to": None if dry_run else done.kept,
            "applied": list(done.applied),
        }
        click.echo(dumped(document), nl=False)
        return
    if dry_run:
        click.echo(f"-- {printable(done.filename)}", err=True)
        click.echo(text, nl=False)
        return
    click.echo(printable(f"{done.folder}/{done.filename} holds {len(done.drafts)} drafts now"))
    click.echo(printable(f"they are in {done.kept}"), err=True)
    if done.applied:
        click.echo(
            printable(f"the working database has run {listed(done.applied)}: `tsm restore --db`"),
            err=True,
        )
