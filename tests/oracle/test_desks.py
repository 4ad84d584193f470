"""As test_oracle.py, with a real work tree, a real index and real databases.

400 desks, and as many on which git has just stopped merging; 100 with TSM_TEST_PROFILE=quick,
10,000 with TSM_TEST_PROFILE=long. `desk(seed)` and `stopped_desk(seed)` tell one again.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.harness.gitenv import GitEnv
from tests.oracle.agreement import (
    about_desks,
    about_stopped_merges,
    counted,
    disagreements,
    needs_merge_tree,
    told,
)
from tests.oracle.desks import INDEX, OTHER_INDEX, WORK_TREE, desk, stopped_desk

pytestmark = needs_merge_tree

PROFILE = os.environ.get("TSM_TEST_PROFILE", "ci")
CHUNKS, SIZE = {"quick": (1, 100), "long": (50, 200)}.get(PROFILE, (2, 200))
FIRST = int(os.environ.get("TSM_TEST_SEED", "0")) * 1_000_000 if PROFILE == "long" else 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "seeds",
    [range(start, start + SIZE) for start in range(FIRST, FIRST + CHUNKS * SIZE, SIZE)],
    ids=lambda seeds: f"seeds {seeds.start} to {seeds.stop - 1}",
)
def test_tsm_and_the_oracle_agree_on_what_lies_on_a_desk(tmp_path, seeds):
    desks = [desk(seed) for seed in seeds]
    met: Counter[str] = Counter()
    with about_desks(tmp_path / "all", GitEnv(tmp_path), desks) as questions:
        found = list(disagreements(counted(questions, met)))
    assert not found, told(found)
    ledger_rules = {"TSM207", "TSM301", "TSM302", "TSM303", "TSM304", "TSM208 ref"}
    never = (ledger_rules | {WORK_TREE, INDEX, OTHER_INDEX}) - set(met)
    assert not never, f"no desk of {SIZE} shows {never}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "seeds",
    [range(start, start + SIZE) for start in range(FIRST, FIRST + CHUNKS * SIZE, SIZE)],
    ids=lambda seeds: f"seeds {seeds.start} to {seeds.stop - 1}",
)
def test_tsm_and_the_oracle_agree_where_git_stopped_merging(tmp_path, seeds):
    desks = [found for found in map(stopped_desk, seeds) if found]
    met: Counter[str] = Counter()
    with about_stopped_merges(tmp_path / "all", GitEnv(tmp_path), desks) as questions:
        found = list(disagreements(counted(questions, met)))
    assert not found, told(found)
    assert met["TSM104"] > SIZE // 20
