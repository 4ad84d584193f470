"""Databases: the only package that imports apsw, and the only ways to get a connection.

`connection` opens, each way of opening with its pragmas and their reasons; `ledger` reads what was
applied, `recording` writes it; `scripts` runs statements, `applying` whole scripts with their rows,
`foreign_keys` finds what they orphan; `unborn` is a database before it has a name, `copies` backs
up and restores.

A caller that might hold the same file open through another SQLite library runs this in a child
process (`tsm_git.worker`), since two libraries on one file in one process lose each other's locks
(https://sqlite.org/howtocorrupt.html, section 2.2.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tsm_git.adapters.sqlite.applying import Applier, Runnable, apply_script
    from tsm_git.adapters.sqlite.connection import ensure_writable
    from tsm_git.adapters.sqlite.copies import (
        back_up,
        has_content,
        remove_broken,
        restore,
        save_raw,
        verify_sound,
    )
    from tsm_git.adapters.sqlite.ledger import read_ledger, read_script, read_texts
    from tsm_git.adapters.sqlite.recording import move_rows

# Loaded when it is first used: a check reads ledgers, and does not run scripts.
_HOMES = {
    "Applier": "applying",
    "Runnable": "applying",
    "apply_script": "applying",
    "back_up": "copies",
    "ensure_writable": "connection",
    "has_content": "copies",
    "move_rows": "recording",
    "read_ledger": "ledger",
    "read_script": "ledger",
    "read_texts": "ledger",
    "remove_broken": "copies",
    "restore": "copies",
    "save_raw": "copies",
    "verify_sound": "copies",
}

__all__ = [
    "Applier",
    "Runnable",
    "apply_script",
    "back_up",
    "ensure_writable",
    "has_content",
    "move_rows",
    "read_ledger",
    "read_script",
    "read_texts",
    "remove_broken",
    "restore",
    "save_raw",
    "verify_sound",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
