"""Random histories of a small team, as plain values: no git, no files, no clock.

`history(seed)` is the same history for ever, as long as this file is the same. A commit is a tree
with parents and nothing else; a merge commit is a tree that somebody (git, or a person who resolved
a conflict) made of several. Whether a history is right or wrong is not known here.

Each history has its own temper: a few kinds of trouble are likely in it and the others do not
occur, so that most histories have few faults, and each kind meets each other kind somewhere.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterable, Sequence

from tests.oracle.graph import Commit, History, Tree, place_in
from tests.oracle.oracle import Content, Link, normalised, number_of

Deed = Callable[[Tree, str], None]
"""Something that somebody does to the files of a folder."""

Move = Callable[[str], None]
"""Something that happens to a branch."""


def history(seed: int) -> History:
    """The history of this seed."""
    return Team(seed).play()


FOLDERS = (
    "app.sqlite.migrations",
    "data/app.sqlite.migrations",
    "data/app.sqlite3.migrations",
    "my data/kunden.db.migrations",
    "Übersicht/größe.sqlite.migrations",
    "it's/[x]*.sqlite.migrations",
)
NAMES = ("users", "mail", "phone", "add_index", "prüfung", "what's it", "a.b", "x y", "drop-it")
TABLES = ("users", "mail", "orders", "items", "log", "größe")
LINES = (
    "create table {t} (id integer primary key, {c} text);",
    "alter table {t} add column {c} text;",
    "create index {t}_{c} on {t} ({c});",
    "insert into {t} ({c}) values ('{n}');",
    "update {t} set {c} = {n};",
    "delete from {t} where {c} = {n};",
)
COLUMNS = ("name", "phone", "mail", "note", "size")
BAD_NAMES = (
    "{n}.sql",
    "{n}_users.sql",
    "000.zero.sql",
    "{n}a.users.sql",
    "{n}.users.SQL",
    "users.sql",
    "\u0663.users.sql",
    "0000000{n}.users.sql",
    "{n}.two\nlines.sql",
    " {n}.users.sql",
    "+{n}.users.sql",
    "{n}.back\\slash.sql",
    "{n}..sql",
)
NO_SCRIPTS = ("README.md", "{n}.notes.txt", "old/{n}.users.sql", "{n}.users.sql.bak", ".sql~")
EMPTY = (b"", b"\n", b"-- later\n", b";\n", b"/* a\n; b */ -- c\n", b" \t\r\n;;\n")
MARKERS = "<<<<<<< HEAD\n{a}=======\n{b}>>>>>>> other\n"


class Team:
    """Two to four branches, and what their people do to them, one action at a time."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.commits: list[Commit] = []
        self.reach: list[frozenset[int]] = []
        self.tips: dict[str, int] = {}
        self.asked: list[int] = []
        self.folders = tuple(self.rng.sample(FOLDERS, 2 if self.rng.random() < 0.1 else 1))
        self.width = self.rng.choice((3, 3, 3, 3, 1, 4))
        self.temper()

    def temper(self) -> None:
        """Choose what is likely in this history."""
        rng = self.rng
        calm: list[Deed] = [self.add] * 6
        trouble = rng.sample(self.troubles(), rng.choice((0, 1, 1, 2, 2, 3, 4)))
        self.deeds = calm + trouble * rng.choice((1, 2, 3))
        self.carelessness = rng.choice((0.0, 0.0, 0.05, 0.3))  # how often numbers are wrong
        self.evil = rng.choice((0.0, 0.2, 0.7))  # how often a merge is not what git makes
        moves: list[Move] = [*[self.work] * 5, *[self.merge] * 2]
        rare: list[Move] = [
            self.rebase,
            self.cherry_pick,
            self.squash,
            self.one_side,
            self.catch_up,
        ]
        rare += [self.take_back, self.orphan] + [self.octopus, self.criss_cross] * 3
        rare += [self.false_rename] * 4
        self.moves = moves + rng.sample(rare, rng.choice((1, 2, 3))) * rng.choice((1, 2))

    def troubles(self) -> list[Deed]:
        """Everything that somebody may do to the files beside adding a script at the end."""
        common: list[Deed] = [self.edit, self.delete, self.copy, self.swap, self.squeeze_in]
        common += [self.rename_number, self.rename_name, self.rename_both, self.rename_and_edit]
        common += [self.scatter]
        faulty: list[Deed] = [self.bad_name, self.empty, self.markers, self.undecided, self.pad]
        faulty += [self.no_text, self.twin]
        rare: list[Deed] = [self.no_script, self.reencode, self.restore, self.delete_all]
        rare += [self.move_folder]
        return common * 3 + faulty * 3 + rare * 2

    # --- the course of things ---

    def play(self) -> History:
        """Tell the whole history."""
        rng = self.rng
        self.root()
        for _ in range(rng.choice((0, 0, 1, 2))):
            self.work("main")
        for name in ("ada", "ben", "eva")[: rng.choice((1, 1, 2, 3, 3))]:
            self.tips[name] = rng.choice(
                [self.tips["main"], self.tips["main"], *self.tips.values()]
            )
            if rng.random() < 0.8:
                self.work(name)
        for _ in range(rng.choice((1, 2, 3, 4, 6, 9))):
            rng.choice(self.moves)(rng.choice(list(self.tips)))
        base, candidate = self.question()
        return History(self.seed, self.folders, tuple(self.commits), base, candidate)

    def question(self) -> tuple[int, int]:
        """Which commit is the base, and which is the candidate; merges are asked about often."""
        rng = self.rng
        if self.asked and rng.random() < 0.8:
            return self.asked[0], self.asked[1]
        merges = [index for index, commit in enumerate(self.commits) if len(commit.parents) > 1]
        base = self.tips["main"]
        chance = rng.random()
        if chance < 0.1:
            base = rng.choice(list(self.tips.values()))
        elif chance < 0.2:
            base = rng.randrange(len(self.commits))
        elif chance < 0.35 and merges:
            base = self.commits[rng.choice(merges)].parents[0]
        others = [tip for name, tip in self.tips.items() if name != "main"]
        candidate = rng.choice(others)
        chance = rng.random()
        if chance < 0.45 and merges:
            candidate = rng.choice(merges[-2:])
        elif chance < 0.5:
            candidate = rng.randrange(len(self.commits))
        elif chance < 0.55:
            candidate = self.tips["main"]
        return base, candidate

    def root(self) -> None:
        """The first commit of main: some scripts that are published long since."""
        tree: Tree = {"README.md": b"hello\n"}
        for folder in self.folders:
            for _ in range(self.rng.choice((0, 1, 2, 3, 3, 4, 5))):
                self.put(tree, folder, self.last(tree, folder) + 1)
        self.commit("main", tree, (), "begin")

    def commit(self, branch: str, tree: Tree, parents: Sequence[int], what: str) -> int:
        """Record a tree on a branch."""
        index = len(self.commits)
        self.commits.append(Commit(tree, tuple(parents), f"{branch}: {what}"))
        reach = (self.reach[parent] for parent in parents)
        self.reach.append(frozenset({index}).union(*reach))
        self.tips[branch] = index
        return index

    def tree(self, branch: str) -> Tree:
        """A copy of what the branch holds."""
        return dict(self.commits[self.tips[branch]].tree)

    def other(self, branch: str) -> str:
        """Another branch; main more often than the others."""
        others = [name for name in self.tips if name != branch]
        return self.rng.choice(others + ["main"] * (branch != "main"))

    # --- what people do on branches ---

    def work(self, branch: str) -> None:
        """Somebody changes some files and commits."""
        tree = self.tree(branch)
        what = self.change(tree, self.rng.choice((1, 1, 1, 2, 3)))
        self.commit(branch, tree, [self.tips[branch]], what)

    def change(self, tree: Tree, deeds: int) -> str:
        """Change a tree in place and return what was done."""
        done = []
        for _ in range(deeds):
            deed = self.rng.choice(self.deeds)
            deed(tree, self.rng.choice(self.folders))
            done.append(deed.__name__)
        return ", ".join(done)

    def merge(self, branch: str, other: str | None = None) -> None:
        """A merge of another branch; a person decides where both sides changed a file."""
        other = other or self.other(branch)
        ours, theirs = self.tips[branch], self.tips[other]
        if self.rng.random() < 0.1 and ours in self.reach[theirs]:
            self.tips[branch] = theirs  # a fast-forward makes no commit
            return
        tree = self.merged(ours, theirs)
        what = f"merge {other}" + self.spoil(tree, self.tree(other))
        self.commit(branch, tree, (ours, theirs), what)

    def octopus(self, branch: str) -> None:
        """A merge of two other branches at once; one more is begun if there are too few."""
        if len(self.tips) < 3:
            self.tips["kim"] = self.rng.randrange(len(self.commits))
            self.work("kim")
        others = [tip for name, tip in self.tips.items() if name != branch]
        parents = [self.tips[branch], *self.rng.sample(others, min(2, len(others)))]
        if len(set(parents)) < len(parents) or len(parents) < 3:
            return self.merge(branch)
        tree = self.merged(parents[0], parents[1])
        tree = self.three_way(self.base_tree(parents[0], parents[2]), tree, parents[2])
        what = "merge two at once" + self.spoil(tree, self.commits[parents[2]].tree)
        self.commit(branch, tree, parents, what)
        return None

    def criss_cross(self, branch: str) -> None:
        """Two branches that merge each other at the same moment, and then go on."""
        other = self.other(branch)
        for name in (branch, other):
            self.work(name)
        ours, theirs = self.tips[branch], self.tips[other]
        for name, parents in ((branch, (ours, theirs)), (other, (theirs, ours))):
            tree = self.merged(*parents)
            what = "criss-cross merge" + self.spoil(tree, self.commits[parents[1]].tree)
            self.commit(name, tree, parents, what)
        for name in self.rng.choice(((branch,), (other,), (branch, other))):
            self.work(name)

    def one_side(self, branch: str) -> None:
        """`git merge -s ours`, or its opposite: one side is all that is left."""
        other = self.other(branch)
        ours, theirs = self.tips[branch], self.tips[other]
        kept = self.rng.choice((branch, branch, other))
        self.commit(branch, self.tree(kept), (ours, theirs), f"merge {other}, keep only {kept}")

    def false_rename(self, branch: str) -> None:
        """One side moves a script to another name while the other side edits it."""
        other = self.other(branch)
        folder = self.rng.choice(self.folders)
        both = [
            path
            for path in self.scripts(self.tree(branch), folder)
            if self.tree(branch).get(path) == self.tree(other).get(path)
        ]
        if not both:
            return self.merge(branch, other)
        path = max(both, key=lambda path: len(text_of(self.tree(branch)[path])))
        # At both ends of the text git sees no conflict.
        top, end = (0, -1) if self.rng.random() < 0.7 else (None, None)
        here, there = self.tree(branch), self.tree(other)
        content = here.pop(path)
        moved = f"{folder}/{self.name(self.last(here, folder) + 1)}"
        here[moved] = self.rng.choice((content, *[self.edited(content, top)] * 2))
        there[path] = self.edited(there[path], end)
        self.commit(branch, here, [self.tips[branch]], f"move {path!r}")
        self.commit(other, there, [self.tips[other]], f"edit {path!r}")
        if self.rng.random() < 0.2:
            return self.merge(branch, other)
        self.asked = self.rng.sample((self.tips[branch], self.tips[other]), 2)
        return None

    def rebase(self, branch: str) -> None:
        """The branch's own commits once more, on top of another branch."""
        other = self.other(branch)
        onto = self.tips[other]
        own = sorted(self.reach[self.tips[branch]] - self.reach[onto])
        plain = [index for index in own if len(self.commits[index].parents) == 1]
        self.tips[branch] = onto
        for index in plain:
            self.pick(branch, index, f"rebase c{index}")

    def cherry_pick(self, branch: str) -> None:
        """One commit of another branch once more, on this one."""
        plain = [index for index, commit in enumerate(self.commits) if len(commit.parents) == 1]
        if plain:
            index = self.rng.choice(plain)
            self.pick(branch, index, f"cherry-pick c{index}")

    def pick(self, branch: str, index: int, what: str) -> None:
        """Do on this branch what a commit did on its own."""
        commit = self.commits[index]
        before = self.commits[commit.parents[0]].tree
        tree = self.three_way(before, self.tree(branch), index)
        self.commit(branch, tree, [self.tips[branch]], what)

    def squash(self, branch: str) -> None:
        """The work of another branch as one commit that does not know where it came from."""
        other = self.other(branch)
        ours, theirs = self.tips[branch], self.tips[other]
        self.commit(branch, self.merged(ours, theirs), [ours], f"squash {other}")

    def catch_up(self, branch: str) -> None:
        """Merge main and go on."""
        if branch != "main":
            self.merge(branch, "main")
        self.work(branch)

    def take_back(self, branch: str) -> None:
        """`git revert` of an earlier commit."""
        index = self.rng.choice(sorted(self.reach[self.tips[branch]]))
        commit = self.commits[index]
        if not commit.parents:
            return
        tree = self.three_way(commit.tree, self.tree(branch), commit.parents[0])
        self.commit(branch, tree, [self.tips[branch]], f"revert c{index}")

    def orphan(self, branch: str) -> None:
        """A branch that begins anew: no commit in common with any other."""
        if branch == "main" or self.rng.random() < 0.7:
            return self.work(branch)
        tree = self.tree(branch)
        what = self.change(tree, 1)
        self.commit(branch, tree, (), f"begin anew, {what}")
        return None

    # --- merging ---

    def base_tree(self, one: int, other: int) -> Tree:
        """What git would take for the common state of two commits."""
        common = self.reach[one] & self.reach[other]
        return self.commits[max(common)].tree if common else {}

    def merged(self, ours: int, theirs: int) -> Tree:
        """The merge of two commits, file by file."""
        return self.three_way(self.base_tree(ours, theirs), self.commits[ours].tree, theirs)

    def three_way(self, base: Tree, ours: Tree, their_commit: int) -> Tree:
        """What both sides meant; where both changed a file, what a person chose."""
        theirs = self.commits[their_commit].tree
        tree: Tree = {}
        for path in list(dict.fromkeys([*ours, *theirs])):
            mine, other = ours.get(path), theirs.get(path)
            if mine == other or other == base.get(path):
                kept = mine
            elif mine == base.get(path):
                kept = other
            else:
                kept = self.chosen(mine, other)
            if kept is not None:
                tree[path] = kept
        return tree

    def chosen(self, mine: Content | None, other: Content | None) -> Content | None:
        """Which of two contents a person takes."""
        sides = [side for side in (mine, other) if side is not None]
        chance = self.rng.random()
        if chance < 0.15:
            return self.hybrid(sides)
        if chance < 0.2 or not sides:
            return None
        return self.rng.choice(sides)

    def hybrid(self, contents: Sequence[Content]) -> Content:
        """A text that is made of several."""
        lines: list[str] = []
        for content in contents:
            lines += text_of(content).splitlines(keepends=True)[: self.rng.choice((1, 2, 9))]
        return "".join(dict.fromkeys(lines)).encode() + b"-- merged by hand\n"

    def spoil(self, tree: Tree, theirs: Tree) -> str:
        """What goes wrong while a merge is made by hand; the tree is changed in place."""
        rng = self.rng
        if rng.random() >= self.evil:
            return ""
        folder = rng.choice(self.folders)
        paths = self.scripts(tree, folder)
        if not paths:
            return ""
        path = rng.choice([path for path in paths if path in theirs] or paths)
        harm = rng.choice(("lose", "lose", "mix", "mix", "renumber", "rewrite", "work"))
        if harm == "lose":
            del tree[path]
        elif harm == "mix":
            tree[path] = self.hybrid([tree[path], tree[rng.choice(paths)]])
        elif harm == "renumber":
            self.rename_number(tree, folder, path)
        elif harm == "rewrite":
            tree[path] = self.sql()
        else:
            self.change(tree, 1)
        return f", {harm} {path!r}"

    # --- what people do to files ---

    def sql(self) -> bytes:
        """The text of a new script."""
        rng = self.rng
        lines = [f"-- {rng.randrange(1000)}"] if rng.random() < 0.3 else []
        for _ in range(rng.choice((1, 2, 2, 3, 4, 5, 5))):
            line = rng.choice(LINES).format(
                t=rng.choice(TABLES), c=rng.choice(COLUMNS), n=rng.randrange(1000)
            )
            lines.append(line)
        return ("\n".join(lines) + rng.choice(("\n", "\n", "\n", ""))).encode()

    def edited(self, content: Content, where: int | None = None) -> Content:
        """The same script after somebody worked on it, little or much; 0 and -1 are its ends."""
        rng = self.rng
        lines = text_of(content).splitlines()
        at = rng.randrange(len(lines) + 1)
        kind = rng.choice(("insert", "insert", "replace", "remove", "rewrite", "comment", "space"))
        if where is not None:
            at, kind = where % (len(lines) + 1), rng.choice(("insert", "comment"))
        if kind == "insert":
            lines.insert(at, self.sql().decode().splitlines()[-1])
        elif kind == "replace" and lines:
            lines[at - 1] = self.sql().decode().splitlines()[-1]
        elif kind == "remove" and len(lines) > 1:
            del lines[at - 1]
        elif kind == "comment":
            lines.insert(at, f"-- looked at {rng.randrange(1000)}")
        elif kind == "space" and lines:
            lines[at - 1] = rng.choice(("  ", "\t", "")) + lines[at - 1] + "  "
        else:
            return self.sql()
        return ("\n".join(lines) + "\n").encode()

    def last(self, tree: Tree, folder: str) -> int:
        """The highest number in a folder."""
        return max((self.number(path) for path in self.scripts(tree, folder)), default=0)

    def number(self, path: str) -> int:
        """The number of the script at a path."""
        return number_of(path.rpartition("/")[2]) or 0

    def scripts(self, tree: Tree, folder: str) -> list[str]:
        """The paths of all files of a folder that are named like scripts."""
        return [f"{folder}/{name}" for name in place_in(tree, folder) if number_of(name)]

    def some(self, tree: Tree, folder: str) -> str | None:
        """Any script; the later ones more often."""
        paths = sorted(self.scripts(tree, folder), key=self.number)
        return self.rng.choice(paths + paths[-2:]) if paths else None

    def name(self, number: int, name: str | None = None) -> str:
        """A file name with that number, padded as the team is used to."""
        return f"{number:0{self.width}}.{name or self.rng.choice(NAMES)}.sql"

    def put(self, tree: Tree, folder: str, number: int) -> None:
        """A new script with that number."""
        tree[f"{folder}/{self.name(number)}"] = self.sql()

    def next_number(self, tree: Tree, folder: str) -> int:
        """The number that a developer takes: the next one, as a rule."""
        last = self.last(tree, folder)
        if self.rng.random() >= self.carelessness:
            return last + 1
        return max(1, self.rng.choice((last, last + 2, last + 3, self.rng.randint(1, last + 1))))

    def add(self, tree: Tree, folder: str) -> None:
        self.put(tree, folder, self.next_number(tree, folder))

    def squeeze_in(self, tree: Tree, folder: str) -> None:
        """A script below others: in a gap, or where somebody moved away."""
        if path := self.some(tree, folder):
            number = self.number(path)
            if self.rng.random() < 0.6:
                self.move(tree, path, f"{folder}/{self.name(self.last(tree, folder) + 1)}")
            self.put(tree, folder, number)

    def edit(self, tree: Tree, folder: str) -> None:
        if path := self.some(tree, folder):
            tree[path] = self.edited(tree[path])

    def rename_number(self, tree: Tree, folder: str, path: str | None = None) -> None:
        if path := path or self.some(tree, folder):
            name = path.rpartition("/")[2].partition(".")[2].removesuffix(".sql")
            number = self.rng.choice((self.last(tree, folder) + 1, self.rng.randint(1, 6)))
            self.move(tree, path, f"{folder}/{self.name(number, name)}")

    def rename_name(self, tree: Tree, folder: str, path: str | None = None) -> None:
        if path := path or self.some(tree, folder):
            self.move(tree, path, f"{folder}/{self.name(self.number(path))}")

    def rename_both(self, tree: Tree, folder: str, path: str | None = None) -> None:
        if path := path or self.some(tree, folder):
            self.move(tree, path, f"{folder}/{self.name(self.next_number(tree, folder))}")

    def rename_and_edit(self, tree: Tree, folder: str) -> None:
        if path := self.some(tree, folder):
            for _ in range(self.rng.choice((1, 1, 2, 3))):
                tree[path] = self.edited(tree[path])
            renaming = self.rng.choice((self.rename_number, self.rename_name, self.rename_both))
            renaming(tree, folder, path)

    def scatter(self, tree: Tree, folder: str) -> None:
        """A script is gone, and two others might be it."""
        if path := self.some(tree, folder):
            content = tree.pop(path)
            name = path.rpartition("/")[2].partition(".")[2].removesuffix(".sql")
            for _ in range(2):
                number = self.rng.choice((self.number(path), self.next_number(tree, folder)))
                to = self.name(number, self.rng.choice((name, None, None)))
                tree[f"{folder}/{to}"] = self.rng.choice((content, content, self.edited(content)))

    def move(self, tree: Tree, path: str, to: str) -> None:
        """Rename a file, over whatever is there."""
        tree[to] = tree.pop(path)

    def delete(self, tree: Tree, folder: str) -> None:
        if path := self.some(tree, folder):
            del tree[path]

    def delete_all(self, tree: Tree, folder: str) -> None:
        if self.rng.random() < 0.3:
            for path in self.scripts(tree, folder):
                del tree[path]

    def copy(self, tree: Tree, folder: str) -> None:
        if path := self.some(tree, folder):
            tree[f"{folder}/{self.name(self.next_number(tree, folder))}"] = tree[path]

    def swap(self, tree: Tree, folder: str) -> None:
        """Two scripts exchange their texts, or their numbers."""
        paths = self.scripts(tree, folder)
        if len(paths) < 2:
            return
        one, other = self.rng.sample(paths, 2)
        if self.rng.random() < 0.5:
            tree[one], tree[other] = tree[other], tree[one]
            return
        contents = tree.pop(one), tree.pop(other)
        for path, content, number in zip(
            (one, other), contents, (self.number(other), self.number(one)), strict=True
        ):
            name = path.rpartition("/")[2].partition(".")[2].removesuffix(".sql")
            tree[f"{folder}/{self.name(number, name)}"] = content

    def bad_name(self, tree: Tree, folder: str) -> None:
        """A name that is none; sometimes a script gets it that had a good one."""
        number = self.name(self.next_number(tree, folder)).partition(".")[0]
        bad = f"{folder}/{self.rng.choice(BAD_NAMES).format(n=number)}"
        path = self.some(tree, folder)
        if path and self.rng.random() < 0.3:
            self.move(tree, path, bad)
        else:
            tree[bad] = self.sql()

    def no_script(self, tree: Tree, folder: str) -> None:
        """A file in the folder that is none of tsm's business."""
        number = self.name(self.next_number(tree, folder)).partition(".")[0]
        tree[f"{folder}/{self.rng.choice(NO_SCRIPTS).format(n=number)}"] = self.sql()

    def twin(self, tree: Tree, folder: str) -> None:
        """A file beside another that some file systems take for the same."""
        if path := self.some(tree, folder):
            name = path.rpartition("/")[2].removesuffix(".sql")
            form = self.rng.choice((str.upper, str.title, decomposed))
            tree[f"{folder}/{form(name)}.sql"] = self.rng.choice((tree[path], self.sql()))

    def empty(self, tree: Tree, folder: str) -> None:
        path = f"{folder}/{self.name(self.next_number(tree, folder))}"
        tree[(self.rng.random() < 0.3 and self.some(tree, folder)) or path] = self.rng.choice(EMPTY)

    def markers(self, tree: Tree, folder: str) -> None:
        """A conflict that somebody committed, or a line that only looks like one."""
        if path := max(self.scripts(tree, folder), key=self.number, default=None):
            a, b = text_of(tree[path]).rstrip() + "\n", self.sql().decode().rstrip() + "\n"
            text = MARKERS.format(a=a, b=b)
            tree[path] = self.rng.choice(
                (text, text, text, text, f"{a}\n=======\n", f" <<<<<<< {a}")
            ).encode()

    def undecided(self, tree: Tree, folder: str) -> None:
        path = f"{folder}/{self.name(self.next_number(tree, folder))}"
        mark = self.rng.choice(
            ("-- tsm: undecided\n", "-- tsm: undecided\r\n", " -- tsm: undecided\n")
        )
        tree[path] = mark.encode() + self.sql()

    def reencode(self, tree: Tree, folder: str) -> None:
        """The same text in other bytes: no edit."""
        if path := self.some(tree, folder):
            text = text_of(tree[path])
            line_end = self.rng.choice(("\r\n", "\r\n", "\r", "\n"))
            mark = self.rng.choice(("", "\ufeff"))
            tree[path] = (mark + text.replace("\n", line_end)).encode()

    def pad(self, tree: Tree, folder: str) -> None:
        """A number with more or fewer zeros than the others."""
        number = self.next_number(tree, folder)
        digits = self.rng.choice((str(number), f"{number:02}", f"{number:05}"))
        path = self.some(tree, folder)
        if path and self.rng.random() < 0.3:
            name = path.rpartition("/")[2].partition(".")[2]
            self.move(tree, path, f"{folder}/{self.number(path):02}.{name}")
        else:
            tree[f"{folder}/{digits}.{self.rng.choice(NAMES)}.sql"] = self.sql()

    def no_text(self, tree: Tree, folder: str) -> None:
        """A script that is no text: a link, other bytes, or a pointer to elsewhere."""
        path = f"{folder}/{self.name(self.next_number(tree, folder))}"
        if self.rng.random() < 0.4:
            path = self.some(tree, folder) or path
        content: Iterable[Content] = (
            Link("001.users.sql"),
            Link("../elsewhere.sql"),
            "create table größe (id);\n".encode("latin-1"),
            b"select 1;\0\n",
            "select 1;\n".encode("utf-16"),
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        )
        tree[path] = self.rng.choice(list(content))

    def restore(self, tree: Tree, folder: str) -> None:
        """A file as it was in some other commit."""
        earlier = self.rng.choice(self.commits or [Commit(tree, (), "")]).tree
        if path := self.some(earlier, folder):
            tree[path] = earlier[path]

    def move_folder(self, tree: Tree, folder: str) -> None:
        """Another database file, and so another folder for all its scripts."""
        if self.rng.random() < 0.7:
            return
        to = self.rng.choice(FOLDERS)
        if to not in self.folders:
            self.folders = (*self.folders, to)
        for path in self.scripts(tree, folder):
            self.move(tree, path, to + path.removeprefix(folder))


def text_of(content: Content) -> str:
    """The content as a text, whatever it is."""
    if isinstance(content, Link):
        return content.target
    return normalised(content.decode("utf-8", "replace")).replace("\0", "")


def decomposed(name: str) -> str:
    """The name as macOS used to write it."""
    return unicodedata.normalize("NFD", name)
