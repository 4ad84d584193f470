"""The table of `tsm status`: a row for each script, a column for each place."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from tsm_git.core.comparison import Comparison
from tsm_git.core.ledger import Ledger
from tsm_git.core.publishing import Change, Deviation
from tsm_git.core.record import NamedTuple
from tsm_git.core.script import Script, parse_number
from tsm_git.core.snapshot import Snapshot

BASE, HEAD, INDEX, TREE, WORKING, REF = "base", "HEAD", "index", "tree", "working", "ref"
SAME, OTHER, ABSENT = "same", "other", "absent"


class Row(NamedTuple):
    """One script. `cells` maps each place that was looked at to same, other or absent.

    Same means: with the text that counts, which is the published one, or else the candidate's.
    `words` say what the script is: published or draft, pending, edited, missing ...
    """

    number: int
    filename: str
    cells: Mapping[str, str]
    words: tuple[str, ...]


class Copies(NamedTuple):
    """The copies of a database: when its ref was written, in seconds since 1970, and its backups.

    `backups` are the times that their names tell, ISO 8601, oldest first.
    """

    ref_at: float | None = None
    backups: Sequence[str] = ()


def rows(comparison: Comparison) -> list[Row]:
    """Every script that any place holds, in order."""
    places = places_of(comparison)
    facts = comparison.facts
    published = dict(places.get(BASE, {}))
    for entry in facts.ref.entries if facts.ref else ():
        published.setdefault(entry.filename, entry.digest or "")
    drafts = {script.filename for script in comparison.drafts}
    pending = {script.filename for script in comparison.pending}
    changed = _words_of_changes(comparison)
    # Most places hold one and the same, and nearly all scripts share their cells and words.
    distinct = {id(texts): texts for texts in places.values()}
    cells: dict[tuple[str, ...], Mapping[str, str]] = {}
    words: dict[tuple[bool, bool, bool], tuple[str, ...]] = {}
    found = []
    for number, filename in sorted(_numbered(distinct.values(), facts.candidate)):
        counts = published.get(filename) or places[TREE].get(filename)
        marks = tuple([_cell(texts.get(filename), counts) for texts in distinct.values()])
        if marks not in cells:
            marked = dict(zip(distinct, marks, strict=True))
            cells[marks] = {place: marked[id(texts)] for place, texts in places.items()}
        kind = filename in published, filename in drafts, filename in pending
        if filename in changed:
            said = _words(*kind, changed[filename])
        elif kind in words:
            said = words[kind]
        else:
            said = words[kind] = _words(*kind)
        found.append(Row(number, filename, cells[marks], said))
    return found


def _numbered(
    distinct: Collection[Mapping[str, str]], candidate: Snapshot
) -> list[tuple[int, str]]:
    """Every file name that some place holds, with the number in it; 0 where it has none."""
    known = candidate.scripts
    return [
        (known[filename].number if filename in known else parse_number(filename) or 0, filename)
        for filename in dict.fromkeys(filename for texts in distinct for filename in texts)
    ]


def _words(
    is_published: bool, is_draft: bool, is_pending: bool, changes: Sequence[str] = ()
) -> tuple[str, ...]:
    words = ["published"] if is_published else []
    words += ["draft"] if is_draft and not is_published else []
    words += changes
    words += ["pending"] if is_pending else []
    return tuple(words)


def places_of(comparison: Comparison) -> dict[str, dict[str, str]]:
    """What each place holds that was looked at: file name -> digest; TREE is the candidate."""
    facts = comparison.facts
    snapshots = {
        BASE: facts.base.snapshot if facts.base else None,
        HEAD: facts.head,
        INDEX: facts.staged,
        TREE: facts.candidate,
    }
    known = {place: held for place, held in snapshots.items() if held is not None}
    distinct = {id(held.scripts): held for held in known.values()}  # mostly one for all places
    texts = {key: _texts(held) for key, held in distinct.items()}
    found = {place: texts[id(held.scripts)] for place, held in known.items()}
    for place, ledger in ((WORKING, facts.working), (REF, facts.ref)):
        if ledger is not None and ledger.exists:
            found[place] = _recorded(ledger)
    return found


def _texts(held: Snapshot) -> dict[str, str]:
    return {filename: script.digest for filename, script in held.scripts.items()}


def _recorded(ledger: Ledger) -> dict[str, str]:
    return {entry.filename: entry.digest or "" for entry in ledger.entries}


def _cell(digest: str | None, counts: str | None) -> str:
    if digest is None:
        return ABSENT
    return SAME if digest in (counts, "") else OTHER  # "": a ledger row without a text


def _words_of_changes(comparison: Comparison) -> dict[str, list[str]]:
    """What the findings say of each script, in a word or two."""
    words: dict[str, list[str]] = {}

    def say(filename: str, word: str) -> None:
        if word not in words.setdefault(filename, []):
            words[filename].append(word)

    for deviation in (*comparison.deviations, *comparison.divergences):
        say(deviation.script.filename, _word(deviation))
    for taken in comparison.taken:
        say(taken.draft.filename, "number taken")
    for script in comparison.below:
        say(script.filename, "below published")
    for script in comparison.behind:
        say(script.filename, "not merged")
    for group in comparison.duplicates:
        for script in group:
            say(script.filename, "duplicate number")
    for loss in comparison.lost:
        say(loss.script.filename, "lost in merge")
    for mixture in comparison.mixed:
        say(mixture.script.filename, "mixed")
    for entry in comparison.production.unknown:
        say(entry.filename, "unknown to git")
    return words


def _word(deviation: Deviation) -> str:
    now: Script | None = deviation.now
    match deviation.change:
        case Change.RENAMED if now is not None:
            return f"renamed to {now.filename}"
        case Change.EDITED:
            return "edited"
        case _:
            return "missing"
