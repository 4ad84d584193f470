"""The JSON document of `tsm check` (FORMATS section 4), built by hand so that it is a promise."""

from __future__ import annotations

import json

from tsm_git.core.finding import Finding, Fix, Rule, Severity
from tsm_git.core.report import CheckReport, DatabaseReport
from tsm_git.version import VERSION

FORMAT_VERSION = 1


def check_json(report: CheckReport) -> str:
    """The document, ending with a newline."""
    return dumped(check_document(report))


def dumped(document: object) -> str:
    """A document as text; ASCII, so that no terminal or pipe can spoil a name.

    `##` stands in strings only, and begins a command where a CI runner reads the log.
    """
    return json.dumps(document, indent=2).replace("##", "#\\u0023") + "\n"


def check_document(report: CheckReport) -> dict[str, object]:
    """The document as plain values."""
    return {
        "version": FORMAT_VERSION,
        "tool": {"name": "tsm", "version": VERSION},
        "databases": [_database(database, report) for database in report.databases],
        "summary": {
            "errors": report.how_many(Severity.ERROR),
            "warnings": report.how_many(Severity.WARNING),
            "notes": report.how_many(Severity.NOTE),
        },
        "exit_code": report.exit_code,
    }


def _database(database: DatabaseReport, report: CheckReport) -> dict[str, object]:
    base = database.comparison.facts.base
    return {
        "database": database.database,
        "state": database.state.name,
        "candidate": {
            "place": report.place.value,
            "revision": report.revision,
            "commit": report.head,
        },
        "base": base
        and {"revision": base.name, "commit": base.oid, "merge_base": base.merge_base_oid},
        "pending": database.pending,
        "applied": database.applied,
        "findings": [finding_document(finding) for finding in database.findings],
        "skipped": [
            {"code": code, "why": skipped.why}
            for skipped in database.skipped
            for code in skipped.codes
        ],
    }


def finding_document(finding: Finding) -> dict[str, object]:
    """One finding as plain values."""
    return {
        "code": finding.code,
        "rule": finding.rule.name,
        "severity": finding.severity.value,
        "number": finding.number,
        "path": finding.path,
        "line": finding.line,
        "message": finding.message,
        "hint": finding.hint,
        "related": [
            {
                "path": related.path,
                "commit": related.commit,
                "author": related.author,
                "date": related.date,
                "message": related.message,
            }
            for related in finding.related
        ],
        "fix": finding.fix and _fix(finding.fix),
    }


def _fix(fix: Fix) -> dict[str, object]:
    return {
        "kind": fix.kind,
        "command": fix.command,
        "renames": [{"from": rename.old, "to": rename.new} for rename in fix.renames],
    }


def rule_document(rule: Rule) -> dict[str, object]:
    """One rule as plain values, for `tsm explain --json`."""
    return {
        "code": rule.code,
        "name": rule.name,
        "summary": rule.summary,
        "severity": rule.severity.value,
        "implies": rule.implies and rule.implies.name,
    }
