"""Rows that refer to nothing: found before they are committed, and only the new ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.test_applying import rows, run
from tests.harness.project import open_database
from tsm_git.core.errors import ScriptError

SCHEMA = """
create table users (id integer primary key, name text);
create table mail (id integer primary key, user integer references users on delete cascade);
insert into users values (1, 'ada'), (2, 'bob');
insert into mail values (10, 1), (20, 2), (30, null);
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a database of users with mail."""
    path = tmp_path / "app.sqlite"
    assert run(path, SCHEMA, number=1)
    return path


def refusal(path: Path, text: str) -> str:
    """Run a script that has to fail and to leave nothing; return why."""
    before = path.read_bytes()
    with pytest.raises(ScriptError) as failure:
        run(path, text)
    assert path.read_bytes() == before
    assert (failure.value.line, failure.value.column) == (1, 1)
    return failure.value.reason


class TestNewOnes:
    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("delete from users where id = 2;",
             "row 20 of `mail` refers to a row of `users` that is not there"),
            ("insert into mail values (40, 7);",
             "row 40 of `mail` refers to a row of `users` that is not there"),
            ("update mail set user = 9 where id = 10;",
             "row 10 of `mail` refers to a row of `users` that is not there"),
            ("drop table users;",
             "row 10 of `mail` refers to a row of `users` that is not there, "
             "row 20 of `mail` refers to a row of `users` that is not there"),
            ("create table u (id integer primary key, name text); insert into u values (1, 'ada');"
             "drop table users; alter table u rename to users;",
             "row 20 of `mail` refers to a row of `users` that is not there"),
            ("create table log (u references users (name)); insert into log values ('ada');",
             'foreign key mismatch - "log" referencing "users"'),
            ("create table k (a primary key, u references users (id)) without rowid;"
             "insert into k values ('x', 9);",
             "a row of `k` refers to a row of `users` that is not there"),
            ("create trigger t after insert on users begin delete from users where id = 1; end;"
             "insert into users values (3, 'eve');",
             "row 10 of `mail` refers to a row of `users` that is not there"),
        ],
        ids=["delete", "insert", "update", "drop", "rebuild", "mismatch", "no rowid", "trigger"],
    )  # fmt: skip
    def test_they_are_named_and_nothing_is_committed(self, path: Path, text: str, why: str) -> None:
        assert refusal(path, text) == why

    def test_many_are_counted(self, path: Path) -> None:
        many = "insert into mail (user) select 9 from (values (1), (2), (3), (4), (5));"

        assert refusal(path, many).endswith("and 2 more")


class TestOldOnes:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """Return a database in which row 20 refers to nothing, as another program left it."""
        path = tmp_path / "app.sqlite"
        assert run(path, SCHEMA, number=1)
        connection = open_database(path)
        connection.execute("delete from users where id = 2")
        connection.close()
        return path

    @pytest.mark.parametrize(
        "text",
        [
            "insert into mail values (40, 1);",
            "delete from users where id not in (select user from mail where user is not null);",
            "create table m (user references users); insert into m select user from mail;"
            "drop table mail; alter table m rename to mail;",
        ],
        ids=["insert", "delete", "rebuild that gives rows new ids"],
    )
    def test_they_are_none_of_the_script_s_fault(self, path: Path, text: str) -> None:
        assert run(path, text)

    def test_a_new_one_beside_it_is_named_alone(self, path: Path) -> None:
        assert refusal(path, "insert into mail values (40, 7);") == (
            "row 40 of `mail` refers to a row of `users` that is not there"
        )

    def test_a_script_that_runs_a_second_time_has_run_once(self, path: Path) -> None:
        assert run(path, "insert into mail values (40, 1); create table log (x);")

        assert rows(path, "select count(*) from mail where id = 40") == [(1,)]
        assert rows(path, "select id from _migrations") == [(1,), (2,)]
