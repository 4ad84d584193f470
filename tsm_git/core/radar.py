"""The radar: which numbers unmerged branches claim, who clashes, and who should land first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from tsm_git.core.record import NamedTuple
from tsm_git.core.script import Script
from tsm_git.core.snapshot import Snapshot, in_order

_EXACT = 12  # up to so many branches every landing order is considered: 2^12 * 12 steps


class Claim(NamedTuple):
    """The scripts that a branch has and base has not; `branches` are the names it goes by.

    Branches that hold the same scripts, such as `mail` and `origin/mail`, are one claim.
    """

    branches: tuple[str, ...]
    scripts: tuple[Script, ...]

    @property
    def name(self) -> str:
        """The name to show."""
        return self.branches[0]


class Clash(NamedTuple):
    """Two claims of one number; `other` is None where base has it."""

    number: int
    script: Script
    claim: Claim
    other_script: Script
    other: Claim | None


class Radar(NamedTuple):
    """What all unmerged branches mean for each other.

    `landing` is an order in which the fewest have to renumber; `renumbering` are those that do.
    """

    claims: tuple[Claim, ...]
    clashes: tuple[Clash, ...]
    next_free: int
    landing: tuple[Claim, ...]
    renumbering: frozenset[Claim]

    @property
    def is_fewest(self) -> bool:
        """Whether no other order of landing needs fewer renumberings; else it is a good one."""
        return len(self.claims) <= _EXACT


def scan(
    base: Snapshot,
    held: Mapping[str, Sequence[Script]],
    names_of: Mapping[str, Sequence[str]] | None = None,
) -> Radar:
    """The radar over branches; `held` are each branch's scripts that differ from base's.

    `names_of` gives a branch more names than its own, that of the remote-tracking one say. A text
    that base has under any name has landed, by a squash or a cherry-pick: it is no claim.
    """
    claims = claimed(base, held, names_of)
    last = max((script.number for script in base.scripts.values()), default=0)
    highest = max((claim.scripts[-1].number for claim in claims), default=0)
    landing, renumbering = _landing_order(claims, last)
    return Radar(
        claims, tuple(_clashes(base, claims)), max(last, highest) + 1, landing, renumbering
    )


def claimed(
    base: Snapshot,
    held: Mapping[str, Sequence[Script]],
    names_of: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Claim, ...]:
    """What each branch claims, see `scan`."""
    landed = {script.digest for script in base.scripts.values()}
    names: dict[tuple[Script, ...], list[str]] = {}
    for branch, scripts in held.items():
        new = tuple(in_order(script for script in scripts if script.digest not in landed))
        if new:
            names.setdefault(new, []).extend((names_of or {}).get(branch, [branch]))
    return tuple(Claim(tuple(branches), scripts) for scripts, branches in names.items())


def contested(
    claims: Iterable[Claim], script: Script, own: frozenset[str]
) -> list[tuple[Claim, Script]]:
    """Who else claims a script's number with another script; `own` are names to leave out."""
    return [
        (claim, other)
        for claim in claims
        if not own & set(claim.branches)
        for other in claim.scripts
        if other.number == script.number and other != script
    ]


def _clashes(base: Snapshot, claims: Sequence[Claim]) -> list[Clash]:
    published: dict[int, Script] = {}
    for script in base.ordered():
        published.setdefault(script.number, script)
    found = []
    by_number: dict[int, list[tuple[Claim, Script]]] = {}
    for claim in claims:
        for script in claim.scripts:
            if script.number in published:
                holder = published[script.number]
                found.append(Clash(script.number, script, claim, holder, None))
            for other, other_script in by_number.setdefault(script.number, []):
                if other_script != script and other is not claim:
                    found.append(Clash(script.number, other_script, other, script, claim))
            by_number[script.number].append((claim, script))
    return sorted(found, key=lambda clash: (clash.number, clash.claim.name))


def _landing_order(
    claims: Sequence[Claim], last: int
) -> tuple[tuple[Claim, ...], frozenset[Claim]]:
    """An order of landing with the fewest renumberings, and who has to renumber in it.

    Numbers have no gaps, so the last number after some branches have landed depends on which they
    are, not on their order: each text that they brought has one. A branch lands as it is if what is
    left of it begins with the number after that.
    """
    if len(claims) > _EXACT:
        return _greedy(claims, last)
    best: dict[int, tuple[int, tuple[int, ...]]] = {0: (0, ())}
    for chosen in range(1 << len(claims)):
        cost, order = best[chosen]
        landed = _texts(claim for j, claim in enumerate(claims) if chosen >> j & 1)
        for j, claim in enumerate(claims):
            if chosen >> j & 1:
                continue
            step = (cost + (not _fits(claim, last, landed)), (*order, j))
            key = chosen | 1 << j
            if key not in best or step < best[key]:
                best[key] = step
    _, order = best[(1 << len(claims)) - 1]
    return _judged([claims[j] for j in order], last)


def _greedy(claims: Sequence[Claim], last: int) -> tuple[tuple[Claim, ...], frozenset[Claim]]:
    waiting = sorted(claims, key=lambda claim: (claim.scripts[0].number, len(claim.scripts)))
    order: list[Claim] = []
    landed: set[str] = set()
    while waiting:
        chosen = next((claim for claim in waiting if _fits(claim, last, landed)), waiting[-1])
        waiting.remove(chosen)
        order.append(chosen)
        landed |= _texts([chosen])
    return _judged(order, last)


def _judged(order: Sequence[Claim], last: int) -> tuple[tuple[Claim, ...], frozenset[Claim]]:
    renumbering = set()
    landed: set[str] = set()
    for claim in order:
        if not _fits(claim, last, landed):
            renumbering.add(claim)
        landed |= _texts([claim])
    return tuple(order), frozenset(renumbering)


def _fits(claim: Claim, last: int, landed: Set[str]) -> bool:
    """Whether a branch can land as it is after base's last number and the texts that have landed.

    A branch that is built on another one holds its scripts too; they land once.
    """
    first = last + len(landed) + 1
    numbers = [script.number for script in claim.scripts if script.digest not in landed]
    return numbers == list(range(first, first + len(numbers)))


def _texts(claims: Iterable[Claim]) -> set[str]:
    return {script.digest for claim in claims for script in claim.scripts}
