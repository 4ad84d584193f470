"""`tsm check`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from tsm_git.cli.output import FORMATS, rendered
from tsm_git.cli.shared import (
    base_option,
    database_option,
    models_option,
    now,
    project_here,
    wish,
)
from tsm_git.core.text import printable

_EPILOG = """\b
Examples:
  tsm check                                  the work tree against the base branch
  tsm check --staged                         what the next commit would hold
  tsm check --base main --head feature       a branch, also in a bare repository
  tsm check --ci --format github             the gate in CI, see docs/ci.md
  tsm check --replay                         run base's scripts and the drafts in a sandbox
  tsm check --models                         insist that models are compared, too
  tsm check --fix                            restore published scripts, renumber drafts
  tsm check --format json | jq .summary
"""


@click.command(epilog=_EPILOG)
@click.option("--worktree", is_flag=True, help="Check the work tree (the default).")
@click.option("--staged", is_flag=True, help="Check the index.")
@click.option("--head", metavar="REV", help="Check a commit; touches neither index nor work tree.")
@click.option("--ci", is_flag=True, help="Judge the merge request or push that CI runs for.")
@base_option
@database_option
@click.option(
    "--working",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The working database to compare with.",
)
@click.option(
    "--ref",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The ref database to compare with.",
)
@click.option(
    "--replay/--no-replay",
    default=None,
    help="Also run the scripts, in a shadow database (the default with --ci).",
)
@models_option
@click.option("--fix", "with_fix", is_flag=True, help="First make the repairs that lose nothing.")
@click.option("--strict", is_flag=True, help="Let warnings fail, too.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
@click.option(
    "--format",
    "output",
    type=click.Choice(FORMATS),
    envvar="TSM_FORMAT",
    default="text",
    show_default=True,
    help="How to print the report.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.pass_context
def check(
    context: click.Context,
    worktree: bool,
    staged: bool,
    head: str | None,
    ci: bool,
    base: str | None,
    database: str | None,
    working: Path | None,
    ref: Path | None,
    replay: bool | None,
    models: bool | None,
    with_fix: bool,
    strict: bool,
    exit_zero: bool,
    output: str,
    as_json: bool,
) -> int:
    """The verdict on the scripts: duplicates, gaps, and what contradicts base or a database.

    Reads only, but for --fix. Exits with 1 if there is an error, with 2 if tsm cannot tell.
    """
    if worktree and (staged or head is not None):
        raise click.UsageError("--worktree, --staged and --head are different candidates")
    if ci and (worktree or staged or with_fix):
        raise click.UsageError("--ci judges a commit, and changes nothing")
    from tsm_git.commands.check import CheckRequest  # completion and --help need neither
    from tsm_git.commands.check import check as run_check

    request = CheckRequest(
        head=head,
        staged=staged,
        base=base,
        database=database,
        radar_at=time.time(),
        working=working,
        ref=ref,
        strict=strict,
        replay=ci if replay is None else replay,
        models=wish(models),
    )
    with project_here(context) as project:
        if ci:
            from tsm_git.commands.ci import gate

            request, what = gate(project, request)
            click.echo(printable(f"{what}."), err=True)
        if with_fix:
            from tsm_git.commands.fix import fix

            for line in fix(project, request._replace(models=wish(False)), now()):
                click.echo(printable(line), err=True)
        report = run_check(project, request)
    click.echo(rendered(report, "json" if as_json else output), nl=False, color=True)
    return 0 if exit_zero else report.exit_code
