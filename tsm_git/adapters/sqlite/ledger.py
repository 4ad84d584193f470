"""Reads ledgers, whoever wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from tsm_git.adapters.sqlite.connection import open_readonly, translated
from tsm_git.core.errors import DatabaseError
from tsm_git.core.ledger import TABLE, Entry, Ledger
from tsm_git.core.script import blob_id, digest_of

_INTEGER = re.compile("-?[0-9]{1,18}")  # int() takes other digits, too, and any number of them


def read_ledger(path: Path, shown: str, *, is_ref: bool = False) -> Ledger:
    """What a database has applied; a database that does not exist, or is empty, nothing.

    `shown` is how the path is written in messages. Raises DatabaseError where the file is locked,
    corrupt, not SQLite, or holds a ledger without the columns it needs.
    """
    if not path.exists():
        return Ledger(shown, exists=False)
    with translated(shown), _snapshot(path, shown, is_ref=is_ref) as connection:
        return Ledger(shown, tuple(entries(connection, shown)))


def read_texts(path: Path, shown: str, *, is_ref: bool = False) -> dict[str, str]:
    """All texts that a ledger recorded, by digest."""
    with translated(shown), _snapshot(path, shown, is_ref=is_ref) as connection:
        if not ledger_columns(connection, shown):
            return {}
        rows = connection.execute(f"SELECT script FROM {TABLE} WHERE script IS NOT NULL")
        return {_digest(script): _text(script) for (script,) in rows}


def read_script(path: Path, shown: str, digest: str, *, is_ref: bool = False) -> str | None:
    """The text with that digest which a ledger recorded, or None."""
    if not path.exists():
        return None
    with translated(shown), _snapshot(path, shown, is_ref=is_ref) as connection:
        if not ledger_columns(connection, shown):
            return None
        for (script,) in connection.execute(f"SELECT script FROM {TABLE}"):
            if script is not None and _digest(script) == digest:
                return _text(script)
    return None


@contextmanager
def _snapshot(path: Path, shown: str, *, is_ref: bool) -> Iterator[apsw.Connection]:
    """A connection for which nothing changes, whatever others do meanwhile."""
    with open_readonly(path, shown, is_ref=is_ref) as connection, connection:
        yield connection


def entries(connection: apsw.Connection, shown: str) -> list[Entry]:
    """The rows of a ledger that are scripts, in number order."""
    columns = ledger_columns(connection, shown)
    if not columns:
        return []
    finished = "finished_at" if "finished_at" in columns else "NULL"
    found = []
    rows = connection.execute(f"SELECT id, filename, script, {finished} FROM {TABLE}")
    for identity, filename, script, finished_at in rows:
        number = identity if isinstance(identity, int) else _number(identity, shown)
        if number < 1:
            continue
        if filename is None:
            raise DatabaseError(
                f"`{shown}`: row {number} of the ledger has no file name",
                f"set `filename` in `{TABLE}` to the name of the script that was applied",
            )
        name = filename if isinstance(filename, str) else _text(filename)
        digest = None if script is None else _digest(script)
        found.append(Entry(number, name, digest, None if finished_at is None else str(finished_at)))
    return sorted(found, key=lambda entry: entry.number)  # as SQLite would, but without the texts


def ledger_columns(connection: apsw.Connection, shown: str) -> set[str]:
    """The columns of the ledger; empty where there is none. Only a plain table is believed."""
    found = connection.execute(
        "SELECT type, sql FROM sqlite_schema WHERE name = ? COLLATE NOCASE", (TABLE,)
    ).fetchone()
    if found is None:
        return set()
    kind, sql = found
    # 0 is a plain column: a generated one would run whatever expression a stranger put there.
    columns = {
        str(name).lower()
        for name, hidden in connection.execute(
            "SELECT name, hidden FROM pragma_table_xinfo(?)", (TABLE,)
        )
        if hidden == 0
    }
    is_plain = kind == "table" and not str(sql).upper().startswith("CREATE VIRTUAL")
    if not is_plain or not {"id", "filename", "script"} <= columns:
        raise DatabaseError(
            f"`{shown}`: `{TABLE}` is no ledger: it needs the columns id, filename and script",
            "FORMATS.md describes the ledger; another tool may use the same table name",
        )
    return columns


def _number(identity: object, shown: str) -> int:
    if isinstance(identity, float) and identity.is_integer():
        return int(identity)
    text = str(identity)
    if _INTEGER.fullmatch(text):
        return int(text)
    raise DatabaseError(
        f"`{shown}`: the ledger has a row with the id {text[:40]!r}, expected a number",
        f"correct `id` in `{TABLE}`",
    )


def _text(script: object) -> str:
    return script.decode("utf-8", "replace") if isinstance(script, bytes) else str(script)


def _digest(script: object) -> str:
    if isinstance(script, str):
        return digest_of(script)
    if isinstance(script, bytes):
        try:
            return digest_of(script.decode())
        except UnicodeDecodeError:
            return blob_id(script)
    return digest_of(str(script))
