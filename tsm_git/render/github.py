"""The report as annotations of GitHub Actions, which are lines of the log, and as text below.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from tsm_git.core.finding import Finding, Severity
from tsm_git.core.report import CheckReport
from tsm_git.core.text import printable
from tsm_git.render.text import check_text, related_text

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def check_github(report: CheckReport) -> str:
    """One line a finding, errors first, and then the report for people.

    GitHub shows ten annotations of each kind for a step; the rest is in the log only.
    """
    findings = [finding for database in report.databases for finding in database.findings]
    findings.sort(key=lambda finding: list(_COMMANDS).index(finding.severity))
    return "".join(f"{_annotation(finding)}\n" for finding in findings) + check_text(report)


def _annotation(finding: Finding) -> str:
    """The workflow command of one finding.

    Without a column: GitHub wants one only where the line it ends in is given, too.
    """
    properties = {
        "file": printable(finding.path),
        "line": str(finding.line),
        "title": f"{finding.code} {finding.rule.name}",
    }
    lines = [printable(finding.message)]
    lines += [f"note: {related_text(related)}" for related in finding.related]
    if finding.hint:
        lines.append(f"hint: {printable(finding.hint)}")
    words = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    message = _data("\n".join(lines))
    return f"::{_COMMANDS[finding.severity]} {words}::{message}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
