"""Gathers the facts about each database of a project. Decides nothing, changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from tsm_git.adapters.files import find_folders, read_bytes, read_folder
from tsm_git.adapters.git import Repository
from tsm_git.adapters.git.entries import Uncommitted
from tsm_git.adapters.git.objects import Commit
from tsm_git.commands.gathering.base import choose_base
from tsm_git.commands.gathering.history import History
from tsm_git.commands.gathering.ledgers import read_ledgers
from tsm_git.commands.gathering.merges import CannotTell, MergeReader, existing
from tsm_git.commands.gathering.places import Index, Trees, database_files, note_of_replacing
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.gathering.request import Gathered, Request
from tsm_git.commands.gathering.texts import Texts, folder_source
from tsm_git.core.errors import GitError, TsmError, UsageError
from tsm_git.core.facts import Base, Facts, Place
from tsm_git.core.merging import Merge
from tsm_git.core.script import normalise
from tsm_git.core.settings import SUFFIX, Settings
from tsm_git.core.snapshot import Snapshot, settled, snapshot
from tsm_git.core.tip import FILENAME


def gather(project: Project, request: Request) -> Gathered:
    """Everything that is known of the project's databases for one judgement."""
    if request.head is not None and request.staged:
        raise UsageError("`--staged` and `--head` are two candidates", "give one of them")
    if project.repository is None:
        return _without_git(project, request)
    if project.is_bare and request.place is not Place.COMMIT:
        raise UsageError(
            "a bare repository has no work tree and no index",
            "run `tsm check --base main --head BRANCH`",
        )
    return _Gatherer(project, project.repository, request).gather()


