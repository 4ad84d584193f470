"""The one-word verdict on a database, and the way out of each.

It follows from the findings and from what is pending; nothing else decides it.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum


class State(Enum):
    """States in the order in which they win; the value is the meaning."""

    ERROR = "the scripts are no valid sequence"
    CONFLICTED = "the scripts contradict what is published"
    DIVERGED = "the scripts contradict the working database"
    PENDING = "scripts wait to be applied"
    DRIFT = "the schema differs from the models"
    CURRENT = "all agree"

    @property
    def way_out(self) -> str:
        """What leaves this state, in words and commands; empty for CURRENT."""
        return _WAYS_OUT[self]


_WAYS_OUT = {
    State.ERROR: "fix the scripts: `tsm renumber`, or by hand as the findings say",
    State.CONFLICTED: "bring published scripts back and move drafts: `tsm restore --scripts`, "
    "`tsm renumber`, or both by `tsm check --fix`",
    State.DIVERGED: "make the working database follow: `tsm renumber --follow` after a "
    "renumbering, else `tsm restore --db` and `tsm apply`",
    State.PENDING: "`tsm apply`",
    State.DRIFT: "write a script for the change of the models: `tsm generate`",
    State.CURRENT: "",
}

_BLOCKING = (State.ERROR, State.CONFLICTED, State.DIVERGED)


def judge(implied: Collection[State], is_pending: bool) -> State:
    """The state that what the findings imply and what waits add up to; the first match wins."""
    for state in _BLOCKING:
        if state in implied:
            return state
    if is_pending:
        return State.PENDING
    return State.DRIFT if State.DRIFT in implied else State.CURRENT
