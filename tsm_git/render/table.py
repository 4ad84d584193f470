"""The table of `tsm status`, for people and as a JSON document (FORMATS section 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from tsm_git.core.chronicle import Deed
from tsm_git.core.record import NamedTuple
from tsm_git.core.report import CheckReport, DatabaseReport
from tsm_git.core.table import (
    ABSENT,
    BASE,
    HEAD,
    INDEX,
    OTHER,
    REF,
    SAME,
    TREE,
    WORKING,
    Copies,
    Row,
)
from tsm_git.core.text import ago, counted, printable, shortened
from tsm_git.render.jsondoc import FORMAT_VERSION, check_document
from tsm_git.render.style import Style
from tsm_git.render.text import skipped_lines

_PLACES = (BASE, HEAD, INDEX, TREE, WORKING, REF)
_MARKS = {SAME: "yes", OTHER: "other", ABSENT: "-"}
_FOLD = 8  # unremarkable scripts beyond this many are one line, unless all are wanted
_NARROWEST = 60  # columns; on a terminal that has fewer, lines break where it breaks them
_SHORTEST = 16  # columns that a file name keeps


class View(NamedTuple):
    """How the table is wanted.

    `now` is in seconds since 1970, `width` how many columns there are (None: no limit), `every`
    shows each script on a line of its own, `written` who wrote which path, instead of the places.
    """

    now: float
    width: int | None = None
    every: bool = False
    colour: bool = False
    written: Mapping[str, Deed] | None = None

    def age(self, when: str | float | None) -> str:
        """How long ago that was, a number or ISO 8601; empty where nobody knows."""
        if isinstance(when, str):
            try:
                at = datetime.fromisoformat(when)
                when = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
            except (ValueError, OverflowError):  # anybody may have written a ledger
                return ""
        return "" if when is None else ago(self.now - when)

    def wrapped(self, line: str, indent: int = 12) -> list[str]:
        """The line, and what does not fit below it. Words stay whole."""
        if self.width is None or len(line) <= self.width:
            return [line]
        from textwrap import wrap

        return wrap(
            line,
            max(self.width, _NARROWEST),
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )


def status_text(
    report: CheckReport,
    tables: Mapping[str, Sequence[Row]],
    copies: Mapping[str, Copies],
    fetched_at: float | None,
    view: View,
) -> str:
    """The tables of all databases, ending with a newline."""
    parts = [
        "\n".join(_database(one, tables[one.database], copies[one.database], fetched_at, view))
        for one in report.databases
    ]
    if not parts:
        start = (
            "  next      `tsm init app.sqlite`, with the path that your database has or will have"
        )
        parts = [f"no folder `X.migrations` with scripts\n{start}"]
    return "\n\n".join(parts) + "\n"


def status_document(
    report: CheckReport, tables: Mapping[str, Sequence[Row]], fetched_at: str | None
) -> dict[str, object]:
    """The document of `tsm check`, and for each database the table and the next command."""
    document = check_document(report)
    document["version"] = FORMAT_VERSION
    document["fetched_at"] = fetched_at
    document["next"] = {one.database: one.next or None for one in report.databases}
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
    one: DatabaseReport,
    table: Sequence[Row],
    copies: Copies,
    fetched_at: float | None,
    view: View,
) -> list[str]:
    style = Style(view.colour)
    first, *more = view.wrapped(f"{printable(one.database)}: {one.state.name}, {one.state.value}")
    lines = [first.replace(f": {one.state.name},", f": {style.state(one.state)},"), *more]
    for line in _summary(one, table, copies, fetched_at, view):
        lines += view.wrapped(line)
    lines += _table(table, one.comparison.facts.folder, view, style)
    for finding in one.findings:
        said = view.wrapped(f"  {finding.code} {printable(finding.message)}", 9)
        said[0] = said[0].replace(finding.code, style.severity(finding.code, finding.severity), 1)
        lines += said
        if finding.hint:  # whole, so that its command can be pasted
            lines.append(f"         hint: {printable(finding.hint)}")
    for line in skipped_lines(one):
        lines += [style(part, "dim") for part in view.wrapped(f"  {line}", 4)]
    if one.next or (one.state.way_out and not one.findings):
        todo = f"`{printable(one.next)}`" if one.next else one.state.way_out
        lines.append(f"  {style('next', 'bold')}      {todo}")
    return lines


def _summary(
    one: DatabaseReport,
    table: Sequence[Row],
    copies: Copies,
    fetched_at: float | None,
    view: View,
) -> Iterator[str]:
    facts = one.comparison.facts
    if facts.base:
        fetched = view.age(fetched_at) if "/" in facts.base.name else ""
        age = f", fetched {fetched}" if fetched else ""
        why = printable(facts.base.why)
        name = printable(facts.base.name)
        yield f"  base      {name} at {facts.base.oid[:10]} ({why}{age})"
    if facts.working is not None:
        words = "does not exist yet"
        if facts.working.exists:
            words = f"{counted(len(facts.working.entries), 'script')} applied"
            last = facts.working.entries[-1].finished_at if facts.working.entries else None
            words += f", the last {age}" if (age := view.age(last)) else ""
        yield f"  working   {printable(facts.working.path)}: {words}"
    if facts.ref is not None:
        count = counted(len(facts.ref.entries), "script")
        copied = f", copied {age}" if (age := view.age(copies.ref_at)) else ""
        yield f"  ref       {printable(facts.ref.path)}: {count} applied in production{copied}"
    if copies.backups:
        yield f"  backups   {len(copies.backups)}, the newest {view.age(copies.backups[-1])}"
    if table:
        kinds = {kind: sum(kind in row.words for row in table) for kind in _KINDS}
        said = [f"{count} {_KINDS[kind](count)}" for kind, count in kinds.items() if count]
        yield f"  scripts   {', '.join(said) or 'none published'}"


_KINDS: Mapping[str, Callable[[int], str]] = {
    "published": lambda _: "published",
    "draft": lambda count: "draft" if count == 1 else "drafts",
    "pending": lambda _: "pending",
}


def _table(table: Sequence[Row], folder: str, view: View, style: Style) -> list[str]:
    if not table:
        return ["  no scripts"]
    places = [place for place in _PLACES if place in table[0].cells]
    shown: list[tuple[str, Sequence[str], str]] = []
    for group in _folded(table, view.every or view.written is not None):
        first, last = group[0], group[-1]
        name = printable(first.filename)
        if len(group) > 1:
            digits = (first.filename.split(".", 1)[0], last.filename.split(".", 1)[0])
            name = f"{digits[0]} to {digits[1]}: {counted(len(group), 'script')}"
        marks = [_MARKS[first.cells[place]] for place in places]
        if view.written is not None:
            deed = view.written.get(f"{folder}/{first.filename}")
            marks = [_who(deed, view)]
        shown.append((name, marks, printable(", ".join(first.words))))
    if view.written is not None:
        places = ["written"]
    return ["", *_laid_out(places, shown, view.width, style), ""]


def _laid_out(
    places: Sequence[str],
    shown: Sequence[tuple[str, Sequence[str], str]],
    width: int | None,
    style: Style,
) -> list[str]:
    """The rows below a header; where they are too wide, closer together and shortened."""
    wide = max(len("script"), *(len(name) for name, _, _ in shown))
    rest = max(len(words) for _, _, words in shown)
    marked = [max(len(marks[index]) for _, marks, _ in shown) for index in range(len(places))]
    columns = [max(len(place), len("other"), marked[i]) for i, place in enumerate(places)]
    gap = "  "
    if width is not None:
        if 4 + wide + sum(columns) + len(gap) * len(columns) + rest > width:
            columns = [max(len(place), marked[i]) for i, place in enumerate(places)]
            gap = " "
        room = max(width, _NARROWEST) - 4 - sum(columns) - len(gap) * len(columns)
        wide = min(wide, max(_SHORTEST, room - rest))
        rest = max(room - wide, _SHORTEST)
    header = gap.join(place.ljust(size) for place, size in zip(places, columns, strict=True))
    lines = [style(f"  {'script'.ljust(wide)}  {header}".rstrip(), "bold")]
    for name, marks, words in shown:
        cells = gap.join(
            _coloured(mark, size, style) for mark, size in zip(marks, columns, strict=True)
        )
        name = shortened(name, wide).ljust(wide)
        lines.append(f"  {name}  {cells}{gap}{shortened(words, rest, 0)}".rstrip())
    return lines


def _who(deed: Deed | None, view: View) -> str:
    if deed is None:
        return "not committed"
    return f"{shortened(printable(deed.author), 20, 0)}, {view.age(deed.date)}"


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
