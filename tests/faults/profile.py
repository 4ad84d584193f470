"""How many cases there are, and the seed that they come from."""

from __future__ import annotations

import os
import random

PROFILE = os.environ.get("TSM_TEST_PROFILE", "")
LONG = PROFILE == "long"
# Only the long profile sees new cases each time; a failure prints the seed to see it again.
SEED = int(
    os.environ.get("TSM_TEST_SEED") or (random.SystemRandom().getrandbits(32) if LONG else 0)
)


def cases(usual: int, full: int, long: int) -> int:
    """Return how many cases this profile looks at; each run of CI at twice the usual."""
    return {"ci": 2 * usual, "full": full, "long": long}.get(PROFILE, usual)


def chance(*words: object) -> random.Random:
    """Return a source of chance that gives the same for the same words and seed."""
    print(f"TSM_TEST_SEED={SEED}", *words)  # noqa: T201 - shown where a test fails
    return random.Random(repr((SEED, words)))
