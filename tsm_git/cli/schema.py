"""`tsm schema`."""

from __future__ import annotations

import click

from tsm_git.cli.shared import database_option, json_option, project_here
from tsm_git.commands import schema as command
from tsm_git.commands.gathering.databases import one_database
from tsm_git.core.schema.objects import Schema
from tsm_git.core.text import printable


@click.command(
    epilog="\b\nExamples:\n"
    "  tsm schema                               what the scripts make\n"
    "  tsm schema working                       of the working database\n"
    "  tsm schema main                          what the scripts of a revision make\n"
    "  tsm schema --diff origin/main scripts    what this branch changes, for its reviewer\n"
    "  tsm schema --diff working models         what `tsm generate` would write"
)
@click.argument("place", default="scripts")
@click.argument("other", required=False)
@click.option("--diff", is_flag=True, help="What has to be done to the first to have the other.")
@database_option
@json_option
@click.pass_context
def schema(
    context: click.Context,
    place: str,
    other: str | None,
    diff: bool,
    database: str | None,
    as_json: bool,
) -> None:
    """Print the schema of a place, or what two places differ in.

    A PLACE is `working` or `ref` (the databases), `models`, `scripts` (what those of the work tree
    make), or a revision of git (what its scripts make). Scripts are replayed from nothing in the
    sandbox. The text is without comments, white space and what ALTER has left in it.
    """
    if diff != (other is not None):
        raise click.UsageError("give one PLACE, or `--diff` and two")
    with project_here(context) as project:
        settings = one_database(project, database)
        if other is None:
            _print(command.schema_at(project, settings, place), settings.path, place, as_json)
        else:
            _print_difference(command.difference(project, settings, place, other), as_json)


def _print(found: Schema, database: str, place: str, as_json: bool) -> None:
    from tsm_git.core.schema.layout import schema_text
    from tsm_git.render.draft import schema_document
    from tsm_git.render.jsondoc import dumped

    if as_json:
        click.echo(dumped(schema_document(found, database, place)), nl=False)
    else:
        click.echo(schema_text(found), nl=False)


def _print_difference(found: command.Difference, as_json: bool) -> None:
    from tsm_git.render.draft import difference_document
    from tsm_git.render.jsondoc import dumped

    if as_json:
        document = difference_document(found.plan, found.database, found.old, found.new)
        click.echo(dumped(document), nl=False)
        return
    for change in found.plan.changes:
        click.echo(printable(f"-- {change}"))
    for statement in found.plan.statements:
        click.echo(statement)
    if not found.plan.changes:
        click.echo(printable(f"-- {found.old} and {found.new} have the same schema"))