class _Gatherer:
    """One gathering from a repository; holds what several databases share."""

    def __init__(self, project: Project, repository: Repository, request: Request) -> None:
        self.project = project
        self.repository = repository
        self.request = request
        self.trees = Trees(repository)
        # The branch must not configure the gate that judges it.
        is_gate = request.place is Place.COMMIT
        local = Settings() if is_gate and request.base is not None else project.settings()
        self.base = choose_base(repository, request.base, local.base, project.environ)
        if self.base and request.base is not None:
            self.base = self.base._replace(why=request.base_why)
        self.settings = (
            project.settings_at(self.base.commit.oid) if self.base and is_gate else local
        )
        self.head = self._head()
        self.merge_bases = self._merge_bases()

    def gather(self) -> Gathered:
        """The facts of every database that any place holds."""
        commits = [commit for commit in (self.base and self.base.commit, self.head) if commit]
        commits += self._merged_parents()
        configured = {database.folder for database in self.settings.databases}
        if self.request.folder:
            configured = {self.request.folder}
        folders = configured or self.trees.folders(
            commit.tree for commit in (*commits, *self.merge_bases)
        )
        index = None
        if self.request.place is not Place.COMMIT:
            index = Index(self.project.top, self.repository, self.trees)
            folders = index.read(
                folders,
                untracked=self.request.place is Place.WORK_TREE,
                discover=not configured,
            )
        wanted = chosen(folders, self.request, self.settings)
        return Gathered(
            self.request.place,
            self.settings,
            tuple(self._facts(folder, index) for folder in wanted),
            self.head.oid if self.head else None,
            self.trees,
        )

    def _facts(self, folder: str, index: Index | None) -> Facts:
        database = folder.removesuffix(SUFFIX)
        if self.request.place is Place.WORK_TREE:
            _refuse_half_done(self.project.top, database)
        name, candidate = self._candidate(folder, index)
        tracked = index.tracked(folder) if index else self._tracked_at_head(folder)
        base = self._base(folder)
        on_disk = candidate
        candidate = settled(on_disk, self._sides(folder, base)) if on_disk.unmerged else on_disk
        ledgers = read_ledgers(self.project.top, database, self.request, tracked)
        unseen = dict(ledgers.unseen)
        merges = self._merges(folder, candidate, base, unseen)
        if not self.settings.tip_file:
            unseen["tip"] = "`tip_file` is not set"
        if self.request.radar_at is None:
            unseen["branches"] = "other branches were not asked for"
        if base is None:
            unseen["published"] = unseen["branches"] = "the repository has no commit"
        sources = [self.trees.text, *ledgers.sources]
        if self.request.place is Place.WORK_TREE:
            sources.insert(0, folder_source(self.project.top / folder, on_disk))
        known = [commit.oid for commit in (self.base and self.base.commit, self.head) if commit]
        texts = Texts(sources)
        return Facts(
            database=database,
            folder=folder,
            place=self.request.place,
            candidate=candidate,
            candidate_name=name,
            candidate_revision=self.head.oid if self.head else None,
            base=base,
            merges=merges,
            ref=ledgers.ref,
            working=ledgers.working,
            tracked=tracked,
            tip=self._tip(folder) if self.settings.tip_file else None,
            operation=self.repository.operation() if candidate.unmerged else None,
            head=self._at_head(folder) if self.request.all_places else None,
            staged=index.staged(folder) if index and self.request.all_places else None,
            pushed=self.request.pushed,
            texts=texts,
            whereabouts=History(self.repository, known, texts),
            unseen=unseen,
        )

    def _head(self) -> Commit | None:
        if self.request.head is not None:
            return self.repository.commit(self.request.head)
        return self.repository.head()

    def _merged_parents(self) -> list[Commit]:
        """What a merge brought or brings together: it may have lost a whole folder."""
        if self.head is None:
            return []
        is_commit = self.request.place is Place.COMMIT
        oids = [] if is_commit else self.repository.merge_heads()
        if len(self.head.parents) > 1:
            oids = [*oids, *self.head.parents]
        return [commit for commit in self.repository.commits(oids) if commit]

    def _merge_bases(self) -> list[Commit]:
        if self.base is None or self.head is None:
            return []
        if self.request.pushed:  # whatever the push dropped of base, it has deleted
            return [self.base.commit]
        oids = self.repository.merge_bases(self.base.commit.oid, self.head.oid)
        return existing(self.repository, oids)

    def _candidate(self, folder: str, index: Index | None) -> tuple[str, Snapshot]:
        if index is None:
            root = self.head.tree if self.head else ""
            return self.request.head or "HEAD", self.trees.snapshot(root, folder)
        if self.request.place is Place.INDEX:
            return "the index", index.staged(folder)
        return "the work tree", index.work_tree(folder)

    def _sides(self, folder: str, base: Base | None) -> list[Snapshot]:
        """What a merge that stopped brings together, what is published first."""
        commits = [self.head, *self.repository.commits(self.repository.merge_heads())]
        sides = [self.trees.snapshot(commit.tree, folder) for commit in commits if commit]
        return [base.snapshot, *sides] if base else sides

    def _tip(self, folder: str) -> str | None:
        path = f"{folder}/{FILENAME}"
        if self.request.place is Place.WORK_TREE:
            data = read_bytes(self.project.top / path)
        else:
            root = self.head.tree if self.head else ""
            name = f":{path}" if self.request.place is Place.INDEX else f"{root}:{path}"
            (blob,) = self.repository.objects.get([name])
            data = blob.data if blob else None
        return None if data is None else normalise(data).decode("utf-8", "surrogateescape")

    def _at_head(self, folder: str) -> Snapshot | None:
        return self.trees.snapshot(self.head.tree, folder) if self.head else None

    def _base(self, folder: str) -> Base | None:
        if self.base is None:
            return None
        return Base(
            name=self.base.name,
            oid=self.base.commit.oid,
            why=self.base.why,
            snapshot=self.trees.snapshot(self.base.commit.tree, folder),
            merge_bases=tuple(self.trees.snapshot(m.tree, folder) for m in self.merge_bases),
            merge_base_oid=self.merge_bases[0].oid if self.merge_bases else None,
        )

    def _merges(
        self, folder: str, candidate: Snapshot, base: Base | None, unseen: dict[str, str]
    ) -> tuple[Merge, ...]:
        if self.head is None:
            return ()
        name = self.request.head or "HEAD"
        uncommitted = _UNCOMMITTED[self.request.place]
        reader = MergeReader(self.repository, self.trees, self.head, name, uncommitted)
        try:
            return tuple(reader.merges(folder, candidate, base))
        except CannotTell as reason:
            unseen["merges"] = str(reason)
            return ()

    def _tracked_at_head(self, folder: str) -> tuple[str, ...]:
        if self.head is None:
            return ()
        parent = folder.rpartition("/")[0]
        objects = self.repository.objects
        tree = objects.folder(self.head.tree, parent) if parent else self.head.tree
        held = {entry.name: entry.is_folder for entry in (objects.tree(tree) if tree else ())}
        *files, backups = [(path, path.rpartition("/")[2]) for path in database_files(folder)]
        return tuple(
            path
            for path, name in (*files, backups)
            if name in held and (not held[name] or name == backups[1])
        )


