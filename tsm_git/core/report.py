"""The verdict as a value: what `check` returns and what renderers show."""

from __future__ import annotations

from collections.abc import Collection

from tsm_git.core.comparison import Comparison
from tsm_git.core.facts import Place
from tsm_git.core.finding import Finding, Severity, Skipped
from tsm_git.core.record import NamedTuple
from tsm_git.core.state import State


class DatabaseReport(NamedTuple):
    """The verdict on one database."""

    comparison: Comparison
    state: State
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]

    @property
    def database(self) -> str:
        """The path of the database from the repository root."""
        return self.comparison.facts.database

    @property
    def pending(self) -> list[str]:
        """The file names of the scripts that wait to be applied, in number order."""
        return [script.filename for script in self.comparison.pending]

    @property
    def applied(self) -> list[str]:
        """The file names of the scripts that the working database has applied, in number order."""
        working = self.comparison.facts.working
        return [entry.filename for entry in working.entries] if working else []

    @property
    def next(self) -> str:
        """The command to run next; empty where there is none, or where only a person can go on."""
        if self.state in (State.ERROR, State.CONFLICTED, State.DIVERGED):
            blocking = [f for f in self.findings if f.rule.implies is self.state] or self.findings
            return next((command for f in blocking if (command := f.command)), "")
        for finding in self.findings:
            if finding.fix and finding.fix.kind == "merge":  # what is not merged comes first
                return finding.fix.command
        return {State.PENDING: "tsm apply", State.DRIFT: "tsm generate"}.get(self.state, "")


class CheckReport(NamedTuple):
    """The verdict on a project.

    `revision` is the candidate as the user named it, `head` the commit it is or stands on.
    """

    place: Place
    revision: str | None
    head: str | None
    databases: tuple[DatabaseReport, ...]
    failing: Collection[Severity] = (Severity.ERROR,)

    @property
    def exit_code(self) -> int:
        """1 where a finding is severe enough to fail, else 0."""
        return int(any(self.how_many(severity) for severity in self.failing))

    def how_many(self, severity: Severity) -> int:
        """How many findings have that severity."""
        return sum(
            finding.severity is severity for report in self.databases for finding in report.findings
        )
