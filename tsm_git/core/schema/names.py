"""Names in SQL: which need quotes, and how a name is written.

The keywords are those of https://sqlite.org/lang_keywords.html: a name that is one is quoted.
"""

from __future__ import annotations

import re

from tsm_git.core.sql import fold, quoted

_PLAIN = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_KEYWORDS = frozenset(
    re.findall(
        "[a-z_]+",
        """
    abort action add after all alter always analyze and as asc attach autoincrement before begin
    between by cascade case cast check collate column commit conflict constraint create cross
    current current_date current_time current_timestamp database default deferrable deferred
    delete desc detach distinct do drop each else end escape except exclude exclusive exists
    explain fail filter first following for foreign from full generated glob group groups having
    if ignore immediate in index indexed initially inner insert instead intersect into is isnull
    join key last left like limit match materialized natural no not nothing notnull null nulls
    of offset on or order others outer over partition plan pragma preceding primary query raise
    range recursive references regexp reindex release rename replace restrict returning right
    rollback row rows savepoint select set table temp temporary then ties to transaction trigger
    unbounded union unique update using vacuum values view virtual when where window with
    without
    """,
    )
)


def written(name: str) -> str:
    """A name as a generated script writes it: quoted only where it has to be."""
    plain = _PLAIN.fullmatch(name) and fold(name) not in _KEYWORDS
    return name if plain else quoted(name)


def free_name(wanted: str, taken: frozenset[str]) -> str:
    """A name that is not taken yet; `taken` holds folded names."""
    while fold(wanted) in taken:
        wanted += "_"
    return wanted
