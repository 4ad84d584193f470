"""Asks the SQLite of Python's standard library whether it can read a schema.

Where that is the oldest release that a project supports, it knows better than a table of features.
Two SQLite libraries in one process lose each other's locks, so it is asked in a process of its
own; in memory, under limits, and no row is ever read or written there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence

_SECONDS = 20
_INSIDE = """
import json, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
except (ImportError, ValueError, OSError):
    pass
import sqlite3
wanted, schema = json.load(sys.stdin)
refused = []
if list(sqlite3.sqlite_version_info[:2]) == wanted:
    connection = sqlite3.connect(":memory:")
    connection.set_authorizer(
        lambda action, *_: action in (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH)
    )
    def ask(sql, kind, name):
        try:
            connection.execute(sql)
        except (sqlite3.Error, sqlite3.Warning, MemoryError) as error:
            refused.append((kind, name, str(error)))
    for kind, name, sql in schema:
        ask(sql, kind, name)
    for kind, name, sql in schema:
        if kind == "view":
            ask('EXPLAIN SELECT * FROM "%s"' % name.replace('"', '""'), kind, name)
json.dump((sqlite3.sqlite_version, refused), sys.stdout)
"""


def refused(
    schema: Sequence[tuple[str, str, str]], oldest: tuple[int, ...]
) -> tuple[str, dict[tuple[str, str], str]]:
    """The release of that library, and what of a schema it cannot make or compile, and why.

    `schema` is kind, name and SQL, in an order in which it can be made. Nothing is refused where
    the library is of another release than `oldest`, or is not to be had.
    """
    request = json.dumps((oldest[:2], schema))
    # Windows starts no Python without it.
    environment = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _INSIDE],
            input=request.encode(),
            capture_output=True,
            env=environment,
            timeout=_SECONDS,
            check=True,
        )
        release, found = json.loads(done.stdout)
        first: dict[tuple[str, str], str] = {}
        for kind, name, why in found:
            first.setdefault((str(kind), str(name)), str(why))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError):
        return "", {}
    return str(release), first
