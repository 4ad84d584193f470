"""Stories on which tsm and the oracle once differed, cut down to what mattered.

A seed would not do here: what it tells changes with the generator. Each story says what is right,
and both have to say it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from tests.harness.gitenv import GitEnv
from tests.oracle.agreement import (
    about_desks,
    about_histories,
    about_stopped_merges,
    disagreements,
    needs_merge_tree,
    told,
)
from tests.oracle.desks import INDEX, WORK_TREE, Desk
from tests.oracle.graph import Commit, History, Tree
from tests.oracle.oracle import Content, Link, Row, Verdict

pytestmark = needs_merge_tree

FOLDER = "app.sqlite.migrations"

Files = Mapping[str, Content]
Told = tuple[tuple[int, ...], Files]
"""The parents of a commit, and its scripts."""

USERS = b"create table users (id);\n"
MAIL = b"alter table users add mail;\nupdate users set mail = '';\n"
PHONE = b"alter table users add phone;\nupdate users set phone = '';\n"
SIZE = b"create table size (id);\ncreate index by_size on size (id);\n"
LONG = b"".join(b"insert into users values (%d);\n" % number for number in range(9))


def history(*commits: Told, base: int, candidate: int) -> History:
    """Commits in order; each gives its parents by their places in that order."""
    made = [Commit(tree(files), parents, f"c{at}") for at, (parents, files) in enumerate(commits)]
    return History(0, (FOLDER,), tuple(made), base, candidate)


def tree(files: Files) -> Tree:
    """A commit's tree: a file that never changes, and the scripts."""
    return {"README.md": b"hello\n"} | {f"{FOLDER}/{name}": files[name] for name in files}


def desk(
    *commits: Told,
    base: int,
    head: int,
    index: Files,
    work_tree: Files,
    place: str = WORK_TREE,
    stopped: int | None = None,
    working: Sequence[Row] | None = None,
    ref: Sequence[Row] | None = None,
) -> Desk:
    """A desk over such commits; all of them are on branches."""
    parents = (head,) if stopped is None else (head, stopped)
    commits = (*commits, (parents, index), (parents, work_tree))
    candidate = len(commits) - (1 if place == WORK_TREE else 2)
    return Desk(
        history(*commits, base=base, candidate=candidate),
        head,
        stopped,
        place,
        tuple(range(len(commits) - 2)),
        {} if working is None else {FOLDER: tuple(working)},
        {} if ref is None else {FOLDER: tuple(ref)},
    )


def row(filename: str, script: bytes | None) -> Row:
    """A row of a ledger."""
    return Row(int(filename.partition(".")[0]), filename, script.decode() if script else None)


ONE: Files = {"001.users.sql": USERS}
TWO: Files = {**ONE, "002.mail.sql": MAIL}

HISTORIES: dict[str, tuple[History, set[str]]] = {
    "a file that base added, too, is nobody's successor": (
        history(
            ((), TWO),
            ((0,), {**TWO, "003.phone.sql": PHONE}),
            ((0,), {**ONE, "003.phone.sql": MAIL}),
            base=1,
            candidate=2,
        ),
        {"TSM203 002.mail.sql", "TSM204 003.phone.sql"},
    ),
    "base fills a script that is empty here, with the text of another": (
        history(
            ((), {"001.users.sql": b"-- later\n", "002.mail.sql": MAIL}),
            ((0,), {"001.users.sql": MAIL, "002.mail.sql": MAIL}),
            base=1,
            candidate=0,
        ),
        {"TSM108 001.users.sql", "TSM208 base", "TSM211 002.mail.sql"},
    ),
    "a file with a wrong name has no other fault": (
        history(
            ((), ONE),
            ((0,), {**ONE, "002.mail.SQL": b"\0", "2.sql": b"-- tsm: undecided\n<<<<<<<\n"}),
            base=0,
            candidate=1,
        ),
        {"TSM101 002.mail.SQL", "TSM101 2.sql"},
    ),
    "a file with a wrong name is no twin of another": (
        history(((), TWO), ((0,), {**TWO, "002.mail.SQL": PHONE}), base=0, candidate=1),
        {"TSM101 002.mail.SQL"},
    ),
    "a merge that loses every script, so that no folder is left": (
        history(((), {}), ((0,), ONE), ((0,), {}), ((2, 1), {}), base=0, candidate=3),
        {"TSM209 001.users.sql"},
    ),
    "a script lost in a merge, and another of the same name part": (
        history(
            ((), TWO),
            ((0,), {**TWO, "003.mail.sql": SIZE}),
            ((1, 0), {**ONE, "003.mail.sql": SIZE}),
            base=0,
            candidate=2,
        ),
        {"TSM209 002.mail.sql"},
    ),
    "a script that gets another name and a comment while merging is not lost": (
        history(
            ((), ONE),
            ((0,), {**ONE, "002.mail.sql": MAIL}),
            ((0,), {**ONE, "002.phone.sql": PHONE}),
            ((2, 1), {**ONE, "002.mail.sql": MAIL, "003.phone.sql": b"-- was 2\n" + PHONE}),
            base=1,
            candidate=3,
        ),
        set(),
    ),
    "a conflict between histories that have nothing in common is a conflict": (
        history(
            ((), {**ONE, "002.mail.sql": MAIL}),
            ((), {**ONE, "002.mail.sql": SIZE}),
            ((0, 1), {**ONE, "002.mail.sql": MAIL + SIZE}),
            base=0,
            candidate=2,
        ),
        {"TSM201 002.mail.sql"},
    ),
    "a merge to come follows a rename that nobody made": (
        history(
            ((), {"001.users.sql": LONG}),
            ((0,), {"001.users.sql": LONG + SIZE}),
            ((0,), {"002.mail.sql": MAIL + LONG, "002.crlf.sql": b"select 1;\r\n"}),
            base=1,
            candidate=2,
        ),
        {"TSM202 001.users.sql", "TSM210 002.mail.sql"},
    ),
    "a rename that is taken back while merging loses nothing": (
        history(
            ((), {"001.users.sql": LONG}),
            ((0,), {"002.mail.sql": LONG}),
            ((0,), {"001.users.sql": LONG + SIZE}),
            ((1, 2), {"001.users.sql": LONG + SIZE}),
            base=2,
            candidate=3,
        ),
        set(),
    ),
    "of two scripts of one name only one lives on": (
        history(
            ((), ONE),
            ((0,), {**ONE, "002.x.sql": MAIL}),
            ((0,), {**ONE, "002.x.sql": PHONE}),
            ((1, 2), {**ONE, "002.mail.sql": MAIL + b"-- was x\n"}),
            base=0,
            candidate=3,
        ),
        {"TSM209 002.x.sql"},
    ),
    "a symbolic link in the place of a script": (
        history(
            ((), TWO), ((0,), {**TWO, "002.mail.sql": Link("001.users.sql")}), base=0, candidate=1
        ),
        {"TSM106 002.mail.sql", "TSM203 002.mail.sql"},
    ),
}

