"""`tsm ref`."""

from __future__ import annotations

import time

import click

from tsm_git.cli.backups import told_pages
from tsm_git.cli.shared import (
    base_option,
    database_option,
    in_colour,
    json_option,
    project_here,
)
from tsm_git.commands import ref as command
from tsm_git.commands.gathering.databases import databases, one_database
from tsm_git.commands.gathering.project import Project
from tsm_git.core.text import counted, printable


@click.command(
    epilog="\b\nExamples:\n"
    "  tsm ref                  how old it is, and which commit production runs\n"
    "  tsm ref refresh          fetch it from `ref_source`\n"
    "  tsm ref save             copy the working database"
)
@click.argument(
    "action", type=click.Choice(["show", "save", "refresh"]), default="show", required=False
)
@base_option
@database_option
@json_option
@click.pass_context
def ref(
    context: click.Context, action: str, base: str | None, database: str | None, as_json: bool
) -> None:
    """Show, save or refresh the ref database, a copy of production.

    It is verified before it takes its place, where it is read-only: nothing of tsm ever writes it.
    """
    if base is not None and action != "show":
        raise click.UsageError("--base is for `tsm ref show`", context)
    if as_json and action != "show":
        raise click.UsageError("--json is for `tsm ref show`", context)
    with project_here(context) as project:
        if action == "show":
            _show(project, base, database, as_json)
        elif action == "save":
            settings = one_database(project, database)
            ledger = command.save(project, settings, told_pages())
            _say(settings.path, len(ledger.entries))
        else:
            found = databases(project, database)
            if len(found) > 1:  # of several those that have a source
                found = [each for each in found if each.ref_source] or found
            for settings in found:
                ledger = command.refresh(project, settings, told_pages())
                _say(settings.path, len(ledger.entries))


def _show(project: Project, base: str | None, database: str | None, as_json: bool) -> None:
    from tsm_git.commands.refshow import show
    from tsm_git.render.ref import ref_document, ref_text
    from tsm_git.render.style import Style

    reports = show(project, base, database)
    if as_json:
        from tsm_git.render.jsondoc import dumped

        click.echo(dumped(ref_document(reports)), nl=False)
        return
    for report in reports:
        for line in ref_text(report, time.time(), Style(in_colour())):
            click.echo(line)


def _say(database: str, scripts: int) -> None:
    click.echo(f"{printable(database)}.ref: {counted(scripts, 'script')} applied")
