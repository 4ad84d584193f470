"""`tsm baseline`."""

from __future__ import annotations

import click

from tsm_git.cli.shared import base_option, database_option, json_option, now, project_here
from tsm_git.commands import baseline as command
from tsm_git.core.text import counted, listed, printable


@click.command(
    epilog="\b\nExamples:\n  tsm baseline --dry-run                       what the schema proves\n"
    "  tsm baseline                                 record it\n"
    "  tsm baseline --up-to 002.countries.sql       002 adds rows only, and has run"
)
@click.option(
    "--up-to", metavar="SCRIPT", help="The last script that has run, where the schema cannot tell."
)
@click.option("--dry-run", is_flag=True, help="Say which scripts, record nothing.")
@base_option
@database_option
@json_option
@click.pass_context
def baseline(
    context: click.Context,
    up_to: str | None,
    dry_run: bool,
    base: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Take over a database that is older than its scripts.

    Records as applied the scripts that make the schema which the database has, proven by a replay
    in memory. Runs none of them on the database, which is backed up first. A production database
    is taken over in the same way, once.
    """
    with project_here(context) as project:
        plan = command.plan(project, base, database, up_to)
        made = None if dry_run else command.carry_out(project, plan, now)
    names = [script.filename for script in plan.scripts]
    if as_json:
        from tsm_git.render.jsondoc import dumped

        document = {
            "version": 1,
            "database": plan.database,
            "dry_run": dry_run,
            "recorded": names,
            "backup": made.path if made else None,
        }
        click.echo(dumped(document), nl=False)
        return
    if made:
        click.echo(f"backed up as {printable(made.path)}", err=True)
    word = "would record" if dry_run else "recorded"
    words = counted(len(names), "script")
    click.echo(printable(f"{plan.database}: {word} {words} as applied: {listed(names)}"))
