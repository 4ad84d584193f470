"""`tsm rehearse`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from tsm_git.cli.backups import told_pages
from tsm_git.cli.shared import base_option, database_option, in_colour, json_option, project_here
from tsm_git.commands.gathering.request import Request
from tsm_git.commands.rehearse import Listener
from tsm_git.commands.rehearse import rehearse as run_rehearse
from tsm_git.core.proof.rehearsal import exit_code
from tsm_git.core.proof.replay import Run
from tsm_git.core.text import printable


@click.command(
    epilog="\b\nExamples:\n  tsm rehearse                              what is pending, on X.ref\n"
    "  tsm rehearse --ref /srv/copy.sqlite       on another copy of production\n"
    "  tsm rehearse --head feature               a branch\n"
    "  tsm rehearse --markdown | gh pr comment --body-file -"
)
@click.option(
    "--ref",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The copy of production's database, instead of X.ref.",
)
@click.option("--head", metavar="REV", help="Rehearse what a commit holds; needs --ref.")
@base_option
@database_option
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=3600,
    metavar="SECONDS",
    help="What one script may take (3600).",
)
@click.option("--markdown", is_flag=True, help="Print a summary for a pull request.")
@json_option
@click.pass_context
def rehearse(
    context: click.Context,
    ref: Path | None,
    head: str | None,
    base: str | None,
    database: str | None,
    timeout: float,
    markdown: bool,
    as_json: bool,
) -> int:
    """Run the pending scripts on a copy of the ref database, and tell what they do to real rows.

    Finds what fails in production only, such as a UNIQUE index over duplicates. Neither the ref nor
    any other file is changed. Exits with 1 if a script fails, or leaves something broken.
    """
    request = Request(ref=ref, head=head, base=base, database=database, annotate=False)
    with project_here(context) as project:
        found = run_rehearse(project, request, timeout, _Teller())
    from tsm_git.render import rehearsal

    if as_json:
        from tsm_git.render.jsondoc import dumped

        click.echo(dumped(rehearsal.rehearsal_document(found)), nl=False)
    elif markdown:
        click.echo(rehearsal.rehearsal_markdown(found), nl=False)
    else:
        click.echo(rehearsal.rehearsal_text(found, colour=in_colour()), nl=False, color=True)
    return exit_code(found)


class _Teller(Listener):
    """Says on standard error how far it is; on a terminal in one line that changes."""

    def __init__(self) -> None:
        self._pages = told_pages("copying")
        self._names: list[str] = []
        self._is_terminal = sys.stderr.isatty()

    def pages(self, done: int, pages: int) -> None:
        self._pages(done, pages)

    def starts(self, scripts: Sequence[str]) -> None:
        self._names = list(scripts)
        self._count = len(scripts)
        self._say()

    def ran(self, run: Run) -> None:
        self._names = self._names[1:] if not run.stop else []
        self._say()

    def _say(self) -> None:
        if not self._names:
            return
        number = self._count - len(self._names) + 1
        words = f"rehearsing {printable(self._names[0])} ({number} of {self._count})."
        if self._is_terminal:
            filled = 20 * (number - 1) // self._count
            bar = "#" * filled + "." * (20 - filled)
            click.echo(f"\r\x1b[K[{bar}] {words}", err=True, nl=number == self._count)
        else:
            click.echo(words, err=True)