EDITED_BY_BASE: tuple[Told, ...] = (
    ((), {"001.users.sql": LONG}),
    ((0,), {"001.users.sql": LONG + SIZE}),
)
CLAIMED: tuple[Told, ...] = (((), ONE), ((0,), {**ONE, "002.mail.sql": MAIL}))

DESKS: dict[str, tuple[Desk, set[str]]] = {
    "base and the work tree claim a name, and production ran base's": (
        desk(
            *CLAIMED,
            base=1, head=0, index=ONE, work_tree={**ONE, "002.mail.sql": SIZE},
            ref=[row("001.users.sql", USERS), row("002.mail.sql", MAIL)],
        ),
        {"TSM204 002.mail.sql"},
    ),
    "base and the index claim a name, and production ran ours": (
        desk(
            *CLAIMED,
            base=1, head=0, index={**ONE, "002.mail.sql": SIZE}, work_tree=ONE, place=INDEX,
            ref=[row("001.users.sql", USERS), row("002.mail.sql", SIZE)],
        ),
        {"TSM204 002.mail.sql"},
    ),
    "a claimed file succeeds nothing of production's either": (
        desk(
            *CLAIMED,
            base=1, head=0, index=ONE, work_tree={**ONE, "002.mail.sql": PHONE},
            ref=[row("001.users.sql", USERS), row("002.phone.sql", PHONE)],
        ),
        {"TSM204 002.mail.sql", "TSM207 002.phone.sql"},
    ),
    "what production ran and no commit has is said once": (
        desk(
            ((), ONE),
            base=0, head=0, index=ONE, work_tree=ONE,
            ref=[row("001.users.sql", USERS), row("002.mail.sql", MAIL)],
            working=[row("001.users.sql", USERS), row("002.mail.sql", MAIL)],
        ),
        {"TSM207 002.mail.sql"},
    ),
    "a row without a text for a file that is gone": (
        desk(
            ((), ONE),
            base=0, head=0, index=ONE, work_tree=ONE,
            ref=[row("001.users.sql", None), row("002.mail.sql", None)],
        ),
        {"TSM203 002.mail.sql"},
    ),
    "a deleted script that the working database knows without its text": (
        desk(
            ((), TWO),
            base=0, head=0, index=TWO, work_tree=ONE,
            working=[row("001.users.sql", USERS), row("002.mail.sql", None)],
        ),
        {"TSM203 002.mail.sql"},
    ),
    "one file does not succeed two published ones": (
        desk(
            ((), TWO),
            base=0, head=0, index=TWO, work_tree={**ONE, "003.mail.sql": MAIL},
            ref=[row("001.users.sql", USERS), row("004.mail.sql", MAIL + b"-- as it ran\n")],
        ),
        {"TSM202 002.mail.sql", "TSM207 004.mail.sql"},
    ),
    "a script that came with a merge commit, on another branch only": (
        desk(
            ((), ONE),
            ((0,), ONE),
            ((0,), ONE),
            ((1, 2), {**ONE, "002.mail.sql": MAIL}),
            base=0, head=0, index=ONE, work_tree=ONE,
            ref=[row("001.users.sql", USERS), row("002.mail.sql", MAIL)],
        ),
        {"TSM208 ref"},
    ),
    "an uncommitted rename that the merge to come would follow": (
        desk(
            *EDITED_BY_BASE,
            base=1, head=0,
            index={"002.mail.sql": MAIL + LONG, "002.crlf.sql": b"select 1;\r\n"},
            work_tree={"001.users.sql": LONG},
            place=INDEX,
        ),
        {"TSM202 001.users.sql", "TSM210 002.mail.sql"},
    ),
    "an uncommitted draft with CRLF in a merge to come": (
        desk(
            *EDITED_BY_BASE,
            base=1, head=0, index={"001.users.sql": LONG},
            work_tree={"002.mail.sql": LONG, "002.crlf.sql": b"select 1;\r\n"},
        ),
        {"TSM202 001.users.sql"},
    ),
    "a merge in progress brings base in, so none is to come": (
        desk(
            *EDITED_BY_BASE,
            ((0,), {"002.mail.sql": MAIL + LONG}),
            base=1, head=2, stopped=1,
            index={"002.mail.sql": MAIL + LONG},
            work_tree={"002.mail.sql": MAIL + LONG},
        ),
        {"TSM202 001.users.sql"},
    ),
    "a merge in progress brings what base is built on": (
        desk(
            *EDITED_BY_BASE,
            ((1,), {"002.phone.sql": PHONE + LONG}),
            ((0,), {"001.users.sql": LONG}),
            base=2, head=3, stopped=1,
            index={"001.users.sql": LONG + SIZE},
            work_tree={"001.users.sql": LONG + SIZE},
        ),
        {"TSM205 001.users.sql", "TSM208 base"},
    ),
    "production ran what a branch holds with other line ends": (
        desk(
            ((), ONE),
            ((0,), {**ONE, "002.mail.sql": b"\xef\xbb\xbf" + MAIL.replace(b"\n", b"\r\n")}),
            base=0, head=0, index=ONE, work_tree=ONE,
            ref=[row("001.users.sql", USERS), row("002.mail.sql", MAIL)],
        ),
        {"TSM208 ref"},
    ),
    "the working database has no say in what is a gap": (
        desk(
            ((), ONE),
            base=0, head=0, index=ONE, work_tree={**ONE, "003.mail.sql": MAIL},
            working=[row("001.users.sql", USERS), row("002.mail.sql", MAIL)],
        ),
        {"TSM103 2", "TSM302 002.mail.sql"},
    ),
    "a folder that is renamed as a whole, and base adds to it": (
        desk(
            ((), {"001.users.sql": LONG, "002.mail.sql": MAIL}),
            ((0,), {"001.users.sql": LONG, "002.mail.sql": MAIL + PHONE, "003.size.sql": SIZE}),
            base=1, head=0, index={}, work_tree={},
        ),
        {"TSM203 001.users.sql", "TSM203 002.mail.sql", "TSM208 base"},
    ),
}  # fmt: skip

