"""What a rehearsal saw: the pending scripts, run on a copy of the ref database."""

from __future__ import annotations

from collections.abc import Sequence

from tsm_git.core.finding import Finding, Severity
from tsm_git.core.proof.replay import Run
from tsm_git.core.record import NamedTuple


class Checks(NamedTuple):
    """What is wrong with a whole database; `keys` are foreign keys, `pages` SQLite's own check."""

    keys: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()


class Rehearsal(NamedTuple):
    """One rehearsal: where the copy came from and how it was made, and what the scripts did to it.

    `left_out` are file names that were not run, since one before them stopped. `check` is the
    pragma that looked at the pages, `before` and `after` what was wrong.
    """

    database: str
    ref: str
    copied: str
    size: int
    runs: tuple[Run, ...]
    left_out: tuple[str, ...]
    check: str
    before: Checks
    after: Checks | None
    findings: tuple[Finding, ...]

    @property
    def is_good(self) -> bool:
        """Whether everything ran, and nothing is wrong that was not wrong before."""
        if any(finding.severity is Severity.ERROR for finding in self.findings):
            return False
        if any(run.stop for run in self.runs) or self.after is None:
            return False
        return not set(self.after.pages) - set(self.before.pages)

    @property
    def seconds(self) -> float:
        """What all scripts took together."""
        return sum(run.survey.seconds for run in self.runs if run.survey)


def exit_code(rehearsals: Sequence[Rehearsal]) -> int:
    """0 where all is good, else 1."""
    return 0 if all(rehearsal.is_good for rehearsal in rehearsals) else 1
