"""`tsm log`."""

from __future__ import annotations

import click

from tsm_git.cli.shared import base_option, database_option, in_colour, json_option, project_here


@click.command(
    epilog="\b\nExamples:\n  tsm log\n  tsm log -n 10                  the last ten scripts\n"
    "  tsm log --head origin/main     as the branch has them, also in a bare repository\n"
    "  tsm log --json | jq '.databases[].scripts[] | select(.published == null)'"
)
@click.option("-n", "count", type=click.IntRange(min=1), metavar="N", help="Only the last N.")
@click.option("--head", metavar="REV", help="Look at a commit, not at the work tree.")
@base_option
@database_option
@json_option
@click.pass_context
def log(
    context: click.Context,
    count: int | None,
    head: str | None,
    base: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """The history of the scripts: who wrote each, when it was published, when it was applied.

    Written says which commit brought the text, though it may have had another number then.
    Published is the commit of the base branch itself, a merge say. Reads only.
    """
    from tsm_git.commands.log import log as run_log

    with project_here(context) as project:
        found = run_log(project, base, database, head)
    from tsm_git.render.log import log_document, log_text

    if as_json:
        from tsm_git.render.jsondoc import dumped

        documents = [
            log_document(one.database, one.base, one.lines[-count if count else 0 :], one.is_cut)
            for one in found
        ]
        click.echo(dumped({"version": 1, "databases": documents}), nl=False)
        return
    for one in found:
        facts, shown = one.comparison.facts, one.lines[-count if count else 0 :]
        text = log_text(
            *(one.database, one.base, shown, facts.working, facts.ref),
            hidden=len(one.lines) - len(shown),
            colour=in_colour(),
        )
        click.echo(text, nl=False, color=True)
    if any(one.is_cut for one in found):
        click.echo(
            "this clone is shallow, so older commits stand for what they hold: "
            "`git fetch --unshallow` brings the rest.",
            err=True,
        )
