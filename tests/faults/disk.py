"""What a disk holds after the power goes: what was synced, and of the rest whatever chance left.

The system's cache is the real files; beside it this keeps, for each file, the bytes that are
certain to be on the disk and the writes since. Losing power throws the cache away: each sector of
each write that was not synced is there or not, a new name or a deletion whose folder was not synced
happened or not.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import NamedTuple

SECTOR = 512


class Change(NamedTuple):
    """Something that was done since the last sync.

    With an `offset`: bytes were written there, or without bytes the file was cut there. Without
    one: the name went to another file, which held `data`, or to none.
    """

    offset: int | None
    data: bytes | None


class Disk:
    """The files below a folder, as the disk has them; a file that nobody has opened is safe."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self.safe: dict[str, bytes | None] = {}  # None: no such name
        self.since: dict[str, list[Change]] = {}

    def opened(self, name: str, *, is_new: bool | None = None) -> None:
        """A file is about to be written, if ever; a new one has no name on the disk yet."""
        if not name.startswith(self.root) or name.endswith("-shm"):
            return
        if name in self.safe:
            if is_new:
                self.since[name].append(Change(None, b""))
            return
        there = Path(name)
        missing = not there.exists() if is_new is None else is_new
        self.safe[name] = None if missing else there.read_bytes()
        self.since[name] = [Change(None, b"")] if missing else []

    def written(self, name: str, offset: int, data: bytes) -> None:
        """Bytes are in the cache."""
        if name in self.since:
            self.since[name].append(Change(offset, data))

    def truncated(self, name: str, size: int) -> None:
        """A file was cut in the cache."""
        if name in self.since:
            self.since[name].append(Change(size, None))

    def synced(self, name: str) -> None:
        """A file and its name, or the names in a folder, are on the disk."""
        if Path(name).is_dir():
            for known in [known for known in self.safe if os.path.dirname(known) == name]:
                self._settle(known)
        elif name in self.safe:
            self._settle(name)

    def deleted(self, name: str, *, durable: bool) -> None:
        """A file is about to be removed."""
        if name not in self.safe:
            return
        if durable:
            self.safe[name], self.since[name] = None, []
        else:
            self.since[name].append(Change(None, None))

    def moved(self, name: str, target: str | None, *, stays: bool = False) -> None:
        """A file is about to be renamed, or linked where it `stays`, or removed without a target."""
        if not Path(name).exists():
            return  # who removes what may be there removes nothing
        self.opened(name)
        if name not in self.since:
            return
        if target is not None:
            if target not in self.safe:  # which never is an empty file of its own
                there = Path(target)
                self.safe[target] = there.read_bytes() if there.exists() else None
                self.since[target] = []
            # The new name shows what the old one held on the disk, or what it was before.
            self.since[target].append(Change(None, self.safe.get(name) or b""))
        if not stays:
            self.since[name].append(Change(None, None))

    def lose_power(self, seed: int) -> None:
        """Make the files what the disk has."""
        rng = random.Random(seed)
        for name, safe in self.safe.items():
            left = _left(safe, self.since[name], rng)
            path = Path(name)
            if left is None:
                path.unlink(missing_ok=True)
            elif path.parent.is_dir():
                path.write_bytes(left)
        for path in Path(self.root).rglob("*-shm"):
            path.unlink()

    def _settle(self, name: str) -> None:
        path = Path(name)
        self.safe[name] = path.read_bytes() if path.exists() else None
        self.since[name] = []


def _left(safe: bytes | None, since: list[Change], rng: random.Random) -> bytes | None:
    """One of the many things that the disk may hold under one name.

    A file system keeps the order in which a name changed hands, but not that of what was written.
    """
    lives: list[tuple[bytes | None, list[Change]]] = [(safe, [])]
    for change in since:
        if change.offset is None:
            lives.append((change.data, []))
        else:
            lives[-1][1].append(change)
    start, changes = rng.choice(lives)
    if start is None:
        return None
    image = bytearray(start)
    luck = rng.random()  # from nothing of it to nearly all of it
    for offset, data in changes:
        assert offset is not None
        if data is None:
            if rng.random() < luck:
                del image[offset:]
            continue
        for first in range(0, len(data), SECTOR):
            if rng.random() < luck:
                at = offset + first
                image.extend(bytes(max(at - len(image), 0)))
                part = data[first : first + SECTOR]
                image[at : at + len(part)] = part
    return bytes(image)
