"""What a candidate did to what is published, and which of its scripts are drafts (FORMATS 3.2-3.4).

Published is what the base branch's tip holds and what the ref ledger says production ran.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import Enum

from tsm_git.core.ledger import Entry, Ledger
from tsm_git.core.record import NamedTuple
from tsm_git.core.script import Script
from tsm_git.core.snapshot import Ancestry, Snapshot, differing, in_order
from tsm_git.core.succession import Missing, successors


class Change(Enum):
    """What happened to a script that was to stay as it is."""

    EDITED = "edited"
    RENAMED = "renamed"
    DELETED = "deleted"


class Source(Enum):
    """Who says that a script is published, or applied."""

    BASE = "base"
    REF = "ref"
    WORKING = "working"


class Deviation(NamedTuple):
    """A published or applied script that the candidate has not as it was.

    `now` is what stands in its place: the edited script, the successor, or None. A successor is
    `edited` if its text is none that the script ever had.
    """

    change: Change
    script: Script
    source: Source
    now: Script | None = None
    edited: bool = False


class Where(Enum):
    """Where git knows a text from that the candidate and base do not hold."""

    HISTORY = "in the history of the candidate or of base"
    ELSEWHERE = "on another branch or tag only"
    NOWHERE = "in no commit"


class Whereabouts(NamedTuple):
    """Where a text is; `reference` is the branch or tag for what is elsewhere."""

    where: Where
    reference: str = ""


class Elsewhere(NamedTuple):
    """What production ran and only another branch or tag holds."""

    entry: Entry
    reference: str


class Published(NamedTuple):
    """The candidate against base: deviations, what base has more, and the stale files.

    `behind` are scripts of base that the candidate has not merged; `leaving` are file names of
    the candidate that base has removed or changed and the candidate has not touched; `claimed` are
    file names that both gave to scripts of their own.
    """

    deviations: tuple[Deviation, ...] = ()
    behind: tuple[Script, ...] = ()
    leaving: frozenset[str] = frozenset()
    claimed: frozenset[str] = frozenset()


class Production(NamedTuple):
    """The merge result against the ref ledger."""

    deviations: tuple[Deviation, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    unknown: tuple[Entry, ...] = ()


class Taken(NamedTuple):
    """A draft whose number a published script has."""

    draft: Script
    holder: Script
    source: Source


def against_base(
    ancestry: Ancestry, base: Snapshot, candidate: Snapshot, texts: Mapping[str, str]
) -> Published:
    """Who edited, renamed or deleted what base holds, and what base holds more (FORMATS 3.2)."""
    changed = differing(base, candidate)
    if not changed:
        return Published()
    deviations: list[Deviation] = []
    missing: list[Missing] = []
    behind: list[Script] = []
    claimed: set[str] = set()
    spoken_for: set[str] = set()  # names that are no successors of anything
    for filename in changed & base.scripts.keys():
        script, now = base.scripts[filename], candidate.scripts.get(filename)
        if now is not None and ancestry.knows(filename) and not ancestry.held(now):
            deviations.append(Deviation(Change.EDITED, script, Source.BASE, now))
            spoken_for.add(filename)
        elif now is None and ancestry.knows(filename):
            texts_had = ancestry.digests(filename) | {script.digest}
            missing.append(Missing(filename, frozenset(texts_had)))
        elif now is None or ancestry.held(now):
            behind.append(script)
        else:
            claimed.add(filename)
            spoken_for.add(filename)
    others = [candidate.scripts[name] for name in (changed - spoken_for) & candidate.scripts.keys()]
    leaving = frozenset(script.filename for script in others if ancestry.held(script))
    new = [script for script in others if script.filename not in leaving]
    heirs = successors(missing, new, texts)
    for gone in missing:
        script, heir = base.scripts[gone.filename], heirs.get(gone.filename)
        deviations.append(_gone(script, Source.BASE, heir, gone.digests))
    return Published(_sorted(deviations), tuple(in_order(behind)), leaving, frozenset(claimed))


def against_ref(
    ref: Ledger,
    merge_result: Mapping[str, Script],
    base: Snapshot | None,
    reported: Collection[str],
    heirs_of_base: Collection[Script],
    texts: Mapping[str, str],
    whereabouts: Mapping[str, Whereabouts],
) -> Production:
    """What production ran and the merge result does not hold as it ran (FORMATS 3.4).

    `reported` are file names of which the comparison with base has spoken, `heirs_of_base` the
    successors that it found; `whereabouts` is asked for the digests of entries that nothing in the
    merge result stands for.
    """
    deviations: list[Deviation] = []
    missing: dict[str, Entry] = {}
    for entry in ref.entries:
        now = merge_result.get(entry.filename)
        if entry.matches(now) or entry.filename in reported:
            continue
        if now is not None:
            deviations.append(Deviation(Change.EDITED, _script(entry), Source.REF, now))
        else:
            missing[entry.filename] = entry
    published = base.scripts if base else {}
    recorded = {entry.filename for entry in ref.entries}
    free = [
        script
        for filename, script in merge_result.items()
        if filename not in published and filename not in recorded and script not in heirs_of_base
    ]
    heirs = successors([_missing(entry) for entry in missing.values()], free, texts)
    elsewhere: list[Elsewhere] = []
    unknown: list[Entry] = []
    for filename, entry in missing.items():
        if heir := heirs.get(filename):
            deviations.append(_gone(_script(entry), Source.REF, heir, _missing(entry).digests))
            continue
        found = whereabouts.get(entry.digest) if entry.digest else None
        if found is None or found.where is Where.HISTORY:
            deviations.append(Deviation(Change.DELETED, _script(entry), Source.REF))
        elif found.where is Where.ELSEWHERE:
            elsewhere.append(Elsewhere(entry, found.reference))
        else:
            unknown.append(entry)
    return Production(_sorted(deviations), tuple(elsewhere), tuple(unknown))


def against_working(
    working: Ledger, candidate: Snapshot, texts: Mapping[str, str]
) -> tuple[Deviation, ...]:
    """What the working database ran and the candidate does not hold as it ran (FORMATS 3.8)."""
    scripts = candidate.scripts
    changed = [entry for entry in working.entries if not entry.matches(scripts.get(entry.filename))]
    if not changed:
        return ()
    intact = {e.filename for e in working.entries if e.matches(scripts.get(e.filename))}
    deviations: list[Deviation] = []
    missing: dict[str, Entry] = {}
    moved_on = _moved_on(working, changed, candidate)
    for entry in changed:
        now = scripts.get(entry.filename)
        if now is not None and entry.filename not in moved_on:
            deviations.append(Deviation(Change.EDITED, _script(entry), Source.WORKING, now))
            intact.add(entry.filename)
        else:
            missing[entry.filename] = entry
    free = [script for name, script in scripts.items() if name not in intact]
    heirs = successors([_missing(entry) for entry in missing.values()], free, texts)
    for filename, entry in missing.items():
        script, had = _script(entry), _missing(entry).digests
        deviations.append(_gone(script, Source.WORKING, heirs.get(filename), had))
    return _sorted(deviations)


def _moved_on(working: Ledger, changed: Sequence[Entry], candidate: Snapshot) -> set[str]:
    """Changed entries whose file name another's script has now, and whose text has another name.

    So it is where several scripts of one name part were renumbered: none of them was edited.
    """
    scripts = candidate.scripts
    if len(changed) < 2:
        return set()
    texts = {entry.digest: entry.filename for entry in changed}
    intact = {entry.filename for entry in working.entries} - {e.filename for e in changed}
    held: dict[str, set[str]] = {}
    for filename, script in scripts.items():
        if filename not in intact:
            held.setdefault(script.digest, set()).add(filename)
    return {
        entry.filename
        for entry in changed
        if (now := scripts.get(entry.filename)) is not None
        and texts.get(now.digest, entry.filename) != entry.filename
        and held.get(entry.digest or "", set()) - {entry.filename}
    }


def drafts(
    candidate: Snapshot,
    base: Snapshot | None,
    published: Published,
    production: Production,
    ref: Ledger | None,
) -> list[Script]:
    """The scripts of the candidate that nobody has published, in order (FORMATS 3.3)."""
    unlike = differing(base, candidate) if base else candidate.scripts.keys()
    deviations = published.deviations + production.deviations
    spoken_for = {deviation.now for deviation in deviations}
    ran = {entry.filename: entry for entry in ref.entries} if ref else {}
    new = [candidate.scripts[filename] for filename in unlike & candidate.scripts.keys()]
    return in_order(
        script
        for script in new
        if script.filename not in published.leaving
        and script not in spoken_for
        and not (script.filename in ran and ran[script.filename].matches(script))
    )


def last_published(base: Snapshot | None, ref: Ledger | None) -> int:
    """The highest number among what is published, 0 where nothing is."""
    held = [script.number for script in base.scripts.values()] if base else []
    return max([*held, ref.last if ref else 0])


def holders(
    base: Snapshot | None, ref: Ledger | None, numbers: Collection[int]
) -> dict[int, list[tuple[Script, Source]]]:
    """Who holds these numbers among what is published; base speaks first."""
    found: dict[int, list[tuple[Script, Source]]] = {}
    published = base.scripts.values() if base else ()
    for script in in_order(script for script in published if script.number in numbers):
        found.setdefault(script.number, []).append((script, Source.BASE))
    for entry in ref.entries if ref else ():
        if entry.number in numbers:
            found.setdefault(entry.number, []).append((_script(entry), Source.REF))
    return found


def taken(
    draft_scripts: Collection[Script], held: Mapping[int, list[tuple[Script, Source]]]
) -> list[Taken]:
    """The drafts whose number a published script has, each with who has it."""
    found = []
    for draft in draft_scripts:
        for holder, source in held.get(draft.number, ()):
            if (holder.filename, holder.digest) != (draft.filename, draft.digest):
                found.append(Taken(draft, holder, source))
                break
    return found


def _gone(script: Script, source: Source, heir: Script | None, had: Collection[str]) -> Deviation:
    """A script that is not there any more, with what succeeds it, if anything does."""
    change = Change.RENAMED if heir else Change.DELETED
    return Deviation(change, script, source, heir, heir is not None and heir.digest not in had)


def _script(entry: Entry) -> Script:
    return Script(entry.number, entry.filename, entry.digest or "")


def _missing(entry: Entry) -> Missing:
    return Missing(entry.filename, frozenset([entry.digest] if entry.digest else ()))


def _sorted(deviations: list[Deviation]) -> tuple[Deviation, ...]:
    return tuple(sorted(deviations, key=lambda deviation: deviation.script[:2]))
