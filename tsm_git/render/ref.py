"""Ref databases for people and as JSON (FORMATS section 8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tsm_git.core.deployment import FolderCommit, Ran, RefReport
from tsm_git.core.text import ago, counted, listed, printable
from tsm_git.render.style import Style


def ref_text(report: RefReport, now: float, style: Style) -> list[str]:
    """The lines that `tsm ref show` prints."""
    ran = report.ran
    last = f", the last at {printable(ran[-1].entry.finished_at or '?')}" if ran else ""
    lines = [
        style(printable(report.path), "bold") + f": {counted(len(ran), 'script')} applied{last}",
        f"  refreshed  {ago(now - report.refreshed)}",
        f"  source     {printable(report.source) or 'none is configured'}",
        f"  deployed   {_deployment(report)}",
    ]
    if report.waiting:
        names = printable(listed(report.waiting))
        lines.append(f"  waiting    {counted(len(report.waiting), 'script')}: {names}")
    if ran:
        rows = [_row(each) for each in ran]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines.append("")
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
            lines.append(("  " + "  ".join([*cells, style(row[4], "yellow")])).rstrip())
    return lines


def ref_document(reports: Sequence[RefReport]) -> dict[str, object]:
    """The document as plain values."""
    return {"version": 1, "databases": [_database(report) for report in reports]}


def _database(report: RefReport) -> dict[str, object]:
    runs = report.deployed
    return {
        "database": report.database,
        "path": report.path,
        "refreshed_at": datetime.fromtimestamp(report.refreshed, UTC).isoformat(),
        "source": report.source or None,
        "base": report.base,
        "deployed": runs
        and {
            **_commit(runs.commit),
            "exact": runs.is_exact,
            "before": runs.before and runs.before.commit,
        },
        "applied": [
            {
                "number": ran.entry.number,
                "filename": ran.entry.filename,
                "finished_at": ran.entry.finished_at,
                "branch": ran.branch or None,
                "since": ran.since or None,
                **(_commit(ran.commit) if ran.commit else dict.fromkeys(_COMMIT)),
            }
            for ran in report.ran
        ],
        "waiting": list(report.waiting),
    }


_COMMIT = ("commit", "author", "date")


def _commit(commit: FolderCommit) -> dict[str, object]:
    return dict(zip(_COMMIT, (commit.commit, commit.author, commit.date), strict=True))


def _deployment(report: RefReport) -> str:
    runs = report.deployed
    if runs is None:
        where = f"no commit of {printable(report.base)}" if report.base else "no commit"
        return f"{where} holds what production ran"
    words = f"{printable(report.base or '')} at {_signed(runs.commit)}"
    if not runs.is_exact:
        return f"{words}, which holds more than production ran"
    if runs.before:
        return f"{words}, or later, before {runs.before.commit[:10]}"
    return f"{words}, or later"


def _row(ran: Ran) -> tuple[str, str, str, str, str]:
    if ran.commit is None:
        who, branch = "in no commit", ""
    else:
        who, branch = _signed(ran.commit), printable(ran.branch)
    when = printable((ran.entry.finished_at or "")[:19].replace("T", " "))
    return printable(ran.entry.filename), when, who, branch, printable(ran.since)


def _signed(commit: FolderCommit) -> str:
    return f"{commit.commit[:10]} by {printable(commit.author)} on {printable(commit.date[:10])}"
