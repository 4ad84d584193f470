"""Scripts: their file names, their normalised text and its digest.

Does not read files; it is given names and bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING

from tsm_git.core.record import NamedTuple

if TYPE_CHECKING:  # loaded for a script that needs it
    from tsm_git.core.transactions import Unfit

try:  # what hashlib falls back to: hashlib itself loads OpenSSL, a twentieth of a check
    from _sha1 import sha1  # type: ignore[import-not-found]
except ImportError:
    from hashlib import sha1

# ASCII digits only: `\d` and int() also take digits that file systems sort elsewhere. Nine of
# them fit every SQLite rowid and every int() without a thought.
_NAME = re.compile(r"([0-9]{1,9})\.([^/\\\x00-\x1f\x7f\ud800-\udfff]+)\.sql")
# Kept as text: few scripts need them, and a check of none must not wait for their compilation.
_CONFLICT = rb"^(?:<{7}|>{7}|\|{7})(?: .*)?$"
NO_TRANSACTION = "no-transaction"
_UNDECIDED = rb"^-- tsm: undecided\b"
# What SQLite runs nothing for. Possessive, so that a run of comments can never be tried twice. Not
# in `core.sql`: a check has no use for the rest of the lexer, and loading it costs 2 ms.
_NOTHING = re.compile(rb"(?:[ \t\n\f\r]++|--[^\n]*+|/\*.*?(?:\*/|\Z)|;)*+", re.DOTALL)
_DIRECTIVE = rb"^--[ \t]*tsm:[ \t]*([a-z-]+)[ \t]*$"
_MARK = b"\xef\xbb\xbf"  # UTF-8's byte order mark
_LFS = b"version https://git-lfs.github.com/spec/"
_PORTION = 16 * 1024  # bytes that are searched at once


class Script(NamedTuple):
    """One numbered SQL file as one place has it."""

    number: int
    filename: str
    digest: str

    @property
    def name(self) -> str:
        """The name part of the file name: `add_email` of `003.add_email.sql`."""
        return self.filename.split(".", 1)[1][: -len(".sql")]

    @property
    def digits(self) -> str:
        """The number as it is written in the file name."""
        return self.filename.split(".", 1)[0]


class Flaw(Enum):
    """What makes a file no runnable script; the value completes 'the file ...'."""

    SYMLINK = "is a symbolic link"
    NOT_A_FILE = "is not a regular file"
    UNREADABLE = "cannot be read"
    NOT_UTF8 = "is not UTF-8"
    NUL = "holds a NUL byte"
    LFS_POINTER = "is a Git LFS pointer, not SQL"


class Content(NamedTuple):
    """What the bytes of a file say, the text itself apart.

    Lines are 1-based; None means the file has no such thing.
    """

    digest: str
    flaw: Flaw | None = None
    flaw_line: int = 1
    conflict_line: int | None = None
    undecided_line: int | None = None
    empty: bool = False
    directives: frozenset[str] = frozenset()
    unfit: Unfit | None = None


def parse_number(filename: str) -> int | None:
    """The number of a script with that file name, or None if it is no script name."""
    match = _NAME.fullmatch(filename)
    return (int(match[1]) or None) if match else None


def is_sql(filename: str) -> bool:
    """Whether a file of that name claims to be SQL, well named or not."""
    return filename[-4:].lower() == ".sql"


def sha1_of(data: bytes) -> str:
    """The SHA-1 of these bytes in hexadecimal digits."""
    digest: str = sha1(data, usedforsecurity=False).hexdigest()
    return digest


def blob_id(data: bytes) -> str:
    """The SHA-1 id that git gives to a blob with these bytes (gitformat-object)."""
    return sha1_of(b"blob %d\0%b" % (len(data), data))


def blob_ids(text: str, length: int) -> list[str]:
    """The ids of the blobs that have this text, however its lines end, with or without a mark.

    `length` is that of the repository's ids: 40 for SHA-1, 64 for SHA-256.
    """
    from hashlib import sha256  # only a text that is searched for needs it

    hashed = sha1 if length == 40 else sha256
    lf = text.encode()
    forms = [mark + form for mark in (b"", _MARK) for form in (lf, lf.replace(b"\n", b"\r\n"))]
    return [
        hashed(b"blob %d\0%b" % (len(form), form), usedforsecurity=False).hexdigest()
        for form in dict.fromkeys(forms)
    ]


def normalise(data: bytes) -> bytes:
    """The bytes without a byte order mark, and with LF for CRLF and CR."""
    while data.startswith(_MARK):  # all of them: what is normalised stays as it is
        data = data[len(_MARK) :]
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data


def text_of(data: bytes) -> str:
    """The normalised text of a script's bytes.

    Raises UnicodeDecodeError where the bytes are not UTF-8.
    """
    return normalise(data).decode()


def digest_of(text: str) -> str:
    """The digest of a text that may come from anywhere, such as a ledger."""
    return blob_id(normalise(text.encode("utf-8", "surrogatepass")))


def inspect(data: bytes) -> Content:
    """Everything that the rules want to know of a script's bytes, in one pass."""
    if not data.isascii():  # which nearly all are, and that is quicker to tell
        try:
            data.decode()
        except UnicodeDecodeError as error:
            return Content(blob_id(data), Flaw.NOT_UTF8, _line_at(data, error.start))
    if b"\0" in data:
        return Content(blob_id(data), Flaw.NUL, _line_at(data, data.index(b"\0")))
    text = normalise(data)
    digest = blob_id(text)
    if text.startswith(_LFS):
        return Content(digest, Flaw.LFS_POINTER)
    # The cheap `in` tests keep the regular expressions off the thousand scripts that need none.
    marked = _may_conflict(text)
    return Content(
        digest,
        conflict_line=_first_line(_CONFLICT, text) if marked else None,
        undecided_line=_first_line(_UNDECIDED, text) if b"-- tsm: undecided" in text else None,
        empty=not has_statement(text),
        directives=directives(text),
        unfit=_unfit(text),
    )