_UNCOMMITTED = {
    Place.WORK_TREE: Uncommitted.ON_DISK,
    Place.INDEX: Uncommitted.STAGED,
    Place.COMMIT: None,
}


def chosen(folders: Collection[str], request: Request, settings: Settings) -> list[str]:
    """The folders that the request means, in order. Raises UsageError where it means none."""
    wanted = sorted(folders)
    if request.database is not None:
        wanted = [f for f in wanted if _names(f, request.database, settings)]
        if not wanted:
            raise _unknown_database(request.database, sorted(folders))
    if len(wanted) != 1 and (request.working or request.ref):
        raise UsageError(
            "`--working` and `--ref` need one database", "name it with `--database NAME`"
        )
    return wanted


def facts_without_git(top: Path, folder: str, request: Request) -> Facts:
    """The facts of one database that no repository is around."""
    database = folder.removesuffix(SUFFIX)
    _refuse_half_done(top, database)
    candidate = snapshot(read_folder(top / folder))
    ledgers = read_ledgers(top, database, request)
    why = "it is not in a git repository"
    unseen = {"git": why, "merges": why, "branches": why, "tip": why, **ledgers.unseen}
    if "ref" in unseen:
        unseen["published"] = f"{why}, and {unseen['ref']}"
    return Facts(
        database=database,
        folder=folder,
        place=Place.WORK_TREE,
        candidate=candidate,
        candidate_name="the folder",
        ref=ledgers.ref,
        working=ledgers.working,
        texts=Texts([folder_source(top / folder, candidate), *ledgers.sources]),
        unseen=unseen,
    )


def _refuse_half_done(top: Path, database: str) -> None:
    """Raises TsmError where a run was killed while it put one script in the place of several."""
    if note_of_replacing(top, database).exists():
        from tsm_git.commands.replacing import refuse_half_done  # hardly ever

        refuse_half_done(top, database)


def _without_git(project: Project, request: Request) -> Gathered:
    if request.place is not Place.WORK_TREE or request.base is not None:
        raise GitError(
            f"`{project.start}` is not in a git repository",
            "run `git init`, or go to the repository first",
        )
    settings = project.settings()
    folders: Sequence[str] = (
        [request.folder] if request.folder else [db.folder for db in settings.databases]
    )
    if not folders:
        found = find_folders(project.top, SUFFIX)
        folders = [path.relative_to(project.top).as_posix() for path in found]
    if not folders:
        raise GitError(
            f"`{project.start}` is not in a git repository and has no folder `X{SUFFIX}`",
            "go to the project that holds the scripts",
        )
    facts = [
        facts_without_git(project.top, folder, request)
        for folder in chosen(folders, request, settings)
    ]
    return Gathered(Place.WORK_TREE, settings, tuple(facts))


def _names(folder: str, wanted: str, settings: Settings) -> bool:
    """Whether a user means this folder's database: by its path, its file name, or its name."""
    database = folder.removesuffix(SUFFIX)
    known = {database, folder, database.rpartition("/")[2]}
    known |= {name for name, path in settings.names.items() if path == database}
    return wanted.removeprefix("./").removesuffix("/") in known


def _unknown_database(wanted: str, folders: Sequence[str]) -> TsmError:
    known = ", ".join(f"`{folder.removesuffix(SUFFIX)}`" for folder in folders)
    return UsageError(
        f"there is no database `{wanted}`",
        f"there is {known}" if known else f"a database X needs a folder `X{SUFFIX}` with scripts",
    )
