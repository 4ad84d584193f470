"""`tsm check`: the verdict on every database of a project."""

from __future__ import annotations

from collections.abc import Sequence

from tsm_git.commands.gathering.gather import gather
from tsm_git.commands.gathering.history import History, annotated
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.gathering.request import Gathered, Request, why_no_models
from tsm_git.core.comparison import Comparison, compare
from tsm_git.core.errors import Refusal
from tsm_git.core.facts import Facts
from tsm_git.core.finding import Finding, Severity
from tsm_git.core.report import CheckReport, DatabaseReport
from tsm_git.core.script import Flaw
from tsm_git.core.settings import Settings
from tsm_git.core.state import State, judge
from tsm_git.core.text import shell_quoted
from tsm_git.rules import run

CheckRequest = Request


def check(project: Project, request: CheckRequest) -> CheckReport:
    """The verdict on every database that the request means. Reads only."""
    gathered = gather(project, request)
    reports = []
    for facts in gathered.facts:
        comparison = _with_radar(project, gathered, compare(facts), request)
        if request.replay:
            comparison = _with_replay(project, comparison, gathered.settings)
        comparison = _with_drift(project, gathered, comparison, request)
        report = report_on(comparison, gathered.settings)
        if request.annotate:
            annotated_findings = _annotated(project, facts, report.findings)
            report = DatabaseReport(
                comparison, report.state, tuple(annotated_findings), report.skipped
            )
        reports.append(report)
    return CheckReport(
        gathered.place,
        request.head,
        gathered.head,
        tuple(reports),
        failing_severities(gathered, request.strict),
    )


def report_on(comparison: Comparison, settings: Settings) -> DatabaseReport:
    """Findings and state of one database."""
    findings, skipped = run(comparison, settings)
    implied = {finding.implies for finding in findings if finding.implies}
    state = judge(implied, bool(comparison.pending))
    return DatabaseReport(comparison, state, tuple(findings), tuple(skipped))


def refuse_unreadable(report: CheckReport) -> None:
    """Raises Refusal where a file cannot be read: who moves scripts must know all of them."""
    for one in report.databases:
        facts = one.comparison.facts
        for filename, content in facts.candidate.files.items():
            if content.flaw is Flaw.UNREADABLE:
                path = f"{facts.folder}/{filename}"
                raise Refusal(
                    f"`{path}` cannot be read", f"run `ls -l {shell_quoted(path)}`", one.state
                )


def failing_severities(gathered: Gathered, strict: bool) -> tuple[Severity, ...]:
    """The severities at which a check fails."""
    if strict or gathered.settings.strict:
        return (Severity.ERROR, Severity.WARNING)
    return (Severity.ERROR,)


def _with_radar(
    project: Project, gathered: Gathered, comparison: Comparison, request: CheckRequest
) -> Comparison:
    code = "TSM206"
    wanted = gathered.settings.severity(code, Severity.WARNING) is not None
    if request.radar_at is None or not wanted or not comparison.drafts:
        return comparison  # the radar costs two processes, and only a draft can be contested
    from tsm_git.commands.branches import contested_drafts

    current = request.branch or request.head
    found = contested_drafts(project, gathered, comparison, current, request.radar_at)
    return comparison._replace(contested=found)


def _with_replay(project: Project, comparison: Comparison, settings: Settings) -> Comparison:
    from tsm_git.adapters.cache import user_cache  # only a replay needs these
    from tsm_git.commands.gathering.replays import with_replay

    cache = user_cache(project.environ, "replays")
    return with_replay(comparison, settings.of(comparison.facts.database).min_sqlite, cache)


def _with_drift(
    project: Project, gathered: Gathered, comparison: Comparison, request: CheckRequest
) -> Comparison:
    facts = comparison.facts
    database = gathered.settings.of(facts.database)
    wanted = gathered.settings.severity("TSM401", Severity.ERROR) is not None
    why = why_no_models(request, database) if wanted else "switched off in the configuration"
    if why:
        unseen = {**facts.unseen, "models": why}
        facts = facts._replace(unseen=unseen, unasked=(*facts.unasked, "models"))
        return comparison._replace(facts=facts)
    # It costs what reading two schemas costs.
    from tsm_git.commands.gathering.drift import with_drift

    implied = {finding.implies for finding in run(comparison, gathered.settings)[0]}
    return with_drift(project, database, comparison, request, State.ERROR in implied)


def _annotated(project: Project, facts: Facts, findings: Sequence[Finding]) -> Sequence[Finding]:
    if project.repository is None or not findings:
        return findings
    history = facts.whereabouts if isinstance(facts.whereabouts, History) else None
    return annotated(project.repository, history, findings)
