"""Snapshots: all scripts as one place has them, and the merge of three.

A snapshot holds names and digests; the texts are fetched by digest when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from tsm_git.core.record import NamedTuple
from tsm_git.core.script import Content, Script, parse_number


class Snapshot(NamedTuple):
    """What one place holds in the folder of one database.

    `scripts` are the runnable ones by file name. `files` is every file that claims to be SQL, by
    file name, with what its bytes say. `unmerged` are file names that git holds in several
    stages because a merge stopped on them.
    """

    scripts: Mapping[str, Script]
    files: Mapping[str, Content]
    unmerged: Mapping[str, frozenset[int]] = MappingProxyType({})

    def ordered(self) -> list[Script]:
        """The scripts in the order in which they apply."""
        return in_order(self.scripts.values())


EMPTY = Snapshot({}, {})


def snapshot(
    files: Mapping[str, Content],
    unmerged: Mapping[str, frozenset[int]] | None = None,
    like: Snapshot = EMPTY,
) -> Snapshot:
    """The snapshot of a place that holds these SQL files.

    Most places hold mostly the same: scripts that `like` has, too, are taken from there. That
    saves the parsing of names now, and makes the comparisons to come compare equal objects; a
    place that holds the very same is like the other one even in identity.
    """
    if files == like.files:
        return like._replace(unmerged=unmerged or MappingProxyType({}))
    scripts, known = {}, like.scripts
    for filename, content in files.items():
        if content.flaw is not None:
            continue
        script = known.get(filename)
        if script is None or script.digest != content.digest:
            number = parse_number(filename)
            if number is None:
                continue
            script = Script(number, filename, content.digest)
        scripts[filename] = script
    return Snapshot(scripts, files, unmerged or MappingProxyType({}))


def in_order(scripts: Iterable[Script]) -> list[Script]:
    """Scripts by number, then by file name; as numbers, so 1000 follows 999."""
    return sorted(scripts)  # a script begins with its number and its file name


def differing(one: Snapshot, other: Snapshot) -> set[str]:
    """The names of the scripts that only one of two places holds, or both with other texts.

    Nearly always they are few, and what is to be told of two places is told of them.
    """
    ours, theirs = one.scripts, other.scripts
    if ours is theirs:
        return set()
    found = {name for name, script in ours.items() if theirs.get(name) != script}
    return found.union(theirs.keys() - ours.keys())


class Ancestry:
    """What the merge bases held: each file name with every text it had in any of them.

    Criss-cross histories have several merge bases; what one of them knows was known.
    """

    def __init__(self, merge_bases: Iterable[Snapshot]) -> None:
        self._bases = tuple(base.scripts for base in merge_bases)

    def knows(self, filename: str) -> bool:
        """Whether a merge base held a file of that name."""
        return any(filename in scripts for scripts in self._bases)

    def held(self, script: Script) -> bool:
        """Whether a merge base held that file with that very text."""
        return any(
            (found := scripts.get(script.filename)) is not None and found.digest == script.digest
            for scripts in self._bases
        )

    def digests(self, filename: str) -> set[str]:
        """Every text that a merge base held under that name."""
        return {scripts[filename].digest for scripts in self._bases if filename in scripts}

    def named(self, digest: str) -> set[str]:
        """The names under which a merge base held that text."""
        return {
            name
            for scripts in self._bases
            for name, script in scripts.items()
            if script.digest == digest
        }

    def filenames(self) -> set[str]:
        """The names of all files that a merge base held."""
        return {filename for scripts in self._bases for filename in scripts}

    def left_alone(self, filename: str, script: Script | None) -> bool:
        """Whether a side that now has `script` (or nothing) under that name did not touch it."""
        return self.held(script) if script else not self.knows(filename)


def settled(place: Snapshot, preferred: Iterable[Snapshot]) -> Snapshot:
    """The place as if every unmerged file were as the first of `preferred` that holds it has it.

    What a merge stopped on is for the person who resolves it; everything else can be judged.
    """
    if not place.unmerged:
        return place
    scripts = {name: s for name, s in place.scripts.items() if name not in place.unmerged}
    for held in reversed(list(preferred)):
        for name in place.unmerged.keys() & held.scripts.keys():
            scripts[name] = held.scripts[name]
    return place._replace(scripts=scripts)


def merged(ancestry: Ancestry, base: Snapshot, candidate: Snapshot) -> dict[str, Script]:
    """The scripts that a merge of base and candidate will hold, by file name (FORMATS 3.1)."""
    result = dict(candidate.scripts)
    for filename in differing(base, candidate):
        theirs, ours = base.scripts.get(filename), candidate.scripts.get(filename)
        if ancestry.left_alone(filename, theirs):
            continue
        if ancestry.left_alone(filename, ours):
            if theirs:
                result[filename] = theirs
            else:
                del result[filename]
        elif theirs and not ours:
            result[filename] = theirs
    return result
