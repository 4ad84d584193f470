"""What a query answers after each script, and where the answer changes."""

from __future__ import annotations

from collections.abc import Iterable

from tsm_git.core.record import NamedTuple

Value = int | float | str | bytes | None


class Result(NamedTuple):
    """The answer to a query: its first rows, how many there are in all, and a digest of them all.

    `error` is what SQLite says where the query cannot be run.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Value, ...], ...] = ()
    total: int = 0
    digest: str = ""
    error: str | None = None


class Turn(NamedTuple):
    """The first script after which the answer is another: its index, and both answers.

    `start` is the index of the script after which `before` was the answer. Without a change
    `script` is None, and so is `after`.
    """

    start: int
    before: Result
    script: int | None = None
    after: Result | None = None


def turn(results: Iterable[Result], start: int | None = None) -> Turn | None:
    """Where the answer changes after script number `start`, counted from 0.

    Without `start` that is the first script after which the query can be run; None if it never can.
    """
    first: Turn | None = None
    for index, result in enumerate(results):
        if first is None:
            if index == start or (start is None and result.error is None):
                first = Turn(index, result)
        elif result != first.before:
            return first._replace(script=index, after=result)
    return first
