"""`tsm blame`."""

from __future__ import annotations

import click

from tsm_git.cli.shared import base_option, database_option, in_colour, json_option, project_here


@click.command(
    epilog="\b\nExamples:\n  tsm blame users\n  tsm blame users.email\n"
    "  tsm blame users_by_email       an index, a trigger or a view\n"
    "  tsm blame users.email --json | jq -r '.objects[0].events[0].written.author'"
)
@click.argument("name", metavar="TABLE[.COLUMN]")
@base_option
@database_option
@json_option
@click.pass_context
def blame(
    context: click.Context, name: str, base: str | None, database: str | None, as_json: bool
) -> None:
    """Which scripts made and changed a table, column, index, trigger or view, and who wrote them.

    The scripts of the work tree are replayed in memory, so renames and rebuilds are followed.
    """
    from tsm_git.commands.blame import blame as run_blame

    with project_here(context) as project:
        found = run_blame(project, name, base, database)
    from tsm_git.render.blame import Entry, blame_document, blame_text

    documents, texts = [], []
    for one in found:
        entries = [Entry(*told) for told in one.events]
        documents.append(blame_document(one.database, one.subject, one.exists, entries))
        texts.append(blame_text(one.database, one.subject, one.exists, entries, colour=in_colour()))
    if as_json:
        from tsm_git.render.jsondoc import dumped

        click.echo(dumped({"version": 1, "objects": documents}), nl=False)
    else:
        click.echo("\n".join(texts), nl=False, color=True)
