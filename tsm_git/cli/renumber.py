"""`tsm renumber`."""

from __future__ import annotations

import sys

import click

from tsm_git.cli.shared import base_option, database_option, json_option, now, project_here
from tsm_git.commands import renumber as command
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.renumbering import follow
from tsm_git.commands.tips import keep_tips
from tsm_git.core.errors import Refusal
from tsm_git.core.text import printable


@click.command(
    epilog="\b\nExamples:\n  tsm renumber --dry-run      show what would move\n"
    "  tsm renumber                move the files, and what is staged of them\n"
    "  tsm renumber --commit       and commit it\n"
    '  git rebase main --exec "tsm renumber --amend"'
)
@click.option("--dry-run", is_flag=True, help="Show the moves, change nothing.")
@click.option(
    "--follow",
    "with_follow",
    is_flag=True,
    help="Let the working database follow, if replay proves that it can keep its rows.",
)
@click.option("--commit", "with_commit", is_flag=True, help="Commit the moves.")
@click.option("--no-proof", is_flag=True, help="Do not replay the new order in memory first.")
@click.option("--amend", is_flag=True, help="Put the moves into the last commit.")
@base_option
@database_option
@json_option
@click.pass_context
def renumber(
    context: click.Context,
    dry_run: bool,
    with_follow: bool,
    with_commit: bool,
    no_proof: bool,
    amend: bool,
    base: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Move drafts behind the last published number, keeping their order.

    Published scripts never move, and no text changes. Unstaged edits stay unstaged. Before a file
    moves, the new order is replayed in memory and compared with the one the drafts were written in.
    """
    if with_commit and amend:
        raise click.UsageError("--commit and --amend are two different commits")
    with project_here(context) as project:
        if (with_commit or amend) and not dry_run:
            command.refuse_staged(project)
        plans = command.plan(project, base, database, proven=not no_proof)
        if not dry_run:
            for path in command.carry_out(project, plans, now()):
                click.echo(printable(f"what the merge had left there is now {path}"), err=True)
            for path in keep_tips(project, base, database):
                click.echo(printable(f"wrote {path}"), err=True)
            _follow(project, base, database, wanted=with_follow)
            if with_commit or amend:
                command.commit(project, plans, amend=amend)
        operation = project.repository.operation() if project.repository else None
        go_on = operation.go_on if operation else "git commit"
    if as_json:
        from tsm_git.render.jsondoc import dumped

        databases = [
            {
                "database": one.database,
                "renames": [{"from": move.old, "to": move.new} for move in one.shown],
                "proof": one.proof
                and {"order": one.proof.order.name.lower(), "differences": list(one.proof.words)},
            }
            for one in plans
        ]
        click.echo(dumped({"version": 1, "dry_run": dry_run, "databases": databases}), nl=False)
        return
    for path in sorted(path for one in plans for path, _ in one.unmerged):
        click.echo(printable(f"{'would resolve' if dry_run else 'resolved'} {path}"), err=True)
    moves = [move for one in plans for move in one.shown]
    for move in moves:
        click.echo(printable(f"{move.old} -> {move.new}"))
    for one in plans:
        if one.proof:
            words = "; ".join(one.proof.words) or one.proof.order.value
            click.echo(printable(f"proven by replay: {words}"), err=True)
    if not moves:
        click.echo("nothing to renumber")
    elif not (dry_run or with_commit or amend):
        click.echo(f"next: `git status` to look at it, then `{go_on}`", err=True)


def _follow(project: Project, base: str | None, database: str | None, *, wanted: bool) -> None:
    """Moves the rows of the ledger too: if asked to, or if a person on a terminal agrees."""
    try:
        plans = follow.plan(project, base, database, now())
    except Refusal:
        if wanted:
            raise
        return
    for one in plans:
        for row in one.rows:
            words = f"{one.database} has applied {row.new_filename} as {row.filename}"
            click.echo(printable(words), err=True)
        agreed = wanted or (
            sys.stdin.isatty()
            and click.confirm("Give it the new number there, and keep the data?", default=True)
        )
        if not agreed:
            click.echo("`tsm renumber --follow` lets it follow and keeps its rows", err=True)
            continue
        follow.carry_out(project, one, now)
        ran = "".join(f"; ran {script.filename}" for script in one.scripts)
        click.echo(printable(f"{one.database} follows{ran}; backup: {one.backup}"), err=True)
