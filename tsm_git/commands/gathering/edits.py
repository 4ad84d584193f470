"""What an edit of a script does that has run already: both texts are replayed, and compared.

Only the script itself is replayed with either text, behind what comes before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from tsm_git.adapters.sqlite.sandbox import Back, Look, Mark, RunAll, failure, replay
from tsm_git.core.proof.order import Difference, Order, Outcome, compare_orders
from tsm_git.core.proof.replay import Run, Text
from tsm_git.core.text import listed


def effect(before: Sequence[Text], old: Text, new: Text) -> str | None:
    """The effect of an edit in words; None where nothing can be told.

    `before` are the scripts that run first. Nothing can be told where they, or the old text, do not
    run from nothing.
    """
    answers = replay([RunAll(before), Mark(), RunAll([old]), Look(), Back(), RunAll([new]), Look()])
    then, again, now = answers[3], answers[5], answers[6]
    if not isinstance(then, Outcome):
        return None
    if isinstance(now, Outcome):
        return _words(compare_orders(then, now))
    last: Run | None = again[-1] if isinstance(again, list) and again else None
    return f"the new text does not run: {failure(last)}" if last else None


def _words(found: Difference) -> str:
    match found.order:
        case Order.IDENTICAL:
            return "the edit is cosmetic: both texts make the same schema and the same rows"
        case Order.COLUMN_ORDER:
            return f"the edit moves columns: {listed(found.words)}"
        case _:
            return f"the edit makes another database: {listed(found.words)}"
