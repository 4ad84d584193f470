"""Builds a database in a new file: a copy, or nothing, and scripts on top. Never touches another.

The file gets its name when it is whole, and only if nobody else has it by then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tsm_git.adapters.sqlite.applying import Applier, Clock, Runnable
from tsm_git.adapters.sqlite.connection import translated
from tsm_git.adapters.sqlite.copies import back_up
from tsm_git.adapters.sqlite.durable import SIDE_FILES, make_durable
from tsm_git.adapters.sqlite.unborn import give_name
from tsm_git.core.errors import Refusal, ScriptError


def build(
    target: Path,
    scripts: Sequence[Runnable],
    clock: Clock,
    *,
    source: Path | None = None,
    tell: Callable[[Runnable], None] = lambda _: None,
) -> None:
    """Makes a database of `source`, or from nothing, and of scripts; `tell` is told of each.

    Raises Refusal where the target, or a side file of such a name, is there already, and
    ScriptError where a statement fails; then no file is left behind.
    """
    refuse_existing(target)
    with (
        translated(str(target)),
        TemporaryDirectory(prefix=".tsm-", dir=target.parent) as scratch,
    ):
        unborn = Path(scratch, target.name)
        if source is not None:
            back_up(source, str(source), unborn)
        with Applier(unborn, str(target), clock, is_private=True) as one:
            for script in scripts:
                tell(script)
                try:
                    one.apply(script, lambda _: True)
                except ScriptError as error:
                    raise ScriptError(
                        *(error.path, error.line, error.column, error.reason),
                        f"`{target}` was not made; correct the script and try again",
                    ) from error
        make_durable(unborn)
        try:
            give_name(unborn, target)
        except FileExistsError as error:
            raise _exists(target) from error


def refuse_existing(target: Path) -> None:
    """Raises Refusal where a file is there, or a side file that SQLite would take for its own."""
    for suffix in ("", *SIDE_FILES):
        path = target.with_name(target.name + suffix)
        if path.exists() or path.is_symlink():
            raise _exists(path)


def _exists(path: Path) -> Refusal:
    return Refusal(f"`{path}` exists already", "give another name; nothing is overwritten")
