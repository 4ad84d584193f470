"""Changes the index and makes commits, for the commands that a user calls to do so.

The only module that imports GitPython, and only of its command interface: `repo.index` ignores
`GIT_INDEX_FILE`, and its objects cannot read SHA-256 repositories. No check comes here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile

import git

from tsm_git.adapters.git.entries import IndexEntry
from tsm_git.adapters.git.process import FIXED, Place, failure


class Staging:
    """The index of one repository, to be changed."""

    def __init__(self, place: Place) -> None:
        self._git = git.Git(str(place.top or place.git_dir))
        self._git.update_environment(**FIXED)

    def rename(
        self,
        renames: Sequence[tuple[str, str]],
        entries: Iterable[IndexEntry],
        resolved: Sequence[tuple[str, Sequence[tuple[str, str, str]]]] = (),
        *,
        id_length: int = 40,
    ) -> None:
        """Gives paths of the index other names, all in one step; unstaged edits stay unstaged.

        Paths that are not among the `entries` of the index are left alone. `resolved` are paths
        with the blobs that take the place of all their stages: mode, id and path of each.
        """
        held = {entry.path: entry for entry in entries if entry.stage == 0}
        lines = []
        for old, new in renames:
            entry = held.get(old)
            if entry:
                lines += [_removal(old, id_length), f"{entry.mode} {entry.oid}\t{new}"]
        for path, sides in resolved:
            lines.append(_removal(path, id_length))
            lines += [f"{mode} {oid}\t{target}" for mode, oid, target in sides]
        if lines:
            self._update_index("-z", "--index-info", lines=lines)

    def stage(self, paths: Sequence[str]) -> None:
        """Makes the index hold these paths as they are on disk, missing ones included."""
        self._update_index("--add", "--remove", "-z", "--stdin", lines=paths)

    def commit(self, message: str | None) -> None:
        """Commits the index; without a message, into the last commit."""
        how = ["-m", message] if message is not None else ["--amend", "--no-edit"]
        with _told():
            self._git.commit("--quiet", *how)

    def _update_index(self, *options: str, lines: Iterable[str]) -> None:
        text = "".join(f"{line}\0" for line in lines).encode("utf-8", "surrogateescape")
        with TemporaryFile() as source, _told():  # GitPython takes a real file only
            source.write(text)
            source.seek(0)
            self._git.update_index(*options, istream=source)


def _removal(path: str, id_length: int) -> str:
    """The line that makes `update-index` forget a path, in all stages."""
    return f"0 {'0' * id_length}\t{path}"


@contextmanager
def _told() -> Iterator[None]:
    """Turns the failure of a command into tsm's own error."""
    try:
        yield
    except git.GitCommandError as error:
        stderr = str(error.stderr).strip().removeprefix("stderr: '").removesuffix("'")
        raise failure(str(error.command).split()[1], stderr) from error
