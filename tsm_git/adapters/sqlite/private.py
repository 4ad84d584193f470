"""Folders for copies of a user's data, which go with the process that made them, however it ends.

At its end, and where a signal asks for it, a process removes its own. One that is killed cannot;
the system lets go of its lock then, and the next that needs such a folder removes what is left.
Opens no database.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp

_PREFIX = "tsm-private-"
_OWNER = "owner"  # the file whose lock says that the folder is somebody's
_DATA = "data"
_TRIES = 5


@contextmanager
def private_folder(place: Path | None = None) -> Iterator[Path]:
    """A new folder for nobody else, in `place` or where temporary files are, removed at the end.

    Folders there whose process is gone are removed first. Raises OSError where none can be made.
    """
    parent = (place or Path(gettempdir())).resolve()
    with _asked_to_end():
        _remove_ownerless(parent)
        # Beside somebody's files it is out of sight; in the usual place whoever looks shall see it.
        folder, lock = _owned(parent, "." + _PREFIX if place else _PREFIX)
        try:
            data = folder / _DATA
            data.mkdir()
            yield data
        finally:
            _remove(folder, lock)


class _Ended(BaseException):
    """A signal asks the process to end."""


@contextmanager
def _asked_to_end() -> Iterator[None]:
    """Has what is inside clean up where a signal would end the process, which it does after that.

    An interrupt from the keyboard is an exception already.
    """
    wanted = [signal.SIGTERM, *([signal.SIGHUP] if sys.platform != "win32" else [])]
    if threading.current_thread() is not threading.main_thread():
        wanted = []  # only there can signals be handled
    ours = [number for number in wanted if signal.getsignal(number) is signal.SIG_DFL]
    asked: list[int] = []

    def end(number: int, _: object) -> None:
        for each in ours:
            signal.signal(each, signal.SIG_IGN)  # once is enough
        asked.append(number)
        raise _Ended

    try:
        for number in ours:
            signal.signal(number, end)
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
        if asked:
            os.kill(os.getpid(), asked[0])  # whoever waits sees what ended it


def _owned(parent: Path, prefix: str) -> tuple[Path, int]:
    """A new folder and the descriptor of its lock."""
    for _ in range(_TRIES):
        folder = Path(mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=parent))
        with suppress(FileNotFoundError):  # another has taken it for an ownerless one
            lock = os.open(folder / _OWNER, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            with ExitStack() as unless_ours:
                unless_ours.callback(os.close, lock)
                is_locked = _is_locked(lock)
                if is_locked and os.path.samestat(os.fstat(lock), (folder / _OWNER).stat()):
                    unless_ours.pop_all()
                    return folder, lock
    raise OSError(f"no folder in `{parent}` stays")


def _is_locked(lock: int) -> bool:
    """Whether nobody else has the lock; where there are none, nobody can take it for free."""
    try:
        _lock(lock)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _remove_ownerless(parent: Path) -> None:
    names = (_PREFIX, "." + _PREFIX)
    mine = tuple(f"{name}{os.getpid()}-" for name in names)  # some systems lock by process
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if not entry.name.startswith(names) or entry.name.startswith(mine):
                continue
            with suppress(OSError):
                is_folder = entry.is_dir(follow_symlinks=False)
                if is_folder and _is_users(entry.stat(follow_symlinks=False)):
                    _remove_if_ownerless(Path(entry.path))


def _remove_if_ownerless(folder: Path) -> None:
    """Removes a folder; raises OSError where somebody has its lock."""
    try:
        lock = os.open(folder / _OWNER, os.O_RDWR)
    except FileNotFoundError:
        folder.rmdir()  # without the file it is empty
        return
    try:
        _lock(lock)
    except OSError:
        os.close(lock)
        raise
    _remove(folder, lock)


def _remove(folder: Path, lock: int) -> None:
    """Removes a folder of which this process has the lock: the data before the lock."""
    try:
        shutil.rmtree(folder / _DATA, ignore_errors=True)
    finally:
        os.close(lock)  # Windows removes no file that is open
    if not (folder / _DATA).exists():
        with suppress(OSError):  # another was quicker
            (folder / _OWNER).unlink()
            folder.rmdir()


if sys.platform == "win32":
    import msvcrt

    def _is_users(_: os.stat_result) -> bool:
        return True  # the folder for temporary files is the user's own

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _is_users(status: os.stat_result) -> bool:
        return status.st_uid == os.getuid()

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
