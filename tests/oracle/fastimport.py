"""Writes whole histories into one bare repository, and asks git what it would merge.

Thousands of commits through one `git fast-import`, thousands of merges through one
`git merge-tree --stdin`: a process for each would take the better part of an hour. It knows nothing
of tsm; that a file is a script is only known to the oracle.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from tests.harness.gitenv import GitEnv
from tests.oracle.graph import History, Tree
from tests.oracle.oracle import Content, Link

REGULAR, SYMLINK = "100644", "120000"


class GitMerge(NamedTuple):
    """What git makes of two commits: a tree, and the paths on which it stopped."""

    tree: str
    conflicts: frozenset[str]


class Repository:
    """A repository for many histories; closing it ends its one reading process."""

    def __init__(self, path: Path, env: GitEnv, *, bare: bool = True) -> None:
        self.path, self.env = path, env
        kind = ("--bare",) if bare else ()
        env.git("init", "--quiet", *kind, str(path), cwd=path.parent)
        self._reader: subprocess.Popen[bytes] | None = None

    def write(self, histories: Sequence[History]) -> list[list[str]]:
        """Write all commits; return, for each history, the ids of its commits in order."""
        marks = self.path.with_name(f"{self.path.name}.marks")
        self.git(
            "fast-import", "--quiet", "--done", "--force", f"--export-marks={marks}",
            stdin=b"".join(stream(histories)),
        )  # fmt: skip
        ids = dict(line.split() for line in marks.read_text().splitlines())
        found, mark = [], 0
        for history in histories:
            found.append([ids[f":{mark + index + 1}"] for index in range(len(history.commits))])
            mark += len(history.commits)
        return found

    def merges(self, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], GitMerge]:
        """What git itself makes of each pair of commits."""
        asked = list(dict.fromkeys(pairs))
        if not asked:
            return {}
        lines = "".join(f"{one} {other}\n" for one, other in asked).encode()
        said = self.git("merge-tree", "--allow-unrelated-histories", "--stdin", stdin=lines)
        return dict(zip(asked, parse_merges(said), strict=True))

    def place(self, tree: str, folder: str) -> dict[str, Content]:
        """What a tree holds directly in a folder, by file name."""
        raw = self.read(f"{tree}:{folder}")
        return {
            name: content_of(mode, self.read(object_id))
            for mode, name, object_id in parse_tree(raw)
            if mode in (SYMLINK, REGULAR)
        }

    def read(self, name: str) -> bytes:
        """The bytes of an object; none where there is no such object."""
        if self._reader is None:
            self._reader = subprocess.Popen(
                ["git", "cat-file", "--batch"],
                cwd=self.path,
                env=self.env.variables(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        stdin, stdout = _pipes(self._reader)
        stdin.write(name.encode() + b"\n")
        stdin.flush()
        header = stdout.readline().split()
        if header[-1] == b"missing":
            return b""
        return stdout.read(int(header[-1]) + 1)[:-1]

    def git(
        self,
        *arguments: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        accept: Sequence[int] = (0,),
    ) -> bytes:
        """Run git here; any failure is a failure of the test."""
        process = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=self.env.variables(env),
            input=stdin,
            capture_output=True,
            check=False,
        )
        if process.returncode not in accept:
            raise AssertionError(f"git {arguments}: {process.stderr.decode(errors='replace')}")
        return process.stdout

    def close(self) -> None:
        """End the reading process."""
        if self._reader is not None:
            for pipe in _pipes(self._reader):
                pipe.close()
            self._reader.wait()
            self._reader = None


def stream(histories: Sequence[History]) -> Iterator[bytes]:
    """The histories in the language of `git fast-import`; commit n of all has the mark n.

    Each history begins with a root of its own. The branch that the commits are written to means
    nothing: it exists because fast-import needs one, and the last commit gives HEAD something.
    """
    commits = sum(len(history.commits) for history in histories)
    blobs: dict[bytes, int] = {}
    mark = 0
    for history in histories:
        first = mark + 1
        for commit in history.commits:
            before: Tree = history.commits[commit.parents[0]].tree if commit.parents else {}
            lines = []
            for path in before:
                if path not in commit.tree:
                    lines.append(b"D " + quoted(path))
            for path, content in commit.tree.items():
                if path in before and before[path] == content:
                    continue
                mode = SYMLINK if isinstance(content, Link) else REGULAR
                data = content.target.encode() if isinstance(content, Link) else content
                if data not in blobs:
                    blobs[data] = commits + len(blobs) + 1
                    yield b"blob\nmark :%d\ndata %d\n%b\n" % (blobs[data], len(data), data)
                lines.append(b"M %b :%d %b" % (mode.encode(), blobs[data], quoted(path)))
            mark += 1
            what = commit.what.encode()
            name = commit.what.partition(":")[0]
            author = f"{name} <{name}@example.com> {1_700_000_000 + mark} +0000"
            yield b"reset refs/heads/main\n" if not commit.parents else b""
            yield b"commit refs/heads/main\nmark :%d\n" % mark
            yield f"committer {author}\n".encode()
            yield b"data %d\n%b\n" % (len(what), what)
            for word, parent in zip(("from", *["merge"] * 9), commit.parents, strict=False):
                yield f"{word} :{first + parent}\n".encode()
            yield b"".join(line + b"\n" for line in lines) + b"\n"
    yield b"done\n"


def quoted(path: str) -> bytes:
    """A path as fast-import reads it whatever its letters."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return b'"' + escaped.encode() + b'"'


def content_of(mode: str, data: bytes) -> Content:
    """A blob as the oracle knows it."""
    return Link(data.decode()) if mode == SYMLINK else data


def parse_merges(said: bytes) -> Iterator[GitMerge]:
    """The answers of `git merge-tree --stdin`, in order; see its manual for the form."""
    fields = iter(said.decode(errors="surrogateescape").split("\0"))
    for status in fields:
        if not status:
            return
        tree, conflicts = next(fields), set()
        while field := next(fields):
            conflicts.add(field.partition("\t")[2])
        if status == "0":
            while count := next(fields):
                for _ in range(int(count) + 2):  # the paths, the kind of message, the message
                    next(fields)
        yield GitMerge(tree, frozenset(conflicts))


def parse_tree(raw: bytes) -> Iterator[tuple[str, str, str]]:
    """Mode, name and object id of each entry of a tree object."""
    while raw:
        header, _, rest = raw.partition(b"\0")
        mode, _, name = header.partition(b" ")
        yield mode.decode(), name.decode(errors="surrogateescape"), rest[:20].hex()
        raw = rest[20:]


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout
