"""Backups: their file names, and which of them are kept.

`2026-11-19T14-30-05.123456.003.app.sqlite`: when it was made (UTC), the highest number that the
database had applied, the database's name. Names sort by time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from tsm_git.core.record import NamedTuple
from tsm_git.core.script import padded
from tsm_git.core.text import file_stamp

_NAME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2})-([0-9]{2})-([0-9]{2}\.[0-9]{6})\.([0-9]{3,9})\.(.+)",
    re.DOTALL,
)
_AGE = re.compile(r"([1-9][0-9]{0,4})([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 24 * 7}


class Backup(NamedTuple):
    """One backup; `path` is as messages show it, `made_at` is ISO 8601 in UTC.

    `number` is the highest that it has applied, `size` is in bytes.
    """

    path: str
    made_at: str
    number: int
    size: int

    @property
    def name(self) -> str:
        """The file name."""
        return self.path.rpartition("/")[2]


def backup_name(now: str, number: int, database: str) -> str:
    """The file name of a backup of `database`, a file name, that is made now."""
    return f"{file_stamp(now)}.{padded(number, 3)}.{database}"


def parse_backup(name: str, database: str) -> tuple[str, int] | None:
    """When a backup of `database` was made, and what it has applied; None if it is none."""
    match = _NAME.fullmatch(name)
    if match is None or match[6] != database:
        return None
    return f"{match[1]}T{match[2]}:{match[3]}:{match[4]}+00:00", int(match[5])


def parse_age(words: str) -> timedelta | None:
    """A length of time, such as `12h`, `30d` or `8w`; None if it is none."""
    match = _AGE.fullmatch(words)
    return timedelta(hours=int(match[1]) * _HOURS[match[2]]) if match else None


def outdated(
    backups: Sequence[Backup], keep: int | None, age: timedelta | None, now: str
) -> list[Backup]:
    """The backups that no rule keeps: `keep` the newest ones, `age` those that are younger.

    Without a rule all are kept, and the newest one always is. Oldest first.
    """
    if keep is None and age is None:
        return []
    newest_first = sorted(backups, key=lambda backup: backup.name, reverse=True)
    candidates = newest_first[max(keep or 1, 1) :]
    if age is not None:
        limit = datetime.fromisoformat(now) - age
        candidates = [b for b in candidates if datetime.fromisoformat(b.made_at) < limit]
    return candidates[::-1]
