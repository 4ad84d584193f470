"""Reads places into snapshots: trees, the index, the work tree. Each text is looked at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tsm_git.adapters.files import read_folder
from tsm_git.adapters.git import IndexEntry, Repository
from tsm_git.adapters.git.objects import TreeEntry
from tsm_git.adapters.git.repository import EMPTY_BLOBS
from tsm_git.core.errors import TsmError
from tsm_git.core.script import Content, Flaw, inspected, is_sql, text_of
from tsm_git.core.settings import SUFFIX
from tsm_git.core.snapshot import EMPTY, Snapshot, snapshot
from tsm_git.core.text import shell_quoted

_FLAWS = {
    "120000": Flaw.SYMLINK,
    "40000": Flaw.NOT_A_FILE,
    "040000": Flaw.NOT_A_FILE,
    "160000": Flaw.NOT_A_FILE,
}


class Trees:
    """Snapshots of the folders that commits hold.

    What a blob says is remembered by its id, and a snapshot by the id of its tree: base, merge base
    and HEAD mostly hold the same folder.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._contents: dict[str, Content] = {}
        self._snapshots: dict[str, Snapshot] = {}
        self.latest = EMPTY  # the snapshot made last; the next one is probably like it
        self._blobs: dict[str, str] = {}  # digest -> id of a blob with another text, or SHA-256

    def folders(self, trees: Iterable[str]) -> set[str]:
        """The paths of all folders of scripts below some root trees."""
        objects = self._repository.objects
        return {
            path
            for tree in dict.fromkeys(trees)
            for path, oid in objects.folders(tree, SUFFIX).items()
            if any(map(is_sql, objects.names(oid)))
        }

    def snapshot(self, root: str, folder: str) -> Snapshot:
        """What a root tree holds in a folder."""
        objects = self._repository.objects
        tree = objects.folder(root, folder)
        if tree is None:
            return EMPTY
        if tree not in self._snapshots:
            contents = self.contents(objects.tree(tree))
            self._snapshots[tree] = self.latest = snapshot(contents, like=self.latest)
        return self._snapshots[tree]

    def contents(
        self,
        entries: Iterable[TreeEntry | IndexEntry],
        new: Mapping[str, bytes] | None = None,
    ) -> dict[str, Content]:
        """What the SQL files among some entries say, by name.

        `new` are the bytes of blobs that are not in the repository, by id.
        """
        scripts = [entry for entry in entries if is_sql(entry.name)]
        known = self._contents
        known.update(inspected((new or {}).items()))
        unknown = [entry for entry in scripts if entry.oid not in known]
        self._read(entry.oid for entry in unknown if entry.mode not in _FLAWS)
        return {
            entry.name: Content(entry.oid, _FLAWS[entry.mode])
            if entry.mode in _FLAWS
            else known[entry.oid]
            for entry in scripts
        }

    def learn(self, contents: Iterable[Content]) -> None:
        """Remembers what files on disk say, so that equal blobs need not be read.

        The digest of a text without a byte order mark or CR is the id of its blob. An edited file
        that has one is read under its own id later; nothing is wrong, only slower.
        """
        for content in contents:
            if content.flaw is None:
                self._contents.setdefault(content.digest, content)

    def digest(self, oid: str) -> str:
        """The digest of a blob's text."""
        self._read([oid])
        return self._contents[oid].digest

    def text(self, digest: str) -> str | None:
        """The normalised text with that digest, if a blob has it."""
        name = self._blobs.get(digest, digest)
        (item,) = self._repository.objects.get([name])
        return text_of(item.data) if item and item.kind == "blob" else None

    def _read(self, oids: Iterable[str]) -> None:
        unknown = [oid for oid in oids if oid not in self._contents]
        new = inspected(self._repository.objects.blobs(unknown))
        self._contents.update(new)
        for oid, content in new.items():
            if content.digest != oid:
                self._blobs[content.digest] = oid


