"""The radar: which numbers unmerged branches claim, who clashes, and who should land first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

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


class Rivals(NamedTuple):
    """All who claim one number, each with its script; `holder` is base's script of that number."""

    number: int
    holder: Script | None
    sides: tuple[tuple[Claim, Script], ...]

    @property
    def clashes(self) -> Iterator[Clash]:
        """Every two that clash; of many there are very many."""
        for index, (claim, script) in enumerate(self.sides):
            if self.holder:
                yield Clash(self.number, script, claim, self.holder, None)
            for other, other_script in self.sides[:index]:
                if other_script != script and other is not claim:
                    yield Clash(self.number, other_script, other, script, claim)

    @property
    def how_many(self) -> int:
        """How many clashes there are."""
        alike = Counter(script.digest + script.filename for _, script in self.sides)
        own = Counter(claim.name for claim, _ in self.sides)
        pairs = _pairs(len(self.sides)) - sum(map(_pairs, (*alike.values(), *own.values())))
        return pairs + (len(self.sides) if self.holder else 0)


class Radar(NamedTuple):
    """What all unmerged branches mean for each other.

    `rivals` are the numbers over which there is a clash. `landing` is an order in which the fewest
    have to renumber; `renumbering` are those that do.
    """

    claims: tuple[Claim, ...]
    rivals: tuple[Rivals, ...]
    next_free: int
    landing: tuple[Claim, ...]
    renumbering: frozenset[Claim]

    @property
    def clashes(self) -> list[Clash]:
        """Every clash, by number."""
        found = [clash for rivals in self.rivals for clash in rivals.clashes]
        return sorted(found, key=lambda clash: (clash.number, clash.claim.name))

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
    rivals = tuple(_rivals(base, claims))
    return Radar(claims, rivals, max(last, highest) + 1, landing, renumbering)


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


def _rivals(base: Snapshot, claims: Sequence[Claim]) -> Iterator[Rivals]:
    published: dict[int, Script] = {}
    for script in base.ordered():
        published.setdefault(script.number, script)
    by_number: dict[int, list[tuple[Claim, Script]]] = {}
    for claim in claims:
        for script in claim.scripts:
            by_number.setdefault(script.number, []).append((claim, script))
    for number, sides in sorted(by_number.items()):
        found = Rivals(number, published.get(number), tuple(sides))
        if found.how_many:
            yield found


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


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
    """Lets whoever fits land, and where nobody does, who has the highest number renumber."""
    waiting = sorted(claims, key=lambda claim: (claim.scripts[0].number, len(claim.scripts)))
    by_number: dict[int, list[Claim]] = {}
    for claim in waiting:
        for script in claim.scripts:
            by_number.setdefault(script.number, []).append(claim)
    order: list[Claim] = []
    gone: set[str] = set()
    landed: set[str] = set()
    while len(order) < len(claims):
        # Who fits has the next number; it costs a look at those only, and not at all who wait.
        near = by_number.get(last + len(landed) + 1, ())
        fits = (c for c in near if c.name not in gone and _fits(c, last, landed))
        chosen = next(fits, None)
        while chosen is None:
            tail = waiting.pop()
            chosen = tail if tail.name not in gone else None
        gone.add(chosen.name)
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
