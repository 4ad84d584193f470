"""The scripts folder and configuration files: nothing else reads or writes files of the user.

Does not know git or SQLite.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tsm_git.core.errors import DatabaseError, TsmError
from tsm_git.core.script import Content, Flaw, blob_id, inspect, inspected, is_sql, text_of
from tsm_git.core.text import shell_quoted


def read_folder(folder: Path) -> dict[str, Content]:
    """Every file in a folder that claims to be SQL, by name; empty where there is no folder."""
    # Strings, not Path objects: ten thousand of those cost as much as reading the files.
    try:
        names = [name for name in os.listdir(folder) if is_sql(name)]
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise TsmError(
            f"the folder `{folder}` cannot be read: {error.strerror}", f"run `ls -ld '{folder}'`"
        ) from error
    start = os.path.join(folder, "")
    return inspected((name, _bytes_of(start + name)) for name in sorted(names))


# O_NOFOLLOW and O_NONBLOCK do not exist on Windows, which has no such links by default.
_READ = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


def read_file(path: str | Path) -> Content:
    """What one file says. Never follows a symbolic link, never waits on a pipe or device."""
    data = _bytes_of(path)
    return inspect(data) if isinstance(data, bytes) else data


def read_text(path: Path) -> str | None:
    """The normalised text of a script, or None if it is no readable script."""
    data = _bytes_of(path)  # once: what is looked at is what is returned
    return text_of(data) if isinstance(data, bytes) and inspect(data).flaw is None else None


def _bytes_of(path: str | Path) -> bytes | Content:
    """What a file holds, or why it cannot be read."""
    try:
        handle = os.open(path, _READ)
    except OSError:
        return _unopened(path)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return Content(blob_id(b""), Flaw.NOT_A_FILE)
        return _read_all(handle, status.st_size)
    except OSError:
        return Content(blob_id(b""), Flaw.UNREADABLE)
    finally:
        os.close(handle)


def rename_files(pairs: Sequence[tuple[Path, Path]]) -> None:
    """Gives files new names, in this order; either all of them or none.

    Raises TsmError where a new name is taken or the system refuses; what was renamed by then has
    its old name again. Each rename is atomic: a kill leaves every file under one of its names.
    """
    for count, (old, new) in enumerate(pairs):
        try:
            if new.exists() or new.is_symlink():  # rename(2) would replace it without a word
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            old.rename(new)
        except OSError as error:
            rename_back(pairs[:count])
            raise TsmError(
                f"`{old.name}` cannot be renamed to `{new.name}`: {error.strerror}",
                f"nothing was changed; run `ls -l '{old.parent}'` to see what is in the way",
            ) from error


def write_new(path: Path, data: bytes) -> None:
    """Writes a file that does not exist yet, durably: all of it or no file."""
    if path.exists() or path.is_symlink():
        raise TsmError(f"`{path}` exists already", "move it away, then try again")
    replace_file(path, data)


def replace_file(path: Path, data: bytes) -> None:
    """Writes a file durably: whoever reads it sees all of the old or all of the new bytes."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise TsmError(
            f"`{path}` cannot be written: {error.strerror}", "the file is as it was"
        ) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


@contextmanager
def kept_folder(folder: Path) -> Iterator[None]:
    """Makes a folder for what tsm keeps of a database, and removes it if nothing is put there.

    git sees nothing of it, for it may hold production's data, and `.gitignore` need not name it.
    """
    existed = folder.is_dir()
    try:
        _make_kept(folder)
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        yield
    finally:
        with suppress(OSError):  # another run removes it, or puts something there
            if not existed and os.listdir(folder) == [_IGNORE]:
                (folder / _IGNORE).unlink()
                folder.rmdir()


def unwritable(folder: Path, error: OSError) -> DatabaseError:
    """What to say where such a folder cannot be written."""
    return DatabaseError(
        f"`{folder.name}` cannot be written: {error.strerror}",
        f"run `ls -ld {shell_quoted(str(folder))}` to see who may, "
        "`df` to see whether the disk is full",
    )


