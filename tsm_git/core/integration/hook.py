"""What git's hooks are to tsm: which events there are, what concerns it, and what it answers.

Runs nothing; `tsm_git.commands.hooks.run` does. The shell scripts beside it know `CONCERNS`, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from tsm_git.core.comparison import Comparison
from tsm_git.core.facts import Base
from tsm_git.core.finding import Finding
from tsm_git.core.record import NamedTuple

# Where nothing of this differs, a hook ends without a word; the shell scripts look first, so that
# most commits start no Python. Too much costs a moment, too little would miss a broken script.
CONCERNS = (
    ":(top,glob)**/*.migrations/**",
    ":(top,glob)**/*.sqlite*",
    ":(top,glob)**/*.db*",
    ":(top)tsm.toml",
    ":(top)pyproject.toml",
)


class Event(Enum):
    """A moment at which git calls a hook; the value is git's name of it (githooks(5))."""

    PRE_COMMIT = "pre-commit"
    PRE_MERGE_COMMIT = "pre-merge-commit"
    POST_MERGE = "post-merge"
    POST_CHECKOUT = "post-checkout"
    POST_REWRITE = "post-rewrite"
    PRE_PUSH = "pre-push"
    PRE_RECEIVE = "pre-receive"
    UPDATE = "update"

    @property
    def may_block(self) -> bool:
        """Whether git heeds the exit code; what happens after the fact only advises."""
        return not self.value.startswith("post-")


class Judgement(NamedTuple):
    """What one candidate brings: `subject` is it in words.

    `blocking` stops it where the event can; `noted` are worth a look; `old` were there before.
    """

    subject: str
    blocking: tuple[Finding, ...] = ()
    noted: tuple[Finding, ...] = ()
    old: tuple[Finding, ...] = ()


class Arrival(NamedTuple):
    """What a merge, checkout or rebase changed for a working database that exists.

    `new` and `gone` are file names; `changed` have another text now, `renamed` another name.
    """

    database: str
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()

    @property
    def contradicts(self) -> bool:
        """Whether a database that has run what was here before disagrees with what is here now."""
        return bool(self.gone or self.changed or self.renamed)


class HookReport(NamedTuple):
    """All that a hook has to say; nothing, mostly."""

    event: Event
    judgements: tuple[Judgement, ...] = ()
    arrivals: tuple[Arrival, ...] = ()
    advice: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 where something blocks, and the event can be stopped."""
        return int(self.event.may_block and any(one.blocking for one in self.judgements))


Atom = tuple[str, ...]


def atoms(finding: Finding, comparison: Comparison) -> frozenset[Atom]:
    """What a finding consists of, so that one can be part of another.

    Of three scripts that claim a number, and of a run of missing numbers, a commit may add or mend
    a part; every other fault is one thing.
    """
    if finding.code == "TSM102":
        group = next((g for g in comparison.duplicates if str(g[0].number) == finding.subject), ())
        return frozenset((finding.code, finding.subject, script.filename) for script in group)
    if finding.code == "TSM103":
        gap = next(gap for gap in comparison.gaps if str(gap.first) == finding.subject)
        # A script 999999999 is a gap too; its ends tell enough.
        numbers = range(gap.first, min(gap.last, gap.first + 10_000) + 1)
        return frozenset((finding.code, str(number)) for number in (*numbers, gap.last))
    if finding.code == "TSM204":
        holders = tuple(related.path for related in finding.related)
        return frozenset([(finding.code, finding.subject, *holders)])
    return frozenset([(finding.code, finding.subject)])


def joined(judgements: Sequence[Judgement]) -> tuple[Judgement, ...]:
    """Those that have something to say; several databases of one subject are one."""
    found: dict[str, Judgement] = {}
    for one in judgements:
        so_far = found.get(one.subject, Judgement(one.subject))
        found[one.subject] = Judgement(
            one.subject,
            so_far.blocking + one.blocking,
            so_far.noted + one.noted,
            so_far.old + one.old,
        )
    return tuple(one for one in found.values() if one.blocking or one.noted or one.old)


def is_base_branch(branch: str, base: Base) -> bool:
    """Whether a branch is base: under its own name, or as a remote-tracking branch has it."""
    return bool(branch) and branch in (base.name, base.name.partition("/")[2])
