"""`tsm branches`."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import click

from tsm_git.cli.shared import (
    base_option,
    database_option,
    in_colour,
    json_option,
    project_here,
)
from tsm_git.commands.branches import Limits
from tsm_git.commands.branches import branches as run_branches
from tsm_git.core.text import ago


@click.command(
    epilog="\b\nExamples:\n  tsm branches\n  tsm branches --max-age 30 --ignore 'archive/*'\n"
    "  git fetch --all --prune && tsm branches --json"
)
@click.option("--max-age", type=float, metavar="DAYS", help="Leave out branches older than this.")
@click.option("--ignore", multiple=True, metavar="PATTERN", help="Leave out branches; repeatable.")
@base_option
@database_option
@json_option
@click.pass_context
def branches(
    context: click.Context,
    max_age: float | None,
    ignore: tuple[str, ...],
    base: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Radar: which branches claim which numbers, who clashes with whom, who should land first.

    Looks at every local and remote-tracking branch that is not merged into base. What has landed
    already, also by a squash, is no claim. Fetches nothing.
    """
    limits = Limits(max_age, ignore) if max_age is not None or ignore else None
    with project_here(context) as project:
        found = run_branches(project, base, database, limits, time.time())
    from tsm_git.render.branches import Tip, branches_document, branches_text

    documents = []
    for one in found:
        tips = {
            name: Tip(branch.author, _iso(branch.date), ago(time.time() - branch.date))
            for name, branch in one.scan.branches.items()
        }
        fetched_at = one.fetched_at
        if as_json:
            when = None if fetched_at is None else _iso(fetched_at)
            documents.append(
                branches_document(one.database, one.base.name, one.scan.radar, tips, when)
            )
            continue
        fetched = None if fetched_at is None else ago(time.time() - fetched_at)
        text = branches_text(
            one.database, one.base.name, one.scan.radar, tips, fetched=fetched, colour=in_colour()
        )
        click.echo(text, nl=False, color=True)
    if as_json:
        from tsm_git.render.jsondoc import dumped

        click.echo(dumped({"version": 1, "databases": documents}), nl=False)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
