"""The history of a table or column, for people and as a JSON document (FORMATS 10.3)."""

from __future__ import annotations

from collections.abc import Sequence

from tsm_git.core.change.lineage import Event, Subject
from tsm_git.core.chronicle import Line
from tsm_git.core.record import NamedTuple
from tsm_git.core.text import printable
from tsm_git.render.log import deed_document, deed_text
from tsm_git.render.style import Style


class Entry(NamedTuple):
    """One script that had to do with it: where in it, what it did, and what became of it."""

    event: Event
    words: Sequence[str]
    line: Line


def blame_text(
    database: str, subject: Subject, exists: bool, entries: Sequence[Entry], *, colour: bool = False
) -> str:
    """The history of one object, oldest first, ending with a newline."""
    style = Style(colour)
    gone = "" if exists else ", which is no more"
    what = f"column of {subject.kind}" if subject.column else subject.kind
    lines = [f"{style(printable(str(subject)), 'bold')}: {what} in {printable(database)}{gone}"]
    for entry in entries:
        event, line = entry.event, entry.line
        place = f"{printable(line.path)}:{event.line}:{event.column}:"
        now = event.new or event.old
        name = f"`{printable(str(now))}` " if now else ""
        lines.append(f"{style(place, 'bold')} {name}{printable(', '.join(entry.words))}")
        written = deed_text(line.written) if line.written else "not committed"
        lines.append(f"    written {written}; {_published(line)}")
    return "\n".join(lines) + "\n"


def blame_document(
    database: str, subject: Subject, exists: bool, entries: Sequence[Entry]
) -> dict[str, object]:
    """The history of one object as plain values."""
    return {
        "database": database,
        "kind": subject.kind,
        "name": subject.name,
        "column": subject.column or None,
        "exists": exists,
        "events": [
            {
                "number": entry.line.row.number,
                "path": entry.line.path,
                "line": entry.event.line,
                "column": entry.event.column,
                "old": entry.event.old and str(entry.event.old),
                "new": entry.event.new and str(entry.event.new),
                "words": list(entry.words),
                "written": deed_document(entry.line.written),
                "published": deed_document(entry.line.published),
            }
            for entry in entries
        ],
    }


def _published(line: Line) -> str:
    return f"published {deed_text(line.published)}" if line.published else "not published"
