"""The one comparison: from facts to everything that the rules and commands want to know.

Computed once for each judgement, so that `check`, `status`, `apply` and `renumber` cannot
disagree about what is published, what is a draft and what is pending.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tsm_git.core.facts import Facts
from tsm_git.core.ledger import Ledger
from tsm_git.core.merging import Lost, Mixture, lost, mixed
from tsm_git.core.numbering import Gap, Move, copies, duplicates, gaps, renumbered, width
from tsm_git.core.publishing import (
    Change,
    Deviation,
    Production,
    Published,
    Source,
    Taken,
    against_base,
    against_ref,
    against_working,
    drafts,
    holders,
    last_published,
    taken,
)
from tsm_git.core.record import NamedTuple
from tsm_git.core.script import Script, parse_number
from tsm_git.core.snapshot import Ancestry, Snapshot, in_order, merged


class Contested(NamedTuple):
    """A draft whose number an unmerged branch claims too; `author` and `date` are of its tip."""

    draft: Script
    other: Script
    branch: str
    author: str
    date: str


class Comparison(NamedTuple):
    """What the places say about each other; the parts follow FORMATS 3.1 to 3.8."""

    facts: Facts
    merge_result: Mapping[str, Script]
    deviations: tuple[Deviation, ...]
    divergences: tuple[Deviation, ...]
    lost: tuple[Lost, ...]
    mixed: tuple[Mixture, ...]
    behind: tuple[Script, ...]
    production: Production
    drafts: tuple[Script, ...]
    taken: tuple[Taken, ...]
    below: tuple[Script, ...]
    last_published: int
    last_holder: tuple[Script, Source] | None
    duplicates: tuple[list[Script], ...]
    gaps: tuple[Gap, ...]
    copies: tuple[tuple[Script, Script], ...]
    pending: tuple[Script, ...]
    misplaced: tuple[Script, ...]
    moves: tuple[Move, ...]
    contested: tuple[Contested, ...] = ()  # what the radar has seen, if it was asked

    @property
    def next_free(self) -> int:
        """The first number that nothing in the merge result has, nor anything after it."""
        return max((script.number for script in self.merge_result.values()), default=0) + 1

    def moved(self, script: Script) -> str | None:
        """The file name that renumbering gives to a draft, or None if it stays."""
        return next((move.filename for move in self.moves if move.script == script), None)


def compare(facts: Facts) -> Comparison:
    """Everything that follows from the facts."""
    base = facts.base.snapshot if facts.base else None
    candidate = facts.candidate
    ancestry = Ancestry(facts.base.merge_bases if facts.base else ())
    merge_result = merged(ancestry, base, candidate) if base else dict(candidate.scripts)

    all_lost = {
        loss.script.filename: loss
        for merge in facts.merges
        for loss in lost(merge, candidate, facts.texts)
    }
    all_mixed = {m.script.filename: m for merge in facts.merges for m in mixed(merge, candidate)}
    published = against_base(ancestry, base, candidate, facts.texts) if base else Published()
    reported = {deviation.script.filename for deviation in published.deviations}
    production = (
        against_ref(
            facts.ref,
            merge_result,
            base,
            reported | published.claimed | set(all_lost),
            {deviation.now for deviation in published.deviations if deviation.now},
            facts.texts,
            facts.whereabouts,
        )
        if facts.ref
        else Production()
    )
    draft_scripts = drafts(candidate, base, published, production, facts.ref)
    ran = facts.ref.entries if facts.ref else ()
    contradicted = [  # production ran what the candidate has, and base has something else
        candidate.scripts[entry.filename]
        for entry in ran
        if entry.filename in published.claimed and entry.matches(candidate.scripts[entry.filename])
    ]
    last = last_published(base, facts.ref)
    claims = [*draft_scripts, *contradicted]
    held = holders(base, facts.ref, {last, *(script.number for script in claims)})
    all_taken = taken(claims, held)
    taken_drafts = {t.draft for t in all_taken}
    deviations = tuple(
        deviation
        for deviation in (*published.deviations, *production.deviations)
        if not _spoken_for(deviation, all_lost, all_mixed)
    )
    all_deviations = (*published.deviations, *production.deviations)
    divergences, pending, misplaced = _against_working(
        facts, candidate, _reported(facts, published, production, [*all_lost, *all_mixed])
    )
    heirs = {d.now for d in all_deviations if d.change is Change.RENAMED}
    sequence = _without(merge_result.values(), heirs)
    digits = width(merge_result.values())
    empty = _empty_texts(facts)
    return Comparison(
        facts=facts,
        merge_result=merge_result,
        deviations=deviations,
        divergences=divergences,
        lost=tuple(all_lost.values()),
        mixed=tuple(all_mixed.values()),
        behind=published.behind,
        production=production,
        drafts=tuple(draft_scripts),
        taken=tuple(all_taken),
        below=tuple(d for d in draft_scripts if d.number < last and d not in taken_drafts),
        last_published=last,
        last_holder=held[last][0] if last else None,
        duplicates=tuple(duplicates(_without(sequence, taken_drafts))),
        gaps=tuple(
            gaps(
                sequence,
                _explained(all_deviations, production, all_lost) | _unrunnable(candidate),
            )
        ),
        copies=tuple(copies(s for s in sequence if s.digest not in empty)),
        pending=pending,
        misplaced=misplaced,
        moves=tuple(renumbered(draft_scripts, last, digits)),
    )


def ran_by_production(comparison: Comparison) -> list[Script]:
    """What production ran and, base apart, only the candidate holds."""
    facts = comparison.facts
    published = facts.base.snapshot.scripts if facts.base else {}
    return [
        facts.candidate.scripts[entry.filename]
        for entry in (facts.ref.entries if facts.ref else ())
        if entry.filename not in published
        and entry.matches(facts.candidate.scripts.get(entry.filename))
    ]


def _without(scripts: Collection[Script], some: Collection[Script | None]) -> Collection[Script]:
    """The scripts without some; mostly there are none of those, and then nothing to look up."""
    return [script for script in scripts if script not in some] if some else scripts


def _spoken_for(
    deviation: Deviation, all_lost: Collection[str], all_mixed: Collection[str]
) -> bool:
    """Whether a merge that lost or mixed the script is the better explanation."""
    filename = deviation.script.filename
    return filename in (all_mixed if deviation.change is Change.EDITED else all_lost)


def _against_working(
    facts: Facts, candidate: Snapshot, reported: set[tuple[str, str]]
) -> tuple[tuple[Deviation, ...], tuple[Script, ...], tuple[Script, ...]]:
    """Divergences, pending scripts, and the pending ones that are numbered too low."""
    if facts.working is None:
        return (), (), ()
    working: Ledger = facts.working
    every = against_working(working, candidate, facts.texts)
    heirs = {d.now for d in every if d.change is Change.RENAMED}
    applied = working.numbers
    new = [script for script in candidate.scripts.values() if script.number not in applied]
    pending = tuple(in_order(_without(new, heirs)))
    last = working.last if pending else 0
    names = {filename for filename, _ in reported}
    return (
        tuple(
            d
            for d in every
            if (d.script.filename, d.script.digest) not in reported
            and not (d.script.digest == "" and d.script.filename in names)  # a row without a text
        ),
        pending,
        tuple(script for script in pending if script.number < last),
    )


def _reported(
    facts: Facts, published: Published, production: Production, in_merges: Collection[str]
) -> set[tuple[str, str]]:
    """Names and texts of which a finding about what is published has spoken already."""
    scripts = [d.script for d in (*published.deviations, *production.deviations)]
    if facts.base:
        scripts += [facts.base.snapshot.scripts[name] for name in published.claimed]
    for merge in facts.merges:
        for parent in merge.parents:
            scripts += [parent.scripts[name] for name in in_merges if name in parent.scripts]
    entries = [*production.unknown, *(found.entry for found in production.elsewhere)]
    return {(script.filename, script.digest) for script in scripts} | {
        (entry.filename, entry.digest or "") for entry in entries
    }


def _explained(
    deviations: tuple[Deviation, ...], production: Production, all_lost: Mapping[str, Lost]
) -> set[int]:
    """Numbers that are missing for a reason that another finding gives."""
    numbers = {d.script.number for d in deviations if d.change is not Change.EDITED}
    numbers |= {entry.number for entry in production.unknown}
    numbers |= {found.entry.number for found in production.elsewhere}
    return numbers | {loss.script.number for loss in all_lost.values()}


def _unrunnable(candidate: Snapshot) -> set[int]:
    """Numbers of files that are there, and that TSM106 says cannot be run."""
    return {
        number
        for filename, content in candidate.files.items()
        if content.flaw is not None and filename not in candidate.unmerged
        if (number := parse_number(filename)) is not None
    }


def _empty_texts(facts: Facts) -> set[str]:
    places = [facts.candidate, *([facts.base.snapshot] if facts.base else [])]
    return {c.digest for place in places for c in place.files.values() if c.empty}
