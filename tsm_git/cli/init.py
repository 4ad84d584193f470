"""`tsm init`."""

from __future__ import annotations

import sys

import click

from tsm_git.cli.shared import now, project_here
from tsm_git.commands import init as command
from tsm_git.core.settings import SUFFIX
from tsm_git.core.text import printable


@click.command(
    epilog="\b\nExamples:\n  tsm init app.sqlite\n"
    "  tsm init data/app.sqlite --dry-run     what it would write\n"
    "  tsm init --vscode                      check, dev, renumber as tasks of the editor"
)
@click.argument("database", required=False)
@click.option("--dry-run", is_flag=True, help="Say what is missing, write nothing.")
@click.option("--vscode", is_flag=True, help="Add tasks for Visual Studio Code, too.")
@click.pass_context
def init(context: click.Context, database: str | None, dry_run: bool, vscode: bool) -> None:
    """Set up a project for the database at the path DATABASE, which need not exist yet.

    Makes the folder of scripts, and adds the lines that are missing in the configuration, in
    .gitignore and in .gitattributes. A database that has tables already gets a first script that
    makes them, and is taken over with `tsm baseline`; it is backed up first.
    """
    with project_here(context) as project:
        setup = command.plan(project, database, vscode=vscode)
        if dry_run:
            if setup.makes_folder:
                click.echo(printable(f"would make the folder {setup.database}{SUFFIX}"))
            for edit in setup.edits:
                click.echo(printable(f"would write {edit.path}"))
            return
        for words in command.carry_out(project, setup, now):
            click.echo(printable(words))
        has_git = project.repository is not None
    click.echo(printable(f"{setup.database} is set up"))
    if not has_git:
        return
    if sys.stdin.isatty() and click.confirm("Check each commit, merge and push by a git hook?"):
        from tsm_git.cli.hooks import install

        context.invoke(install)
    else:
        click.echo("next: `tsm hooks install`, so that each commit and merge is checked", err=True)
