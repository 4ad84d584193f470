"""`tsm goto`."""

from __future__ import annotations

from pathlib import Path

import click

from tsm_git.cli.shared import database_option, json_option, now, project_here
from tsm_git.core.text import counted, printable


@click.command(
    epilog="\b\nExamples:\n  tsm goto 12 --to /tmp/old.sqlite\n"
    "  tsm goto 12 --to /tmp/empty.sqlite --from nothing     without production's rows"
)
@click.argument("number", type=click.IntRange(min=1))
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The new file; it must not exist.",
)
@click.option(
    "--from",
    "source",
    type=click.Choice(["ref", "nothing"]),
    help="What to start from; else from ref where that can be, and from nothing otherwise.",
)
@database_option
@json_option
@click.pass_context
def goto(
    context: click.Context,
    number: int,
    target: Path,
    source: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Build the database as it was when script NUMBER had been applied, in a new file.

    It starts from the ref database, so with production's rows, if that is not further already; else
    from nothing. The working database is not touched, and no file is overwritten.
    """
    from tsm_git.commands.goto import goto as run_goto

    def tell(name: str) -> None:
        click.echo(printable(f"applying {name}."), err=True)

    with project_here(context) as project:
        built = run_goto(project, number, target, database, source, now, tell)
    if as_json:
        from tsm_git.render.jsondoc import dumped

        document = {
            "version": 1,
            "database": built.database,
            "file": built.file,
            "number": built.number,
            "from": "nothing" if built.ref_number is None else "ref",
            "applied": list(built.applied),
        }
        click.echo(dumped(document), nl=False)
        return
    if built.why:
        click.echo(printable(f"ref will not do: {built.why}."), err=True)
    start = "nothing" if built.ref_number is None else f"ref at {built.ref_number:03}"
    ran = counted(len(built.applied), "script")
    click.echo(
        printable(f"{built.file}: {built.database} at {built.number:03}, from {start} and {ran}")
    )
