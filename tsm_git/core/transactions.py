"""What a script holds that does not work in the transaction that it is applied in.

Judged by its tokens alone: some of it SQLite ignores without a word.
"""

from __future__ import annotations

from tsm_git.core.record import NamedTuple
from tsm_git.core.sql import statements, tokens

CONTROL = frozenset({"BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"})
# https://sqlite.org/pragma.html: "a no-op within a transaction", or an error.
_PRAGMAS = frozenset(
    {
        *("AUTO_VACUUM", "ENCODING", "FOREIGN_KEYS", "JOURNAL_MODE", "PAGE_SIZE"),
        "SYNCHRONOUS",
    }
)
_WITHOUT_VALUE = frozenset({"WAL_CHECKPOINT"})  # does something without a value, too


class Unfit(NamedTuple):
    """A statement that does not work in a transaction, such as `COMMIT`, and where it begins."""

    line: int
    column: int
    statement: str


def first_unfit(text: str) -> Unfit | None:
    """The first statement that does not work in a transaction, or works on the transaction."""
    for statement in statements(text):
        words = _words(statement.text)
        first = words[0] if words else ""
        if first in CONTROL or first == "VACUUM":
            return Unfit(statement.line, statement.column, first)
        if first == "PRAGMA":
            name, *value = words[3:] if words[2:3] == ["."] else words[1:]
            if name in _WITHOUT_VALUE or (name in _PRAGMAS and value):
                return Unfit(statement.line, statement.column, f"PRAGMA {name.lower()}")
    return None


def _words(statement: str) -> list[str]:
    """The first five tokens in upper case, unquoted; the semicolon apart."""
    found: list[str] = []
    for token in tokens(statement):
        if token.kind in ("word", "quoted", "other"):
            found.append(token.text.strip('"`[]').upper())
        if len(found) == 5:
            break
    return found
