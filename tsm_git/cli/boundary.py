"""The one place where errors become a line on stderr and an exit code."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from contextlib import suppress

import click

from tsm_git.core.errors import TsmError
from tsm_git.core.text import printable
from tsm_git.version import VERSION

UNABLE, BUG, INTERRUPTED, CLOSED_PIPE = 2, 3, 130, 141


def exit_code_for(error: BaseException) -> int:
    """Says on stderr what went wrong and what to do; returns the exit code for it."""
    match error:
        case TsmError():
            say(f"error: {error.message}", error.hint)
            return error.exit_code
        case click.ClickException():
            context = getattr(error, "ctx", None)
            command = context.command_path if context else "tsm"
            say(f"error: {error.format_message()}", f"run `{command} --help`")
            return error.exit_code
        case click.exceptions.Exit():
            return error.exit_code
        case KeyboardInterrupt() | click.Abort():
            say("interrupted", "")
            return INTERRUPTED
        case OSError():
            _let_go_of_output()
            if error.errno == errno.EPIPE:  # the reader has had enough
                return CLOSED_PIPE
            where = f"`{error.filename}`: " if error.filename else ""
            say(f"error: {where}{error.strerror or error}", "see that the disk is not full")
            return UNABLE
        case _:
            traceback.print_exception(error)
            say(
                f"error: a bug in tsm {VERSION}: {type(error).__name__}: {error}",
                "please report it with the lines above and the command you ran",
            )
            return BUG


def say(message: str, hint: str) -> None:
    """One line on stderr, and one below it for the way out."""
    click.echo(printable(message), err=True)
    if hint:
        click.echo(f"hint: {printable(hint)}", err=True)


def _let_go_of_output() -> None:
    """Python would fail once more, with an exit code of its own, to write what is still to come."""
    with suppress(AttributeError, OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
