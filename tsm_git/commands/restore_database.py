"""`tsm restore --db`: makes a working database what ref holds, or a backup, or nothing at all.

What it held is saved first: as a verified backup, or byte for byte where it is too damaged for one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tsm_git.adapters.files import kept_folder
from tsm_git.commands import backup
from tsm_git.commands.gathering.databases import one_database
from tsm_git.commands.gathering.project import Project
from tsm_git.core.errors import CorruptError
from tsm_git.core.record import NamedTuple
from tsm_git.core.text import file_stamp


class DatabasePlan(NamedTuple):
    """What a working database becomes: a copy of `source`, a path from the top, or empty."""

    database: str
    source: str | None


def plan_database(
    project: Project, database: str | None, backup_name: str | None = None
) -> DatabasePlan:
    """What the working database would become: the backup of that name, else ref, else empty.

    Raises UsageError where several databases could be meant, or there is no such backup.
    """
    path = one_database(project, database).path
    if backup_name is not None:
        return DatabasePlan(path, backup.find(project, path, backup_name).path)
    ref = f"{path}.ref"
    return DatabasePlan(path, ref if (project.top / ref).exists() else None)


def restore_database(
    project: Project,
    plan: DatabasePlan,
    clock: Callable[[], str],
    on_pages: backup.Pages = lambda _done, _pages: None,
) -> str | None:
    """Saves what the working database holds, then makes it what the plan says.

    Others may have it open: they see it as it was, or as it is to be. Returns the path of what was
    saved, if there was anything. Raises DatabaseError where something cannot be done, such as where
    the source is corrupt; the working database is then as it was.
    """
    from tsm_git.adapters.sqlite import ensure_writable, restore, verify_sound

    database, source = plan.database, project.top / plan.source if plan.source else None
    if source and plan.source:
        verify_sound(source, plan.source)
    working, shown = project.top / database, plan.source or ""
    try:
        keep = None
        if working.exists():
            ensure_writable(working, database)
            keep = backup.place(project, database, clock)
        with kept_folder(project.top / f"{database}.bak"):
            kept = restore(working, database, source, shown, keep, on_pages)
    except CorruptError:
        saved = _save_damaged(project, database, clock)
        restore(working, database, source, shown)
        return saved
    if kept is None:
        return None
    path = kept.relative_to(project.top).as_posix()
    backup.keep_only_newest(project, database, (path, plan.source), clock())
    return path


def _save_damaged(project: Project, database: str, clock: Callable[[], str]) -> str:
    from tsm_git.adapters.sqlite import remove_broken, save_raw

    folder = Path(f"{database}.bak", f"corrupt-{file_stamp(clock())}")
    with kept_folder((project.top / folder).parent):
        save_raw(project.top / database, project.top / folder)
    remove_broken(project.top / database, database)
    return (folder / database.rpartition("/")[2]).as_posix()