_IGNORE = ".gitignore"


def _make_kept(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # A killed run may have left none. Never through a link, which a branch may hold.
    with suppress(FileExistsError), (folder / _IGNORE).open("x") as file:
        file.write("*\n")  # itself, too (gitignore(5))


def set_aside(path: Path, place: Path) -> Path:
    """Moves a file into a folder of what is kept, under a name that is free there.

    Returns where it is now.
    """
    try:
        _make_kept(place.parent)
        place.mkdir(exist_ok=True)
        target, count = place / path.name, 1
        while target.exists() or target.is_symlink():
            count += 1
            target = place / f"{path.name}.{count}"
        path.rename(target)
    except OSError as error:
        raise TsmError(
            f"`{path}` cannot be saved to `{place}`: {error.strerror}", "nothing was changed"
        ) from error
    return target


def rename_back(done: Sequence[tuple[Path, Path]]) -> None:
    """Undoes renames, the last one first."""
    for old, new in reversed(done):
        new.rename(old)


@contextmanager
def only_one(lock: Path, busy: TsmError | None = None) -> Iterator[None]:
    """Lets one process in at a time; the system lets go of the lock if the process dies.

    Raises `busy`, or TsmError, where another process is in.
    """
    try:
        opened = lock.open("a")
    except OSError as error:
        raise TsmError(
            f"`{lock}` cannot be written: {error.strerror}", f"run `ls -ld '{lock.parent}'`"
        ) from error
    with opened as file:
        try:
            _lock(file.fileno())
        except OSError as error:
            raise busy or TsmError(
                "another tsm is changing this repository", "wait for it, then try again"
            ) from error
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def read_bytes(path: Path) -> bytes | None:
    """The bytes of a regular file, None if there is none. Raises TsmError where it is barred."""
    try:
        return path.read_bytes() if path.is_file() else None  # a pipe would wait for a writer
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TsmError(
            f"`{path.name}` cannot be read: {error.strerror}",
            f"run `ls -l '{path}'` to see who may",
        ) from error


def regular_files(folder: Path) -> list[Path]:
    """The regular files right in a folder, links apart; none where there is no folder."""
    try:
        with os.scandir(folder) as found:
            names = [entry.name for entry in found if entry.is_file(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise TsmError(
            f"the folder `{folder}` cannot be read: {error.strerror}", f"run `ls -ld '{folder}'`"
        ) from error
    return [folder / name for name in names]


def remove_file(path: Path) -> None:
    """Removes a file; one that is gone already is fine. Raises TsmError where it is barred."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise TsmError(
            f"`{path}` cannot be removed: {error.strerror}", f"run `ls -ld '{path.parent}'`"
        ) from error


def find_folders(top: Path, suffix: str) -> list[Path]:
    """Folders in `top`, or one level below it, whose name ends in `suffix`.

    Without git there is no list of what belongs to a project, so no deeper search: `top` may be a
    home directory.
    """
    found = []
    for pattern in (f"*{suffix}", f"*/*{suffix}"):
        found += [path for path in sorted(top.glob(pattern)) if path.is_dir()]
    return [path for path in found if path.name != suffix]


def _unopened(path: str | Path) -> Content:
    try:
        if os.path.islink(path):
            return Content(blob_id(os.fsencode(os.readlink(path))), Flaw.SYMLINK)
        if os.path.isdir(path):
            return Content(blob_id(b""), Flaw.NOT_A_FILE)
    except OSError:
        pass
    return Content(blob_id(b""), Flaw.UNREADABLE)


def _read_all(handle: int, size: int) -> bytes:
    data = os.read(handle, size + 1)
    if len(data) == size:
        return data
    parts = [data]  # it grows, or the system reads in pieces
    while part := os.read(handle, 1 << 20):
        parts.append(part)
    return b"".join(parts)
