"""`tsm status`."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import click

from tsm_git.cli.shared import (
    base_option,
    database_option,
    in_colour,
    json_option,
    models_option,
    project_here,
    terminal_width,
    wish,
)
from tsm_git.commands.status import status as run_status


@click.command(
    epilog="\b\nExamples:\n  tsm status\n  tsm status --all        a line for each script\n"
    "  tsm status --long       who wrote each, and when\n"
    "  tsm status --json | jq '.tables'"
)
@click.option("--all", "every", is_flag=True, help="A line for each script, however many.")
@click.option(
    "-l",
    "--long",
    "with_authors",
    is_flag=True,
    help="Who wrote each script, and when, in place of where it is.",
)
@base_option
@database_option
@models_option
@json_option
@click.pass_context
def status(
    context: click.Context,
    every: bool,
    with_authors: bool,
    base: str | None,
    database: str | None,
    models: bool | None,
    as_json: bool,
) -> None:
    """One table: every script, and where it is.

    In a place a script is there as published (yes), there with another text (other), or not (-).
    """
    with project_here(context) as project:
        now = time.time()
        found = run_status(project, base, database, now, wish(models), with_authors=with_authors)
    from tsm_git.render.table import View, status_document, status_text

    if as_json:
        from tsm_git.render.jsondoc import dumped

        when = found.fetched_at
        fetched_at = None if when is None else datetime.fromtimestamp(when, UTC).isoformat()
        click.echo(dumped(status_document(found.report, found.tables, fetched_at)), nl=False)
        return
    written = found.written if with_authors else None
    view = View(now, terminal_width(), every, in_colour(), written)
    text = status_text(found.report, found.tables, found.copies, found.fetched_at, view)
    click.echo(text, nl=False, color=True)
