"""A developer's desk over a random history: work tree, index, a merge in progress, and databases.

`desk(seed)` is a plain value like the history below it. Index and work tree are told as two commits
that nobody made, on top of HEAD, so everything that is known of commits holds for them too.
`Workbench` lays a desk out for real: files, index, refs, `MERGE_HEAD` and SQLite files.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import apsw

from tests.oracle.fastimport import Repository, content_of
from tests.oracle.graph import Commit, History, place_in
from tests.oracle.histories import Team
from tests.oracle.oracle import Content, Link, Row, number_of, scripts_of

Rows = tuple[Row, ...]

WORK_TREE, INDEX, OTHER_INDEX = "the work tree", "the index", "another index"


@dataclass(frozen=True)
class Desk:
    """What a developer has before them; `place` is the candidate.

    The last two commits of the history are the index and the work tree. `stopped` is a commit that
    git is merging into HEAD; `by_git` tells that it has just stopped, so that index and work tree
    are what git left there, and not what those commits hold. A database that is not in `working` or
    `ref` does not exist. Only `branches` have names: a commit that none of them reaches is
    abandoned.
    """

    history: History
    head: int
    stopped: int | None
    place: str
    branches: tuple[int, ...]
    working: Mapping[str, Rows]
    ref: Mapping[str, Rows]
    by_git: bool = False

    @property
    def index(self) -> int:
        """The commit that stands for the index."""
        return len(self.history.commits) - 2

    @property
    def work_tree(self) -> int:
        """The commit that stands for the work tree."""
        return len(self.history.commits) - 1

    def story(self) -> str:
        """The desk for a reader."""
        lines = [self.history.story()]
        lines.append(
            f"  desk({self.history.seed}) HEAD is c{self.head}, the candidate {self.place}"
        )
        lines += [f"  merging c{self.stopped}"] if self.stopped is not None else []
        lines.append("  branches " + ", ".join(f"c{index}" for index in self.branches))
        return "\n".join(lines)


def desk(seed: int) -> Desk:
    """The desk of this seed."""
    team = Team(seed)
    history = team.play()
    rng = random.Random(f"desk {seed}")
    head = history.candidate
    stopped = None
    tree = dict(history.commits[head].tree)
    if rng.random() < 0.2:
        stopped = rng.choice(list(team.tips.values()))
        if stopped in history.reach[head]:
            stopped = None
        else:
            tree = team.merged(head, stopped)
            team.spoil(tree, history.commits[stopped].tree)
    parents = (head,) if stopped is None else (head, stopped)
    index = dict(tree)
    said = team.change(index, rng.choice((0, 0, 1, 2)))
    work = dict(index)
    done = team.change(work, rng.choice((0, 0, 1, 2)))
    place = rng.choice((WORK_TREE, WORK_TREE, WORK_TREE, INDEX, OTHER_INDEX))
    commits = (
        *history.commits,
        Commit(index, parents, f"index: {said}"),
        Commit(work, parents, f"work tree: {done}"),
    )
    candidate = len(commits) - (1 if place == WORK_TREE else 2)
    history = replace(history, folders=team.folders, commits=commits, candidate=candidate)
    tips = {index for index in range(len(commits) - 2) if not _has_child(history, index)}
    branches = {tip for tip in tips if rng.random() < 0.8} | {history.base, head}
    working, ref = {}, {}
    for folder in history.folders:
        if place == WORK_TREE and rng.random() < 0.85:
            working[folder] = ledger(rng, history, rng.choice((head, candidate, candidate)), folder)
        if rng.random() < 0.5:
            of = rng.choice((history.base, history.base, rng.randrange(candidate + 1)))
            ref[folder] = ledger(rng, history, of, folder)
    return Desk(history, head, stopped, place, tuple(sorted(branches)), working, ref)


def stopped_desk(seed: int) -> Desk | None:
    """The desk of this seed right after `git merge`; None where there is nothing to merge.

    Base is a commit that one of the sides has already.
    """
    found = desk(seed)
    history, rng = found.history, random.Random(f"stopped {seed}")
    heads = range(len(history.commits) - 2)
    pairs = [
        (head, other)
        for head in heads
        for other in heads
        if history.merge_bases(head, other) not in ([head], [other], [])
    ]
    if not pairs:
        return None
    head, other = rng.choice(pairs)
    base = rng.choice([other, other, *(history.reach[head] | history.reach[other])])
    nobody = (Commit(history.commits[head].tree, (head, other), "what git left"),) * 2
    return replace(
        found,
        history=replace(history, commits=(*history.commits[:-2], *nobody), base=base),
        head=head,
        stopped=other,
        place=INDEX if found.place == OTHER_INDEX else found.place,
        branches=tuple(sorted({*found.branches, head, other, base})),
        by_git=True,
    )


def ledger(rng: random.Random, history: History, applied: int, folder: str) -> Rows:
    """A database that has applied what some commit held, more or less."""
    scripts = scripts_of(history.place(applied, folder))
    rows: dict[int, Row] = {}
    for filename in sorted(scripts, key=lambda name: (number_of(name) or 0, name)):
        number = number_of(filename) or 0
        rows.setdefault(number, Row(number, filename, scripts[filename]))
    for number in list(rows)[len(rows) - rng.choice((0, 0, 0, 1, 2)) :]:
        del rows[number]
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        _spoil(rng, history, rows)
    if rng.random() < 0.1:
        rows[0] = Row(0, "begin", "create table begin (id)")
        rows[-1] = Row(-1, "000.zero.sql", None)
    return tuple(rows[number] for number in sorted(rows))


def _spoil(rng: random.Random, history: History, rows: dict[int, Row]) -> None:
    """Makes a ledger differ from every commit in one point, perhaps."""
    last = max(rows, default=0)
    some = rng.choice(list(rows)) if rows else 1
    row = rows.get(some, Row(some, f"{some:03}.users.sql", "create table lost (id);\n"))
    elsewhere = [
        (name, text)
        for index in range(len(history.commits))
        for folder in history.folders
        for name, text in scripts_of(history.place(index, folder)).items()
    ]
    match rng.choice(("edit", "rename", "remove", "null", "line ends", "unknown", "elsewhere")):
        case "edit":
            rows[some] = row._replace(script=f"{row.script}-- as it was run\n")
        case "rename":
            rows[some] = row._replace(filename=row.filename.replace(".", ".old_", 1))
        case "remove" if some in rows:
            del rows[some]
        case "null":
            rows[some] = row._replace(script=None)
        case "line ends" if row.script is not None:
            rows[some] = row._replace(script=row.script.replace("\n", "\r\n"))
        case "unknown":
            number = last + rng.choice((1, 1, 2))
            text = f"create table nobody_{rng.randrange(1000)} (id);\n"
            rows[number] = Row(number, f"{number:03}.nobody.sql", text)
        case "elsewhere" if elsewhere:
            name, text = rng.choice(elsewhere)
            number = number_of(name) or 0
            rows[number] = Row(number, name, text)
        case _:
            pass


def _has_child(history: History, index: int) -> bool:
    """Whether a real commit was made on top of this one."""
    return any(index in commit.parents for commit in history.commits[:-2])


class Workbench:
    """A repository with a work tree in which one desk after another is laid out."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.top = repository.path
        self.git_dir = self.top / ".git"

    def lay_out(self, desk: Desk, ids: Sequence[str]) -> Path:
        """Make work tree, index, refs and databases what the desk says; return the index's path."""
        git = self.repository.git
        (self.git_dir / "MERGE_HEAD").unlink(missing_ok=True)
        for entry in self.top.iterdir():
            if entry.name != ".git":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        new = {f"refs/heads/b{tip}": ids[tip] for tip in desk.branches}
        old = set(git("for-each-ref", "--format=%(refname)").decode().split()) - set(new)
        lines = [f"delete {name}\n" for name in old]
        lines += [f"update {name} {commit}\n" for name, commit in new.items()]
        git("update-ref", "--no-deref", "--stdin", stdin="".join(lines).encode())
        git("symbolic-ref", "HEAD", f"refs/heads/b{desk.head}")
        (self.git_dir / "index").unlink(missing_ok=True)
        for suffix, ledgers in (("", desk.working), (".ref", desk.ref)):
            for folder, rows in ledgers.items():
                write_ledger(self.top / (folder.removesuffix(".migrations") + suffix), rows)
        if desk.by_git and desk.stopped is not None:
            git("read-tree", "--reset", "-u", ids[desk.head])
            git("merge", "--quiet", "--no-commit", "--no-ff", ids[desk.stopped], accept=(0, 1))
            return self.git_dir / "index"
        git("read-tree", "--reset", "-u", ids[desk.work_tree])
        used = self.git_dir / ("other-index" if desk.place == OTHER_INDEX else "index")
        git("read-tree", "--reset", ids[desk.index], env={"GIT_INDEX_FILE": str(used)})
        if desk.stopped is not None:
            (self.git_dir / "MERGE_HEAD").write_text(ids[desk.stopped] + "\n")
        return used

    def unmerged(self) -> set[str]:
        """The paths that the index holds in several stages."""
        return {path for _, _, stage, path in self._entries() if stage != "0"}

    def staged(self, folder: str) -> dict[str, Content]:
        """What the index holds directly in a folder, as far as it is merged."""
        return place_in(
            {
                path: content_of(mode, self.repository.read(object_id))
                for mode, object_id, stage, path in self._entries()
                if stage == "0"
            },
            folder,
        )

    def on_disk(self, folder: str) -> dict[str, Content]:
        """What lies directly in a folder of the work tree."""
        top = self.top / folder
        if not top.is_dir():
            return {}
        return {
            path.name: Link(str(path.readlink())) if path.is_symlink() else path.read_bytes()
            for path in top.iterdir()
            if path.is_symlink() or path.is_file()
        }

    def _entries(self) -> list[tuple[str, str, str, str]]:
        said = self.repository.git("ls-files", "--stage", "-z").decode(errors="surrogateescape")
        entries = []
        for entry in said.split("\0")[:-1]:
            facts, _, path = entry.partition("\t")
            mode, object_id, stage = facts.split(" ")
            entries.append((mode, object_id, stage, path))
        return entries


def write_ledger(path: Path, rows: Rows) -> None:
    """A database that has nothing but a ledger."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = apsw.Connection(str(path))
    connection.execute(
        "create table _migrations (filename, script, id integer primary key, started_at, more)"
    )
    for row in rows:
        connection.execute(
            "insert into _migrations (id, filename, script) values (?, ?, ?)",
            (row.id, row.filename, row.script),
        )
    connection.close()
