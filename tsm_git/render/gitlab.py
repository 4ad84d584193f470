"""The report as GitLab takes it for Code Quality (https://docs.gitlab.com/ci/testing/code_quality)."""

from __future__ import annotations

from tsm_git.core.finding import Severity
from tsm_git.core.report import CheckReport
from tsm_git.render.fingerprint import fingerprinted
from tsm_git.render.jsondoc import dumped

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.NOTE: "info"}


def check_gitlab(report: CheckReport) -> str:
    """The list of findings, ending with a newline; GitLab shows the description and the place."""
    return dumped(
        [
            {
                "description": f"{finding.message}; {finding.hint}"
                if finding.hint
                else finding.message,
                "check_name": finding.code,
                "fingerprint": fingerprint,
                "severity": _SEVERITIES[finding.severity],
                "location": {"path": finding.path, "lines": {"begin": finding.line}},
            }
            for fingerprint, finding in fingerprinted(report)
        ]
    )
