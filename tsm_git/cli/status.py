"""`tsm status`."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import click

from tsm_git.cli.shared import (
    ago,
    base_option,
    database_option,
    in_colour,
    json_option,
    models_option,
    project_here,
    wish,
)
from tsm_git.commands.status import status as run_status


@click.command(
    epilog="\b\nExamples:\n  tsm status\n  tsm status --all        a line for each script\n"
    "  tsm status --json | jq '.tables'"
)
@click.option("--all", "every", is_flag=True, help="A line for each script, however many.")
@base_option
@database_option
@models_option
@json_option
@click.pass_context
def status(
    context: click.Context,
    every: bool,
    base: str | None,
    database: str | None,
    models: bool | None,
    as_json: bool,
) -> None:
    """One table: every script, and where it is.

    In a place a script is there as published (yes), there with another text (other), or not (-).
    """
    with project_here(context) as project:
        found = run_status(project, base, database, time.time(), wish(models))
    from tsm_git.render.table import status_document, status_text

    if as_json:
        from tsm_git.render.jsondoc import dumped

        when = found.fetched_at
        fetched_at = None if when is None else datetime.fromtimestamp(when, UTC).isoformat()
        click.echo(dumped(status_document(found.report, found.tables, fetched_at)), nl=False)
        return
    fetched = None if found.fetched_at is None else ago(time.time() - found.fetched_at)
    text = status_text(found.report, found.tables, fetched=fetched, every=every, colour=in_colour())
    click.echo(text, nl=False, color=True)
