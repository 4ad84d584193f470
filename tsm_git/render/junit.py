"""The report as JUnit XML, which every CI shows: a test case for each rule, or for its findings."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from tsm_git.core.finding import Finding, Rule
from tsm_git.core.report import CheckReport, DatabaseReport
from tsm_git.core.text import printable
from tsm_git.render.style import Style
from tsm_git.render.text import finding_lines


def check_junit(report: CheckReport, rules: Sequence[Rule]) -> str:
    """The document, ending with a newline: a suite for each database.

    A finding that makes the check fail is a failure; a lesser one has passed and is told as
    output. A rule without a finding has passed, one that was not judged is skipped.
    """
    suites = [_suite(database, report, rules) for database in report.databases]
    body = "".join(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="tsm">\n{body}</testsuites>\n'


def _suite(database: DatabaseReport, report: CheckReport, rules: Sequence[Rule]) -> str:
    why = {code: skipped.why for skipped in database.skipped for code in skipped.codes}
    found: dict[str, list[Finding]] = {}
    for finding in database.findings:
        found.setdefault(finding.code, []).append(finding)
    cases = []
    for rule in rules:
        name = f"{rule.code} {rule.name}"
        for finding in found.get(rule.code, ()):
            fails = finding.severity in report.failing
            cases.append(_case(database, f"{name}: {finding.subject}", _told(finding, fails)))
        if rule.code in why:
            cases.append(_case(database, name, f"<skipped message={_attribute(why[rule.code])}/>"))
        elif rule.code not in found:
            cases.append(_case(database, name, ""))
    failures = sum(finding.severity in report.failing for finding in database.findings)
    numbers = f'tests="{len(cases)}" failures="{failures}" errors="0" skipped="{len(why)}"'
    head = f"  <testsuite name={_attribute(database.database)} {numbers}>\n"
    return head + "".join(cases) + "  </testsuite>\n"


def _case(database: DatabaseReport, name: str, inside: str) -> str:
    names = f"classname={_attribute(database.database)} name={_attribute(name)}"
    if not inside:
        return f"    <testcase {names}/>\n"
    return f"    <testcase {names}>\n      {inside}\n    </testcase>\n"


def _told(finding: Finding, fails: bool) -> str:
    text = escape(_legal("\n".join(finding_lines(finding, Style(False)))))
    if not fails:
        return f"<system-out>{text}</system-out>"
    message, kind = _attribute(finding.message), _attribute(finding.rule.name)
    return f"<failure message={message} type={kind}>{text}</failure>"


def _attribute(text: str) -> str:
    return quoteattr(_legal(printable(text)))


def _legal(text: str) -> str:
    """The printable text without the two characters that XML 1.0 still knows no way to write."""
    return text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
