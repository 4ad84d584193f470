"""`tsm dev`."""

from __future__ import annotations

import click

from tsm_git.cli.apply import listener, tell_progress
from tsm_git.cli.shared import base_option, database_option, json_option, now, project_here
from tsm_git.commands.check import CheckRequest
from tsm_git.commands.dev import Step
from tsm_git.commands.dev import dev as run_dev
from tsm_git.commands.gathering.request import Models
from tsm_git.core.errors import TsmError
from tsm_git.core.text import printable


@click.command(
    epilog="\b\nExamples:\n  tsm dev             all databases of the project\n"
    "  tsm dev -d shop     only this one"
)
@base_option
@database_option
@json_option
@click.pass_context
def dev(context: click.Context, base: str | None, database: str | None, as_json: bool) -> None:
    """Bring the working database to where scripts and models are.

    Repairs one thing after another until the state is CURRENT: published scripts that were changed
    come back, a database that contradicts the scripts keeps its rows where replay proves that it
    can, and is made anew from ref where not, a change of the models becomes a script, and what is
    pending is applied.
    What gives way is copied first. Stops where only a person can decide, and never does one repair
    twice.
    """
    with project_here(context) as project:
        try:
            request = CheckRequest(base=base, database=database, models=Models.IF_CONFIGURED)
            done = run_dev(project, request, now, listener(), _tell)
        except TsmError as error:
            if error.progress:
                tell_progress(error.progress)
            raise
    if as_json:
        from tsm_git.render.jsondoc import dumped

        documents = [
            {
                "database": one.database,
                "state": one.state.name,
                "steps": [
                    {"state": step.state.name, "did": step.did, "words": step.words}
                    for step in one.steps
                ],
            }
            for one in done
        ]
        click.echo(dumped({"version": 1, "databases": documents}), nl=False)
        return
    if not done:
        click.echo("no folder `X.migrations` with scripts: nothing to do")
    for one in done:
        click.echo(f"{printable(one.database)}: {one.state.name}")


def _tell(step: Step) -> None:
    click.echo(printable(f"{step.state.name}: {step.words}."), err=True)
