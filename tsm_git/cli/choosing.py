"""Asks, on a terminal, what is to become of each script that has diverged."""

from __future__ import annotations

import click

from tsm_git.cli.shared import in_colour
from tsm_git.commands.check import CheckRequest, check, refuse_unreadable
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.restore import (
    Return,
    ScriptsPlan,
    applied_returns,
    effects_of_edits,
    published_returns,
)
from tsm_git.core.publishing import Change, Source
from tsm_git.core.report import DatabaseReport
from tsm_git.core.text import counted, printable
from tsm_git.render.difference import difference
from tsm_git.render.style import Style

_WHO = {
    Source.BASE: "base",
    Source.REF: "production",
    Source.WORKING: "the working database",
}
_SCRIPT, _DATABASE, _NOTHING = "s", "d", "n"


def choose(
    project: Project, base: str | None, database: str | None
) -> list[tuple[ScriptsPlan, bool]]:
    """For each database the scripts that were chosen to come back, and whether it is made anew.

    Nothing is changed before everything is chosen.
    """
    report = check(project, CheckRequest(base=base, database=database, annotate=False))
    refuse_unreadable(report)
    chosen = [_choose_for(project, one) for one in report.databases]
    if not any(plan.returns or rebuilt for plan, rebuilt in chosen):
        click.echo("nothing to restore; `tsm restore --db` makes the working database anew")
    return chosen


def _choose_for(project: Project, one: DatabaseReport) -> tuple[ScriptsPlan, bool]:
    found = [*published_returns(one), *applied_returns(one)]
    style = Style(in_colour())
    if found:
        count = counted(len(found), "script")
        differ = "differs" if len(found) == 1 else "differ"
        click.echo(style(printable(f"{one.database}: {count} {differ}"), "bold"))
    effects = effects_of_edits(project, one) if found else {}
    returns: list[Return] = []
    rebuilt = False
    for_all = ""
    for back in found:
        is_working = back.source is Source.WORKING
        if rebuilt and is_working:
            continue  # the database that would contradict it is made anew
        _show(one, back, style)
        if back.filename in effects:
            click.echo(printable(effects[back.filename]))
        answer = for_all if for_all and (is_working or for_all != _DATABASE) else ""
        if not answer:
            given = _ask(is_working)
            answer = given.lower()
            for_all = answer if given.isupper() else for_all
        if answer == _SCRIPT:
            returns.append(back)
        rebuilt = rebuilt or answer == _DATABASE
    if rebuilt:  # what it ran does not matter any more
        returns = [back for back in returns if back.source is not Source.WORKING]
    return ScriptsPlan(one.database, one.comparison.facts.folder, tuple(returns)), rebuilt


def _show(one: DatabaseReport, back: Return, style: Style) -> None:
    who = _WHO[back.source]
    name = printable(back.filename)
    now = printable(back.instead_of or "")
    match back.change:
        case Change.EDITED:
            click.echo(f"\n{name} was edited after {who} had it")
        case Change.RENAMED:
            edited = "" if back.is_rename else " and edited"
            click.echo(f"\n{name} was renamed to {now}{edited} after {who} had it")
        case Change.DELETED:
            click.echo(f"\n{name} is missing, and {who} has it")
    if back.instead_of is None or back.is_rename:
        return
    facts = one.comparison.facts
    script = facts.candidate.scripts.get(back.instead_of)
    file = facts.texts.get(script.digest, "") if script else ""
    for line in difference(file, back.text, f"{now} (file)", f"{name} ({who})", style):
        click.echo(line)


def _ask(is_working: bool) -> str:
    words = "[s] take the script back, [n] nothing"
    answers = [_SCRIPT, _NOTHING]
    if is_working:
        words = "[s] take the script back, [d] make the database anew, [n] nothing"
        answers = [_SCRIPT, _DATABASE, _NOTHING]
    words += " (capital: for all that follow)"
    every = [*answers, *(answer.upper() for answer in answers)]
    answer: str = click.prompt(words, type=click.Choice(every), show_choices=False, default="n")
    return answer
