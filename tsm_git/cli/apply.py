"""`tsm apply`."""

from __future__ import annotations

import click

from tsm_git.cli.shared import base_option, database_option, json_option, now, project_here
from tsm_git.commands.apply import apply as run_apply
from tsm_git.commands.check import CheckRequest
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
    Refuses where scripts are wrong or contradict what is published or applied.
    """
    with project_here(context) as project:
        done = run_apply(
            project,
            CheckRequest(base=base, database=database),
            now,
            script,
            tell=lambda filename: click.echo(f"applying {printable(filename)}.", err=True),
        )
    if as_json:
        from tsm_git.render.jsondoc import dumped

        documents = [{"database": d.database, "applied": list(d.scripts)} for d in done]
        click.echo(dumped({"version": 1, "databases": documents}), nl=False)
        return
    if not done:
        click.echo("no folder `X.migrations` with scripts: nothing to apply")
    for one in done:
        words = counted(len(one.scripts), "script") if one.scripts else "nothing"
        click.echo(f"{printable(one.database)}: applied {words}")
