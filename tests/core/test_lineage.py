"""Where an object comes from: scripts are really replayed, what is asked about them is a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsm_git.adapters.sqlite import trail
from tsm_git.core.change.lineage import Subject, find_subject, lineage, told

START = "create table users (id integer primary key, name text);"
REBUILD = (
    "create table fresh (id integer primary key, name text not null);"
    "insert into fresh select * from users; drop table users; alter table fresh rename to users;"
)


def history(wanted: str, *texts: str) -> list[str]:
    """Return what each script did, as `number: words`."""
    scripts = [(f"{number}", text) for number, text in enumerate(texts, start=1)]
    steps = trail.steps(scripts)
    subject = find_subject(steps, wanted)
    assert subject is not None
    events = lineage(steps, subject)
    around = {count for event in events for count in (event.script, event.script + 1)}
    schemas = trail.schemas(scripts, around)
    found = [
        (event.script + 1, told(event, schemas[event.script], schemas[event.script + 1]))
        for event in events
    ]
    return [f"{number}: {', '.join(words)}" for number, words in found if words]


@pytest.mark.parametrize(
    ("wanted", "texts", "expected"),
    [
        ("users", [START], ["1: is new"]),
        ("USERS", [START], ["1: is new"]),
        ("users.name", [START], ["1: is new"]),
        ("users", [START, "create table other (x);"], ["1: is new"]),
        ("users", [START, "alter table users add column mail text;"],
         ["1: is new", "2: column `mail` is new"]),
        ("users.mail", [START, "alter table users add column mail text;"], ["2: is new"]),
        ("users.name", [START, "alter table users add column mail text;"], ["1: is new"]),
        ("users.mail", [START, "alter table users rename column name to mail;"],
         ["1: is new", "2: was `name`"]),
        ("users.name", [START, "alter table users rename column name to mail;"],
         ["1: is new", "2: becomes `users.mail`"]),
        ("people", [START, "alter table users rename to people;"], ["1: is new", "2: was `users`"]),
        ("users", [START, "alter table users rename to people;"],
         ["1: is new", "2: becomes `people`"]),
        ("people.name", [START, "alter table users rename to u2; alter table u2 rename to people;"],
         ["1: is new", "2: was `users`"]),
        ("users", [START, REBUILD], ["1: is new", "2: column `name` becomes NOT NULL"]),
        ("users.name", [START, REBUILD], ["1: is new", "2: becomes NOT NULL"]),
        ("users.id", [START, REBUILD], ["1: is new"]),
        ("users", [START, "drop table users;", START], ["3: is new"]),
        ("users", [START, "drop table users;"], ["1: is new", "2: goes"]),
        ("users.name", [START, "alter table users drop column name;"], ["1: is new", "2: goes"]),
        ("t", [START, "create table t (x); drop table t;"], ["2: is new, and goes again"]),
        ("t", ["create table t (x);", "drop table t;", "create table t (y); drop table t;"],
         ["1: is new", "2: goes"]),
        # The page of a dropped table is given to the next one: that is no rename.
        ("b", ["create table a (x);", "drop table a; create table b (x);"], ["2: is new"]),
        ("i", [START, "create index i on users (name);"], ["2: is new"]),
        ("users", [START, "create index i on users (name);"],
         ["1: is new", "2: index `i` is new"]),
        ("i", [START, "create index i on users (name);", "drop index i; create unique index i on users (name);"],
         ["2: is new", "3: becomes UNIQUE"]),
        ("v", [START, "create view v as select 1;", "drop view v; create view v as select 2;"],
         ["2: is new", "3: its SQL differs"]),
        ("g", [START, "create trigger g after insert on users begin select 1; end;"], ["2: is new"]),
        ("users", [START, "create trigger g after insert on users begin select 1; end;"],
         ["1: is new", "2: trigger `g` is new"]),
        ("notes", ["create virtual table notes using fts5(body);"], ["1: is new"]),
        ("a.b", ['create table "a.b" (x);'], ["1: is new"]),
        ("a.b.x", ['create table "a.b" (x);'], ["1: is new"]),
        ("users", [START, "-- tsm: no-transaction\nvacuum;"], ["1: is new"]),
    ],
)  # fmt: skip
def test_the_history_of_an_object(wanted: str, texts: list[str], expected: list[str]) -> None:
    assert history(wanted, *texts) == expected


def test_the_place_is_that_of_the_statement() -> None:
    steps = trail.steps([("1", "select 1;\n\n  create table t (x);\ncreate index i on t (x);")])

    assert [(step.line, step.column) for step in steps] == [(3, 3), (4, 1)]


@pytest.mark.parametrize("wanted", ["nobody", "users.nobody", "", ".", "sqlite_schema"])
def test_what_never_was(wanted: str) -> None:
    assert find_subject(trail.steps([("1", START)]), wanted) is None


class Model:
    """Tables as a bookkeeper sees them: each with its columns and the scripts it was in.

    One operation a script; what cannot be done is another way to do nothing.
    """

    def __init__(self) -> None:
        self.tables: dict[str, tuple[list[str], list[int]]] = {}
        self.scripts: list[str] = []

    def do(self, operation: str, name: str, other: str) -> None:
        """Write one script, and note in which tables' history it belongs."""
        number = len(self.scripts) + 1
        held = self.tables.get(name)
        text = "select 1;"
        if operation == "create" and held is None:
            text, self.tables[name] = f"create table {name} (id, c0);", (["id", "c0"], [number])
        elif operation == "rename" and held is not None and other not in self.tables:
            text, self.tables[other] = f"alter table {name} rename to {other};", held
            del self.tables[name]
            held[1].append(number)
        elif held is not None:
            columns, history = held
            if operation == "drop":
                text = f"drop table {name};"
                del self.tables[name]
            elif operation == "add":
                columns.append(f"c{number}")
                text = f"alter table {name} add column c{number};"
                history.append(number)
            elif operation == "index":
                text = f"create index i{number} on {name} (id);"
                history.append(number)
            elif operation == "rebuild":
                columns.append(f"c{number}")
                text = (
                    f"create table fresh ({', '.join(columns)}); drop table {name};"
                    f"alter table fresh rename to {name};"
                )
                history.append(number)
        self.scripts.append(text)


NAMES = st.sampled_from(["a", "b", "c"])
OPERATIONS = st.sampled_from(["create", "create", "rename", "drop", "add", "index", "rebuild"])


@given(st.lists(st.tuples(OPERATIONS, NAMES, NAMES), min_size=1, max_size=25))
def test_every_table_has_the_history_that_a_bookkeeper_wrote(
    operations: list[tuple[str, str, str]],
) -> None:
    model = Model()
    for operation in operations:
        model.do(*operation)
    steps = trail.steps([(f"{i}", text) for i, text in enumerate(model.scripts, start=1)])

    for name, (columns, scripts) in model.tables.items():
        subject = find_subject(steps, name)
        assert subject is not None
        assert [event.script + 1 for event in lineage(steps, subject)] == scripts
        for column in columns:
            (made, *_) = lineage(steps, Subject("table", name, column))
            assert made.script + 1 == (scripts[0] if column in ("id", "c0") else int(column[1:]))
