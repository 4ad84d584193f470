"""Three developers, one production, every command, crashes: main and production stay sound.

A failure tells its seed and its story. `TSM_TEST_SEED=N` tells it again, or other stories.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.profile import cases, chance
from tests.faults.server import Server
from tests.harness.gitenv import GitEnv
from tests.machine.team import Team
from tests.machine.walk import Walk

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the hooks are shell scripts")

WALKS = cases(usual=4, full=200, long=5_000)
STEPS = 100 if os.environ.get("TSM_TEST_PROFILE") == "long" else 50
HOOKS = [("ada",), ("ada", "ben"), ()]  # who has them


@pytest.mark.slow
@pytest.mark.parametrize("number", range(WALKS))
def test_a_walk(env: GitEnv, tmp_path: Path, server: Server, number: int) -> None:
    rng = chance("walk", number)
    walk = Walk(Team(env, tmp_path / "team", server, HOOKS[number % len(HOOKS)]), rng)
    try:
        for _ in range(STEPS):
            walk.step()
        walk.end()
    except Exception as error:
        error.add_note("\n".join([f"the story of walk {number}:", *walk.trace]))
        raise
    finally:
        del env.transcript[:-10]  # the story is enough