class Index:
    """What the index and the work tree hold, read by one git command for all folders."""

    def __init__(self, top: Path, repository: Repository, trees: Trees) -> None:
        self._top = top
        self._repository = repository
        self._trees = trees
        self._entries: dict[str, list[IndexEntry]] = {}
        self._paths: set[str] = set()  # every path that git tracks among those asked for

    def read(self, folders: Iterable[str], *, untracked: bool, discover: bool) -> set[str]:
        """Reads these folders, and all others if wanted; returns the folders there are."""
        known = set(folders)
        pathspecs = [f":(top,literal){path}" for f in sorted(known) for path in database_files(f)]
        pathspecs += [f":(top,literal){folder}/" for folder in sorted(known)]
        if discover:
            pathspecs.append(f":(top,glob)**/*{SUFFIX}/*")
        listing = self._repository.listing(pathspecs, untracked)
        for entry in listing.entries:
            self._paths.add(entry.path)
            folder = entry.path[: -len(entry.name) - 1]
            if is_sql(entry.name) and (folder in known or (discover and _is_folder(folder))):
                self._entries.setdefault(folder, []).append(entry)
            elif ".sql" in folder.lower():  # perhaps a folder that is named like a script
                parts = folder.split("/")
                for count, part in enumerate(parts[1:], start=1):
                    above = "/".join(parts[:count])
                    if is_sql(part) and above in known:
                        posing = entry._replace(path=f"{above}/{part}", name=part, mode="040000")
                        self._entries.setdefault(above, []).append(posing)
        for path in listing.untracked:
            folder, _, name = path.rpartition("/")
            if discover and is_sql(name) and _is_folder(folder):
                self._entries.setdefault(folder, [])
        found = self._entries.keys() - known
        if found:  # which folders there are was not known when the index was asked
            specs = [path for folder in sorted(found) for path in database_files(folder)]
            self._paths.update(self._repository.tracked(specs))
        return known | found

    def tracked(self, folder: str) -> tuple[str, ...]:
        """The files of this folder's database that git tracks."""
        *names, backups = database_files(folder)
        files, inside = frozenset(names), f"{backups}/"
        return tuple(
            sorted(path for path in self._paths if path in files or path.startswith(inside))
        )

    def staged(self, folder: str) -> Snapshot:
        """What a commit made now would hold, as far as it is merged."""
        entries = self._entries.get(folder, [])
        doubtful = [entry.path for entry in entries if entry.oid in EMPTY_BLOBS]
        intended = self._repository.intended(doubtful) if doubtful else ()
        merged = [entry for entry in entries if entry.stage == 0 and entry.path not in intended]
        made = snapshot(self._trees.contents(merged), _unmerged(entries), self._trees.latest)
        self._trees.latest = made
        return made

    def work_tree(self, folder: str) -> Snapshot:
        """What lies on disk, and what a sparse checkout left out."""
        parts = folder.split("/")
        for path in ("/".join(parts[:count]) for count in range(1, len(parts) + 1)):
            if (self._top / path).is_symlink():  # git records the link, and nothing behind it
                raise TsmError(
                    f"`{path}` is a symbolic link, and git does not look behind those",
                    f"put a folder there: `ls -l {shell_quoted(path)}` shows where the link leads",
                )
        entries = self._entries.get(folder, [])
        files = read_folder(self._top / folder)
        self._trees.learn(files.values())
        left_out = [entry for entry in entries if entry.skip_worktree and entry.name not in files]
        contents = {**self._trees.contents(left_out), **files}
        made = snapshot(contents, _unmerged(entries), self._trees.latest)
        self._trees.latest = made
        return made


def database_files(folder: str) -> list[str]:
    """The paths that belong to the database of a folder; the last is the folder of backups."""
    database = folder.removesuffix(SUFFIX)
    sides = ("", "-wal", "-shm", "-journal")
    return [
        *(database + side for side in sides),
        *(f"{database}.ref{side}" for side in sides),
        f"{database}.bak",
    ]


def note_of_replacing(top: Path, database: str) -> Path:
    """Where a run notes which drafts it is about to put one script in the place of."""
    return top / f"{database}.bak" / "replacing.json"


def _is_folder(path: str) -> bool:
    return path.endswith(SUFFIX) and path.rpartition("/")[2] != SUFFIX


def _unmerged(entries: Iterable[IndexEntry]) -> dict[str, frozenset[int]]:
    stages: dict[str, set[int]] = {}
    for entry in entries:
        if entry.stage > 0:
            stages.setdefault(entry.name, set()).add(entry.stage)
    return {name: frozenset(found) for name, found in stages.items()}
