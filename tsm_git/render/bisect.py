"""Where a query's result changes, for people and as a JSON document (FORMATS 10.4)."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from tsm_git.core.chronicle import Line
from tsm_git.core.proof.answers import Result, Turn, Value
from tsm_git.core.text import counted, printable
from tsm_git.render.log import deed_document, deed_text
from tsm_git.render.style import Style


def bisect_text(turn: Turn, since: Line, culprit: Line | None, *, colour: bool = False) -> str:
    """The script and both results, ending with a newline."""
    style = Style(colour)
    if culprit is None or turn.after is None:
        lines = [f"the result is the same since {printable(since.filename)}"]
        return "\n".join([*lines, *_result(turn.before)]) + "\n"
    written = deed_text(culprit.written) if culprit.written else "not committed"
    landed = f"published {deed_text(culprit.published)}" if culprit.published else "not published"
    lines = [
        f"{style(printable(culprit.path) + ':', 'bold')} the result is another after this script",
        f"    written {written}; {landed}",
        f"before, since {printable(since.filename)}",
        *_result(turn.before),
        "after",
        *_result(turn.after),
    ]
    return "\n".join(lines) + "\n"


def bisect_document(
    database: str, query: str, turn: Turn, since: Line, culprit: Line | None
) -> dict[str, object]:
    """The same as plain values."""
    return {
        "version": 1,
        "database": database,
        "query": query,
        "since": _script(since),
        "before": _result_document(turn.before),
        "changed_by": culprit and _script(culprit),
        "after": turn.after and _result_document(turn.after),
    }


def _script(line: Line) -> dict[str, object]:
    return {
        "number": line.row.number,
        "path": line.path,
        "written": deed_document(line.written),
        "published": deed_document(line.published),
    }


def _result_document(result: Result) -> dict[str, object]:
    return {
        "error": result.error,
        "columns": list(result.columns),
        "count": result.total,
        "rows": [[_plain(value) for value in row] for row in result.rows],
    }


def _plain(value: Value) -> int | float | str | None:
    """A value as JSON knows it: blobs as SQL writes them, infinity in words."""
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value


def _result(result: Result) -> Sequence[str]:
    if result.error is not None:
        return [f"    error: {printable(result.error)}"]
    lines = [f"    {counted(result.total, 'row')}"]
    if result.columns:
        lines.append("    " + printable("  ".join(result.columns)))
    lines += ["    " + printable("  ".join(map(_cell, row))) for row in result.rows]
    if result.total > len(result.rows):
        lines.append(f"    and {counted(result.total - len(result.rows), 'row')} more")
    return lines


def _cell(value: Value) -> str:
    return "NULL" if value is None else str(_plain(value))
