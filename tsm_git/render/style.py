"""Colours for a terminal, or none."""

from __future__ import annotations

from tsm_git.core.finding import Severity
from tsm_git.core.state import State

_CODES = {"red": 31, "green": 32, "yellow": 33, "cyan": 36, "bold": 1, "dim": 2}
_SEVERITIES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_STATES = {
    State.ERROR: "red",
    State.CONFLICTED: "red",
    State.DIVERGED: "yellow",
    State.PENDING: "cyan",
    State.DRIFT: "yellow",
    State.CURRENT: "green",
}


class Style:
    """Wraps words in ANSI escapes (ECMA-48 SGR) if `colour`, else leaves them alone."""

    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def __call__(self, text: str, *names: str) -> str:
        if not self._colour or not text:
            return text
        codes = ";".join(str(_CODES[name]) for name in names)
        return f"\x1b[{codes}m{text}\x1b[0m"

    def severity(self, text: str, severity: Severity) -> str:
        """The text in the colour of a severity."""
        return self(text, _SEVERITIES[severity])

    def state(self, state: State) -> str:
        """The name of a state in its colour."""
        return self(state.name, "bold", _STATES[state])
