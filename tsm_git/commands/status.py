"""`tsm status`: what is where, what state that is, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from tsm_git.commands.backup import list_backups
from tsm_git.commands.check import CheckRequest, check
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.gathering.request import Models
from tsm_git.core.chronicle import Deed
from tsm_git.core.errors import TsmError
from tsm_git.core.record import NamedTuple
from tsm_git.core.report import CheckReport
from tsm_git.core.table import Copies, Row, rows


class Status(NamedTuple):
    """The verdict with the table of each database; `fetched_at` is in seconds since 1970.

    `written` is who wrote each script, by path; it is empty unless it was asked for.
    """

    report: CheckReport
    tables: Mapping[str, list[Row]]
    copies: Mapping[str, Copies]
    fetched_at: float | None
    written: Mapping[str, Deed]


def status(
    project: Project,
    base: str | None,
    database: str | None,
    now: float,
    models: Models = Models.IF_CONFIGURED,
    *,
    with_authors: bool = False,
) -> Status:
    """Everything that `tsm status` shows; `now` is in seconds since 1970. Reads only."""
    request = CheckRequest(
        base=base,
        database=database,
        all_places=True,
        annotate=False,
        radar_at=now,
        models=models,
    )
    report = check(project, request)
    written: Mapping[str, Deed] = {}
    if with_authors:
        from tsm_git.commands.log import deeds  # two more git processes

        written, _ = deeds(project, [one.comparison for one in report.databases], report.head)
    return Status(
        report,
        {one.database: rows(one.comparison) for one in report.databases},
        {one.database: _copies(project, one.database) for one in report.databases},
        project.repository.fetched_at() if project.repository else None,
        written,
    )


def _copies(project: Project, database: str) -> Copies:
    ref_at, backups = None, []
    if not project.is_bare:
        with suppress(OSError):
            ref_at = (project.top / f"{database}.ref").stat().st_mtime
        with suppress(TsmError, OSError):  # what nobody may list is for `tsm backup list` to tell
            backups = [backup.made_at for backup in list_backups(project, database)]
    return Copies(ref_at, backups)
