"""Drift is exact: what means the same is no drift, and every single change is one.

Random schemas, written in two ways, and single changes of them. 200 and 150, with
TSM_TEST_PROFILE=ci 2,000 and 1,500, with TSM_TEST_PROFILE=long 50,000 of each. `told(seed)` and
`changed(seed)` tell one again.
"""

from __future__ import annotations

import os
from collections import Counter
from random import Random

import pytest

from tests.harness.schemas import schema_of
from tests.models.changing import CHANGES
from tests.models.making import schema
from tests.models.writing import Writer
from tsm_git.core.change.diff import Change, differences
from tsm_git.core.sql import fold

PROFILE = os.environ.get("TSM_TEST_PROFILE", "")
SAME, CHANGED = {
    "ci": (2_000, 1_500),
    "full": (2_000, 1_500),
    "long": (50_000, 50_000),
}.get(PROFILE, (200, 150))
CHUNKS = 10
KINDS = list(CHANGES)


def told(seed: int) -> list[Change]:
    """Return what is said to differ in one schema that is written in two ways."""
    made = schema(Random(seed))
    plain = schema_of(*Writer().statements(made))
    odd = schema_of(*Writer(Random(seed)).statements(made))
    return [*differences(plain, odd), *differences(odd, plain)]


def changed(seed: int) -> tuple[str, str, list[Change]] | None:
    """Return what was changed, the one object that differs now, and what is said of it."""
    random = Random(seed)
    change = KINDS[seed % len(KINDS)]
    made = schema(random)
    after = CHANGES[change](made, random)
    if after is None:
        return None
    new, kind, name = after
    old = schema_of(*Writer(Random(seed)).statements(made))
    return change, f"{kind} {fold(name)}", differences(
        old, schema_of(*Writer(Random(seed + 1)).statements(new))
    )  # fmt: skip


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_another_way_to_write_it_is_no_drift(chunk: int) -> None:
    for seed in range(chunk, SAME, CHUNKS):
        found = told(seed)
        assert not found, f"told({seed}): {[str(each) for each in found]}"


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_single_change_is_one_finding(chunk: int) -> None:
    done = 0
    seed = chunk
    while done < CHUNKED:
        outcome = changed(seed)
        seed += CHUNKS
        if outcome is None:
            continue
        done += 1
        change, subject, found = outcome
        said = [f"{each.kind.value} {fold(each.name)}" for each in found]
        assert said == [subject], f"changed({seed - CHUNKS}), {change}: {[str(e) for e in found]}"


CHUNKED = CHANGED // CHUNKS


def test_every_kind_of_change_comes_up() -> None:
    counts: Counter[str] = Counter()
    for seed in range(len(KINDS) * 40):
        random = Random(seed)
        change = KINDS[seed % len(KINDS)]
        counts[change] += CHANGES[change](schema(random), random) is not None

    assert len(KINDS) >= 30
    assert {kind for kind in KINDS if not counts[kind]} == set()


def test_the_odd_ways_are_odd() -> None:
    """Most schemas are written with ALTERs, and hardly a statement is the plain one."""
    altered = alike = count = 0
    for seed in range(100):
        made = schema(Random(seed))
        plain = set(Writer().statements(made))
        odd = Writer(Random(seed)).statements(made)
        altered += any(each.lower().startswith("alter") for each in odd)
        alike += len(plain.intersection(odd))
        count += len(odd)

    assert altered > 60
    assert alike < count / 50
