"""A small lexer for SQLite's SQL: enough to split a script into statements with positions.

It does not parse statements; SQLite itself is the parser. The token classes follow
https://sqlite.org/lang_keywords.html and SQLite's tokenizer (`src/tokenize.c`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tsm_git.core.record import NamedTuple
from tsm_git.core.text import (
    fold as fold,  # it belongs to SQL; the lexer costs too much for it alone
)

_TOKEN = re.compile(
    r"""
    (?P<space>   [ \t\n\f\r]+ )
  | (?P<comment> --[^\n]* | /\*.*?(?:\*/|\Z) )
  | (?P<string>  '(?:[^']|'')*(?:'|\Z) )
  | (?P<quoted>  "(?:[^"]|"")*(?:"|\Z) | `(?:[^`]|``)*(?:`|\Z) | \[[^\]]*(?:\]|\Z) )
  | (?P<word>    [A-Za-z0-9_$\x80-\U0010ffff]+ )
  | (?P<semi>    ; )
  | (?P<other>   . )
    """,
    re.VERBOSE | re.DOTALL,
)


# The same tokens without space, for when their kinds and places do not matter.
_LEXEMES = re.compile(
    r"""
    --[^\n]* | /\*(?s:.*?)(?:\*/|\Z)
  | '(?:[^']|'')*(?:'|\Z)
  | "(?:[^"]|"")*(?:"|\Z) | `(?:[^`]|``)*(?:`|\Z) | \[[^\]]*(?:\]|\Z)
  | [A-Za-z0-9_$\x80-\U0010ffff]+
  | [^ \t\n\f\r]
    """,
    re.VERBOSE,
)
_TELLING = re.compile(r"""['"`\[]|--|/\*""")
# A parenthesis belongs to the word before it, unless that is one of these, or a sign.
_APART = "".join(rf"(?<!\b{word} )" for word in ("in", "and", "or", "not", "when", "then", "else"))
_TIGHT = [
    (re.compile(pattern), tight)
    for pattern, tight in (
        (r"([<>=!|]) (?=[<>=|])", r"\1"),
        (r" ([),.])", r"\1"),
        (rf"(?<=[(.]) | (?=\(){_APART}(?<![-+*/<>=|,] )", ""),
        (r"^([-+]) ", r"\1"),
        (r"\bx (?=')", "x"),
    )
]
_QUOTES = '"`['

_PLAIN = re.compile("[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*")


# What stands before the semicolon that ends a statement, in one go: most of a script is that.
_TO_SEMICOLON = re.compile(
    r"""
    (?: [^;'"`\[/-]++ | --[^\n]*+ | /\*.*?(?:\*/|\Z) | [/-]
      | '(?:[^']|'')*+(?:'|\Z) | "(?:[^"]|"")*+(?:"|\Z) | `(?:[^`]|``)*+(?:`|\Z)
      | \[[^\]]*+(?:\]|\Z)
    )*+
    """,
    re.VERBOSE | re.DOTALL,
)
_BEFORE_TRIGGER = ("CREATE", "EXPLAIN")


class Token(NamedTuple):
    """One lexical unit; `kind` is the name of its class, `start` its offset in the text."""

    kind: str
    text: str
    start: int


class Statement(NamedTuple):
    """One statement with its 1-based position; `text` runs to its semicolon, inclusive."""

    text: str
    line: int
    column: int


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a text; joined they give the text back."""
    for match in _TOKEN.finditer(text):
        yield Token(str(match.lastgroup), match[0], match.start())


def statements(text: str) -> list[Statement]:
    """The statements of a script, in order; space and comments between them are dropped.

    A semicolon inside the body of a trigger does not end the statement: the body ends with an
    `END` that follows a semicolon, which is the rule of https://sqlite.org/c3ref/complete.html.
    """
    found: list[Statement] = []
    start: int | None = None
    words: list[str] = []  # the first words, to recognise CREATE TRIGGER
    previous = ""  # the last significant token
    in_trigger = False
    offset = start_before = 0
    line = 1  # of the statement; counted on from the one before, since a script may be long
    while match := _TOKEN.match(text, offset):
        kind, word, offset = match.lastgroup, match[0], match.end()
        if kind in ("space", "comment"):
            continue
        if start is None:
            if kind == "semi":
                continue
            line += text.count("\n", start_before, match.start())
            start = start_before = match.start()
            words, in_trigger = [], False
        if kind == "word" and len(words) < 5:
            words.append(word.upper())
            in_trigger = in_trigger or _begins_trigger(words)
        if kind == "semi" and not (in_trigger and previous != "END"):
            found.append(_statement(text, start, offset, line))
            start = None
        elif words and not in_trigger and (len(words) == 5 or words[0] not in _BEFORE_TRIGGER):
            offset = _end(_TO_SEMICOLON.match(text, offset), offset)
        # `; END` closes a trigger; the END of a CASE never follows a semicolon.
        if kind == "word" and previous == ";" and word.upper() == "END":
            previous = "END"
        else:
            previous = word if kind == "semi" else ""
    if start is not None:
        found.append(_statement(text, start, len(text), line))
    return found


def _end(match: re.Match[str] | None, otherwise: int) -> int:
    return match.end() if match else otherwise


def canonical(text: str) -> str:
    """The tokens of a statement without what does not matter: space, comments, quotes, case.

    Two statements with one canonical form mean the same schema; string literals are kept as they
    are. ALTER's history leaves such differences in `sqlite_schema.sql`.
    """
    found = _LEXEMES.findall(text)
    if not _TELLING.search(text):  # most statements: there is nothing but words and signs
        return fold(" ".join(found))
    return " ".join(
        word if word[0] == "'" else _canonical_name(word) if word[0] in _QUOTES else fold(word)
        for word in found
        if not word.startswith(("--", "/*"))
    )


def readable(text: str) -> str:
    """A canonical form as people write SQL, for messages; literals may lose a space."""
    for pattern, tight in _TIGHT:
        text = pattern.sub(tight, text)
    return text


def significant(text: str) -> list[Token]:
    """The tokens of a text that SQLite's parser sees: without space and comments."""
    return [token for token in tokens(text) if token.kind not in ("space", "comment")]


def canonical_token(token: Token) -> str:
    """One token as `canonical` writes it: a name folded, and quoted only where it has to be."""
    if token.kind == "word":
        return fold(token.text)
    return _canonical_name(token.text) if token.kind == "quoted" else token.text


def _canonical_name(text: str) -> str:
    name = fold(unquoted(text))
    return name if _PLAIN.fullmatch(name) else quoted(name)


def quoted(name: str) -> str:
    """A name as SQL writes it, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def unquoted(name: str) -> str:
    """A name without its quotes of any kind; one without quotes is as it is."""
    quote = name[0]
    if quote not in "\"`['":
        return name
    inner = name[1:-1]
    return inner if quote == "[" else inner.replace(quote * 2, quote)


def position(text: str, offset: int) -> tuple[int, int]:
    """The 1-based line and column of an offset, the column counted in characters."""
    line_start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - line_start + 1


def _begins_trigger(words: list[str]) -> bool:
    rest = words[1:] if words[:1] == ["EXPLAIN"] else words
    if rest[:2] == ["QUERY", "PLAN"]:
        rest = rest[2:]
    if rest[:1] != ["CREATE"]:
        return False
    return rest[1:2] == ["TRIGGER"] or (
        rest[1:2] in (["TEMP"], ["TEMPORARY"]) and rest[2:3] == ["TRIGGER"]
    )


def _statement(text: str, start: int, end: int, line: int) -> Statement:
    column = start - text.rfind("\n", 0, start)
    return Statement(text[start:end].rstrip(" \t\n\f\r"), line, column)
