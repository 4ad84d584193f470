"""TSM109: the tip file says what the folder holds."""

from __future__ import annotations

from collections.abc import Iterator

from tsm_git.core.comparison import Comparison
from tsm_git.core.finding import Finding, Fix, Rule
from tsm_git.core.state import State
from tsm_git.core.tip import FILENAME, tip_text
from tsm_git.rules.registry import Evidence, rule
from tsm_git.rules.wording import path_of


@rule(
    "TSM109",
    "stale-tip-file",
    "the tip file does not say what the folder holds",
    implies=State.ERROR,
    needs=Evidence.TIP,
)
def stale_tip_file(this: Rule, view: Comparison) -> Iterator[Finding]:
    found = view.facts.tip
    if found == tip_text(view.facts.candidate.scripts.values()):
        return
    words = "is missing" if found is None else "does not name the last script, or not all of them"
    if found is not None and "<<<<<<<" in found:
        words = "holds a conflict: two branches added scripts"
    yield Finding(
        this,
        FILENAME,
        f"`{FILENAME}` {words}",
        path_of(view, FILENAME),
        "run `tsm renumber`, which writes it anew",
        fix=Fix("renumber", "tsm renumber"),
    )
