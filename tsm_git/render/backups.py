"""Backups for people and as JSON (FORMATS section 8)."""

from __future__ import annotations

from collections.abc import Sequence

from tsm_git.core.backups import Backup
from tsm_git.core.record import NamedTuple
from tsm_git.core.script import padded
from tsm_git.core.text import printable


class Told(NamedTuple):
    """What a run has to say of one database's backups; `problems` is what is wrong, by name."""

    database: str
    made: Backup | None = None
    backups: Sequence[Backup] = ()
    removed: Sequence[Backup] = ()
    problems: dict[str, str | None] | None = None


def backups_document(told: Sequence[Told]) -> dict[str, object]:
    """The document as plain values."""
    return {
        "version": 1,
        "databases": [
            {
                "database": one.database,
                "made": one.made and _backup(one.made, None),
                "backups": [_backup(backup, one.problems) for backup in one.backups],
                "removed": [_backup(backup, None) for backup in one.removed],
            }
            for one in told
        ],
    }


def listing(backups: Sequence[Backup]) -> list[str]:
    """A line for each backup: when it was made, what it has applied, how large it is, its path."""
    rows = [
        (b.made_at[:19].replace("T", " "), padded(b.number, 3), size(b.size), printable(b.path))
        for b in backups
    ]
    width = max((len(row[2]) for row in rows), default=0)
    return [f"{made}  {number}  {bytes_:>{width}}  {path}" for made, number, bytes_, path in rows]


def size(count: int) -> str:
    """A number of bytes as people read it: `812 bytes`, `4.1 kB`, `1.1 GB`."""
    if count < 1000:
        return f"{count} bytes"
    steps = enumerate(("kB", "MB", "GB"), start=1)
    power, unit = next(
        ((power, unit) for power, unit in steps if count < 1000 ** (power + 1)), (4, "TB")
    )
    return f"{count / 1000**power:.1f} {unit}"


def _backup(backup: Backup, problems: dict[str, str | None] | None) -> dict[str, object]:
    return {
        "path": backup.path,
        "made_at": backup.made_at,
        "number": backup.number,
        "size": backup.size,
        "verified": problems is not None and backup.name in problems,
        "problem": problems.get(backup.name) if problems else None,
    }
