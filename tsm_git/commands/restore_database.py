"""`tsm restore --db`: makes a working database what ref holds, or a backup, or nothing at all.

What it held is saved first: as a verified backup, or byte for byte where it is too damaged for one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tsm_git.commands import backup
from tsm_git.commands.databases import one_database
from tsm_git.commands.project import Project
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
    from tsm_git.adapters.sqlite import restore, verify_sound

    source = project.top / plan.source if plan.source else None
    if source and plan.source:
        verify_sound(source, plan.source)
    saved = _save(project, plan, clock, on_pages)
    restore(project.top / plan.database, plan.database, source, plan.source or "")
    return saved


def _save(
    project: Project, plan: DatabasePlan, clock: Callable[[], str], on_pages: backup.Pages
) -> str | None:
    from tsm_git.adapters.sqlite import remove_broken, save_raw

    database = plan.database
    try:
        made = backup.before_change(project, database, clock, on_pages, needed=plan.source)
    except CorruptError:
        folder = Path(f"{database}.bak", f"corrupt-{file_stamp(clock())}")
        save_raw(project.top / database, project.top / folder)
        remove_broken(project.top / database, database)
        return (folder / database.rpartition("/")[2]).as_posix()
    return made.path if made else None
