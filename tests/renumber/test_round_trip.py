"""Random clashes: after `tsm renumber` all is in order, and nothing is lost.

500 are checked out for real, 5,000 with TSM_TEST_PROFILE=long. Ten (twenty) times as many are renumbered
as trees: what tsm says is to move is moved in a new commit, and tsm and the oracle judge that.
`clash(seed)` tells one again.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.harness.gitenv import GitEnv
from tests.oracle.agreement import answers
from tests.oracle.cases import cases
from tests.oracle.desks import write_ledger
from tests.oracle.fastimport import Repository
from tests.oracle.graph import Commit, History, Tree
from tests.oracle.oracle import Row
from tsm_git.commands.check import CheckRequest, check
from tsm_git.commands.gathering.project import Project, open_project
from tsm_git.commands.renumber import carry_out, plan
from tsm_git.core.script import parse_number

LONG = os.environ.get("TSM_TEST_PROFILE") == "long"
CHUNKS, SIZE = (20, 250) if LONG else (4, 125)
IN_COMMITS, AT_ONCE = (100_000, 5_000) if LONG else (5_000, 2_500)
FIRST = int(os.environ.get("TSM_TEST_SEED", "0")) * 1_000_000 if LONG else 0

FOLDER = "app.sqlite.migrations"
NAMES = ("fix", "mail", "it's", "größe")
NOW = "2026-01-01T00:00:00+00:00"
OUT_OF_ORDER = {"TSM102", "TSM103", "TSM204", "TSM205"}


class Clash(NamedTuple):
    """What is published, what the branch drafts and where each draft is, and what production ran.

    Names are file names. `common` were published when the branch left base; `merged` tells that
    base is merged already.
    """

    seed: int
    common: dict[str, bytes]
    gained: dict[str, bytes]
    drafts: dict[str, bytes]
    places: dict[str, str]
    ran: tuple[str, ...]
    merged: bool

    @property
    def published(self) -> dict[str, bytes]:
        """All that base holds."""
        return self.common | self.gained

    @property
    def deployed(self) -> set[str]:
        """The drafts that production ran."""
        return self.drafts.keys() & set(self.ran) - self.published.keys()

    @property
    def moving(self) -> list[str]:
        """The drafts that production has not run, in order."""
        return sorted(self.drafts.keys() - self.deployed, key=lambda name: (number(name), name))


def number(name: str) -> int:
    """The number of a file name."""
    return parse_number(name) or 0


def clash(seed: int) -> Clash:
    """The clash of this seed."""
    rng = random.Random(seed)
    width = rng.choice((3, 3, 3, 1, 4))
    first_draft, last = rng.randrange(1, 5), rng.randrange(0, 8)
    last = max(last, first_draft - 1)

    def named(value: int) -> str:
        return f"{value:0{width}}.{rng.choice(NAMES)}.sql"

    published = {named(value): text(f"p{value}", rng) for value in range(1, last + 1)}
    common = {name: data for name, data in published.items() if number(name) < first_draft}
    gained = {name: data for name, data in published.items() if name not in common}
    drafts: dict[str, bytes] = {}
    value = first_draft
    for index in range(rng.randrange(1, 6)):
        name = named(max(1, value))
        value += rng.choice((1, 1, 1, 1, 1, 0, 2, -2))
        if name not in drafts and name not in common:
            drafts[name] = text(f"d{index}", rng)
    kinds = rng.choice((("committed",), ("untracked",), ("committed", "staged", "untracked")))
    places = {name: rng.choice(kinds) for name in drafts}
    merged = rng.random() < 0.4 and not drafts.keys() & gained.keys()
    ran: tuple[str, ...] = ()
    if rng.random() < 0.3:
        free = [name for name in drafts if number(name) == last + 1]
        ran = (*published, *(free if len(free) == 1 and rng.random() < 0.5 else ()))
    return Clash(seed, common, gained, drafts, places, ran, merged)


def text(word: str, rng: random.Random) -> bytes:
    """A script that is no other; some have line ends, or a mark, that git does not expect."""
    lines = f"create table [{word}] (id integer primary key);\n-- {rng.random()}\n"
    mark = rng.choice(("", "", "", "\ufeff"))
    return (mark + rng.choice((lines, lines, lines.replace("\n", "\r\n")))).encode()


def history(told: Clash) -> History:
    """The commits: where the branch left, base's tip, and the branch's."""
    left: Tree = {"README.md": b"hello\n", **in_folder(told.common)}
    base: Tree = {**left, **in_folder(told.gained)}
    committed = {n: data for n, data in told.drafts.items() if told.places[n] == "committed"}
    branch: Tree = {**left, **in_folder(committed)}
    commits = [
        Commit(left, (), "main: begin"),
        Commit(base, (0,), "main: publish"),
        Commit(branch, (0,), "ada: draft"),
    ]
    if told.merged:
        commits.append(Commit(branch | base, (2, 1), "ada: merge main"))
    return History(told.seed, (FOLDER,), tuple(commits), 1, len(commits) - 1)


def in_folder(scripts: dict[str, bytes]) -> dict[str, bytes]:
    """The same scripts by path."""
    return {f"{FOLDER}/{name}": data for name, data in scripts.items()}


def lay_out(repository: Repository, told: Clash, ids: Sequence[str]) -> None:
    """Check the branch out, and put the drafts where they are."""
    repository.git("update-ref", "--no-deref", "HEAD", ids[-1])
    repository.git("read-tree", "--reset", "-u", ids[-1])
    repository.git("clean", "--quiet", "-d", "--force")
    folder = repository.path / FOLDER
    folder.mkdir(exist_ok=True)
    for name, data in told.drafts.items():
        if told.places[name] != "committed":
            (folder / name).write_bytes(data)
    staged = [f"{FOLDER}/{n}" for n in told.drafts if told.places[n] == "staged"]
    if staged:
        repository.git("add", "--", *staged)
    ref = repository.path / "app.sqlite.ref"
    ref.unlink(missing_ok=True)
    if told.ran:
        every = told.drafts | told.published
        rows = [Row(number(n), n, every[n].decode()) for n in told.ran]
        write_ledger(ref, tuple(rows))


def on_disk(top: Path) -> dict[str, bytes]:
    """What lies in the folder."""
    return {path.name: path.read_bytes() for path in (top / FOLDER).iterdir()}


def in_index(repository: Repository) -> dict[str, str]:
    """What the index holds of the folder: name -> blob."""
    said = repository.git("ls-files", "--stage", "-z", "--", f"{FOLDER}/").decode()
    found = {}
    for entry in said.split("\0")[:-1]:
        facts, _, path = entry.partition("\t")
        found[path.rpartition("/")[2]] = facts.split(" ")[1]
    return found


def problems(repository: Repository, project: Project, told: Clash, base: str) -> Iterator[str]:
    """What is wrong after the renumbering, in words."""
    before, staged = on_disk(repository.path), in_index(repository)
    carry_out(project, plan(project, base, None), NOW)
    after = on_disk(repository.path)
    report = check(project, CheckRequest(base=base, annotate=False))
    wrong = [(f.code, f.subject) for d in report.databases for f in d.findings]
    if found := [finding for finding in wrong if finding[0] in OUT_OF_ORDER]:
        yield f"check says {found}"
    if sorted(before.values()) != sorted(after.values()):
        yield "texts have changed"
    for name in before.keys() - told.drafts.keys() | told.deployed:
        if after.get(name) != before[name]:
            yield f"published {name} has changed"
    by_text = {data: name for name, data in after.items()}
    order = [number(by_text[told.drafts[name]]) for name in told.moving]
    last = max([number(name) for name in (*told.published, *told.ran)], default=0)
    if order != list(range(last + 1, last + 1 + len(order))):
        yield f"drafts are {order} after {last}"
    moved = {name: by_text[data] for name, data in told.drafts.items()}
    expected = {moved.get(name, name): blob for name, blob in staged.items()}
    if in_index(repository) != expected:
        yield f"the index holds {sorted(in_index(repository))}, not {sorted(expected)}"
    if any(one.renames for one in plan(project, base, None)):
        yield "a second run would move something"


@pytest.mark.slow
@pytest.mark.parametrize(
    "seeds",
    [range(start, start + SIZE) for start in range(FIRST, FIRST + CHUNKS * SIZE, SIZE)],
    ids=lambda seeds: f"seeds {seeds.start} to {seeds.stop - 1}",
)
def test_after_a_renumbering_all_is_in_order(
    tmp_path: Path, env: GitEnv, seeds: Sequence[int]
) -> None:
    clashes = [clash(seed) for seed in seeds]
    repository = Repository(tmp_path / "all", env, bare=False)
    (repository.path / ".git/info").mkdir(exist_ok=True)
    (repository.path / ".git/info/exclude").write_text("*.sqlite.ref\n")
    ids = repository.write([history(told) for told in clashes])
    found = []
    with closing(repository), open_project(repository.path) as project:
        for told, commits in zip(clashes, ids, strict=True):
            lay_out(repository, told, commits)
            found += [f"{told}\n  {p}" for p in problems(repository, project, told, commits[1])]
    assert not found, f"{len(found)} problems; the shortest:\n{min(found, key=len)}"


@pytest.mark.slow
@pytest.mark.parametrize("first", range(FIRST, FIRST + IN_COMMITS, AT_ONCE))
def test_what_is_to_move_is_in_order_when_it_has_moved(
    tmp_path: Path, env: GitEnv, first: int
) -> None:
    clashes = [as_commits(clash(seed)) for seed in range(first, first + AT_ONCE)]
    repository = Repository(tmp_path / "all.git", env)
    before = [history(told) for told in clashes]
    ids = repository.write(before)
    with closing(repository), open_project(repository.path) as project:
        moves = [moved(project, one, commits) for one, commits in zip(before, ids, strict=True)]
        after = list(map(renamed, before, moves))
        ids = repository.write(after)
        oracle = [
            {code for verdict in answers(of_folders).values() for code, _ in verdict.problems}
            for of_folders in cases(repository, after, ids)
        ]
        found = [
            f"{told}\n  {problem}"
            for told, one, renames, commits, codes in zip(
                clashes, after, moves, ids, oracle, strict=True
            )
            for problem in (
                *([f"the oracle says {codes}"] if codes & OUT_OF_ORDER else []),
                *problems_of_commits(project, told, one, renames, commits),
            )
        ]
    assert not found, f"{len(found)} problems; the shortest:\n{min(found, key=len)}"
    assert sum(map(bool, moves)) > AT_ONCE // 2


def as_commits(told: Clash) -> Clash:
    """The same clash with every draft committed, and no production."""
    return told._replace(places=dict.fromkeys(told.drafts, "committed"), ran=())


def moved(project: Project, one: History, commits: Sequence[str]) -> dict[str, str]:
    """What tsm would move: old name -> new name."""
    request = CheckRequest(head=commits[-1], base=commits[one.base], annotate=False)
    return {
        move.script.filename: move.filename
        for database in check(project, request).databases
        for move in database.comparison.moves
    }


def renamed(one: History, moves: dict[str, str]) -> History:
    """The history with one commit more, which makes the moves."""
    tree = {
        f"{FOLDER}/{moves.get(path.removeprefix(f'{FOLDER}/'), path.removeprefix(f'{FOLDER}/'))}"
        if path.startswith(FOLDER)
        else path: data
        for path, data in one.commits[-1].tree.items()
    }
    commits = (*one.commits, Commit(tree, (len(one.commits) - 1,), "ada: renumber"))
    return History(one.seed, one.folders, commits, one.base, len(commits) - 1)


def problems_of_commits(
    project: Project, told: Clash, one: History, renames: dict[str, str], commits: Sequence[str]
) -> Iterator[str]:
    """What is wrong with the commit that made the moves, in words."""
    request = CheckRequest(head=commits[-1], base=commits[one.base], annotate=False)
    (report,) = check(project, request).databases
    if wrong := [f.code for f in report.findings if f.code in OUT_OF_ORDER]:
        yield f"check says {wrong}"
    if report.comparison.moves:
        yield "a second run would move something"
    if stray := renames.keys() - told.drafts.keys():
        yield f"published {sorted(stray)} would move"
    names = [renames.get(name, name) for name in told.moving]
    last = max(map(number, told.published), default=0)
    if list(map(number, names)) != list(range(last + 1, last + 1 + len(names))):
        yield f"drafts are {names} after {last}"
    tree = one.commits[-1].tree
    if any(
        tree[f"{FOLDER}/{new}"] != told.drafts[old]
        for old, new in zip(told.moving, names, strict=True)
    ):
        yield "texts have changed"


def test_the_clashes_are_of_all_kinds() -> None:
    told = [clash(seed) for seed in range(CHUNKS * SIZE)]

    assert all(
        sum(kind(one) for one in told) >= len(told) // 20
        for kind in (
            lambda one: one.merged,
            lambda one: bool(one.drafts.keys() & one.gained.keys()),
            lambda one: bool(one.deployed),
            lambda one: len({number(name) for name in one.drafts}) < len(one.drafts),
            lambda one: len({name.partition(".")[2] for name in one.drafts}) < len(one.drafts),
            lambda one: "staged" in one.places.values(),
            lambda one: not one.gained,
        )
    )
