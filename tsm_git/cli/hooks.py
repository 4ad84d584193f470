"""`tsm hooks`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from tsm_git.cli.shared import in_colour, json_option, project_here
from tsm_git.core.errors import UsageError
from tsm_git.core.integration.hook import Event
from tsm_git.core.text import printable


@click.group(
    epilog="\b\nExamples:\n  tsm hooks install       check commits, merges and pushes from now on\n"
    "  tsm hooks status        what is installed, and where\n"
    "  tsm hooks uninstall     put back what was there before"
)
def hooks() -> None:
    """Let git run tsm at each commit, merge, rebase and push."""


@hooks.command(epilog="\b\nExamples:\n  tsm hooks run pre-commit      judge what is staged")
@click.argument("event", type=click.Choice([event.value for event in Event]))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run(context: click.Context, event: str, arguments: tuple[str, ...]) -> int:
    """What the hooks call: judge one event, with the arguments and the input that git gives.

    Reads git's objects only; opens no working database and changes nothing. Before the fact it
    exits with 1 to stop the commit, merge or push; after the fact it always exits with 0.
    """
    what = Event(event)
    if what.may_block:
        return _run(context, what, arguments)
    try:
        _run(context, what, arguments)
    except Exception as error:
        from tsm_git.cli.boundary import exit_code_for  # a hook that advises must not fail

        exit_code_for(error)
    return 0


@hooks.command(
    epilog="\b\nExamples:\n  tsm hooks install\n"
    "  tsm hooks install --framework      through .pre-commit-config.yaml"
)
@click.option("--framework", is_flag=True, help="Write into .pre-commit-config.yaml.")
@click.option("--plain", is_flag=True, help="Write git's own hooks, also beside the framework.")
@click.option("--repo", metavar="URL", help="Where the framework gets tsm from (with --rev).")
@click.option("--rev", metavar="REV", help="The tag or commit of tsm there.")
@click.option("--shared", is_flag=True, help="Also into a folder that other repositories use.")
@click.pass_context
def install(
    context: click.Context,
    framework: bool,
    plain: bool,
    repo: str | None,
    rev: str | None,
    shared: bool,
) -> None:
    """Write the hooks; one that is there already is kept, and still run.

    Where the project uses the pre-commit framework, tsm asks whether to go through that. Without
    --repo, the framework runs the tsm that is on the search path.
    """
    if (framework and plain) or (repo is None) != (rev is None):
        raise click.UsageError("give --framework or --plain, and --repo with --rev")
    from tsm_git.commands.hooks import setup
    from tsm_git.core.integration.framework import INSTALL, Source
    from tsm_git.core.integration.installation import Manager

    with project_here(context) as project:
        if setup.manager(project) is Manager.FRAMEWORK and not framework:
            framework = not plain and _through_framework()
        if framework:
            path = setup.install_framework(project, Source(repo, rev) if repo and rev else None)
            _tell([path] if path else [], "wrote")
            click.echo(f"next: `{INSTALL}`", err=True)
            return
        _tell(setup.install(project, _program(), shared=shared), "wrote")


def _through_framework() -> bool:
    if not sys.stdin.isatty():
        raise UsageError(
            "this project uses the pre-commit framework, and there is no terminal to ask on",
            "run `tsm hooks install --framework`, or with `--plain` for git's own hooks",
        )
    return click.confirm("Write tsm's hooks into .pre-commit-config.yaml?", default=True)


@hooks.command()
@click.pass_context
def uninstall(context: click.Context) -> None:
    """Take the hooks away, and put back what was there before, byte for byte."""
    from tsm_git.commands.hooks import setup

    with project_here(context) as project:
        _tell(setup.uninstall(project), "put back")


@hooks.command()
@json_option
@click.pass_context
def status(context: click.Context, as_json: bool) -> None:
    """What is installed, and where."""
    from tsm_git.commands.hooks import setup

    with project_here(context) as project:
        found = setup.status(project)
    from tsm_git.render.installation import status_document, status_text

    if as_json:
        from tsm_git.render.jsondoc import dumped

        click.echo(dumped(status_document(found)), nl=False)
    else:
        click.echo(status_text(found), nl=False)


def _tell(paths: Sequence[Path], did: str) -> None:
    for path in paths:
        click.echo(printable(f"{did} {path}"))
    if not paths:
        click.echo("nothing to change")


def _program() -> Path | None:
    """The tsm that runs now, as a program of its own; None where it is run as a module."""
    named = Path(sys.argv[0]).absolute()
    for path in (named, Path(sys.executable).with_name("tsm")):
        if path.name in ("tsm", "tsm.exe") and os.access(path, os.X_OK) and path.is_file():
            return path
    return None


def _run(context: click.Context, event: Event, arguments: tuple[str, ...]) -> int:
    from tsm_git.commands.hooks.event import read_call

    call = read_call(event, arguments, _standard_input, os.environ)
    if call is None:
        return 0
    from tsm_git.commands.hooks.run import run_hook

    with project_here(context) as project:
        report = run_hook(project, call, time.time())
    if report.judgements or report.arrivals or report.advice:
        from tsm_git.render.hooks import hook_text

        click.echo(hook_text(report, colour=in_colour()), nl=False, color=True)
    return report.exit_code


def _standard_input() -> str:
    """What git says of references; nothing where the input is closed."""
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    try:
        return sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    except (OSError, ValueError):
        return ""
