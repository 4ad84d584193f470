"""`tsm apply`."""

from __future__ import annotations

import click

from tsm_git.cli.backups import told_pages
from tsm_git.cli.shared import base_option, database_option, json_option, now, project_here
from tsm_git.commands.apply import Listener
from tsm_git.commands.apply import apply as run_apply
from tsm_git.commands.check import CheckRequest
from tsm_git.core.errors import Progress, TsmError
from tsm_git.core.text import counted, printable


@click.command(
    epilog="\b\nExamples:\n  tsm apply                        all that is pending\n"
    "  tsm apply 003.add_email.sql      only this one, if it is the next"
)
@click.argument("script", required=False)
@base_option
@database_option
@json_option
@click.pass_context
def apply(
    context: click.Context,
    script: str | None,
    base: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Run pending scripts on the working database, in order.

    Each script and its ledger row are one transaction: a script that fails leaves nothing behind.
    One that begins with `-- tsm: no-transaction` runs without: what has run by then stays. A
    database that holds anything is backed up before the first script.
    Refuses where scripts are wrong or contradict what is published or applied.
    """
    with project_here(context) as project:
        try:
            request = CheckRequest(base=base, database=database)
            done = run_apply(project, request, now, script, listener())
        except TsmError as error:
            if error.progress:
                tell_progress(error.progress)
            raise
    if as_json:
        from tsm_git.render.jsondoc import dumped

        documents = [
            {"database": d.database, "applied": list(d.scripts), "backup": d.backup} for d in done
        ]
        click.echo(dumped({"version": 1, "databases": documents}), nl=False)
        return
    if not done:
        click.echo("no folder `X.migrations` with scripts: nothing to apply")
    for one in done:
        words = counted(len(one.scripts), "script") if one.scripts else "nothing"
        click.echo(f"{printable(one.database)}: applied {words}")


def listener() -> Listener:
    """Says on standard error what happens."""
    return Listener(
        applying=lambda filename: click.echo(f"applying {printable(filename)}.", err=True),
        backed_up=lambda made: click.echo(f"backed up as {printable(made.path)}", err=True),
        pages=told_pages(),
    )


def tell_progress(progress: Progress) -> None:
    """Says on standard error how far a run came that failed."""
    if progress.applied:
        words = counted(len(progress.applied), "script")
        click.echo(f"applied before it: {words}, to {printable(progress.applied[-1])}", err=True)
    if progress.not_started:
        words = counted(len(progress.not_started), "script")
        click.echo(f"not started: {words}, from {printable(progress.not_started[0])}", err=True)
