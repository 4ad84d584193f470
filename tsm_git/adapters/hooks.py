"""The shell scripts that git calls: their text, and the files in a folder of hooks.

Does not know git; which folder it is, is for the commands. Every change is one step that the file
system makes whole or not at all, and another run goes on where one was killed.
"""

from __future__ import annotations

import filecmp
import os
import shutil
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from tsm_git.core.errors import Refusal, TsmError
from tsm_git.core.integration.framework import GENERATED
from tsm_git.core.integration.hook import Event
from tsm_git.core.integration.installation import Owner

_KEPT = ".before-tsm"
_LEGACY = ".legacy"  # what `pre-commit install` calls a hook that it found


def hook_script(event: Event) -> str:
    """The hook of an event: what all of them begin with, and what this one does."""
    folder = files("tsm_git").joinpath("hooks")
    head, own = (folder.joinpath(f"{name}.sh").read_text("utf-8") for name in ("head", event.value))
    return head.replace("@EVENT@", event.value) + own


def owner(path: Path, event: Event) -> Owner:
    """Whose a hook is; a link is a stranger's, wherever it leads."""
    if not os.path.lexists(path):
        return Owner.NOBODY
    if path.is_symlink() or not path.is_file():
        return Owner.STRANGER
    text = path.read_bytes()
    own = hook_script(event).encode()
    if text == own:
        return Owner.TSM
    if text.split(b"\n")[1:2] == own.split(b"\n")[1:2]:  # the line that names it
        return Owner.OLDER
    return Owner.FRAMEWORK if GENERATED.encode() in text else Owner.STRANGER


def kept(folder: Path, event: Event) -> Path:
    """Where the hook is that was there before tsm."""
    return folder / f"{event.value}{_KEPT}"


def put(folder: Path, event: Event) -> bool:
    """Lets git run tsm at an event; a stranger's hook is kept, and run first. Whether it changed.

    Raises Refusal where two different hooks of strangers are in the way.
    """
    path = folder / event.value
    whose = owner(path, event)
    if whose is Owner.TSM and os.access(path, os.X_OK):
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if whose in (Owner.STRANGER, Owner.FRAMEWORK):
            _keep(path, kept(folder, event))
        unfinished = path.with_name(f".{path.name}.part")
        unfinished.write_bytes(hook_script(event).encode())
        unfinished.chmod(0o755)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    return True


def take_away(folder: Path, event: Event) -> Path | None:
    """Puts back what was there before tsm, byte for byte; returns the path that changed.

    Where the pre-commit framework has taken tsm's hook for an old one, that one is replaced.
    """
    for path in (folder / event.value, folder / f"{event.value}{_LEGACY}"):
        if owner(path, event) in (Owner.TSM, Owner.OLDER):
            before = kept(folder, event)
            try:
                if os.path.lexists(before):
                    before.replace(path)
                else:
                    path.unlink()
            except OSError as error:
                raise _unwritable(path, error) from error
            return path
    return None


def _keep(path: Path, place: Path) -> None:
    """Gives a stranger's hook a second name, under which it stays when the first is taken."""
    if path.is_dir() and not path.is_symlink():
        raise Refusal(f"`{path}` is a folder", f"move it away: `ls -l '{path.parent}'`")
    if os.path.lexists(place):
        if _equal(path, place):
            return  # a run was killed here
        raise Refusal(
            f"`{path}` and `{place}` are both hooks of somebody else",
            f"merge the two into `{path.name}`, and remove `{place.name}`",
        )
    try:
        os.link(path, place, follow_symlinks=False)
    except OSError:  # not every file system has a second name for a file
        unfinished = place.with_name(f".{place.name}.part")
        with suppress(FileNotFoundError):
            unfinished.unlink()
        shutil.copy2(path, unfinished, follow_symlinks=False)
        unfinished.replace(place)


def _equal(one: Path, other: Path) -> bool:
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and one.readlink() == other.readlink()
    return filecmp.cmp(one, other, shallow=False)


def _unwritable(path: Path, error: OSError) -> TsmError:
    return TsmError(
        f"the hook `{path}` cannot be written: {error.strerror}", f"run `ls -ld '{path.parent}'`"
    )
