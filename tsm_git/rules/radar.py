"""TSM206: what other branches that are not merged yet will collide with."""

from __future__ import annotations

from collections.abc import Iterator

from tsm_git.core.comparison import Comparison
from tsm_git.core.finding import Finding, Related, Rule, Severity
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
