"""How commands that make backups tell of them."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

_TOLD_FROM = 25_000  # pages: 100 MB of the usual ones; what is smaller is done before it is read


def told_pages(verb: str = "backing up") -> Callable[[int, int], None]:
    """Says on standard error how far the copy of a large database is.

    On a terminal in one line that changes, elsewhere a line for each quarter.
    """
    told = 0
    is_terminal = sys.stderr.isatty()

    def tell(done: int, pages: int) -> None:
        nonlocal told
        percent = done * 100 // pages if pages else 100
        step = percent if is_terminal else percent // 25 * 25
        if pages < _TOLD_FROM or step == told:
            return
        told = step
        if is_terminal:
            click.echo(f"\r{verb}: {step} %", err=True, nl=step == 100)
        else:
            click.echo(f"{verb}: {step} %.", err=True)

    return tell
