"""One script in all its places, for people and as a JSON document (FORMATS 10.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tsm_git.core.chronicle import Line
from tsm_git.core.facts import Base
from tsm_git.core.record import NamedTuple
from tsm_git.core.table import BASE, REF, TREE, WORKING
from tsm_git.core.text import listed, printable
from tsm_git.render.log import deed_text, line_document
from tsm_git.render.style import Style


class Sheet(NamedTuple):
    """One text of a script: its digest, who holds it, and what differs from the first sheet."""

    digest: str
    places: Sequence[str]
    text: str | None
    diff: Sequence[str]


def show_text(
    line: Line, base: Base | None, sheets: Sequence[Sheet], *, candidate: str, colour: bool
) -> str:
    """One script, ending with a newline: what became of it, its text, and where others differ.

    `candidate` is what the place is called that is looked at: the work tree, or a revision.
    """
    style = Style(colour)
    names = {TREE: printable(candidate)}
    if base:
        names[BASE] = f"base ({printable(base.name)})"
    lines = [style(printable(line.path), "bold")]
    if line.row.words:
        lines.append(f"  is         {printable(listed(line.row.words, most=9))}")
    lines.append(f"  written    {deed_text(line.written) if line.written else 'not committed'}")
    if line.published and base:
        lines.append(f"  published  {deed_text(line.published)}, on {printable(base.name)}")
    for name, applied in ((WORKING, line.working), (REF, line.ref)):
        if applied:
            when = (
                printable(applied.at[:19].replace("T", " ")) if applied.at else "nobody knows when"
            )
            lines.append(f"  {name.ljust(9)}  applied {when}")
    first, *others = sheets
    lines.append(f"  text       {first.digest[:10] or 'none'} {_held(first, names)}")
    for sheet in others:
        what = f"{sheet.digest[:10] or 'not recorded'} {_held(sheet, names)}"
        lines.append(f"  other      {style(what, 'red') if sheet.digest else what}")
    lines += ["", *_source(first.text)]
    for sheet in others:
        if sheet.diff:
            lines += ["", *(_coloured(text, style) for text in sheet.diff)]
    return "\n".join(lines) + "\n"


def show_document(
    database: str, line: Line, base: Base | None, sheets: Sequence[Sheet]
) -> dict[str, object]:
    """One script as plain values."""
    return {
        "database": database,
        "base": base and {"revision": base.name, "commit": base.oid},
        **line_document(line),
        "texts": [
            {
                "digest": sheet.digest or None,
                "places": list(sheet.places),
                "text": sheet.text,
                "diff": "\n".join(sheet.diff) if sheet.diff else None,
            }
            for sheet in sheets
        ],
    }


def _held(sheet: Sheet, names: Mapping[str, str]) -> str:
    return f"in {', '.join(names.get(place, place) for place in sheet.places)}"


def _source(text: str | None) -> list[str]:
    return [_line(line) for line in text.splitlines()] if text is not None else []


def _coloured(text: str, style: Style) -> str:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    shown = _line(text)
    return style(shown, colours[text[0]]) if text[:1] in colours else shown


def _line(text: str) -> str:
    return printable(text.expandtabs(8))
