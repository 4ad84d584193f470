"""Turns what differs from run to run into placeholders, so that whole outputs can be compared.

It knows paths, object ids, times and versions; it never touches the words between them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from tsm_git.version import VERSION

OBJECT_ID = re.compile(r"\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b")
TIME = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
STAMP = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{6}")  # a time in a file name
DURATION = re.compile(r"\b\d+(?:\.\d+)? ?(?:ms|s)\b")


def normalise(text: str, *, root: Path | None = None, ids: Mapping[str, str] | None = None) -> str:
    """Return the text with `<root>`, `<oid>`, `<time>`, `<duration>` and `<version>` in it.

    `ids` names commits that the reader ought to recognise: full id -> name. Their abbreviations are
    found too, from seven digits on.
    """
    for oid, name in (ids or {}).items():
        text = re.sub(rf"\b{oid[:7]}[0-9a-f]*\b", f"<{name}>", text)
    if root is not None:
        for shown in sorted({str(root), str(root.resolve()), root.as_posix()}, key=len)[::-1]:
            text = text.replace(shown, "<root>")
    text = OBJECT_ID.sub("<oid>", text)
    text = TIME.sub("<time>", STAMP.sub("<time>", text))
    text = DURATION.sub("<duration>", text)
    return re.sub(rf"(?<![\w.]){re.escape(VERSION)}(?![\w.])", "<version>", text)
