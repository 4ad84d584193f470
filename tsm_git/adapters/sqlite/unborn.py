"""A database that has no name yet. Opens none.

Nobody knows of it, so nothing of it has to be on disk before it gets its name, and nothing is lost
if it never does.
"""

from __future__ import annotations

import os
from pathlib import Path

from tsm_git.adapters.sqlite.durable import make_durable, remove_database, remove_stale


class Unborn:
    """Where a database is made that is to be at `target`: a path beside it that nobody has."""

    def __init__(self, target: Path) -> None:
        # Not the process id: containers that share a folder may all be process 1.
        self.path = target.with_name(f"{target.name}-new-{os.urandom(4).hex()}")
        self._target = target

    def give_name(self) -> None:
        """Gives the database its name, when all of it is on disk; nobody may have it open.

        Raises FileExistsError if that name is taken.
        """
        remove_stale(self.path, lambda name: name.startswith(f"{self._target.name}-new-"))
        make_durable(self.path)
        give_name(self.path, self._target)

    def remove(self) -> None:
        """Removes what has no name, or that name beside its own."""
        remove_database(self.path)


def give_name(unborn: Path, path: Path) -> None:
    """Gives a new database its name, unless that is taken: then raises FileExistsError."""
    try:
        os.link(unborn, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if path.exists():
            raise FileExistsError from None
        unborn.rename(path)
    make_durable(path.parent)
