"""Shows a case to a reader: which file has which text in which place."""

from __future__ import annotations

from collections.abc import Mapping

from tests.oracle.oracle import Case, Content, Link, normalised, text_of

Column = Mapping[str, Content | str | None]


def table(case: Case) -> str:
    """A row for each file, a column for each place, and a letter for each text."""
    columns = columns_of(case)
    letters: dict[str, str] = {}
    rows = [["", *columns]]
    for filename in sorted({name for column in columns.values() for name in column}):
        row = [repr(filename)[1:-1]]
        for column in columns.values():
            if filename not in column:
                row.append("-")
                continue
            content = column[filename]
            text = "NULL" if content is None else shown(content)
            row.append(letters.setdefault(text, f"t{len(letters)}"))
        rows.append(row)
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    lines += [f"{letter} = {text}" for text, letter in letters.items()]
    return "\n".join("    " + line.rstrip() for line in lines)


def columns_of(case: Case) -> dict[str, Column]:
    """Every place of a case by a short name."""
    columns: dict[str, Column] = {"C": case.candidate}
    if case.base is not None:
        columns["B"] = case.base
    columns |= {f"M{at}": place for at, place in enumerate(case.merge_bases)}
    for number, merge in enumerate(case.merges):
        columns |= {f"P{number}.{at}": place for at, place in enumerate(merge.parents)}
        if merge.still is not None:
            columns[f"result {number}"] = merge.result
    for name, rows in (("R", case.ref), ("W", case.working)):
        if rows is not None:
            columns[name] = {row.filename: row.script for row in rows}
    return columns


def shown(content: Content | str) -> str:
    """A text so that equal ones look equal."""
    if isinstance(content, Link):
        return f"link to {content.target}"
    if isinstance(content, str):
        return repr(normalised(content))
    text = text_of(content)
    return repr(content if text is None else text)
