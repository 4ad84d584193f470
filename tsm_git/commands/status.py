"""`tsm status`: what is where, what state that is, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping

from tsm_git.commands.check import CheckRequest, check
from tsm_git.commands.project import Project
from tsm_git.commands.request import Models
from tsm_git.core.record import NamedTuple
from tsm_git.core.report import CheckReport
from tsm_git.core.table import Row, rows


class Status(NamedTuple):
    """The verdict with the table of each database; `fetched_at` is in seconds since 1970."""

    report: CheckReport
    tables: Mapping[str, list[Row]]
    fetched_at: float | None


def status(
    project: Project,
    base: str | None,
    database: str | None,
    now: float,
    models: Models = Models.IF_CONFIGURED,
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
    tables = {one.database: rows(one.comparison) for one in report.databases}
    return Status(report, tables, project.repository.fetched_at() if project.repository else None)
