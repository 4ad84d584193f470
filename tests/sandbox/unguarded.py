"""The sandbox with barriers taken away, to see that the tests notice: never for a stranger's SQL.

What reaches a file has several barriers in its way, each of which has to hold alone.
"""

from __future__ import annotations

from collections.abc import Iterable

BARRIERS = {
    # What the authorizer says no to.
    "authorizer": "guard.Guard.__call__ = lambda *_: 0",
    # What SQLite does not do for anybody, and how much of it.
    "limits": """
class Unlimited(apsw.Connection):
    def limit(self, which, value=-1):
        return super().limit(which)
apsw.Connection = Unlimited""",
    # The world in which there are no files, and the one in which there is one.
    "world": """
del guard.StillWorld.xOpen, guard.StillWorld.xDelete
guard.OneFile.xFullPathname = lambda self, name: apsw.VFS.xFullPathname(self, name)""",
    "system": "child.limit_process = lambda *_: None",
    "extensions": """
hardened = child.harden
def harden(connection, **options):
    hardened(connection, **options)
    connection.enable_load_extension(True)
child.harden = harden""",
    "clock": "guard.Deadline._is_over = lambda self: False",
}

_BOOT = """
import sys
sys.path += sys.argv[1:]
import apsw
from tsm_git.adapters.sqlite import guard, sandbox_child as child
{}
child.main()
"""


def boot(without: Iterable[str]) -> str:
    """Return what starts the inside of a sandbox without these barriers."""
    return _BOOT.format("\n".join(BARRIERS[name] for name in without))
