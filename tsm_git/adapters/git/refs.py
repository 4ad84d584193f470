"""All branches at once: what each holds more than base, in a fixed number of processes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tsm_git.adapters.git.objects import TreeEntry
from tsm_git.adapters.git.process import Git, decoded
from tsm_git.core.record import NamedTuple

_FIELDS = (
    *("refname", "symref", "objectname", "tree", "authorname", "committerdate:unix"),
    "upstream:short",
)
_MOST_PATHS = 500  # as arguments of one command


class Branch(NamedTuple):
    """A local or remote-tracking branch; `date` is when its tip was committed, in Unix seconds.

    `name` is as git shows it (`origin/mail`), `short` without the remote (`mail`); `upstream` is
    the name of the remote-tracking branch that a local one follows, or empty.
    """

    name: str
    short: str
    oid: str
    tree: str
    author: str
    date: int
    upstream: str = ""


class Refs:
    """The branches of one repository."""

    def __init__(self, git: Git) -> None:
        self._git = git

    def branches(self, base: str) -> list[Branch]:
        """Every branch that is not merged into base, the remotes' symbolic HEADs apart.

        Local ones come first, each kind is sorted by name.
        """
        form = "%00".join(f"%({field})" for field in _FIELDS)
        lines = self._git.lines(
            *("for-each-ref", f"--format={form}", f"--no-merged={base}"),
            *("refs/heads", "refs/remotes"),
        )
        found = []
        for line in lines:
            ref, symref, oid, tree, author, date, upstream = line.split("\0")
            if symref or not tree:
                continue
            if ref.startswith("refs/heads/"):
                name = short = ref.removeprefix("refs/heads/")
            else:
                name = ref.removeprefix("refs/remotes/")
                short = name.partition("/")[2]
            found.append(Branch(name, short, oid, tree, author, int(date or 0), upstream))
        return found

    def below(self, commit: str) -> set[str]:
        """The tips of branches that a commit has in its history."""
        return self._tips(f"--merged={commit}")

    def above(self, commit: str) -> set[str]:
        """The tips of branches that have a commit in their history."""
        return self._tips(f"--contains={commit}")

    def _tips(self, which: str) -> set[str]:
        form = "--format=%(objectname)"
        return set(self._git.lines("for-each-ref", form, which, "refs/heads", "refs/remotes"))

    def once_held(
        self, base: str, paths: Sequence[str], tips: Sequence[str] = ()
    ) -> set[tuple[str, str]]:
        """Which blobs these paths have had on base since these tips left it: path and id.

        Without tips: ever. Two processes, which see as much of history as the oldest of the
        branches is behind.
        """
        if not paths:
            return set()
        since: list[str] = []
        if (
            0 < len(tips) <= _MOST_PATHS
        ):  # a command line holds no more; the whole history tells, too
            left = self._git.run("merge-base", "--octopus", base, *tips, accept=(0, 1))
            since = [f"^{oid}" for oid in decoded(left.stdout).split()]
        if len(paths) > _MOST_PATHS:
            paths = sorted({path.rpartition("/")[0] for path in paths})
        output = self._git.run(
            *("log", "--first-parent", "-m", "--format=", "--raw", "-z", "--no-abbrev"),
            *("--no-renames", base, *since, "--", *(f":(top,literal){path}" for path in paths)),
        )
        found = set()
        fields = iter(decoded(output.stdout).split("\0"))
        for field in fields:
            if field.startswith(":"):
                _, _, before, after, _ = field.split(" ")
                path = next(fields)
                found |= {(path, before), (path, after)}
        return found

    def added(
        self, base: str, trees: Iterable[str], folders: Sequence[str]
    ) -> dict[str, dict[str, list[TreeEntry]]]:
        """What trees hold that base has not, or with another text: tree -> folder -> entries.

        One process for all trees (git-diff-tree: `--stdin` takes a pair of trees a line).
        """
        wanted = list(dict.fromkeys(tree for tree in trees if tree != base))
        if not wanted or not folders:
            return {}
        output = self._git.run(
            *("diff-tree", "--stdin", "-r", "-z", "--no-renames", "--diff-filter=AM", "--"),
            *(f":(top,literal){folder}/" for folder in folders),
            stdin="".join(f"{base} {tree}\n" for tree in wanted).encode(),
        )
        found: dict[str, dict[str, list[TreeEntry]]] = {}
        tree = ""
        fields = iter(decoded(output.stdout).split("\0"))
        for field in fields:
            # Before the entries of a pair stands a line with its two ids, which -z does not end.
            if not field.startswith(":"):
                head, newline, field = field.rpartition("\n")
                if newline:
                    tree = head.split()[-1]
                if not field:
                    continue
            _, mode, _, oid, _ = field[1:].split(" ")
            path = next(fields)
            folder, _, name = path.rpartition("/")
            found.setdefault(tree, {}).setdefault(folder, []).append(TreeEntry(mode, name, oid))
        return found
