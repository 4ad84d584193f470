"""The registry of rules and the engine that runs them over facts.

Rules judge; they never print, never configure, never touch anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum

from tsm_git.core.comparison import Comparison
from tsm_git.core.finding import Finding, Rule, Severity, Skipped
from tsm_git.core.record import NamedTuple
from tsm_git.core.settings import Settings
from tsm_git.core.state import State


class Evidence(Enum):
    """What a rule needs to have been looked at; the value is its key in `Facts.unseen`."""

    SCRIPTS = "scripts"
    GIT = "git"
    MERGES = "merges"
    REF = "ref"
    WORKING = "working"
    PUBLISHED = "published"
    BRANCHES = "branches"
    TIP = "tip"
    REPLAY = "replay"
    MODELS = "models"


Judge = Callable[[Rule, Comparison], Iterator[Finding]]


class Check(NamedTuple):
    """A rule with what it needs and how it judges."""

    rule: Rule
    needs: Evidence
    judge: Judge


CHECKS: list[Check] = []


def rule(
    code: str,
    name: str,
    summary: str,
    *,
    severity: Severity = Severity.ERROR,
    implies: State | None = None,
    needs: Evidence = Evidence.SCRIPTS,
) -> Callable[[Judge], Judge]:
    """Registers the decorated function as the judge of a rule."""

    def register(judge: Judge) -> Judge:
        CHECKS.append(Check(Rule(code, name, summary, severity, implies), needs, judge))
        return judge

    return register


def run(view: Comparison, settings: Settings) -> tuple[list[Finding], list[Skipped]]:
    """All findings as the settings weigh them, in order of place, and what was not judged."""
    found: list[Finding] = []
    skipped: dict[tuple[str, bool], list[str]] = {}
    for check in CHECKS:
        code = check.rule.code
        severity = settings.severity(code, check.rule.severity)
        if severity is None:
            skipped.setdefault(("switched off in the configuration", True), []).append(code)
        elif not _has(view, check.needs):
            why = view.facts.unseen.get(check.needs.value, _DEFAULT.get(check.needs, _UNSEEN))
            by_choice = check.needs.value in view.facts.unasked or why == _DEFAULT.get(check.needs)
            skipped.setdefault((why, by_choice), []).append(code)
        else:
            found += (
                finding._replace(severity=_weaker(finding.severity, severity))
                for finding in check.judge(check.rule, view)
                if not settings.ignored(code, finding.path)
            )
    return in_order(found), [
        Skipped(tuple(codes), why, by_choice) for (why, by_choice), codes in skipped.items()
    ]


_UNSEEN = "it was not looked at"
# Why evidence is missing that nobody asked for.
_DEFAULT = {Evidence.REPLAY: "no replay was asked for (--replay)"}
_WEIGHT = {Severity.NOTE: 0, Severity.WARNING: 1, Severity.ERROR: 2}


def _weaker(one: Severity, other: Severity) -> Severity:
    """A judge may think less of a finding than of its rule's others, and never more."""
    return min(one, other, key=lambda severity: _WEIGHT[severity])


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by path, line, column and code, each once."""
    return sorted(
        dict.fromkeys(findings), key=lambda f: (f.path, f.line, f.column, f.code, f.subject)
    )


def _has(view: Comparison, needs: Evidence) -> bool:
    facts = view.facts
    match needs:
        case Evidence.REF:
            return facts.ref is not None
        case Evidence.WORKING:
            return facts.working is not None
        case Evidence.MODELS:
            return facts.drift is not None
        case Evidence.PUBLISHED:
            return facts.base is not None or facts.ref is not None
        case Evidence.REPLAY:
            return facts.replayed is not None
        case _:
            return needs.value not in facts.unseen
