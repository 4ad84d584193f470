"""`tsm show`."""

from __future__ import annotations

import click

from tsm_git.cli.shared import base_option, database_option, in_colour, json_option, project_here


@click.command(
    epilog="\b\nExamples:\n  tsm show 12\n  tsm show add_email\n"
    "  tsm show shop.sqlite.migrations/012.add_email.sql\n"
    "  tsm show 12 --json | jq -r '.scripts[0].texts[0].text'"
)
@click.argument("script")
@click.option("--head", metavar="REV", help="Look at a commit, not at the work tree.")
@base_option
@database_option
@json_option
@click.pass_context
def show(
    context: click.Context,
    script: str,
    head: str | None,
    base: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """One script in all its places, with a difference where they hold another text.

    SCRIPT is a number, a file name, or the name in it. The text that counts comes first: the
    published one, or else yours. Reads only.
    """
    from tsm_git.commands.log import show as run_show

    with project_here(context) as project:
        found = run_show(project, script, base, database, head)
    from tsm_git.render.show import Sheet, show_document, show_text

    documents, texts = [], []
    for one in found:
        sheets = [Sheet(*text.version, text.text, text.diff) for text in one.texts]
        documents.append(show_document(one.database, one.line, one.base, sheets))
        texts.append(
            show_text(one.line, one.base, sheets, candidate=one.candidate, colour=in_colour())
        )
    if as_json:
        from tsm_git.render.jsondoc import dumped

        click.echo(dumped({"version": 1, "scripts": documents}), nl=False)
    else:
        click.echo("\n".join(texts), nl=False, color=True)
