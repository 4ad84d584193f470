"""The cache: whole entries or none, never too many, and never an error."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tsm_git.adapters.cache import Cache, user_cache


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """Return a cache in a folder that is not there yet."""
    return Cache(tmp_path / "deep" / "cache")


def entry(tmp_path: Path) -> Path:
    """Return the one file of the cache."""
    (found,) = (tmp_path / "deep" / "cache").iterdir()
    return found


def test_what_is_put_is_got(cache: Cache) -> None:
    assert cache.get("a") is None
    assert not cache.has("a")

    cache.put("a", b"one")
    cache.put("a", b"two")

    assert cache.has("a")
    assert cache.get("a") == b"two"
    assert cache.get("b") is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda _: b"",
        lambda _: b"something else entirely",
        lambda data: data.replace(b"one", b"two"),
    ],
)
def test_a_spoiled_entry_counts_as_none_and_goes(cache: Cache, tmp_path: Path, spoil) -> None:
    cache.put("a", b"one")
    path = entry(tmp_path)
    path.write_bytes(spoil(path.read_bytes()))

    assert cache.get("a") is None
    assert not path.exists()


def test_what_was_not_used_for_longest_makes_room(tmp_path: Path) -> None:
    cache = Cache(tmp_path, most=350)
    for number, key in enumerate("abc"):
        cache.put(key, b"x" * 50)
        os.utime(tmp_path / f"{key}.tsm", (number, number))
    assert cache.get("a")  # now the youngest

    cache.put("d", b"x" * 50)

    assert sorted(path.stem for path in tmp_path.glob("*.tsm")) == ["a", "c", "d"]


def test_what_is_too_large_is_not_kept(cache: Cache) -> None:
    cache.put("a", bytes((64 << 20) + 1))

    assert cache.get("a") is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    cache = Cache(tmp_path / "file" / "cache")

    cache.put("a", b"one")

    assert cache.get("a") is None


def test_a_folder_that_others_may_write_is_not_believed(tmp_path: Path) -> None:
    folder = tmp_path / "tsm" / "replays"
    folder.mkdir(parents=True)
    assert user_cache({"XDG_CACHE_HOME": str(tmp_path)}, "replays") is not None

    folder.chmod(0o777)

    assert user_cache({"XDG_CACHE_HOME": str(tmp_path)}, "replays") is None


@pytest.mark.parametrize("environ", [{}, {"XDG_CACHE_HOME": "relative"}, {"HOME": ""}])
def test_without_a_home_there_is_none(environ: dict[str, str]) -> None:
    assert user_cache(environ, "replays") is None


def test_it_lies_where_the_system_has_such_things(tmp_path: Path) -> None:
    cache = user_cache({"HOME": str(tmp_path)}, "replays")
    assert cache is not None

    cache.put("a", b"one")

    (found,) = tmp_path.glob("**/*.tsm")
    assert found.relative_to(tmp_path).parts[-3:] == ("tsm", "replays", "a.tsm")
