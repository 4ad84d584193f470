"""Words for people: quoting, counting, and keeping strangers' bytes off the terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PLAIN = r"[A-Za-z0-9_./@%+=:,-]+"
# C0 and C1 controls, line and paragraph separators, and what turns text around on the screen:
# a file name must not be able to move the cursor or hide a word.
_UNPRINTABLE = "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
# CI runners obey what they read in a log: `::set-env` at the start of a line (GitHub), and anywhere
# `##[command]` (GitHub, Azure), `##vso[task.setvariable]` (Azure) and `##teamcity[...]`.
_COMMAND = r"^\s*:(?=:)|#(?=#(?:[a-z]*)\[)"
_FOLDED = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def fold(name: str) -> str:
    """A name as SQLite compares names: only ASCII letters have no case."""
    return name.lower() if name.isascii() else name.translate(_FOLDED)


def shell_quoted(word: str) -> str:
    """The word as a POSIX shell takes it, quoted only where it must be."""
    if word.startswith("-"):
        word = f"./{word}"  # a path, which no program may take for an option
    if re.fullmatch(_PLAIN, word):
        return word
    return "'" + word.replace("'", "'\\''") + "'"


def printable(text: str) -> str:
    """The text with control characters written as escapes, fit for one line of a terminal.

    What a CI runner would take for a command has its first character escaped, too.
    """
    if not text.isprintable():
        text = re.sub(_UNPRINTABLE, lambda match: match[0].encode("unicode_escape").decode(), text)
    if "::" in text or "##" in text:  # hardly ever; else the pattern need not even be compiled
        text = re.sub(_COMMAND, _escaped, text, flags=re.IGNORECASE)
    return text


def _escaped(found: re.Match[str]) -> str:
    return f"{found[0][:-1]}\\x{ord(found[0][-1]):02x}"


def file_stamp(now: str) -> str:
    """An ISO 8601 time in UTC as file names have it: `2026-11-19T14-30-05.123456`."""
    seconds, _, fraction = now.partition("+")[0].partition(".")
    return f"{seconds.replace(':', '-')}.{fraction:0<6}"


def counted(number: int, noun: str) -> str:
    """`1 script`, `2 scripts`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(words: Sequence[str], most: int = 3) -> str:
    """`a, b and 4 more`: as many words as are read with pleasure."""
    if len(words) <= most:
        return ", ".join(words)
    return f"{', '.join(words[:most])} and {len(words) - most} more"


def ago(seconds: float) -> str:
    """A stretch of time in words, such as `2 hours ago`."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = int(max(seconds, 0) // length)
        if count:
            return f"{counted(count, unit)} ago"
    return "just now"


def shortened(text: str, length: int, tail: int = 6) -> str:
    """The text, or where it is longer its start and its last `tail` characters around `...`."""
    if len(text) <= length:
        return text
    return f"{text[: length - 3 - tail]}...{text[len(text) - tail :]}"
