"""TSM209 and TSM210: what a merge lost or mixed though git called it clean."""

from __future__ import annotations

from collections.abc import Iterator

from tsm_git.core.comparison import Comparison
from tsm_git.core.finding import Finding, Rule
from tsm_git.core.merging import Mixture
from tsm_git.core.state import State
from tsm_git.core.text import shell_quoted
from tsm_git.rules.registry import Evidence, rule
from tsm_git.rules.wording import added, number_of, path_of, restore_from


@rule(
    "TSM209",
    "lost-in-merge",
    "a script of one side vanished in a merge though the other side did not delete it",
    implies=State.CONFLICTED,
    needs=Evidence.MERGES,
)
def lost_in_merge(this: Rule, view: Comparison) -> Iterator[Finding]:
    for loss in view.lost:
        filename = loss.script.filename
        path = path_of(view, filename)
        side = f"`{loss.parent}`"
        lost = "would be lost" if loss.simulated else "was lost"
        message = f"`{filename}` of {side} {lost} in the merge"
        fix = None
        held = [s for s in view.merge_result.values() if s.number == loss.script.number]
        if filename in view.merge_result:
            message += ": another script of the same name took its place"
        if held:
            target = f"{number_of(view, view.next_free)}.{loss.script.name}.sql"
            source = shell_quoted(f"{loss.parent}:{path}")
            command = f"git show {source} > {shell_quoted(path_of(view, target))}"
            hint = f"run `{command}` to bring it back under a number of its own"
        else:
            fix = restore_from(view, filename, loss.parent)
            hint = f"run `{fix.command}` to bring it back"
        yield Finding(
            this,
            filename,
            message,
            path,
            hint,
            number=loss.script.number,
            related=(added(view, filename, f"{side} has it", loss.parent),),
            fix=fix,
        )


@rule(
    "TSM210",
    "mixed-script",
    "a script in a merge result has a text that neither side wrote",
    implies=State.CONFLICTED,
    needs=Evidence.MERGES,
)
def mixed_script(this: Rule, view: Comparison) -> Iterator[Finding]:
    for mixture in view.mixed:
        filename = mixture.script.filename
        if mixture.simulated:
            fix = None
            message = (
                f"the merge would give `{filename}` a text that no side wrote, "
                "and git would see no conflict"
            )
            hint = (
                "take back the edit, the rename or the deletion that this branch made to a script "
                "of the merge base: git follows a rename there that nobody meant"
            )
        else:
            fix = restore_from(view, filename, _right_side(view, mixture))
            message = (
                f"`{filename}` has a text that no side of the merge wrote, and git saw no conflict"
            )
            hint = (
                f"read it as a whole and correct it, or run `{fix.command}` to take one side's text"
            )
        yield Finding(
            this,
            filename,
            message,
            path_of(view, filename),
            hint,
            number=mixture.script.number,
            related=tuple(
                added(view, filename, f"as `{side}` has it", side) for side in mixture.sides
            ),
            fix=fix,
        )


def _right_side(view: Comparison, mixture: Mixture) -> str:
    """The side to take a text from: what is published, or else the first parent."""
    base = view.facts.base
    published = base and base.snapshot.scripts.get(mixture.script.filename)
    if base and published and published != mixture.script:
        return base.name
    return mixture.sides[0]
