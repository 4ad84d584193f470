"""`tsm bisect`."""

from __future__ import annotations

import click

from tsm_git.cli.shared import base_option, database_option, in_colour, json_option, project_here


@click.command(
    epilog="\b\nExamples:\n"
    "  tsm bisect --query 'SELECT name FROM roles ORDER BY name'\n"
    "  tsm bisect --from 12 --query 'SELECT count(*) FROM plans'\n"
    "  tsm bisect --query 'SELECT sql FROM sqlite_schema WHERE name = \"users\"' --json"
)
@click.option("--query", required=True, metavar="SQL", help="One statement; it changes nothing.")
@click.option(
    "--from",
    "start",
    type=click.IntRange(min=1),
    metavar="N",
    help="Compare with the result after script N; else after the first that lets the query run.",
)
@base_option
@database_option
@json_option
@click.pass_context
def bisect(
    context: click.Context,
    query: str,
    start: int | None,
    base: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """The first script after which a query has another result, and who wrote it.

    The scripts of the work tree are replayed in memory from nothing, so the rows are those that
    scripts insert. That the query fails is a result, too. Give it an ORDER BY: without one SQLite
    may answer in any order.
    """
    from tsm_git.commands.bisect import bisect as run_bisect

    with project_here(context) as project:
        found = run_bisect(project, query, base, database, start)
    from tsm_git.render.bisect import bisect_document, bisect_text

    if as_json:
        from tsm_git.render.jsondoc import dumped

        document = bisect_document(found.database, query, found.turn, found.since, found.culprit)
        click.echo(dumped(document), nl=False)
    else:
        text = bisect_text(found.turn, found.since, found.culprit, colour=in_colour())
        click.echo(text, nl=False, color=True)
