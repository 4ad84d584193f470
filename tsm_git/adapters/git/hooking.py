"""What hooks ask of git, and what `tsm hooks` writes into its configuration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tsm_git.adapters.git.process import Git, Place, decoded

_PROGRAM = "tsm.program"  # the installed hooks look there, so that they find tsm without PATH


class Hooking:
    """The hooks of one repository."""

    def __init__(self, git: Git, place: Place) -> None:
        self._git = git
        self._place = place

    def differ(self, paths: Sequence[str], *sides: str) -> bool:
        """Whether two trees, or the index and one tree, differ in some paths; in doubt they do."""
        which = sides if len(sides) > 1 else ("--cached", *sides)
        output = self._git.run(
            *("diff", "--quiet", "--no-ext-diff", "--no-renames", *which, "--", *paths),
            accept=(0, 1, 128, 129),
        )
        return output.status != 0

    def new_to(self, base: str, oids: Sequence[str]) -> set[str]:
        """Which of these commits base does not have in its history. One process."""
        wanted = "".join(f"{oid}\n" for oid in oids)
        output = self._git.run("rev-list", "--stdin", stdin=f"{wanted}^{base}\n".encode())
        return set(decoded(output.stdout).split()) & set(oids)

    def fetched_as(self, oid: str) -> str:
        """What `git pull` calls a commit, such as `branch 'main' of URL`; empty if it did not."""
        try:
            lines = (self._place.git_dir / "FETCH_HEAD").read_text("utf-8", "replace").splitlines()
        except OSError:
            return ""
        fields = (line.split("\t", 2) for line in lines if line.startswith(f"{oid}\t"))
        return next((found[2] for found in fields if len(found) == 3), "")

    def last_move(self) -> str:
        """What git says moved HEAD last, such as `checkout: moving from a to b`; or nothing."""
        return "".join(self._git.lines("log", "-1", "-g", "--format=%gs", "HEAD", accept=(0, 128)))

    def folder(self) -> Path:
        """Where git looks for hooks: `core.hooksPath`, or the folder that work trees share."""
        (line,) = self._git.lines("rev-parse", "--git-path", "hooks")
        return (self._place.top or self._place.git_dir) / line

    def configured(self, key: str) -> str | None:
        """The value of a key of git's configuration."""
        output = self._git.run("config", "--get", key, accept=(0, 1))
        return decoded(output.stdout).removesuffix("\n") if output.status == 0 else None

    def remember(self, program: str | None) -> None:
        """Notes which tsm the hooks are to start, in this repository; None forgets it."""
        if program is None:
            self._git.run("config", "--local", "--unset-all", _PROGRAM, accept=(0, 5))
        else:
            self._git.run("config", "--local", "--replace-all", _PROGRAM, program)