STOPPED: tuple[Told, ...] = (
    ((), TWO),
    ((0,), {"002.mail.sql": MAIL + SIZE, "003.x.sql": PHONE}),
    ((0,), {"001.users.sql": LONG, "002.mail.sql": MAIL + PHONE, "003.x.sql": SIZE}),
)


def said_by_oracle(oracle: Mapping[str, Verdict]) -> set[str]:
    """Its verdict on the one database as `"TSM201 001.users.sql"`."""
    return {f"{code} {subject}" for code, subject in oracle[FOLDER].problems}


@pytest.mark.parametrize("name", HISTORIES)
def test_history(tmp_path, name):
    story, expected = HISTORIES[name]
    with about_histories(tmp_path / "all.git", GitEnv(tmp_path), [story]) as questions:
        (question,) = questions
        assert said_by_oracle(question.oracle) == expected
        found = list(disagreements([question]))
    assert not found, told(found)


@pytest.mark.parametrize("name", DESKS)
def test_desk(tmp_path, name):
    story, expected = DESKS[name]
    with about_desks(tmp_path / "all", GitEnv(tmp_path), [story]) as questions:
        (question,) = questions
        assert said_by_oracle(question.oracle) == expected
        found = list(disagreements([question]))
    assert not found, told(found)


@pytest.mark.parametrize("place", [WORK_TREE, INDEX])
def test_of_files_on_which_git_stopped_only_that_is_said(tmp_path, place):
    """Deleted here and edited there, edited on both sides, and added on both sides."""
    story = replace(
        desk(*STOPPED, base=2, head=1, stopped=2, index={}, work_tree={}, place=place), by_git=True
    )
    with about_stopped_merges(tmp_path / "all", GitEnv(tmp_path), [story]) as questions:
        (question,) = questions
        expected = {"TSM104 001.users.sql", "TSM104 002.mail.sql", "TSM104 003.x.sql"}
        assert said_by_oracle(question.oracle) == expected
        found = list(disagreements([question]))
    assert not found, told(found)
