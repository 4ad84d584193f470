"""Which databases are opened for a judgement, and why others are not."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from tsm_git.commands.gathering.request import Request
from tsm_git.commands.gathering.texts import Source, ledger_source
from tsm_git.core.errors import UsageError
from tsm_git.core.facts import Place
from tsm_git.core.ledger import Ledger
from tsm_git.core.record import NamedTuple


class Ledgers(NamedTuple):
    """The ledgers that were read, why one was not, and where their texts are."""

    ref: Ledger | None
    working: Ledger | None
    unseen: dict[str, str]
    sources: list[Source]


def read_ledgers(
    top: Path, database: str, request: Request, tracked: Collection[str] = ()
) -> Ledgers:
    """The ledgers of one database, as far as this kind of check opens databases.

    A commit has no database, and a hook that judges the index must not open one that a stash may
    be moving about (FACTS 0.6); both read what is named for them.
    """
    ref, ref_path, no_ref = _ref(top, database, request, tracked)
    working, working_path, no_working = _working(top, database, request)
    unseen = {key: why for key, why in (("ref", no_ref), ("working", no_working)) if why}
    found = ((ref_path, ref), (working_path, working))
    sources = [
        ledger_source(path, ledger, is_ref=ledger is ref and request.ref is None)
        for path, ledger in found
        if path and ledger and ledger.entries
    ]
    return Ledgers(ref, working, unseen, sources)


def _ref(
    top: Path, database: str, request: Request, tracked: Collection[str]
) -> tuple[Ledger | None, Path | None, str]:
    if request.ref is not None:
        return _read(_existing(request.ref), str(request.ref)), request.ref, ""
    if request.place is Place.COMMIT:
        return None, None, "no ref database is named (--ref FILE)"
    shown = f"{database}.ref"
    path = top / shown
    if not path.exists():
        return None, None, f"there is no ref database `{shown}`"
    if request.place is Place.INDEX and shown in tracked:
        return None, None, f"the ref database `{shown}` is tracked by git"
    return _read(path, shown, True), path, ""


def _working(top: Path, database: str, request: Request) -> tuple[Ledger | None, Path | None, str]:
    if request.working is not None:
        return _read(_existing(request.working), str(request.working)), request.working, ""
    if request.place is not Place.WORK_TREE:
        return None, None, f"a check of {_NAMES[request.place]} opens no working database"
    path = top / database
    return _read(path, database), path, ""


_NAMES = {Place.INDEX: "the index", Place.COMMIT: "a commit"}


def _read(path: Path, shown: str, is_ref: bool = False) -> Ledger:
    if not path.exists():
        return Ledger(shown, exists=False)
    from tsm_git.adapters.sqlite import read_ledger  # apsw is loaded for a database only

    return read_ledger(path, shown, is_ref=is_ref)


def _existing(path: Path) -> Path:
    if not path.exists():
        raise UsageError(f"there is no file `{path}`", "give the path of a database")
    return path
