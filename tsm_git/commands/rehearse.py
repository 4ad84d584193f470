"""`tsm rehearse`: runs the pending scripts on a copy of the ref database, and counts what they do.

The ref is only read, the copy is private and goes at the end: nothing of the user's changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tsm_git.adapters.sqlite.rehearsing import Copy, private_copy
from tsm_git.adapters.sqlite.sandbox import Check, Checked, RunAll, replay
from tsm_git.commands.check import report_on
from tsm_git.commands.gathering.gather import gather
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.gathering.replays import Chain, supported
from tsm_git.commands.gathering.request import Request
from tsm_git.core.comparison import Comparison, compare
from tsm_git.core.errors import Refusal, TsmError, UsageError
from tsm_git.core.finding import Finding
from tsm_git.core.proof.rehearsal import Checks, Rehearsal
from tsm_git.core.proof.replay import Limits, Replayed, Run, Text
from tsm_git.core.script import Script
from tsm_git.core.settings import Settings
from tsm_git.core.snapshot import in_order
from tsm_git.core.state import State

_HEAP = 512 << 20
_FULL_CHECK = 64 << 20  # bytes up to which every index is compared with its table, too
_CODES = ("TSM501", "TSM503", "TSM504", "TSM506", "TSM507", "TSM508", "TSM509")


class Listener:
    """Who is told what happens while it happens; this one tells nobody."""

    def pages(self, done: int, pages: int) -> None:
        """So many pages of the copy are done, of so many."""

    def starts(self, scripts: Sequence[str]) -> None:
        """These scripts, by file name, are about to run."""

    def ran(self, run: Run) -> None:
        """A script has run."""


def rehearse(
    project: Project, request: Request, seconds: float, listener: Listener
) -> list[Rehearsal]:
    """Rehearses on the ref database of every database that the request means and that has one.

    `seconds` is what one script may take. Raises Refusal where the scripts cannot be applied to
    production as they are, UsageError where there is no ref database at all.
    """
    gathered = gather(project, request)
    found = []
    for facts in gathered.facts:
        if facts.ref is None or not facts.ref.exists:
            continue
        comparison = compare(facts)
        _refuse_unless_in_order(comparison, gathered.settings)
        path = request.ref or project.top / f"{facts.database}.ref"
        found.append(_rehearsed(comparison, path, gathered.settings, seconds, listener))
    if not found:
        names = [f"`{facts.database}.ref`" for facts in gathered.facts] or ["`X.ref`"]
        raise UsageError(
            f"there is no ref database {' or '.join(names)}",
            "run `tsm ref refresh` to fetch one, or name one with `--ref FILE`",
        )
    return found


def pending_in_production(comparison: Comparison) -> list[Script]:
    """What a deployment of the merge result would run, in order."""
    ref = comparison.facts.ref
    applied = ref.numbers if ref else set()
    return [s for s in in_order(comparison.merge_result.values()) if s.number not in applied]


def _refuse_unless_in_order(comparison: Comparison, settings: Settings) -> None:
    report = report_on(comparison, settings)
    for finding in report.findings:
        if finding.implies in (State.ERROR, State.CONFLICTED):
            raise Refusal(
                f"`{comparison.facts.database}` is {finding.implies.name}: {finding.message}"
                f" ({finding.code})",
                finding.hint or "run `tsm check` to see what is wrong",
                finding.implies,
            )


def _rehearsed(
    comparison: Comparison, path: Path, settings: Settings, seconds: float, listener: Listener
) -> Rehearsal:
    facts = comparison.facts
    shown = facts.ref.path if facts.ref else str(path)
    scripts = Chain(comparison).texts(pending_in_production(comparison), watched=True)
    with private_copy(path, shown, listener.pages) as copy:
        listener.starts([_name(script.path) for script in scripts])
        check = "integrity_check" if copy.size <= _FULL_CHECK else "quick_check"
        before, runs, after = _run(copy, scripts, check, seconds, listener)
    oldest = settings.of(facts.database).min_sqlite
    seen = comparison._replace(facts=facts._replace(replayed=supported(Replayed(runs), oldest)))
    findings = tuple(_here(f) for f in report_on(seen, settings).findings if f.code in _CODES)
    names = [_name(script.path) for script in scripts]
    is_whole = len(runs) == len(scripts) and not any(run.stop for run in runs)
    return Rehearsal(
        facts.database,
        shown,
        copy.how,
        copy.size,
        runs,
        tuple(names[len(runs) :]),
        check,
        Checks(_keys(runs[:1], after=False), before),
        Checks(_keys(runs[-1:], after=True), after) if is_whole else None,
        findings,
    )


def _run(
    copy: Copy, scripts: Sequence[Text], check: str, seconds: float, listener: Listener
) -> tuple[tuple[str, ...], tuple[Run, ...], tuple[str, ...]]:
    limits = Limits(seconds, seconds * max(1, len(scripts)) + 60, max(_HEAP, 4 * len(copy.image)))
    answers = replay(
        [Check(check), RunAll(scripts), Check(check)],
        limits,
        copy.image,
        listener.ran,
        file=copy.file,
        surveys=True,
    )
    before, runs, after = answers
    if not isinstance(before, Checked) or not isinstance(runs, list):
        raise TsmError("the copy cannot be read in the sandbox", "see that the ref is no ruin")
    return before.words, tuple(runs), after.words if isinstance(after, Checked) else ()


def _keys(runs: Sequence[Run], *, after: bool) -> tuple[str, ...]:
    return tuple(
        f"{broken.name}: {broken.words}"
        for run in runs
        for broken in (run.health if after else run.sick).keys
    )


def _here(finding: Finding) -> Finding:
    return finding._replace(hint=finding.hint.replace("tsm check --replay", "tsm rehearse"))


def _name(path: str) -> str:
    return path.rpartition("/")[2]
