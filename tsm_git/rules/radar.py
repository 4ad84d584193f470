"""TSM206: what other branches that are not merged yet will collide with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tsm_git.core.comparison import Comparison, Contested
from tsm_git.core.finding import Finding, Related, Rule, Severity
from tsm_git.core.script import Script
from tsm_git.core.text import shell_quoted
from tsm_git.rules.registry import Evidence, rule
from tsm_git.rules.wording import number_of, path_of


@rule(
    "TSM206",
    "number-contested",
    "a branch that is not merged yet claims the same number",
    severity=Severity.WARNING,
    needs=Evidence.BRANCHES,
)
def number_contested(this: Rule, view: Comparison) -> Iterator[Finding]:
    for draft in view.drafts:
        rivals = [found for found in view.contested if found.draft == draft]
        if not rivals:
            continue
        if view.facts.pushed:
            yield from _overtaken(this, view, draft, rivals)
            continue
        first = rivals[0]
        more = f" and {len(rivals) - 1} more" if len(rivals) > 1 else ""
        yield Finding(
            this,
            draft.filename,
            f"number {number_of(view, draft.number)} of `{draft.filename}` is also claimed by "
            f"`{first.other.filename}` on `{first.branch}`{more}",
            path_of(view, draft.filename),
            "whoever lands second runs `tsm renumber`; `tsm branches` shows the order that needs "
            "the fewest",
            number=draft.number,
            related=tuple(
                Related(
                    path_of(view, rival.other.filename),
                    f"on `{rival.branch}`, last changed by {rival.author} on {rival.date}",
                )
                for rival in rivals
            ),
        )


def _overtaken(
    this: Rule, view: Comparison, draft: Script, rivals: Sequence[Contested]
) -> Iterator[Finding]:
    """What a push to the base branch has just broken: one finding for each branch."""
    number = number_of(view, draft.number)
    pushed = view.facts.pushed
    for rival in rivals:
        branch = shell_quoted(rival.branch.removeprefix("origin/"))
        command = f"git switch {branch} && git merge {shell_quoted(pushed)} &&"
        if "/" in pushed:
            command = f"git fetch && {command}"
        yield Finding(
            this,
            f"{draft.filename} {rival.branch}",
            f"`{rival.branch}` by {rival.author} has `{rival.other.filename}`, and this push has "
            f"given number {number} to `{draft.filename}`",
            path_of(view, draft.filename),
            f"run `{command} tsm renumber` before that branch lands",
            number=draft.number,
            related=(
                Related(
                    path_of(view, rival.other.filename),
                    f"on `{rival.branch}`, last changed by {rival.author} on {rival.date}",
                ),
            ),
        )
