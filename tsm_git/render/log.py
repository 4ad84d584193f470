"""The history of scripts, for people and as JSON documents (FORMATS 10.1 and 10.2)."""

from __future__ import annotations

from collections.abc import Sequence

from tsm_git.core.chronicle import Applied, Deed, Line
from tsm_git.core.facts import Base
from tsm_git.core.ledger import Ledger
from tsm_git.core.text import counted, printable
from tsm_git.render.style import Style


def log_text(
    database: str,
    base: Base | None,
    lines: Sequence[Line],
    working: Ledger | None,
    ref: Ledger | None,
    *,
    hidden: int = 0,
    colour: bool = False,
) -> str:
    """The history of one database, ending with a newline, without the first `hidden` scripts."""
    style = Style(colour)
    where = f", published on {printable(base.name)}" if base else ""
    head = f"{printable(database)}: {counted(len(lines) + hidden, 'script')}{where}"
    if not lines:
        return f"{head}\n"
    columns = ["script", "written", "published"]
    table = [[printable(line.filename), _written(line), _landed(line)] for line in lines]
    for name, ledger, index in (("working", working, 0), ("ref", ref, 1)):
        if ledger is not None and ledger.exists:
            columns.append(name)
            for cells, line in zip(table, lines, strict=True):
                cells.append(_when((line.working, line.ref)[index]))
    widths = [max(map(len, column)) for column in zip(columns, *table, strict=True)]
    rows = [
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        for cells in [columns, *table]
    ]
    shown = [f"  {style(rows[0], 'bold')}", *(f"  {row}" for row in rows[1:])]
    if hidden:
        before = f"{counted(hidden, 'script')} before"
        shown.insert(1, f"  {style(before, 'dim')}")
    return "\n".join([head, *shown]) + "\n"


def log_document(
    database: str, base: Base | None, lines: Sequence[Line], is_cut: bool
) -> dict[str, object]:
    """The history of one database as plain values."""
    return {
        "database": database,
        "base": base and {"revision": base.name, "commit": base.oid},
        "shallow": is_cut,
        "scripts": [line_document(line) for line in lines],
    }


def line_document(line: Line) -> dict[str, object]:
    """One script as plain values."""
    return {
        "number": line.row.number,
        "filename": line.filename,
        "path": line.path,
        "words": list(line.row.words),
        "written": deed_document(line.written),
        "published": deed_document(line.published),
        "working": _applied(line.working),
        "ref": _applied(line.ref),
    }


def deed_document(deed: Deed | None) -> dict[str, object] | None:
    """A commit as plain values."""
    return deed and {"commit": deed.commit, "author": deed.author, "date": deed.date}


def deed_text(deed: Deed) -> str:
    """A commit in words: `1a2b3c4d5e by Ada on 2026-01-01`."""
    return f"{deed.commit[:10]} by {printable(deed.author)} on {printable(deed.date[:10])}"


def _applied(applied: Applied | None) -> dict[str, object] | None:
    return applied and {"applied_at": applied.at}


def _written(line: Line) -> str:
    if line.written is None:
        return "not committed"
    return f"{line.written.date[:10]}  {line.written.commit[:10]}  {printable(line.written.author)}"


def _landed(line: Line) -> str:
    deed = line.published
    return f"{deed.date[:10]}  {deed.commit[:10]}" if deed else "-"


def _when(applied: Applied | None) -> str:
    if applied is None:
        return "-"
    return printable(applied.at[:16].replace("T", " ")) if applied.at else "yes"
