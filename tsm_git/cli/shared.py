"""What several commands share: options, opening the project, the clock, colours."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tsm_git.core.errors import UsageError

if TYPE_CHECKING:  # loaded when a project is opened: completion and --help open none
    from tsm_git.commands.gathering.project import Project
    from tsm_git.commands.gathering.request import Models

Function = TypeVar("Function", bound=Callable[..., Any])

database_option = click.option(
    "-d", "--database", metavar="NAME", help="Only this database, where there are several."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
base_option = click.option(
    "--base", metavar="REV", help="The base branch, instead of the one that tsm finds."
)

models_option = click.option(
    "--models/--no-models",
    default=None,
    help="Insist on the comparison with the models, or leave it out; else they are compared where"
    " the configuration names some.",
)


def wish(models: bool | None) -> Models:
    """What `--models` and `--no-models` ask for."""
    from tsm_git.commands.gathering.request import Models

    if models is None:
        return Models.IF_CONFIGURED
    return Models.MUST if models else Models.NO


@contextmanager
def project_here(context: click.Context) -> Iterator[Project]:
    """The project around the current folder, or the one of `tsm -C`."""
    from tsm_git.commands.gathering.project import open_project

    start = Path(context.obj or ".").absolute()
    if not start.is_dir():
        raise UsageError(f"there is no folder `{context.obj}`", "give a folder to `tsm -C`")
    with open_project(start, os.environ) as project:
        yield project


def now() -> str:
    """The time as ledgers record it: UTC, ISO 8601."""
    return datetime.now(UTC).isoformat()


def in_colour() -> bool:
    """Whether standard output is a terminal that wants colours (https://no-color.org)."""
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout is not None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def terminal_width() -> int | None:
    """How many columns the terminal has; None where standard output is none."""
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    import shutil  # commands that print no table need none

    return shutil.get_terminal_size().columns
