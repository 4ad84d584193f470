"""TSM301 to TSM304: what contradicts the working database only."""

from __future__ import annotations

from collections.abc import Iterator

from tsm_git.core.comparison import Comparison
from tsm_git.core.finding import Finding, Rule
from tsm_git.core.publishing import Change, Deviation
from tsm_git.core.script import parse_number
from tsm_git.core.state import State
from tsm_git.rules.registry import Evidence, rule
from tsm_git.rules.wording import (
    effect_of_edit,
    is_base_text,
    number_of,
    path_of,
    rename,
    renumber,
    renumber_hint,
)

_FOLLOW = "run `tsm renumber --follow` to keep its rows, or `tsm restore --db` to make it anew"
_REBUILD = "run `tsm restore --db`, then `tsm apply`, to make the working database follow"


@rule(
    "TSM301",
    "edited-applied-script",
    "a script was edited after the working database applied it",
    implies=State.DIVERGED,
    needs=Evidence.WORKING,
)
def edited_applied_script(this: Rule, view: Comparison) -> Iterator[Finding]:
    for deviation in _divergences(view, Change.EDITED):
        script, now = deviation.script, deviation.now
        yield Finding(
            this,
            script.filename,
            f"`{script.filename}` was edited after the working database applied it",
            path_of(view, script.filename),
            _REBUILD if is_base_text(view, now) else f"{_REBUILD}, or undo the edit",
            number=script.number,
            related=effect_of_edit(view, script.filename),
        )


@rule(
    "TSM302",
    "renamed-applied-script",
    "a script was renamed after the working database applied it",
    implies=State.DIVERGED,
    needs=Evidence.WORKING,
)
def renamed_applied_script(this: Rule, view: Comparison) -> Iterator[Finding]:
    for deviation in _divergences(view, Change.RENAMED):
        script, now = deviation.script, deviation.now
        if now is None:
            continue
        others = (s for s in view.merge_result.values() if s != now)
        is_free = parse_number(script.filename) is not None and all(
            other.number != script.number for other in others
        )
        back = rename(view, now.filename, script.filename) if is_free else None
        yield Finding(
            this,
            script.filename,
            f"`{script.filename}` was renamed to `{now.filename}`"
            f"{' and edited' if deviation.edited else ''} after the working database applied it",
            path_of(view, now.filename),
            (_REBUILD if deviation.edited else _FOLLOW)
            + (f", or run `{back.command}` to rename it back" if back else ""),
            number=script.number,
            fix=back,
        )


@rule(
    "TSM303",
    "missing-applied-script",
    "the working database applied a script that is not here",
    implies=State.DIVERGED,
    needs=Evidence.WORKING,
)
def missing_applied_script(this: Rule, view: Comparison) -> Iterator[Finding]:
    for deviation in _divergences(view, Change.DELETED):
        script = deviation.script
        yield Finding(
            this,
            script.filename,
            f"the working database applied `{script.filename}`, which is not here",
            path_of(view, script.filename),
            f"{_REBUILD}, or bring the script back: another branch may have it",
            number=script.number,
        )


@rule(
    "TSM304",
    "ledger-out-of-order",
    "a pending script is numbered below one that is applied",
    implies=State.DIVERGED,
    needs=Evidence.WORKING,
)
def ledger_out_of_order(this: Rule, view: Comparison) -> Iterator[Finding]:
    working = view.facts.working
    if working is None:
        return
    for script in view.misplaced:
        movable = any(move.script == script for move in view.moves)
        yield Finding(
            this,
            script.filename,
            f"`{script.filename}` is pending, but the working database has applied "
            f"{number_of(view, working.last)} already",
            path_of(view, script.filename),
            renumber_hint(view, script) if movable else _FOLLOW,
            number=script.number,
            fix=renumber(view) if movable else None,
        )


def _divergences(view: Comparison, change: Change) -> Iterator[Deviation]:
    return (deviation for deviation in view.divergences if deviation.change is change)
