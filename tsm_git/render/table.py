"""The table of `tsm status`, for people and as a JSON document (FORMATS section 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tsm_git.core.report import CheckReport, DatabaseReport
from tsm_git.core.table import ABSENT, BASE, HEAD, INDEX, OTHER, REF, SAME, TREE, WORKING, Row
from tsm_git.core.text import counted, printable
from tsm_git.render.jsondoc import FORMAT_VERSION, check_document
from tsm_git.render.style import Style
from tsm_git.render.text import skipped_lines

_PLACES = (BASE, HEAD, INDEX, TREE, WORKING, REF)
_MARKS = {SAME: "yes", OTHER: "other", ABSENT: "-"}
_FOLD = 8  # unremarkable scripts beyond this many are one line, unless all are wanted


def status_text(
    report: CheckReport,
    tables: Mapping[str, Sequence[Row]],
    *,
    fetched: str | None = None,
    every: bool = False,
    colour: bool = False,
) -> str:
    """The tables of all databases, ending with a newline.

    `fetched` says how old the last fetch is, `every` shows each script on a line of its own.
    """
    style = Style(colour)
    parts = [
        "\n".join(_database(one, tables[one.database], fetched, every, style))
        for one in report.databases
    ]
    if not parts:
        parts = ["no folder `X.migrations` with scripts"]
    return "\n\n".join(parts) + "\n"


def status_document(
    report: CheckReport, tables: Mapping[str, Sequence[Row]], fetched_at: str | None
) -> dict[str, object]:
    """The document of `tsm check`, and for each database the table."""
    document = check_document(report)
    document["version"] = FORMAT_VERSION
    document["fetched_at"] = fetched_at
    document["tables"] = {
        database: [
            {
                "number": row.number,
                "filename": row.filename,
                "places": {place: row.cells.get(place) for place in _PLACES},
                "words": list(row.words),
            }
            for row in table
        ]
        for database, table in tables.items()
    }
    return document


def _database(
    one: DatabaseReport, table: Sequence[Row], fetched: str | None, every: bool, style: Style
) -> list[str]:
    facts = one.comparison.facts
    lines = [f"{printable(one.database)}: {style.state(one.state)}, {one.state.value}"]
    if facts.base:
        age = f", fetched {fetched}" if fetched and "/" in facts.base.name else ""
        lines.append(
            f"  base      {printable(facts.base.name)} at {facts.base.oid[:10]}"
            f" ({printable(facts.base.why)}{age})"
        )
    if facts.working is not None:
        words = (
            f"{counted(len(facts.working.entries), 'script')} applied"
            if facts.working.exists
            else "does not exist yet"
        )
        lines.append(f"  working   {printable(facts.working.path)}: {words}")
    if facts.ref is not None:
        count = counted(len(facts.ref.entries), "script")
        lines.append(f"  ref       {printable(facts.ref.path)}: {count} applied in production")
    lines += _table(table, every, style)
    for finding in one.findings:
        code = style.severity(finding.code, finding.severity)
        lines.append(f"  {code} {printable(finding.message)}")
        if finding.hint:
            lines.append(f"         hint: {printable(finding.hint)}")
    if not one.findings and one.state.way_out:
        lines.append(f"  next      {one.state.way_out}")
    return lines + [f"  {style(line, 'dim')}" for line in skipped_lines(one)]


def _table(table: Sequence[Row], every: bool, style: Style) -> list[str]:
    if not table:
        return ["  no scripts"]
    places = [place for place in _PLACES if place in table[0].cells]
    shown: list[tuple[str, Sequence[str], str]] = []
    for group in _folded(table, every):
        first, last = group[0], group[-1]
        name = printable(first.filename)
        if len(group) > 1:
            digits = (first.filename.split(".", 1)[0], last.filename.split(".", 1)[0])
            name = f"{digits[0]} to {digits[1]}: {counted(len(group), 'script')}"
        marks = [_MARKS[first.cells[place]] for place in places]
        shown.append((name, marks, printable(", ".join(first.words))))
    wide = max(len("script"), *(len(name) for name, _, _ in shown))
    columns = [max(len(place), len("other")) for place in places]
    header = "  ".join(place.ljust(width) for place, width in zip(places, columns, strict=True))
    lines = ["", style(f"  {'script'.ljust(wide)}  {header}".rstrip(), "bold")]
    for name, row_marks, words in shown:
        cells = "  ".join(
            _coloured(mark, width, style) for mark, width in zip(row_marks, columns, strict=True)
        )
        lines.append(f"  {name.ljust(wide)}  {cells}  {words}".rstrip())
    return [*lines, ""]


def _coloured(mark: str, width: int, style: Style) -> str:
    padded = mark.ljust(width)
    if mark == _MARKS[OTHER]:
        return style(padded, "red")
    return style(padded, "dim") if mark == _MARKS[ABSENT] else padded


def _folded(table: Sequence[Row], every: bool) -> list[list[Row]]:
    """Runs of scripts that are alike in every place; short runs and the last few stay apart."""
    groups: list[list[Row]] = []
    for row in table:
        alike = bool(groups) and groups[-1][-1][2:] == row[2:]
        if alike and not every:
            groups[-1].append(row)
        else:
            groups.append([row])
    apart: list[list[Row]] = []
    for group in groups:
        if len(group) <= _FOLD:
            apart += [[row] for row in group]
        else:
            tail = [[row] for row in group[-2:]] if group is groups[-1] else []
            apart += [group[: len(group) - len(tail)], *tail]
    return apart
