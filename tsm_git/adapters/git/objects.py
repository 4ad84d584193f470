"""Reads commits, trees and blobs through one `git cat-file --batch` that stays open.

It resolves any revision, costs one process for a whole check, and works with every object format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tsm_git.adapters.git.process import Git, Session, decoded
from tsm_git.core.errors import GitError
from tsm_git.core.record import NamedTuple

# Requests are written in portions that fit any pipe, so that git never waits for us to read
# while we wait for it to read (POSIX guarantees PIPE_BUF >= 512; Linux and macOS hold 16 KiB).
_PORTION = 4096
_NO_NAMES = (".", "..", ".git")


class GitObject(NamedTuple):
    """One object; `kind` is blob, tree, commit or tag."""

    oid: str
    kind: str
    data: bytes


class TreeEntry(NamedTuple):
    """One entry of a tree, or of the index."""

    mode: str
    name: str
    oid: str

    @property
    def is_folder(self) -> bool:
        return self.mode == "40000"


class Commit(NamedTuple):
    """What of a commit the check needs."""

    oid: str
    tree: str
    parents: tuple[str, ...]


class Objects:
    """The object database of one repository."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._session: Session | None = None
        self._trees: dict[str, bytes] = {}
        self._entries: dict[str, list[TreeEntry]] = {}

    def close(self) -> None:
        """Ends the git process, if one was started."""
        if self._session:
            self._session.close()
            self._session = None

    def get(self, names: Sequence[str]) -> list[GitObject | None]:
        """The objects of that name, in the same order; None for what does not exist.

        A name is anything that git resolves: an id, `HEAD^{commit}`, `main:folder`. One with a
        line break cannot be asked for, and is answered with None.
        """
        return list(self._stream(names))

    def commits(self, revisions: Sequence[str]) -> list[Commit | None]:
        """The commits that these revisions stand for; None for what is unknown."""
        found = self.get([f"{revision}^{{commit}}" for revision in revisions])
        return [parse_commit(item) if item else None for item in found]

    def tree(self, oid: str) -> list[TreeEntry]:
        """The entries of a tree."""
        if oid not in self._entries:
            self._load_trees([oid])
            self._entries[oid] = parse_tree(self._trees[oid], len(oid) // 2)
        return self._entries[oid]

    def names(self, oid: str) -> Iterator[str]:
        """The names of a tree's entries; most that ask for them want a few."""
        self._load_trees([oid])
        entry = re.compile(rb"[0-7]+ ([^\0]+)\0.{%d}" % (len(oid) // 2), re.DOTALL)
        return (decoded(found[1]) for found in entry.finditer(self._trees[oid]))

    def folder(self, tree: str, path: str) -> str | None:
        """The id of the tree at a path below a tree, or None if there is no folder."""
        for name in path.split("/"):
            entry = next((entry for entry in self.tree(tree) if entry.name == name), None)
            if entry is None or not entry.is_folder:
                return None
            tree = entry.oid
        return tree

    def folders(self, tree: str, suffix: str) -> dict[str, str]:
        """Every folder below a tree whose name ends in `suffix`: path -> tree id.

        Goes level by level, so that each level is one burst of requests; trees that were seen in
        another revision are not read again.
        """
        found: dict[str, str] = {}
        level = {"": tree}
        while level:
            self._load_trees(level.values())
            below: dict[str, str] = {}
            for path, oid in level.items():
                if b"40000 " not in self._trees[oid]:
                    continue  # most folders hold files only, and need not be taken apart
                for entry in self.tree(oid):
                    # Git checks no such names out, but anybody can write them into a tree.
                    is_name = "/" not in entry.name and entry.name.lower() not in _NO_NAMES
                    if entry.is_folder and is_name:
                        inner = f"{path}/{entry.name}" if path else entry.name
                        below[inner] = entry.oid
                        if entry.name.endswith(suffix) and entry.name != suffix:
                            found[inner] = entry.oid
            level = below
        return found

    def blobs(self, oids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The bytes of each blob, one at a time so that a thousand scripts need no memory."""
        wanted = list(dict.fromkeys(oids))
        for oid, item in zip(wanted, self._stream(wanted), strict=True):
            if item is None:
                raise GitError(f"the blob {oid} is missing", "run `git fsck` to see what is lost")
            yield oid, item.data

    def _load_trees(self, oids: Iterable[str]) -> None:
        wanted = list(dict.fromkeys(oid for oid in oids if oid not in self._trees))
        for oid, item in zip(wanted, self._stream(wanted), strict=True):
            if item is None:
                raise GitError(f"the tree {oid} is missing", "run `git fsck` to see what is lost")
            self._trees[oid] = item.data

    def _stream(self, names: Sequence[str]) -> Iterator[GitObject | None]:
        session = self._running() if names else None
        portion: list[bytes] = []
        size = 0
        for name in names:
            line = name.encode("utf-8", "surrogateescape") + b"\n"
            is_one_line = line.count(b"\n") == 1  # git would take two lines for two requests
            if session and portion and (size + len(line) > _PORTION or not is_one_line):
                yield from self._ask(session, portion)
                portion, size = [], 0
            if not is_one_line:
                yield None
                continue
            portion.append(line)
            size += len(line)
        if session and portion:
            yield from self._ask(session, portion)

    def _ask(self, session: Session, portion: list[bytes]) -> Iterator[GitObject | None]:
        try:
            session.stdin.write(b"".join(portion))
            session.stdin.flush()
        except BrokenPipeError as error:
            raise session.died() from error
        for _ in portion:
            header = session.stdout.readline()
            if not header:
                raise session.died()
            words = header.split()
            # `NAME missing` and `NAME ambiguous`; a name may hold spaces, an answer has three words
            if words[-1] in (b"missing", b"ambiguous") or not words[-1].isdigit():
                yield None
                continue
            data = session.stdout.read(int(words[2]) + 1)
            yield GitObject(words[0].decode(), words[1].decode(), data[:-1])

    def _running(self) -> Session:
        if self._session is None:
            self._session = self._git.start("cat-file", "--batch")
        return self._session


def parse_tree(data: bytes, id_length: int) -> list[TreeEntry]:
    """The entries of a raw tree object (gitformat-pack: mode, space, name, NUL, id)."""
    return [
        TreeEntry(mode.decode(), name.decode("utf-8", "surrogateescape"), oid.hex())
        for mode, name, oid in _entries(data, id_length)
    ]


def _entries(data: bytes, id_length: int) -> list[tuple[bytes, bytes, bytes]]:
    """Mode, name and id of each entry, as they are stored."""
    # Each match begins where the last one ended, so the bytes of an id are never taken for an
    # entry; four times as fast as to cut off one entry after the other.
    entry = rb"([0-7]+) ([^\0]+)\0(.{%d})" % id_length
    if not re.fullmatch(b"(?:%b)*+" % entry, data, re.DOTALL):
        raise GitError("a tree of this repository is broken", "run `git fsck` to see which")
    return re.findall(entry, data, re.DOTALL)


def parse_commit(item: GitObject) -> Commit:
    """The tree and parents of a raw commit object."""
    tree, parents = "", []
    for line in item.data.split(b"\n"):
        key, _, value = line.partition(b" ")
        if key == b"tree":
            tree = value.decode()
        elif key == b"parent":
            parents.append(value.decode())
        else:
            break
    return Commit(item.oid, tree, tuple(parents))
