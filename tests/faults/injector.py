"""Runs one tsm command in a forked child, and lets it die or fail at one of its steps.

A step is what touches the world: a file that is opened, renamed, removed or synced, a process that
is started, an SQL statement that begins, and each write, sync, truncate, delete and lock that
SQLite asks of the system (seen through a VFS around the system's own, or as the system calls of
that one where they are to fail). The steps of a command come
in the same order each time, so that the nth step of a counted run is the nth of a killed one.

It judges nothing, and knows nothing of what the command is for.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partialmethod
from mmap import mmap
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from tests.faults.disk import Disk
from tests.faults.syscalls import watch

KILL, FAIL, FULL, POWER = "kill", "fail", "full", "power"
AFTER = -1


class Plan(NamedTuple):
    """What is to happen at which step; `at` 0 is never.

    `how` is one of: `kill` (SIGKILL, right before the step), `fail` (the step raises `error`, once
    or from then `on`), `full` (no file can grow from then on), `power` (the machine stops: what was
    not synced is lost as `seed` wills; `at` AFTER is when the command has ended). `only` counts only steps that begin with one of these words.
    `unsynced` is `PRAGMA synchronous = OFF`, whatever tsm says; `cache` is how many pages SQLite may
    hold back before it writes.
    """

    at: int = 0
    how: str = KILL
    error: int = errno.EIO
    on: bool = False
    seed: int = 0
    only: tuple[str, ...] = ()
    unsynced: bool = False
    cache: int = 0


class Steps:
    """Counts the steps of this process, and strikes at the one that is planned."""

    def __init__(self, plan: Plan, root: Path, shared: mmap) -> None:
        self.plan = plan
        self.root = str(root)
        self.shared = shared
        self.count = 0
        self.labels: list[tuple[str, bool]] = []
        self.disk = Disk(root) if plan.how == POWER else None
        self.in_transaction = False
        self.busy = False

    def step(self, label: str) -> None:
        """One step is about to be made."""
        if self.busy or (self.plan.only and not label.startswith(self.plan.only)):
            return
        self.count += 1
        self.labels.append((label, self.in_transaction))
        due = self.plan.at and (
            self.count == self.plan.at or (self.plan.on and self.count > self.plan.at)
        )
        if due:
            self._strike()

    def mark(self, inside: bool) -> None:
        """A transaction that writes has begun or ended."""
        self.in_transaction = inside
        self.shared[0] = int(inside)

    def _strike(self) -> None:
        if self.plan.how == KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.plan.how == POWER:
            self.busy = True
            assert self.disk is not None
            self.disk.lose_power(self.plan.seed)
            os.kill(os.getpid(), signal.SIGKILL)
        if self.plan.how == FULL:
            _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))
            return
        raise OSError(self.plan.error, os.strerror(self.plan.error))

    def _call(self, name: str, path: str) -> int:
        """Which error a system call of SQLite's is to have."""
        if self.busy or not path.startswith(self.root) or path.endswith("-shm"):
            return 0
        try:
            self.step(f"call {name} {_short(path)}")
        except OSError as error:
            return error.errno or 0
        return 0

    # Where the steps are seen

    def install(self) -> None:
        """See every step of this process from now on."""
        sys.addaudithook(self._audit)
        os.fsync = self._fsync(os.fsync)  # type: ignore[assignment]
        if self.plan.how == FULL:  # git, too, shall see a failed write, not be killed for trying
            started = subprocess.Popen.__init__
            gentle = partialmethod(started, restore_signals=False)
            subprocess.Popen.__init__ = gentle  # type: ignore[method-assign, assignment]
        apsw.connection_hooks.append(self._trace)
        # Only one of them: an exception from a VFS in Python would come out of calls that cannot fail.
        self.kept = watch(self._call) if self.plan.how == FAIL else [_vfs(self)]
        if self.plan.unsynced:
            apsw.Connection = _Unsynced  # type: ignore[misc]

    def end(self) -> None:
        """The command is done."""
        self.busy = True
        if self.disk is not None and self.plan.at == AFTER:
            self.disk.lose_power(self.plan.seed)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _EVENTS or self.busy:
            return
        if event == "subprocess.Popen":
            self.step(f"start {os.fsdecode(arguments[0])}")
            return
        if event == "fcntl.flock":
            self.step("flock")
            return
        path = arguments[0]
        if isinstance(path, int) or path is None:
            return
        name = os.path.abspath(os.fsdecode(path))
        if not name.startswith(self.root):
            return
        if event == "open":
            writes = arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            self.step(f"{'write' if writes else 'read'} {name[len(self.root) :]}")
            if self.disk is not None and writes:
                self.disk.opened(name)
            return
        self.step(f"{event.removeprefix('os.')} {name[len(self.root) :]}")
        if self.disk is not None and event in ("os.rename", "os.link", "os.remove"):
            target = None if event == "os.remove" else os.path.abspath(os.fsdecode(arguments[1]))
            self.disk.moved(name, target, stays=event == "os.link")

    def _fsync(self, real: Callable[[int], None]) -> Callable[[int], None]:
        def fsync(descriptor: int) -> None:
            name = os.readlink(f"/proc/self/fd/{descriptor}")
            if name.startswith(self.root):
                self.step(f"fsync {name[len(self.root) :]}")
                if self.disk is not None:
                    self.disk.synced(name)
            real(descriptor)

        return fsync

    def _trace(self, connection: apsw.Connection) -> None:
        connection.trace_v2(apsw.SQLITE_TRACE_STMT | apsw.SQLITE_TRACE_PROFILE, self._traced)
        if self.plan.cache:
            connection.pragma("cache_size", self.plan.cache)

    def _traced(self, event: dict[str, Any]) -> None:
        sql = str(event.get("sql") or "").lstrip().upper()
        if event["code"] == apsw.SQLITE_TRACE_STMT:
            if self.plan.how == KILL:  # SQLite does not ask a trace whether it may go on
                self.step(f"statement {sql[:30]}")
            if sql.startswith("BEGIN"):
                self.mark(True)
        elif sql.startswith(("COMMIT", "ROLLBACK")):
            self.mark(False)


