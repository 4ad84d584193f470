"""Backups of working databases: made, listed, verified, pruned.

They lie in `X.bak` beside the database `X`. What changes a database calls `before_change`
first. A `database` is its path relative to the project's top, in POSIX style.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from tsm_git.adapters.files import kept_folder, regular_files, remove_file
from tsm_git.commands.gathering.project import Project
from tsm_git.core.backups import Backup, backup_name, outdated, parse_backup
from tsm_git.core.errors import DatabaseError, UsageError

Clock = Callable[[], str]
Pages = Callable[[int, int], None]


def make(
    project: Project,
    database: str,
    clock: Clock,
    on_pages: Pages = lambda _done, _pages: None,
) -> Backup:
    """Backs a database up, verified and durable, while others may use it.

    `on_pages` is told how many pages are done, of how many. Raises UsageError where there is no
    database, and DatabaseError where it cannot be read, is corrupt, or there is no room.
    """
    from tsm_git.adapters.sqlite import back_up

    path = project.top / database
    if not path.exists():
        raise UsageError(
            f"there is no database `{database}` yet, so there is nothing to back up",
            "run `tsm apply` to make it",
        )
    target = place(project, database, clock)()
    with kept_folder(target.parent):
        back_up(path, database, target, on_pages)
    return _described(project, database, target)


def before_change(
    project: Project,
    database: str,
    clock: Clock,
    on_pages: Pages = lambda _done, _pages: None,
) -> Backup | None:
    """Backs a database up that is about to change, then prunes as `keep_backups` says.

    None where there is nothing in it that could be lost. Raises as `make`, and where the database
    cannot be changed anyway.
    """
    from tsm_git.adapters.sqlite import ensure_writable, has_content

    path = project.top / database
    if not path.exists():
        return None
    ensure_writable(path, database)  # also takes back what a killed program has left half done
    if not has_content(path, database):
        return None
    made = make(project, database, clock, on_pages)
    keep_only_newest(project, database, (made.path,), clock())
    return made


def place(project: Project, database: str, clock: Clock) -> Callable[[], Path]:
    """What gives the path of a backup that is made at the time; reads the database only now."""
    number = _last(project.top / database, database)
    folder, filename = _folder(project, database), database.rpartition("/")[2]
    return lambda: folder / backup_name(clock(), number, filename)


def keep_only_newest(
    project: Project, database: str, needed: Collection[str | None], now: str
) -> None:
    """Prunes as `keep_backups` says; what is needed stays, though a clock may go backwards."""
    keep = project.settings().of(database).keep_backups
    for backup in outdated(list_backups(project, database), keep, None, now):
        if backup.path not in needed:
            remove_file(project.top / backup.path)


def list_backups(project: Project, database: str) -> list[Backup]:
    """The backups of a database, oldest first; other files in the folder are none."""
    filename = database.rpartition("/")[2]
    folder = _folder(project, database)
    found = []
    for path in sorted(regular_files(folder)):
        if parse_backup(path.name, filename):
            with suppress(FileNotFoundError):  # another process prunes
                found.append(_described(project, database, path))
    return found


def find(project: Project, database: str, name: str) -> Backup:
    """The backup with that name, or at that path; `latest` is the newest.

    Raises UsageError where there is none.
    """
    found = list_backups(project, database)
    wanted = [b for b in found if name in (b.name, b.path)] or (found if name == "latest" else [])
    if not wanted:
        raise UsageError(
            f"there is no backup `{name}` of `{database}`",
            "run `tsm backup list` to see those that there are",
        )
    return wanted[-1]


def verify(project: Project, backup: Backup) -> str | None:
    """What is wrong with a backup, in one line; None where nothing is. Reads all of it."""
    from tsm_git.adapters.sqlite import verify_sound

    try:
        verify_sound(project.top / backup.path, backup.path)
    except DatabaseError as error:
        return error.message
    return None


def prune(
    project: Project, database: str, keep: int | None, age: timedelta | None, now: str
) -> list[Backup]:
    """Removes the backups that neither `keep` (that many) nor `age` (younger than that) keeps.

    The newest always stays. Returns what was removed, oldest first.
    """
    gone = outdated(list_backups(project, database), keep, age, now)
    for backup in gone:
        remove_file(project.top / backup.path)
    return gone


def _folder(project: Project, database: str) -> Path:
    return project.top / f"{database}.bak"


def _described(project: Project, database: str, path: Path) -> Backup:
    made_at, number = parse_backup(path.name, database.rpartition("/")[2]) or ("", 0)
    size = path.stat().st_size
    return Backup(path.relative_to(project.top).as_posix(), made_at, number, size)


def _last(path: Path, database: str) -> int:
    """The highest number that is applied; a ledger that nobody can read has applied nothing."""
    from tsm_git.adapters.sqlite import read_ledger

    try:
        return read_ledger(path, database).last
    except DatabaseError:
        return 0
