"""No script escapes, whatever it is put together from: no file appears or changes, nothing hangs.

The same against a sandbox without its barriers has to fail: otherwise nothing is shown by it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.sandbox.hostile import HOSTILE
from tests.sandbox.legitimate import LEGITIMATE, START
from tests.sandbox.outside import Outside
from tests.sandbox.test_sandbox import START_UP
from tests.sandbox.unguarded import boot
from tsm_git.adapters.sqlite import sandbox
from tsm_git.adapters.sqlite.sandbox import Answer, Back, Mark, RunAll, Task, replay
from tsm_git.core.proof.replay import Limits, Text
from tsm_git.core.sql import statements, tokens

# One script may run for so long; the processor's time of all is what says if one did for longer.
LIMITS = Limits(script_seconds=0.5, seconds=20)
BUSY = 60  # seconds that a machine may have for others, while a call waits
PROFILE = os.environ.get("TSM_TEST_PROFILE", "")
IS_LONG = PROFILE == "long"


def parts_of(scripts: Iterable[str]) -> list[str]:
    """Return the statements of scripts, of one that repeats itself the first few."""
    found = {
        statement.text.strip()
        for sql in scripts
        for statement in itertools.islice(statements(sql), 20)
        if len(statement.text) < 500
    }
    return sorted(found)


BAD = [each.sql for each in HOSTILE if len(each.sql) < 1_000]
BAD_PARTS = parts_of(BAD)
PARTS = parts_of([*BAD, *LEGITIMATE.values()])
TOKENS: dict[str, list[str]] = {}
for kind, word in sorted({(token.kind, token.text) for part in PARTS for token in tokens(part)}):
    TOKENS.setdefault(kind, []).append(word)


@st.composite
def mutants(draw: st.DrawFn) -> str:
    """Draw a statement in which a few tokens are others, mostly of the same kind."""
    found = list(tokens(draw(st.sampled_from(BAD_PARTS))))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(found) - 1))
        kind = draw(st.sampled_from([found[at].kind] * 3 + ["word"]))
        found[at] = found[at]._replace(text=draw(st.sampled_from(TOKENS[kind])))
    return "".join(token.text for token in found)


WORDS = st.sampled_from([word for words in TOKENS.values() for word in words])
PIECES = st.one_of(
    st.sampled_from(BAD),
    st.sampled_from(BAD_PARTS),
    st.sampled_from(PARTS),
    mutants(),
    mutants(),
    st.lists(WORDS, min_size=1, max_size=12).map(" ".join),
)
# What a statement needs may be there, and a script may try to leave its transaction first.
STARTS = st.sampled_from(
    ["", START, "create table t (a, b, c); insert into t values (1, 'x', null);"]
)
LEAVES = st.sampled_from(["", "commit;", "end;", "rollback;"])
SCRIPTS = st.tuples(STARTS, LEAVES, st.lists(PIECES, min_size=1, max_size=4).map(";\n".join)).map(
    "".join
)


class World(NamedTuple):
    """How scripts run: watched, each as one that asks for no transaction, on a file."""

    watched: bool
    free: bool
    in_file: bool


WORLDS = st.builds(World, st.booleans(), st.booleans(), st.booleans())
BATCHES = st.lists(SCRIPTS, min_size=4, max_size=12)


# About 50,000 scripts in the long profile; each example is a process, some with a bomb in it.
@pytest.mark.slow
@hypothesis.settings(max_examples=6_000 if IS_LONG else 10)
@hypothesis.given(BATCHES, WORLDS)
def test_no_script_escapes(
    tmp_path_factory: pytest.TempPathFactory, scripts: list[str], world: World
) -> None:
    escape(tmp_path_factory.mktemp("around"), scripts, world)


IN_MEMORY = World(watched=True, free=False, in_file=False)
IN_FILE = World(watched=False, free=True, in_file=True)
FILES = "authorizer", "limits", "world", "system"
LIBRARIES = "authorizer", "extensions"


@pytest.mark.slow
@pytest.mark.skipif(not PROFILE, reason="it tries a test, not tsm")
@pytest.mark.parametrize(
    ("without", "world", "word"),
    [
        (FILES, IN_MEMORY, "attach"),
        (FILES, IN_FILE, "vacuum"),
        (LIBRARIES, IN_MEMORY, "load_extension"),
        (LIBRARIES, IN_FILE, "load_extension"),
        (("clock",), IN_MEMORY, "select x + 1 from c) select count"),
    ],
    ids=["files", "files by VACUUM", "libraries", "libraries beside a file", "clock"],
)
def test_an_escape_is_noticed(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    without: tuple[str, ...],
    world: World,
    word: str,
) -> None:
    monkeypatch.setattr(sandbox, "_BOOT", boot(without))
    noticed: list[str] = []
    # Chance finds it too, when it is given a minute.
    telling = st.lists(st.sampled_from([sql for sql in BAD if word in sql]), min_size=1, max_size=4)

    @hypothesis.settings(max_examples=200, phases=[hypothesis.Phase.generate], derandomize=True)
    @hypothesis.given(telling if PROFILE == "ci" else BATCHES)
    def escapes(scripts: list[str]) -> None:
        if not noticed:
            try:
                escape(
                    tmp_path_factory.mktemp("around"), scripts, world, LIMITS._replace(seconds=8)
                )
            except AssertionError as error:
                noticed.append(str(error).partition("\n")[0])

    escapes()

    assert noticed


@pytest.mark.slow
@pytest.mark.skipif(PROFILE not in ("full", "long"), reason="no barrier is alone")
@pytest.mark.parametrize(
    ("kept", "world"),
    [
        ("authorizer", IN_MEMORY),
        ("authorizer", IN_FILE),
        ("limits", IN_MEMORY),
        ("limits", IN_FILE._replace(free=False)),
        ("world", IN_MEMORY),
        ("world", IN_FILE),
    ],
)
def test_each_barrier_holds_alone(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    kept: str,
    world: World,
) -> None:
    monkeypatch.setattr(sandbox, "_BOOT", boot(name for name in FILES if name != kept))

    @hypothesis.settings(max_examples=50)
    @hypothesis.given(BATCHES)
    def holds(scripts: list[str]) -> None:
        escape(tmp_path_factory.mktemp("around"), scripts, world)

    holds()


def escape(around: Path, scripts: list[str], world: World, limits: Limits = LIMITS) -> None:
    """Have scripts try to, and fail where one does."""
    (around / "outside").mkdir()
    (around / "inside").mkdir()
    outside = Outside(around / "outside")
    with contextlib.closing(outside):
        texts = [
            Text("x", sql.replace("{dir}", outside.folder.as_posix()), world.watched, world.free)
            for sql in scripts
        ]
        file = around / "inside" / "copy.sqlite" if world.in_file else None
        if file:
            file.touch()
        # One life of the sandbox for as many scripts as run to their end, and the next for the rest.
        while texts:
            started = clocks()
            done = count(lived(texts, file, limits))
            elapsed, computed = (now - then for now, then in zip(clocks(), started, strict=True))
            assert done > 0
            most = limits.script_seconds * done + 1 + START_UP
            assert computed < most, "a script runs for longer than it may"
            assert elapsed < most + (0 if IS_LONG else BUSY)
            texts = texts[done:]
        outside.check()
        assert {path.name for path in around.iterdir()} == {"outside", "inside"}


def lived(texts: list[Text], file: Path | None, limits: Limits) -> list[Answer]:
    """Run scripts, each on a database that is as at the start, or on one that stays."""
    if file:
        return replay([RunAll([text]) for text in texts], limits, file=file, surveys=True)
    tasks: list[Task] = [task for text in texts for task in (Back(), RunAll([text]))]
    return replay([Mark(), *tasks], limits)


def count(answers: list[Answer]) -> int:
    """Return how many scripts have run, to their end or not."""
    return sum(isinstance(answer, list) for answer in answers)


def clocks() -> tuple[float, float]:
    """Return the time of day in seconds, and the processor's time of all processes that ended."""
    times = os.times()
    return time.monotonic(), times.children_user + times.children_system
