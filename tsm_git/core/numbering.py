"""The one sequence: duplicates, gaps, copies, and where drafts move to (FORMATS 3.5)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from tsm_git.core.record import NamedTuple
from tsm_git.core.script import Script, padded
from tsm_git.core.snapshot import in_order


class Gap(NamedTuple):
    """A run of missing numbers, both ends inclusive, and the script that follows it."""

    first: int
    last: int
    next: Script


class Move(NamedTuple):
    """One draft and the file name it gets."""

    script: Script
    filename: str


def duplicates(scripts: Iterable[Script]) -> list[list[Script]]:
    """Groups of two or more scripts that claim one number, by file name."""
    scripts = list(scripts)
    if len({script.number for script in scripts}) == len(scripts):
        return []
    claims: dict[int, list[Script]] = {}
    for script in scripts:
        claims.setdefault(script.number, []).append(script)
    return [in_order(group) for _, group in sorted(claims.items()) if len(group) > 1]


def gaps(scripts: Collection[Script], explained: Collection[int]) -> list[Gap]:
    """The runs of numbers from 1 that no script holds and nothing else explains.

    Walks the scripts, not the numbers: a script 999999999 is one gap, not a billion steps.
    """
    if not scripts or len({script.number for script in scripts}) == max(scripts).number:
        return []
    held: dict[int, Script | None] = dict.fromkeys(explained)
    for script in in_order(scripts):
        held.setdefault(script.number, script)
        held[script.number] = held[script.number] or script
    highest = max((script.number for script in scripts), default=0)
    found: list[Gap] = []
    previous = 0
    for number in sorted(number for number in held if 0 < number <= highest):
        if number > previous + 1:
            following = held[number] or next(s for s in in_order(scripts) if s.number > number)
            found.append(Gap(previous + 1, number - 1, following))
        previous = number
    return found


def copies(scripts: Iterable[Script]) -> list[tuple[Script, Script]]:
    """Scripts that have the text of a lower numbered one, each with that original."""
    scripts = list(scripts)
    if len({script.digest for script in scripts}) == len(scripts):
        return []
    originals: dict[str, Script] = {}
    found = []
    for script in in_order(scripts):
        original = originals.setdefault(script.digest, script)
        if original.number != script.number:
            found.append((script, original))
    return found


def width(scripts: Collection[Script]) -> int:
    """How many digits the folder writes numbers with: as its lowest numbered script does."""
    first = min(scripts, default=None)
    return len(first.digits) if first else 3


def renumbered(drafts: Sequence[Script], last_published: int, digits: int) -> list[Move]:
    """Where drafts go so that they follow the last published number without a gap.

    They keep the order in which they are given. Drafts that are in their place already are not in
    the result.
    """
    moves = []
    for number, script in enumerate(drafts, start=last_published + 1):
        if script.number != number:
            moves.append(Move(script, f"{padded(number, digits)}.{script.name}.sql"))
    return moves


def in_safe_order(moves: Iterable[Move]) -> list[Move]:
    """The moves in an order in which no file takes a name that another has not left yet.

    Where the order of the scripts is kept there always is one.
    """
    waiting = sorted(moves, key=lambda move: move.script[:2])
    ordered: list[Move] = []
    while waiting:
        leaving = {move.script.filename for move in waiting}
        free = [move for move in waiting if move.filename not in leaving] or waiting[:1]
        ordered += free
        waiting = [move for move in waiting if move not in free]
    return ordered
