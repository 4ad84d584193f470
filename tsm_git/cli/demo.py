"""`tsm demo`."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click

from tsm_git.cli.shared import in_colour
from tsm_git.commands.demo import Shown, play
from tsm_git.commands.story import Run, Say, Title, Write
from tsm_git.core.text import shell_quoted

_INDENT = "  "


@click.command(
    epilog="\b\nExamples:\n  tsm demo\n  tsm demo --keep try      then: cd try/app && tsm status"
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Leave the repository in DIR, an empty or new folder.",
)
@click.pass_context
def demo(context: click.Context, keep: Path | None) -> None:
    """A real clash in a throwaway repository, start to end.

    Runs git and tsm as a user would, and shows what they say. Takes a few seconds, needs no git
    identity, and reads and writes nothing of yours.
    """
    colour = in_colour()
    columns = max(60, min(shutil.get_terminal_size().columns, 100))
    kept = None if keep is None else Path(context.obj or ".", keep).absolute()
    with closing(play(kept, colour=colour, columns=columns - len(_INDENT))) as steps:
        for shown in steps:
            for line in _lines(shown, columns):
                click.echo(line, color=colour)
    click.echo(_farewell(kept if context.obj else keep))


def _lines(shown: Shown, columns: int) -> Iterator[str]:
    match shown.step:
        case Title(text):
            yield from ("", click.style(text, bold=True), "=" * len(text))
        case Say(text):
            yield from ("", *_wrapped(text, columns), "")
        case Write(path, text):
            yield click.style(f"write {path}:", fg="cyan")
            yield from (_INDENT + line for line in text.splitlines())
        case Run(command):
            *first, last = _wrapped(f"$ {command}", columns - 2, _INDENT)
            for line in [*(piece + " \\" for piece in first), last]:
                yield click.style(line, fg="cyan")
            for line in shown.output.splitlines():
                yield from _wrapped(_INDENT + line, columns, _INDENT + _hanging(line))
            if shown.exit_code:
                yield click.style(f"{_INDENT}(exit code {shown.exit_code})", dim=True)


def _farewell(keep: Path | None) -> str:
    if keep is None:
        lines = ["The repository is deleted again; `tsm demo --keep DIR` leaves it to you."]
    else:
        path = shell_quoted(str(keep / "app"))
        lines = ["The repository is yours to play with:", f"{_INDENT}cd {path} && tsm status"]
    lines.append("`tsm explain TSM204` tells more about a rule, `tsm --help` what else there is.")
    return "\n".join(["", *lines])


def _wrapped(line: str, columns: int, hanging: str = "") -> Iterator[str]:
    """The line in pieces that fit; colours take no room, and a word is never cut."""
    piece = ""
    for word in re.findall(r"\s*\S+", line):
        if piece and len(click.unstyle(piece + word)) > columns:
            yield piece
            piece = hanging + word.lstrip()
        else:
            piece += word
    yield piece


def _hanging(line: str) -> str:
    """The indent of what is wrapped: a little more than the line's own."""
    return " " * (len(line) - len(line.lstrip()) + 4)