_EVENTS = frozenset(
    {
        "open",
        "os.rename",
        "os.link",
        "os.remove",
        "os.mkdir",
        "os.rmdir",
        "subprocess.Popen",
        "fcntl.flock",
    }
)


class _Unsynced(apsw.Connection):
    """A connection that cannot be told to sync."""

    def pragma(self, name: str, value: Any = None, **options: Any) -> Any:
        if value is None:
            return super().pragma(name, **options)
        return super().pragma(name, "OFF" if name == "synchronous" else value, **options)


def _vfs(steps: Steps) -> apsw.VFS:
    """Make a VFS the default one that tells of each operation before the system does it."""
    disk = steps.disk
    base = apsw.vfs_names()[0]

    class Watched(apsw.VFS):
        def __init__(self) -> None:
            super().__init__("watched", base=base, makedefault=True)

        def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
            return WatchedFile(name, flags)

        def xDelete(self, name: str, syncdir: bool) -> None:  # noqa: N802
            steps.step(f"sqlite delete {_short(name)}")
            if disk is not None:
                disk.deleted(name, durable=syncdir)
            super().xDelete(name, syncdir)

    class WatchedFile(apsw.VFSFile):
        def __init__(self, name: Any, flags: list[int]) -> None:
            path = name.filename() if isinstance(name, apsw.URIFilename) else name
            self.name = path or ""
            is_new = bool(path) and not Path(path).exists()
            if is_new:
                steps.step(f"sqlite create {_short(path)}")
            super().__init__(base, name, flags)
            if disk is not None and path:
                disk.opened(path, is_new=is_new)

        def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
            if self.name.endswith("-wal"):
                steps.mark(True)
            steps.step(f"sqlite write {_short(self.name)}")
            super().xWrite(data, offset)
            if disk is not None:
                disk.written(self.name, offset, bytes(data))

        def xTruncate(self, size: int) -> None:  # noqa: N802
            steps.step(f"sqlite truncate {_short(self.name)}")
            super().xTruncate(size)
            if disk is not None:
                disk.truncated(self.name, size)

        def xSync(self, flags: int) -> None:  # noqa: N802
            steps.step(f"sqlite sync {_short(self.name)}")
            super().xSync(flags)
            if disk is not None:
                disk.synced(self.name)

        def xLock(self, level: int) -> None:  # noqa: N802
            if level >= apsw.SQLITE_LOCK_RESERVED:
                steps.step(f"sqlite lock {_short(self.name)}")
            super().xLock(level)
            if level >= apsw.SQLITE_LOCK_RESERVED and not self.name.endswith(".part"):
                steps.mark(True)

        def xUnlock(self, level: int) -> None:  # noqa: N802
            super().xUnlock(level)
            if level <= apsw.SQLITE_LOCK_SHARED and steps.in_transaction:
                steps.mark(False)

    return Watched()


def _short(name: str | None) -> str:
    return (name or "").rpartition("/")[2]
