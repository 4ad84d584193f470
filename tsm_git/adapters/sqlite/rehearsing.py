"""Makes a private copy of a database to rehearse on: the original is only read.

A small one goes into memory; a large one is cloned where the file system can share its blocks
(ioctl_ficlone(2)), or else copied: byte for byte inside the kernel where SQLite's lock holds the
original still (copy_file_range(2)), else page by page by SQLite.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import BinaryIO, NamedTuple

import apsw

from tsm_git.adapters.sqlite.connection import has_bytes, open_readonly, translated
from tsm_git.adapters.sqlite.private import private_folder
from tsm_git.core.errors import DatabaseError

SMALL = 32 << 20  # bytes up to which a copy is held in memory
_PAGES_AT_ONCE = 10_000
_BYTES_AT_ONCE = 64 << 20
_FICLONE = 0x40049409  # linux/fs.h
_SHARING = {"bcachefs", "btrfs", "ocfs2", "xfs", "zfs"}


class Copy(NamedTuple):
    """A private copy: bytes in memory, or a file; `how` it was made, and its size in bytes."""

    how: str
    size: int
    image: bytes = b""
    file: Path | None = None


@contextmanager
def private_copy(
    source: Path, shown: str, tell: Callable[[int, int], None], small: int = SMALL
) -> Iterator[Copy]:
    """A copy of a database, removed at the end. Raises DatabaseError where it cannot be read."""
    size = source.stat().st_size
    if size <= small:
        yield _in_memory(source, shown)
        return
    place = _cloning_place(source.resolve())
    if place is not None:
        with private_folder(place) as folder:
            if _cloned(source, folder / "copy.sqlite"):
                yield Copy("a clone", size, file=folder / "copy.sqlite")
                return
    with private_folder(_room_for(size, source)) as folder:
        _copied(source, shown, folder / "copy.sqlite", tell)
        yield Copy("a copy", size, file=folder / "copy.sqlite")


def _copied(source: Path, shown: str, target: Path, tell: Callable[[int, int], None]) -> None:
    # The file is open around the connection: to close it earlier would drop the locks of SQLite
    # (https://sqlite.org/howtocorrupt.html, section 2.2).
    with (
        translated(shown),
        source.open("rb") as original,
        open_readonly(source, shown) as origin,
    ):
        if _is_held_still(original, origin, source) and _bytes_copied(original, target, tell):
            return
        _pages_copied(origin, target, tell)


def _is_held_still(original: BinaryIO, origin: apsw.Connection, source: Path) -> bool:
    """Whether all of a database is in its file, and nobody can write that before `origin` ends."""
    if Path(origin.filename) != source.resolve():
        return False  # a private copy is read instead
    origin.execute("BEGIN")
    origin.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()  # takes the lock
    original.seek(18)
    return original.read(2) == b"\1\1"  # no write-ahead log, https://sqlite.org/fileformat2.html


def _bytes_copied(original: BinaryIO, target: Path, tell: Callable[[int, int], None]) -> bool:
    """Whether the kernel could copy the file; where it could not, there is no target."""
    if sys.platform != "linux":
        return False
    total, done = os.fstat(original.fileno()).st_size, 0
    with target.open("xb") as copy:
        try:
            while done < total:
                step = os.copy_file_range(
                    original.fileno(), copy.fileno(), min(_BYTES_AT_ONCE, total - done), done, done
                )
                if not step:
                    break
                done += step
                tell(done, total)
        except OSError:  # a file system that cannot, or a full one: then SQLite says so
            done = -1
    if done != total:
        target.unlink()
    return done == total


def _pages_copied(origin: apsw.Connection, target: Path, tell: Callable[[int, int], None]) -> None:
    with closing(apsw.Connection(str(target))) as copy:
        copy.pragma("synchronous", "OFF")  # nobody will miss it
        with copy.backup("main", origin, "main") as copying:
            while not copying.done:
                copying.step(_PAGES_AT_ONCE)
                tell(copying.page_count - copying.remaining, copying.page_count)


def _in_memory(source: Path, shown: str) -> Copy:
    with translated(shown), open_readonly(source, shown) as origin:
        image = origin.serialize("main")
    # Bytes 18 and 19 say that there is a write-ahead log, of which memory has none.
    if image[18:20] != b"\1\1":
        image = image[:18] + b"\1\1" + image[20:]
    return Copy("a copy in memory", len(image), image=image)


def _cloned(source: Path, target: Path) -> bool:
    """Whether the target has become a clone, which shares the blocks of the source."""
    import fcntl  # Unix only

    try:
        with source.open("rb") as original, target.open("xb") as clone:
            fcntl.ioctl(clone.fileno(), _FICLONE, original.fileno())
    except OSError:
        target.unlink(missing_ok=True)
        return False
    return True


def _cloning_place(source: Path) -> Path | None:
    """A folder on the file system of the source, if that may be one that shares blocks.

    The folder for temporary files, where it is there; else the one that the source lies in. None,
    too, where not all of a database is in its file.
    """
    beside = [source.with_name(source.name + suffix) for suffix in ("-wal", "-journal")]
    if sys.platform != "linux" or any(map(has_bytes, beside)):
        return None
    try:
        mounts = Path("/proc/self/mounts").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    kinds = {Path(words[1]): words[2] for words in map(str.split, mounts) if len(words) > 2}
    mount = next((path for path in source.parents if path in kinds), None)
    if mount is None or kinds[mount] not in _SHARING:
        return None
    usual = Path(gettempdir())
    place = usual if usual.stat().st_dev == source.stat().st_dev else source.parent
    return place if os.access(place, os.W_OK) else None


def _room_for(size: int, source: Path) -> Path | None:
    """Where a file of that size, and what scripts add, fits: the usual place, else the source's."""
    needed = 3 * size
    places = [None, source.resolve().parent]
    for place in places:
        if shutil.disk_usage(place or gettempdir()).free >= needed:
            return place
    raise DatabaseError(
        f"there is no room for a copy of `{source}`: {needed >> 20} MiB are needed",
        "set TMPDIR to a folder on a larger disk",
    )
