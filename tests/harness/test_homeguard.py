"""The tests do not touch the home directory of whoever runs them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.harness.homeguard import HomeGuard


@pytest.fixture
def guard(tmp_path: Path) -> HomeGuard:
    """Return a guard of a home that is no real one, not installed."""
    home = tmp_path / "somebody"
    guard = HomeGuard(home, [home / "src" / "tsm"])
    guard.active = True
    return guard


@pytest.mark.parametrize(
    ("event", "path"),
    [
        ("open", "somebody/.gitconfig"),
        ("os.listdir", "somebody/.config/tsm"),
        ("os.mkdir", "somebody/src/tsm-git"),
        ("open", "somebody/src/tsm/../notes"),
    ],
)
def test_touching_the_home_fails(guard: HomeGuard, tmp_path: Path, event: str, path: str) -> None:
    with pytest.raises(AssertionError, match="touched the real home directory"):
        guard(event, (str(tmp_path / path), "r", 0))


@pytest.mark.parametrize(
    ("event", "path"),
    [
        ("open", "somebody/src/tsm/pyproject.toml"),
        ("open", "somebody-else/.gitconfig"),
        ("import", "somebody/.gitconfig"),
    ],
)
def test_all_else_is_free(guard: HomeGuard, tmp_path: Path, event: str, path: str) -> None:
    guard(event, (str(tmp_path / path), "r", 0))


def test_files_that_have_no_name_are_free(guard: HomeGuard) -> None:
    guard("open", (3, "r", 0))


def test_a_real_access_is_caught(guarded_home: Path) -> None:
    with pytest.raises(AssertionError, match="touched the real home directory: open"):
        (guarded_home / ".gitconfig").open()
    with pytest.raises(AssertionError, match=r"touched the real home directory: os\.listdir"):
        os.listdir(guarded_home)  # noqa: PTH208 (the event is what is tested)
