"""`tsm deploy`."""

from __future__ import annotations

import click

from tsm_git.cli.apply import listener, tell_progress
from tsm_git.cli.shared import base_option, database_option, json_option, now, project_here
from tsm_git.commands.check import CheckRequest
from tsm_git.commands.deploy import deploy as run_deploy
from tsm_git.commands.gathering.request import Models
from tsm_git.core.errors import TsmError
from tsm_git.core.text import counted, printable


@click.command(
    epilog="\b\nExamples:\n  tsm deploy                   all databases of the project\n"
    "  tsm -C /srv/shop deploy      of the project in that folder"
)
@base_option
@database_option
@json_option
@click.pass_context
def deploy(context: click.Context, base: str | None, database: str | None, as_json: bool) -> None:
    """Apply what is pending to production's database, safely.

    One deployment runs at a time. It checks, and refuses every state but CURRENT and PENDING; backs
    up, reads the backup to see that it is whole, and gives it to the program that `after_backup`
    names; applies in order, and checks again. If something fails it says what was applied, what was
    not, and where the backup is.
    """
    with project_here(context) as project:
        request = CheckRequest(base=base, database=database, models=Models.IF_CONFIGURED)
        try:
            done = run_deploy(project, request, now, listener(), _tell)
        except TsmError as error:
            if error.progress:
                tell_progress(error.progress)
                if error.progress.backup:
                    backup = printable(error.progress.backup)
                    click.echo(f"the backup from before is {backup}", err=True)
            raise
    if as_json:
        from tsm_git.render.jsondoc import dumped

        documents = [
            {
                "database": one.database,
                "state": one.state.name,
                "applied": list(one.applied),
                "backup": one.backup,
                "handed_over": one.handed_over,
            }
            for one in done
        ]
        click.echo(dumped({"version": 1, "databases": documents}), nl=False)
        return
    if not done:
        click.echo("no folder `X.migrations` with scripts: nothing to deploy")
    for one in done:
        words = f"applied {counted(len(one.applied), 'script')}" if one.applied else "nothing to do"
        click.echo(f"{printable(one.database)}: {one.state.name}, {words}")


def _tell(words: str) -> None:
    click.echo(printable(words), err=True)
