"""A folder of results that need not be worked out again; it may be deleted at any time.

What is in it is never trusted to be whole: each entry carries its own digest, and one that is
spoiled, foreign or too large counts as not there. Nothing here raises: without a cache tsm is
slower, and no more.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

_MAGIC = b"tsm cache 1\n"
_ENDING = ".tsm"
_MOST_BYTES = 256 << 20  # of all entries together
_LARGEST = 64 << 20


class Cache:
    """Entries by key, in one folder of the user's own; `most` bytes of them together."""

    def __init__(self, folder: Path, most: int = _MOST_BYTES) -> None:
        self._folder = folder
        self._most = most

    def get(self, key: str) -> bytes | None:
        """The entry, or None."""
        path = self._path(key)
        try:
            if path.stat().st_size > _LARGEST:
                return None
            data = path.read_bytes()
        except OSError:
            return None
        content = data[len(_MAGIC) + 32 :]
        if data[: len(_MAGIC) + 32] != _MAGIC + sha256(content).digest():
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)  # what is used stays
        return content

    def has(self, key: str) -> bool:
        """Whether there is an entry that looks as if it were one."""
        return self._path(key).is_file()

    def put(self, key: str, content: bytes) -> None:
        """Keeps an entry: whole or not at all. Old ones go where there are too many."""
        if len(content) > _LARGEST:
            return
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_own(self._folder):
                return
            from tempfile import mkstemp  # what is only read needs none

            descriptor, name = mkstemp(dir=self._folder)
            try:
                with open(descriptor, "wb") as file:
                    file.write(_MAGIC + sha256(content).digest() + content)
                Path(name).replace(self._path(key))
            except OSError:
                Path(name).unlink()
                raise
            self._make_room()

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{_ENDING}"

    def _make_room(self) -> None:
        """Removes what was not used for longest, and what a run that was killed has left."""
        entries = []
        for entry in os.scandir(self._folder):
            if entry.is_file(follow_symlinks=False):
                found = entry.stat()
                entries.append((found.st_mtime, found.st_size, entry.path))
        room = self._most
        for _, size, path in sorted(entries, reverse=True):
            room -= size
            if room < 0:
                with suppress(OSError):
                    Path(path).unlink()


def user_cache(environ: Mapping[str, str], name: str) -> Cache | None:
    """The cache of that name of the user that the environment tells of, or None."""
    folder = _folder(environ)
    if folder is None or not folder.is_absolute():
        return None
    mine = folder / "tsm" / name
    return Cache(mine) if not mine.exists() or _is_own(mine) else None


def _folder(environ: Mapping[str, str]) -> Path | None:
    if found := environ.get("XDG_CACHE_HOME"):
        return Path(found)
    if sys.platform == "win32":
        return Path(found) if (found := environ.get("LOCALAPPDATA")) else None
    home = environ.get("HOME")
    if not home:
        return None
    return Path(home, "Library", "Caches") if sys.platform == "darwin" else Path(home, ".cache")


def _is_own(folder: Path) -> bool:
    """Whether nobody else can have put anything there."""
    if sys.platform == "win32":
        return True  # LOCALAPPDATA is the user's
    found = folder.stat()
    return found.st_uid == os.getuid() and not found.st_mode & 0o022
