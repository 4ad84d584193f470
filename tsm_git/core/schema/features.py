"""Which release of SQLite a schema needs to be opened and used, by the features that it uses.

A schema that an older library cannot parse makes the whole database unreadable to it ("malformed
database schema"), whoever wrote it. After https://sqlite.org/changes.html.
"""

from __future__ import annotations

from collections.abc import Iterator

from tsm_git.core.proof.replay import Item
from tsm_git.core.record import NamedTuple
from tsm_git.core.sql import tokens

Version = tuple[int, ...]


class Feature(NamedTuple):
    """Something that SQLite knows since a release."""

    since: Version
    words: str

    @property
    def release(self) -> str:
        """The release as people write it."""
        return ".".join(map(str, self.since))


# Runs of tokens, in lower case, that only newer releases understand.
_PHRASES: dict[tuple[str, ...], Feature] = {
    ("without", "rowid"): Feature((3, 8, 2), "WITHOUT ROWID"),
    (")", "over"): Feature((3, 25), "a window function"),
    ("filter", "("): Feature((3, 30), "FILTER of an aggregate"),
    ("nulls", "first"): Feature((3, 30), "NULLS FIRST"),
    ("nulls", "last"): Feature((3, 30), "NULLS LAST"),
    ("generated", "always"): Feature((3, 31), "a generated column"),
    ("as", "materialized"): Feature((3, 35), "MATERIALIZED"),
    ("not", "materialized"): Feature((3, 35), "MATERIALIZED"),
    ("-", ">"): Feature((3, 38), "the operator ->"),
    ("right", "join"): Feature((3, 39), "RIGHT JOIN"),
    ("right", "outer", "join"): Feature((3, 39), "RIGHT JOIN"),
    ("full", "join"): Feature((3, 39), "FULL JOIN"),
    ("full", "outer", "join"): Feature((3, 39), "FULL JOIN"),
    ("is", "distinct", "from"): Feature((3, 39), "IS DISTINCT FROM"),
    ("is", "not", "distinct", "from"): Feature((3, 39), "IS NOT DISTINCT FROM"),
    ("do", "nothing"): Feature((3, 24), "an upsert"),
    ("do", "update"): Feature((3, 24), "an upsert"),
    ("using", "fts5"): Feature((3, 9), "FTS5"),
    ("using", "geopoly"): Feature((3, 25), "geopoly"),
}
_FUNCTIONS: dict[str, Feature] = {
    name: Feature(since, f"the function {name}()")
    for since, names in (
        ((3, 8, 3), "printf unlikely likelihood"),
        ((3, 9), "json json_array json_array_length json_each json_extract json_object json_valid"),
        ((3, 16), "pragma_table_info"),
        ((3, 32), "iif"),
        ((3, 35), "acos asin atan ceil ceiling cos degrees exp floor ln log log10 log2 mod pi pow"),
        ((3, 35), "power radians sin sqrt tan trunc"),
        ((3, 38), "format unixepoch"),
        ((3, 41), "unhex"),
        ((3, 42), "json_error_position"),
        ((3, 43), "octet_length timediff"),
        ((3, 44), "concat concat_ws string_agg"),
        ((3, 45), "jsonb jsonb_array jsonb_extract jsonb_object jsonb_set"),
        ((3, 48), "if"),
        ((3, 50), "unistr unistr_quote"),
    )
    for name in names.split()
}
_STRICT = Feature((3, 37), "STRICT")
_PARTIAL = Feature((3, 8), "a partial index")
_EXPRESSION = Feature((3, 9), "an index on an expression")
_RETURNING = Feature((3, 35), "RETURNING")
_NUMERAL = Feature((3, 46), "a numeral with `_`")


def version_of(text: str) -> Version:
    """A release as numbers: `3.37` becomes (3, 37)."""
    return tuple(int(part) for part in text.split("."))


def beyond(item: Item, oldest: Version) -> list[Feature]:
    """What the object uses that came after the oldest release, the newest first, each once."""
    needed = {feature for feature in _features(item) if feature.since > oldest}
    return sorted(needed, reverse=True)


def _features(item: Item) -> Iterator[Feature]:
    words = [
        token.text.lower() if token.kind != "string" else "'"
        for token in tokens(item.sql)
        if token.kind not in ("space", "comment")
    ]
    for at, word in enumerate(words):
        for length in (2, 3, 4):
            phrase = tuple(words[at : at + length])
            if phrase in _PHRASES:
                yield _PHRASES[phrase]
        if word in _FUNCTIONS and words[at + 1 : at + 2] == ["("]:
            yield _FUNCTIONS[word]
        if word[:1].isdigit() and "_" in word:
            yield _NUMERAL
    yield from _of_kind(item, words)


def _of_kind(item: Item, words: list[str]) -> Iterator[Feature]:
    if item.kind == "table" and words[:2] != ["create", "virtual"]:
        end = len(words) - 1 - words[::-1].index(")") if ")" in words else len(words)
        if "strict" in words[end:]:
            yield _STRICT
    elif item.kind == "index":
        if "where" in words:
            yield _PARTIAL
        if words.count("(") > 1:
            yield _EXPRESSION
    elif item.kind == "trigger" and "returning" in words:
        yield _RETURNING
