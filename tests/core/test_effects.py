"""What scripts do to what was there before them, from steps written by hand."""

from __future__ import annotations

import pytest

from tsm_git.core.proof.effects import Loss, losses, mislaid, new_faults, rebuilt
from tsm_git.core.proof.replay import Broken, Item, Run, Step

USERS = Item("table", "users", "users", "create table users (id, mail)", ("id", "mail"))
INDEX = Item("index", "by_mail", "users", "create index by_mail on users (mail)")


def table(name: str, *columns: str, sql: str = "") -> Item:
    """Return a table."""
    return Item("table", name, name, sql or f"create table {name} ({', '.join(columns)})", columns)


def step(line: int, *, gone: tuple[Item, ...] = (), made: tuple[Item, ...] = (), **more) -> Step:
    """Return a statement on that line."""
    return Step(line, 1, gone, made, **more)


def run(*steps: Step, before: tuple[Item, ...] = (USERS,), after: tuple[Item, ...] = ()) -> Run:
    """Return a script."""
    return Run("2.sql", None, steps, before, after)


def lost(*runs: Run) -> list[tuple[int, str, tuple[str, ...]]]:
    """Return line, table and columns of each loss."""
    return [(loss.line, loss.table, loss.columns) for loss in losses(runs)]


class TestLosses:
    def test_nothing(self) -> None:
        assert losses([]) == []

    def test_a_table_dropped(self) -> None:
        assert losses([run(step(3, gone=(USERS,)))]) == [Loss("2.sql", 3, 1, "users")]

    def test_names_compare_without_case(self) -> None:
        copy = step(1, read=(("USERS", "Mail"), ("users", "ID")), wrote=(("kept", ""),))

        assert lost(run(copy, step(2, gone=(USERS,)))) == []

    def test_a_column_that_was_not_copied(self) -> None:
        copy = step(1, read=(("users", "id"),), wrote=(("kept", ""),))

        assert lost(run(copy, step(2, gone=(USERS,)))) == [(2, "users", ("mail",))]

    def test_what_is_written_back_where_it_was_read_is_not_kept(self) -> None:
        update = step(1, read=(("users", "mail"),), wrote=(("users", "mail"),))
        now = table("users", "id")
        drop = step(2, gone=(USERS,), made=(now,), alters=True)

        assert lost(run(update, drop)) == [(2, "users", ("mail",))]

    def test_renames_are_followed(self) -> None:
        people = USERS._replace(name="people", table="people")
        renamed = table("people", "id", "post")
        steps = (
            step(1, gone=(USERS,), made=(people,), alters=True),
            step(2, gone=(people,), made=(renamed,), alters=True),
            step(3, gone=(renamed,), made=(table("people", "id"),), alters=True),
        )

        assert lost(run(*steps)) == [(3, "users", ("mail",))]

    def test_what_drafts_made_is_nobodys(self) -> None:
        fresh = table("fresh", "a")
        wider = table("users", "id", "mail", "phone")
        first = run(step(1, made=(fresh,)), step(2, gone=(USERS,), made=(wider,), alters=True))
        second = run(step(1, gone=(fresh,)), step(2, gone=(wider,), made=(USERS,), alters=True))

        assert lost(first, second) == []

    def test_it_is_told_in_the_script_that_does_it(self) -> None:
        first, second = run(step(1, made=(table("a", "x"),))), run(step(7, gone=(USERS,)))

        assert lost(first, second) == [(7, "users", ())]


class TestRebuilds:
    NEW = table("n", "id", "mail")
    STEPS = (
        step(1, made=(NEW,)),
        step(2, gone=(USERS, INDEX)),
        step(3, gone=(NEW,), made=(USERS,), alters=True),
    )

    def test_it_is_seen(self) -> None:
        assert {name: at.line for name, at in rebuilt(self.STEPS).items()} == {"users": 2}
        assert rebuilt(self.STEPS[:2]) == {}

    @pytest.mark.parametrize(
        ("after", "things"),
        [
            ((USERS,), [("index `by_mail`",)]),
            ((USERS, INDEX), []),
            ((USERS, INDEX._replace(name="other", sql="CREATE INDEX other ON users(mail)")), []),
            ((USERS, INDEX._replace(sql="create index by_mail on users (id)")), [("index `by_mail`",)]),
        ],
    )  # fmt: skip
    def test_an_index_is_missed_unless_it_is_there_again(
        self, after: tuple[Item, ...], things: list[tuple[str, ...]]
    ) -> None:
        found = mislaid(run(*self.STEPS, before=(USERS, INDEX), after=after))

        assert [each.things for each in found] == things

    def test_what_is_dropped_by_itself_is_not_missed(self) -> None:
        steps = (step(1, gone=(INDEX,)), *self.STEPS)

        assert mislaid(run(*steps, before=(USERS, INDEX), after=(USERS,))) == []

    def test_the_mark_of_autoincrement(self) -> None:
        marked = USERS._replace(sql="create table users (id integer primary key autoincrement)")
        ended = run(*self.STEPS, before=(marked,), after=(marked,))
        sets = step(9, wrote=(("sqlite_sequence", "seq"),))

        assert [each.things for each in mislaid(ended)] == [
            ("the mark of AUTOINCREMENT in `sqlite_sequence`",)
        ]
        assert mislaid(ended._replace(steps=(*self.STEPS, sets))) == []


class TestFaults:
    VIEW = Broken("view", "v", "no such table: main.users")

    def lines(self, *steps: Step, broken: Broken = VIEW) -> list[int]:
        """Return the lines that are blamed."""
        return [fault.line for fault in new_faults(run(*steps), (), (broken,))]

    def test_what_was_broken_before_is_nobodys(self) -> None:
        assert list(new_faults(run(), (self.VIEW,), (self.VIEW,))) == []

    def test_the_last_that_made_it_or_dropped_a_table_is_to_blame(self) -> None:
        view = Item("view", "v", "v", "create view v as select * from users")

        assert self.lines(step(1, made=(view,)), step(2, gone=(USERS,)), step(3)) == [2]
        assert self.lines(step(1, gone=(USERS,)), step(2, made=(view,)), step(3)) == [2]

    def test_else_one_that_took_something_or_wrote_it(self) -> None:
        wrote = step(4, wrote=(("posts", "user_id"),))
        posts = Broken("table", "posts", "1 row refers to nothing in `users`")

        assert self.lines(step(2, gone=(INDEX,)), step(3)) == [2]
        assert self.lines(wrote, step(5), broken=posts) == [4]
        assert self.lines(step(5), broken=posts) == [5]
        assert self.lines(broken=posts) == [1]
