"""What tsm checks: one function a rule, grouped as in DESIGN, and the engine that runs them.

`RULES` lists every rule; importing this package registers them.
"""

from __future__ import annotations

from tsm_git.rules import (
    applied,
    conflicts,
    drift,
    merges,
    publishing,
    radar,
    replay,
    repository,
    sequence,
    tip,
    transactions,
)
from tsm_git.rules.registry import CHECKS, Evidence, run

RULES = sorted((check.rule for check in CHECKS), key=lambda rule: rule.code)
CODES = frozenset(rule.code for rule in RULES)

__all__ = [
    "CHECKS",
    "CODES",
    "RULES",
    "Evidence",
    "applied",
    "conflicts",
    "drift",
    "merges",
    "publishing",
    "radar",
    "replay",
    "repository",
    "run",
    "sequence",
    "tip",
    "transactions",
]
