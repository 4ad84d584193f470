"""What a hook says, for people: what happened, who did what, and one command to go on with."""

from __future__ import annotations

from tsm_git.core.finding import Finding, Severity
from tsm_git.core.integration.hook import Arrival, Event, HookReport, Judgement
from tsm_git.core.text import counted, listed, printable
from tsm_git.render.style import Style
from tsm_git.render.text import finding_lines

_MOST_OLD = 3

# What is to be done where an event was stopped; the findings say how to mend what is wrong.
_STOPPED = {
    Event.PRE_COMMIT: "nothing is committed: mend it as the hints say, stage it, then commit again",
    Event.PRE_MERGE_COMMIT: "the merge is not committed: mend it as the hints say, then "
    "`git commit`; or take it back with `git merge --abort`",
    Event.PRE_PUSH: "nothing is pushed: mend it as the hints say, commit, then push again",
    Event.PRE_RECEIVE: "nothing is accepted: mend it as the hints say, commit, then push again",
    Event.UPDATE: "this reference is not accepted: mend it as the hints say, commit, push again",
}


def hook_text(report: HookReport, *, colour: bool = False) -> str:
    """All lines, ending with a newline; empty where there is nothing to say."""
    style = Style(colour)
    lines: list[str] = []
    for one in report.judgements:
        lines += _judgement_lines(one, style)
    if report.exit_code:
        lines.append(f"tsm: {_STOPPED[report.event]}")
    for arrival in report.arrivals:
        lines += _arrival_lines(arrival, report.event)
    lines += [f"tsm: {printable(advice)}" for advice in report.advice]
    return "".join(f"{line}\n" for line in lines)


def _judgement_lines(one: Judgement, style: Style) -> list[str]:
    lines: list[str] = []
    subject = printable(one.subject)
    found = [*one.blocking, *one.noted]
    if found:
        lines.append(f"tsm: {subject} brings {_counts(found)}")
    for finding in found:
        lines += finding_lines(finding, style)
    if one.old:
        lines.append(f"tsm: {counted(len(one.old), 'error')} had been there before {subject}")
        for finding in one.old[:_MOST_OLD]:
            place = f"{printable(finding.path)}:{finding.line}:{finding.column}:"
            lines.append(f"{place} {finding.code} warning: {printable(finding.message)}")
        lines.append("    hint: run `tsm check` to see what to do about it")
    return lines


def _counts(findings: list[Finding]) -> str:
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    others = len(findings) - errors
    words = [counted(errors, "error")] if errors else []
    return " and ".join([*words, counted(others, "warning")] if others else words)


def _arrival_lines(arrival: Arrival, event: Event) -> list[str]:
    database = printable(arrival.database)
    lines = []
    if arrival.new and not arrival.contradicts:
        names = listed([f"`{printable(name)}`" for name in arrival.new])
        lines.append(f"tsm: {counted(len(arrival.new), 'new script')} for {database}: {names}")
        lines.append("    hint: run `tsm apply` to apply what is pending")
    if arrival.contradicts:
        where = "the branch you left" if event is Event.POST_CHECKOUT else "what was here before"
        lines.append(f"tsm: {database} may have run scripts of {where}: {_contradiction(arrival)}")
        lines.append(
            "    hint: run `tsm status` to see; where it has, `tsm restore --db`, then `tsm apply`"
        )
    return lines


def _contradiction(arrival: Arrival) -> str:
    words = [f"`{printable(name)}` (not here)" for name in arrival.gone]
    words += [f"`{printable(name)}` (another text)" for name in arrival.changed]
    words += [f"`{printable(old)}` (now `{printable(new)}`)" for old, new in arrival.renamed]
    return listed(words)
