"""Databases: the only package that imports apsw, and the only ways to get a connection.

`connection` opens, each way of opening with its pragmas and their reasons; `ledger` reads what was
applied, `recording` writes it; `scripts` runs statements, `applying` whole scripts with their rows,
`foreign_keys` finds what they orphan; `copies` backs up and restores.

A caller that might hold the same file open through another SQLite library runs this in a child
process (`tsm_git.worker`), since two libraries on one file in one process lose each other's locks
(https://sqlite.org/howtocorrupt.html, section 2.2.1).
"""

from __future__ import annotations

from tsm_git.adapters.sqlite.applying import Runnable, applier, apply_script
from tsm_git.adapters.sqlite.connection import ensure_writable
from tsm_git.adapters.sqlite.copies import back_up, has_content, restore, verify
from tsm_git.adapters.sqlite.ledger import read_ledger, read_script
from tsm_git.adapters.sqlite.recording import move_rows

__all__ = [
    "Runnable",
    "applier",
    "apply_script",
    "back_up",
    "ensure_writable",
    "has_content",
    "move_rows",
    "read_ledger",
    "read_script",
    "restore",
    "verify",
]
