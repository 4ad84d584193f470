"""Rules and findings: what is checked, and what a check found.

How findings look is for `tsm_git.render`; which of them block is for the settings.
"""

from __future__ import annotations

from enum import Enum

from tsm_git.core.record import NamedTuple
from tsm_git.core.state import State


class Severity(Enum):
    """How much a finding matters; the value is the word in configuration and output."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Rule(NamedTuple):
    """A named check with its stable id."""

    code: str
    name: str
    summary: str
    severity: Severity = Severity.ERROR
    implies: State | None = None


ADDED, CHANGED, DELETED, INTRODUCED = "added", "changed", "deleted", "introduced"


class Related(NamedTuple):
    """Another place that a finding speaks of, such as the other claimant of a number.

    `revision` is where to look up the commit (None: nowhere), `change` what that commit did to
    the path; for INTRODUCED `revision` is the digest of a text that the search for it has found.
    The lookup fills in commit, author and date.
    """

    path: str
    message: str
    revision: str | None = None
    change: str = CHANGED
    commit: str | None = None
    author: str | None = None
    date: str | None = None


class Rename(NamedTuple):
    """One file move, as paths from the repository root."""

    old: str
    new: str


class Fix(NamedTuple):
    """What tsm, or a pasted command, can do about a finding."""

    kind: str
    command: str
    renames: tuple[Rename, ...] = ()


class Finding(NamedTuple):
    """One result of a rule.

    `subject` is the stable key of what it is about: a file name, a number, a path. `path` is
    relative to the repository root, in POSIX style; `line` and `column` are 1-based.
    """

    rule: Rule
    subject: str
    message: str
    path: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    number: int | None = None
    line: int = 1
    column: int = 1
    related: tuple[Related, ...] = ()
    fix: Fix | None = None

    @property
    def command(self) -> str:
        """What can be pasted to be rid of it; empty where a person has to think."""
        if self.fix:
            return self.fix.command
        start, _, rest = self.hint.partition("run `")
        return "" if start else rest.partition("`")[0]

    @property
    def code(self) -> str:
        """The stable id of the rule, such as `TSM204`."""
        return self.rule.code

    @property
    def implies(self) -> State | None:
        """The state that this finding puts the database in; only errors do."""
        return self.rule.implies if self.severity is Severity.ERROR else None


class Skipped(NamedTuple):
    """Rules that were not judged, and why: silence must not look like success.

    `by_choice`: the configuration wants it so, and people need not be told each time.
    """

    codes: tuple[str, ...]
    why: str
    by_choice: bool = False
