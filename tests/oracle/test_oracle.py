"""`tsm check` agrees with the oracle on every random history: no missed conflict, no false alarm.

20,000 histories; 1,000 with TSM_TEST_PROFILE=quick, 500,000 with TSM_TEST_PROFILE=long, where
TSM_TEST_SEED chooses others than the usual ones. A history is known by its seed, which a failure
names first: `history(seed)` tells it again.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.harness.gitenv import GitEnv
from tests.oracle.agreement import (
    about_histories,
    counted,
    disagreements,
    needs_merge_tree,
    told,
)
from tests.oracle.histories import history

pytestmark = needs_merge_tree

PROFILE = os.environ.get("TSM_TEST_PROFILE", "ci")
CHUNKS, SIZE = {"quick": (1, 1_000), "long": (50, 10_000)}.get(PROFILE, (10, 2_000))
FIRST = int(os.environ.get("TSM_TEST_SEED", "0")) * 1_000_000 if PROFILE == "long" else 0

RULES = {f"TSM{number}" for number in (101, 102, 103, 104, 105, 106, 107, 108)}
RULES |= {f"TSM{number}" for number in (201, 202, 203, 204, 205, 209, 210, 211)}
SHAPES = {
    "TSM208 base",
    "nothing wrong",
    "two merge bases",
    "three parents",
    "the candidate is a merge",
    "TSM210 in the merge to come",
    "two databases",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "seeds",
    [range(start, start + SIZE) for start in range(FIRST, FIRST + CHUNKS * SIZE, SIZE)],
    ids=lambda seeds: f"seeds {seeds.start} to {seeds.stop - 1}",
)
def test_tsm_and_the_oracle_agree_on_random_histories(tmp_path, seeds):
    histories = [history(seed) for seed in seeds]
    met: Counter[str] = Counter()
    with about_histories(tmp_path / "all.git", GitEnv(tmp_path), histories) as questions:
        found = list(disagreements(counted(questions, met)))
    assert not found, told(found)
    rare = {name: met[name] for name in RULES | SHAPES if met[name] < SIZE // 40}
    assert not rare, f"of {SIZE} histories too few show: {rare}"  # 500 of 20,000
