"""The report for people: one grep-able line a finding, its places and hint below."""

from __future__ import annotations

from tsm_git.core.facts import Place
from tsm_git.core.finding import Finding, Related, Severity
from tsm_git.core.report import CheckReport, DatabaseReport
from tsm_git.core.state import State
from tsm_git.core.text import counted, listed, printable
from tsm_git.render.style import Style


def check_text(report: CheckReport, *, colour: bool = False) -> str:
    """The whole report, ending with a newline."""
    style = Style(colour)
    lines: list[str] = []
    for database in report.databases:
        for finding in database.findings:
            lines += finding_lines(finding, style)
        lines += _verdict_lines(database, report, style)
    if not report.databases:
        lines.append("no folder `X.migrations` with scripts: nothing to check")
    counts = [
        counted(report.how_many(Severity.ERROR), "error"),
        counted(report.how_many(Severity.WARNING), "warning"),
        counted(report.how_many(Severity.NOTE), "note"),
    ]
    lines.append(f"found {', '.join(counts)}")
    return "\n".join(lines) + "\n"


def finding_lines(finding: Finding, style: Style) -> list[str]:
    """One finding: `path:line:column: CODE message`, then where else to look and what to do."""
    place = f"{printable(finding.path)}:{finding.line}:{finding.column}:"
    code = style.severity(finding.code, finding.severity)
    word = "" if finding.severity is Severity.ERROR else f"{finding.severity.value}: "
    lines = [f"{style(place, 'bold')} {code} {word}{printable(finding.message)}"]
    shown = finding.related[:_MOST_RELATED]
    lines += [f"    note: {related_text(related)}" for related in shown]
    if len(finding.related) > len(shown):
        lines.append(f"    note: and {len(finding.related) - len(shown)} more")
    if finding.hint:
        lines.append(f"    {style('hint:', 'bold')} {printable(finding.hint)}")
    return lines


_MOST_RELATED = 4


def related_text(related: Related) -> str:
    """Another place in words: what it is, and who did it when, if git knows."""
    words = f"{printable(related.path)}: {printable(related.message)}"
    if related.commit and related.author and related.date:
        words += f", {related.commit[:10]} by {printable(related.author)} on {related.date[:10]}"
    return words


def base_text(database: DatabaseReport) -> str:
    """`against origin/main (1a2b3c4d5e)`, or nothing without a base."""
    base = database.comparison.facts.base
    if base is None:
        return ""
    is_commit = base.oid.startswith(base.name)
    return f"against {printable(base.name)}" + ("" if is_commit else f" ({base.oid[:10]})")


def skipped_lines(database: DatabaseReport) -> list[str]:
    """What was not looked at, and why."""
    return [
        f"not judged: {', '.join(skipped.codes)}: {printable(skipped.why)}"
        for skipped in database.skipped
        if not skipped.by_choice
    ]


def _verdict_lines(database: DatabaseReport, report: CheckReport, style: Style) -> list[str]:
    candidate = printable(database.comparison.facts.candidate_name)
    words = [f"{printable(database.database)}: {style.state(database.state)},", candidate]
    lines = [" ".join([*words, base_text(database)]).rstrip()]
    if database.state is State.PENDING and report.place is Place.WORK_TREE:
        pending = database.pending
        pending[:3] = map(printable, pending[:3])  # no more of them are shown
        lines.append(f"    {counted(len(pending), 'script')} to apply: {listed(pending)}")
    lines += [f"    {style(line, 'dim')}" for line in skipped_lines(database)]
    return lines