def inspected(found: Iterable[tuple[str, bytes | Content]]) -> dict[str, Content]:
    """What `inspect` says of each of these bytes, by the same keys; a Content is as it was.

    Hardly any script holds what is looked for, so a portion of them is searched at once, and each
    by itself only where there is something to find.
    """
    told: dict[str, Content] = {}
    portion: dict[str, bytes] = {}
    size = 0
    for key, data in found:
        if isinstance(data, bytes):
            portion[key] = data
            size += len(data)
            if size <= _PORTION:
                continue
        told.update(_inspected(portion))
        portion, size = {}, 0
        if not isinstance(data, bytes):
            told[key] = data
    told.update(_inspected(portion))
    return told


def _inspected(portion: Mapping[str, bytes]) -> Iterable[tuple[str, Content]]:
    # No character of several bytes, and no word, reaches across the line breaks in between.
    joined = b"\n".join(portion.values())
    if not _is_usual(joined):
        return [(key, inspect(data)) for key, data in portion.items()]
    if b"\r" in joined or _MARK in joined:
        portion = {key: normalise(data) for key, data in portion.items()}
    unfit = _unfit if _may_be_unfit(joined) else lambda _: None
    return [
        (key, Content(blob_id(text), empty=not has_statement(text), unfit=unfit(text)))
        for key, text in portion.items()
    ]


def _is_usual(text: bytes) -> bool:
    """Whether there is no flaw, no conflict, and no word to tsm."""
    try:
        text.isascii() or text.decode()
    except UnicodeDecodeError:
        return False
    return not (b"\0" in text or _LFS in text or b"tsm:" in text or _may_conflict(text))


def _may_conflict(text: bytes) -> bool:
    return b"<<<<<<<" in text or b">>>>>>>" in text or b"|||||||" in text


def has_statement(text: bytes) -> bool:
    """Whether the text holds anything to run: more than space, comments and semicolons."""
    nothing = _NOTHING.match(text)
    return nothing is not None and nothing.end() < len(text)


def directives(text: bytes) -> frozenset[str]:
    """What the comments before the first statement ask for: the words of lines `-- tsm: WORD`."""
    if b"tsm:" not in text:
        return frozenset()
    header = _NOTHING.match(text)
    found = re.findall(_DIRECTIVE, text[: header.end() if header else 0], re.MULTILINE)
    return frozenset(word.decode() for word in found)


def similarity(text: str, other: str) -> float:
    """The share of lines that two texts have in common, from 0.0 to 1.0.

    Counted as a multiset, so the cost is linear and the order of lines does not matter; blank
    lines and comment lines are no evidence of anything and are left out.
    """
    lines, others = _telling_lines(text), _telling_lines(other)
    if not lines or not others:
        return 0.0
    remaining: dict[str, int] = {}
    for line in lines:
        remaining[line] = remaining.get(line, 0) + 1
    common = 0
    for line in others:
        if remaining.get(line, 0):
            remaining[line] -= 1
            common += 1
    return 2 * common / (len(lines) + len(others))


def padded(number: int, width: int) -> str:
    """A number as file names write it: `7` becomes `007` at width 3."""
    return str(number).zfill(width)


def _telling_lines(text: str) -> list[str]:
    lines = (line.strip() for line in text.split("\n"))
    return [line for line in lines if line and not line.startswith("--")]


def _unfit(text: bytes) -> Unfit | None:
    if not _may_be_unfit(text):  # the lexer is for those that may
        return None
    from tsm_git.core.transactions import first_unfit

    return first_unfit(text.decode())


def _may_be_unfit(text: bytes) -> bool:
    upper = text.upper()
    return (
        b"PRAGMA" in upper
        or b"BEGIN" in upper
        or b"COMMIT" in upper
        or b"ROLLBACK" in upper
        or b"VACUUM" in upper
        or b"SAVEPOINT" in upper
        or b"RELEASE" in upper
        or (b"END" in upper and re.search(rb"\bEND\b", upper) is not None)
    )


def _first_line(pattern: bytes, text: bytes) -> int | None:
    match = re.search(pattern, text, re.MULTILINE)
    return _line_at(text, match.start()) if match else None


def _line_at(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1
