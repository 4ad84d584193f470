"""No script escapes, whatever it is put together from: no file appears or changes, nothing hangs."""

from __future__ import annotations

import os
import time
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.sandbox.hostile import HOSTILE
from tests.sandbox.legitimate import LEGITIMATE
from tests.sandbox.test_sandbox import START_UP, contents
from tsm_git.adapters.sqlite.sandbox import Back, Mark, RunAll, replay
from tsm_git.core.proof.replay import Limits, Text
from tsm_git.core.sql import statements, tokens

LIMITS = Limits(script_seconds=0.5, seconds=3)
BUSY = 60  # seconds that a machine may have for others, while a call waits
IS_LONG = os.environ.get("TSM_TEST_PROFILE") == "long"

STATEMENTS = sorted(
    {
        statement.text
        for sql in [*(each.sql for each in HOSTILE if len(each.sql) < 500), *LEGITIMATE.values()]
        for statement in statements(sql)
        if len(statement.text) < 300
    }
)
TOKENS = sorted({token.text for text in STATEMENTS for token in tokens(text)})

PIECES = st.one_of(
    st.sampled_from(STATEMENTS),
    st.lists(st.sampled_from(TOKENS), min_size=1, max_size=12).map(" ".join),
    st.tuples(st.sampled_from(STATEMENTS), st.sampled_from(TOKENS), st.integers(0, 300)).map(
        lambda drawn: drawn[0][: drawn[2]] + drawn[1] + drawn[0][drawn[2] :]
    ),
)
SCRIPTS = st.lists(PIECES, min_size=1, max_size=5).map(";\n".join)


def clocks() -> tuple[float, float]:
    """Return the time of day in seconds, and the processor's time of all processes that ended."""
    times = os.times()
    return time.monotonic(), times.children_user + times.children_system


# About 50,000 scripts in the long profile; each example is a process, some with a bomb in it.
@pytest.mark.slow
@hypothesis.settings(max_examples=6_000 if IS_LONG else 10)
@hypothesis.given(st.lists(SCRIPTS, min_size=4, max_size=12), st.booleans())
def test_no_script_escapes(
    tmp_path_factory: pytest.TempPathFactory, scripts: list[str], watched: bool
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    Path(outside, "victim.sqlite").write_bytes(b"leave me alone")
    before = contents(outside)
    texts = [Text("x", sql.replace("{dir}", outside.as_posix()), watched) for sql in scripts]
    started = clocks()

    # One life of the sandbox for as many scripts as run to their end, and the next for the rest.
    while texts:
        tasks = [task for text in texts for task in (Back(), RunAll([text]))]
        answers = replay([Mark(), *tasks], LIMITS)
        done = sum(isinstance(answer, list) for answer in answers)
        assert done > 0
        elapsed, computed = (now - then for now, then in zip(clocks(), started, strict=True))
        assert computed < LIMITS.seconds + 1 + START_UP
        assert elapsed < LIMITS.seconds + 1 + (START_UP if IS_LONG else BUSY)
        texts, started = texts[done:], clocks()

    assert contents(outside) == before
