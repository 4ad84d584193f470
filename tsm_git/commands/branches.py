"""`tsm branches`: the radar over all branches that are not merged into base."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from tsm_git.adapters.git import Repository
from tsm_git.adapters.git.objects import TreeEntry
from tsm_git.adapters.git.refs import Branch
from tsm_git.commands.gathering.gather import gather
from tsm_git.commands.gathering.places import Trees
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.gathering.request import Gathered, Request
from tsm_git.core.comparison import Comparison, Contested
from tsm_git.core.errors import GitError
from tsm_git.core.facts import Base
from tsm_git.core.radar import Radar, claimed, contested, scan
from tsm_git.core.record import NamedTuple
from tsm_git.core.script import Script, parse_number
from tsm_git.core.snapshot import snapshot

DAY = 86400


class Limits(NamedTuple):
    """Which branches count: not older than `max_age` days, and named by none of `ignored`."""

    max_age: float | None = None
    ignored: tuple[str, ...] = ()

    def allow(self, branch: Branch, now: float) -> bool:
        """Whether a branch counts."""
        if self.max_age is not None and now - branch.date > self.max_age * DAY:
            return False
        return not any(
            fnmatchcase(name, pattern)
            for pattern in self.ignored
            for name in (branch.name, branch.short)
        )


class Scan(NamedTuple):
    """The radar of one database, and the branches by name."""

    radar: Radar
    branches: Mapping[str, Branch]


class _Held(NamedTuple):
    """What branches hold that base has not: folder -> branch -> scripts.

    `names` are the branches by name, each with all its names.
    """

    branches: Mapping[str, Branch]
    names: Mapping[str, list[str]]
    scripts: Mapping[str, Mapping[str, list[Script]]]


def scan_branches(
    repository: Repository, trees: Trees, bases: Mapping[str, Base], limits: Limits, now: float
) -> dict[str, Scan]:
    """The radar of several databases, folder -> scan, over the same branches."""
    if not bases:
        return {}
    held = _held(repository, trees, bases, limits, now)
    return {
        folder: Scan(scan(base.snapshot, held.scripts[folder], held.names), held.branches)
        for folder, base in bases.items()
    }


def _held(
    repository: Repository,
    trees: Trees,
    bases: Mapping[str, Base],
    limits: Limits,
    now: float,
    numbers: Collection[int] | None = None,
) -> _Held:
    """Reads every branch, as far as it has scripts with one of these numbers (None: with any).

    Two git processes, however many branches there are; two more where a branch has scripts below
    the last number of base.
    """
    tip = next(iter(bases.values())).oid  # all databases of a project have one base
    root = repository.commit(tip).tree
    branches = [branch for branch in repository.refs.branches(tip) if limits.allow(branch, now)]
    names = _names(branches)
    by_name = {branch.name: branch for branch in branches}
    added = repository.refs.added(root, (branch.tree for branch in branches), sorted(bases))
    if numbers is not None:
        added = {
            tree: {
                folder: [entry for entry in entries if parse_number(entry.name) in numbers]
                for folder, entries in folders.items()
            }
            for tree, folders in added.items()
        }
    stale = _stale(repository, tip, bases, added, branches)
    found: dict[str, dict[str, list[Script]]] = {folder: {} for folder in bases}
    trees.contents([entry for held in added.values() for some in held.values() for entry in some])
    for folder, scripts in found.items():
        for name in names:
            entries = [
                entry
                for entry in added.get(by_name[name].tree, {}).get(folder, ())
                if (f"{folder}/{entry.name}", entry.oid) not in stale
            ]
            if entries:
                scripts[name] = list(snapshot(trees.contents(entries)).scripts.values())
    return _Held(by_name, names, found)


def _stale(
    repository: Repository,
    tip: str,
    bases: Mapping[str, Base],
    added: Mapping[str, Mapping[str, Sequence[TreeEntry]]],
    branches: Sequence[Branch],
) -> set[tuple[str, str]]:
    """What base once had: a branch that is merely behind still has it, and claims nothing by it."""
    last = {
        folder: max((script.number for script in base.snapshot.scripts.values()), default=0)
        for folder, base in bases.items()
    }
    doubtful = {
        tree: paths
        for tree, folders in added.items()
        if (
            paths := {
                f"{folder}/{entry.name}"
                for folder, entries in folders.items()
                for entry in entries
                # A folder within a folder of scripts is not one that was asked for.
                if folder in last and (parse_number(entry.name) or 0) <= last[folder]
            }
        )
    }
    tips = [branch.oid for branch in branches if branch.tree in doubtful]
    return repository.refs.once_held(tip, sorted(set().union(*doubtful.values())), tips)


def _names(branches: Sequence[Branch]) -> dict[str, list[str]]:
    """The branches by name, each with all its names.

    A local branch and the one that it follows are the same branch, and what was committed last is
    what it holds now.
    """
    by_name = {branch.name: branch for branch in branches}
    names = {branch.name: [branch.name] for branch in branches}
    for branch in branches:
        other = by_name.get(branch.upstream)
        if other is not None and other.name in names:
            newer, older = (other, branch) if other.date > branch.date else (branch, other)
            names[newer.name] += names.pop(older.name)
    return names


class Branches(NamedTuple):
    """What `tsm branches` shows of one database; `fetched_at` is in Unix seconds."""

    database: str
    base: Base
    scan: Scan
    fetched_at: float | None


def branches(
    project: Project, base: str | None, database: str | None, limits: Limits | None, now: float
) -> list[Branches]:
    """The radar of every database; without limits those of the configuration. Reads only."""
    request = Request(base=base, database=database, head="HEAD" if project.is_bare else None)
    gathered = gather(project, request)
    bases = {facts.folder: facts.base for facts in gathered.facts if facts.base}
    if project.repository is None or gathered.trees is None:
        raise GitError("there is no git repository here, and so no branches", "run `git init`")
    scans = scan_branches(
        project.repository, gathered.trees, bases, limits or limits_of(gathered), now
    )
    return [
        Branches(
            facts.database,
            bases[facts.folder],
            scans[facts.folder],
            project.repository.fetched_at(),
        )
        for facts in gathered.facts
        if facts.folder in scans
    ]


def limits_of(gathered: Gathered) -> Limits:
    """The limits that the configuration sets."""
    return Limits(gathered.settings.max_branch_age, gathered.settings.ignore_branches)


def contested_drafts(
    project: Project, gathered: Gathered, comparison: Comparison, head: str | None, now: float
) -> tuple[Contested, ...]:
    """The drafts whose number another unmerged branch claims.

    The candidate's own branch, under whatever remote, what it is built on and what is built on it
    are no rivals.
    """
    facts, repository = comparison.facts, project.repository
    if not comparison.drafts or repository is None or gathered.trees is None or not facts.base:
        return ()
    held = _held(
        repository,
        gathered.trees,
        {facts.folder: facts.base},
        limits_of(gathered),
        now,
        {draft.number for draft in comparison.drafts},
    )
    own = _own_names(held.branches.values(), head or repository.current_branch(), gathered.head)
    rivals = claimed(facts.base.snapshot, held.scripts[facts.folder], held.names)
    claims = [
        (draft, other, held.branches[claim.name])
        for draft in comparison.drafts
        for claim, other in contested(rivals, draft, own)
    ]
    if claims and gathered.head:
        committed = gathered.trees.snapshot(repository.commit(gathered.head).tree, facts.folder)
        below, above = repository.refs.below(gathered.head), repository.refs.above(gathered.head)
        claims = [
            (draft, other, branch)
            for draft, other, branch in claims
            if branch.oid not in below
            and not (branch.oid in above and committed.scripts.get(draft.filename) == draft)
        ]
    return tuple(
        Contested(
            draft,
            other,
            branch.name,
            branch.author,
            datetime.fromtimestamp(branch.date, UTC).date().isoformat(),
        )
        for draft, other, branch in claims
    )


def _own_names(found: Iterable[Branch], current: str | None, head: str | None) -> frozenset[str]:
    return frozenset(
        branch.name
        for branch in found
        if branch.oid == head or current in (branch.name, branch.short)
    )
