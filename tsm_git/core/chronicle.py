"""What became of each script: who wrote it, when it was published, when and where applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tsm_git.core.comparison import Comparison
from tsm_git.core.ledger import Ledger
from tsm_git.core.record import NamedTuple
from tsm_git.core.script import parse_number
from tsm_git.core.table import BASE, REF, TREE, WORKING, Row, places_of, rows


class Deed(NamedTuple):
    """A commit that did something, by whom and when (ISO 8601)."""

    commit: str
    author: str
    date: str


class Applied(NamedTuple):
    """That a ledger holds a script; `at` is None where the ledger does not say when."""

    at: str | None


class Line(NamedTuple):
    """One script of the history; None stands for what did not happen, or nobody knows.

    `written` is the commit that brought its text, `published` the one of the base branch.
    """

    row: Row
    path: str
    written: Deed | None = None
    published: Deed | None = None
    working: Applied | None = None
    ref: Applied | None = None

    @property
    def filename(self) -> str:
        """The file name."""
        return self.row.filename


class Version(NamedTuple):
    """One text of a script, the places that hold it, and its digest (empty: no text is known)."""

    digest: str
    places: tuple[str, ...]


def chronicle(
    comparison: Comparison, written: Mapping[str, Deed], published: Mapping[str, Deed]
) -> list[Line]:
    """Every script that any place holds, in order; the deeds are by path."""
    facts = comparison.facts
    working, ref = _applied(facts.working), _applied(facts.ref)
    lines = []
    for row in rows(comparison):
        path = f"{facts.folder}/{row.filename}"
        is_published = facts.base is not None and row.filename in facts.base.snapshot.scripts
        lines.append(
            Line(
                row,
                path,
                written.get(path),
                published.get(path) if is_published else None,
                working.get(row.filename),
                ref.get(row.filename),
            )
        )
    return lines


def selected(lines: Sequence[Line], wanted: str) -> list[Line]:
    """The scripts that a user means: by number, by path, by file name, or by the name in it."""
    name = wanted.rpartition("/")[2]
    if name.isascii() and name.isdigit():
        return [line for line in lines if line.row.number == int(name)]
    exact = [line for line in lines if line.filename == name]
    return exact or [
        line
        for line in lines
        if parse_number(line.filename) and line.filename.partition(".")[2] in (name, f"{name}.sql")
    ]


def versions(comparison: Comparison, filename: str) -> list[Version]:
    """The texts of a script, the one that counts first: the published one, or the candidate's."""
    held = {
        place: texts[filename]
        for place, texts in places_of(comparison).items()
        if filename in texts
    }
    first = next((held[place] for place in (BASE, REF, TREE, WORKING) if held.get(place)), "")
    digests = dict.fromkeys([first, *held.values()])
    found = [
        Version(digest, tuple(place for place in held if held[place] == digest))
        for digest in digests
    ]
    return [version for version in found if version.places]


def _applied(ledger: Ledger | None) -> dict[str, Applied]:
    return {e.filename: Applied(e.finished_at) for e in ledger.entries} if ledger else {}
