"""TSM104: what a merge stopped on, and who did what there."""

from __future__ import annotations

from collections.abc import Iterator

from tsm_git.core.comparison import Comparison
from tsm_git.core.finding import Finding, Fix, Rule
from tsm_git.core.script import parse_number
from tsm_git.core.state import State
from tsm_git.core.text import shell_quoted
from tsm_git.rules.registry import rule
from tsm_git.rules.wording import path_of


@rule(
    "TSM104",
    "unresolved-conflict",
    "a script holds conflict markers, or git holds it unmerged",
    implies=State.ERROR,
)
def unresolved_conflict(this: Rule, view: Comparison) -> Iterator[Finding]:
    candidate = view.facts.candidate
    marked = {name for name, found in candidate.files.items() if found.conflict_line is not None}
    for filename in sorted(candidate.unmerged.keys() | marked):
        if parse_number(filename) is None:
            continue
        content = candidate.files.get(filename)
        line = content.conflict_line if content else None
        path = path_of(view, filename)
        hint = f"edit it to what it shall be; then run `git add -- {shell_quoted(path)}`"
        fix = None
        message = f"`{filename}` holds conflict markers"
        stages = candidate.unmerged.get(filename, frozenset())
        if stages:
            message = f"`{filename}` is unmerged: {_who_did_what(view, stages)}"
        if outcome := _outcome(view, filename, stages):
            fix = Fix("renumber", "tsm renumber")
            hint = f"run `{fix.command}`: {outcome}"
        yield Finding(
            this,
            filename,
            message,
            path,
            hint,
            number=parse_number(filename),
            line=line or 1,
            fix=fix,
        )


def _outcome(view: Comparison, filename: str, stages: frozenset[int]) -> str:
    """What `tsm renumber` makes of it; empty where a person has to say what is meant."""
    facts = view.facts
    if stages == {2, 3}:
        return (
            "the published one keeps the name, or else that of "
            f"{_sides(view)[0]}, and the other gets the next number"
        )
    published = facts.base.snapshot.scripts if facts.base else {}
    if filename in published or any(
        entry.filename == filename for entry in (facts.ref.entries if facts.ref else ())
    ):
        return "it is published and comes back as it was; what stands there now is kept aside"
    if len(stages) == 1:
        return "of two new names for one text one is enough"
    return ""


def _sides(view: Comparison) -> tuple[str, str]:
    """Whose the two sides of a conflict are."""
    operation = view.facts.operation
    return (operation.ours, operation.theirs) if operation else ("HEAD", "the other side")


def _who_did_what(view: Comparison, stages: frozenset[int]) -> str:
    """What the stages of the index mean: 1 the common text, 2 ours, 3 theirs."""
    ours, theirs = _sides(view)
    match sorted(stages):
        case [2, 3]:
            return f"{ours} and {theirs} each added a script of that name"
        case [1, 2, 3]:
            return f"{ours} and {theirs} both changed it"
        case [1, 2]:
            return f"{ours} changed it, {theirs} deleted or renamed it"
        case [1, 3]:
            return f"{ours} deleted or renamed it, {theirs} changed it"
        case _:
            return f"{ours} and {theirs} renamed a script in two ways"
