"""The sandbox: what strangers' SQL can reach (nothing), and what it must not refuse."""

from __future__ import annotations

import os
import time
from pathlib import Path

import apsw
import pytest

from tests.sandbox.hostile import HARMLESS, HOSTILE, Hostile
from tests.sandbox.legitimate import LEGITIMATE, START
from tsm_git.adapters.sqlite.sandbox import (
    Back,
    Keep,
    Look,
    Mark,
    RunAll,
    SpoiledImage,
    failure,
    replay,
)
from tsm_git.core.proof.order import Outcome
from tsm_git.core.proof.replay import Limits, Run, Text, Trouble, run_document, run_of

IS_LONG = os.environ.get("TSM_TEST_PROFILE") == "long"
# Generous for what is legitimate: other people's tests run on this machine, too.
PATIENT = Limits(script_seconds=60, seconds=120)
SHORT = Limits(script_seconds=0.5, seconds=1.5)


def runs(*texts: Text, limits: Limits = PATIENT) -> list[Run]:
    """Replay scripts and return how each went."""
    (answer,) = replay([RunAll(texts)], limits)
    assert isinstance(answer, list)
    return answer


def one(sql: str, limits: Limits = PATIENT, *, watched: bool = True) -> Run:
    """Replay one script."""
    (run,) = runs(Text("001.x.sql", sql, watched), limits=limits)
    return run


def test_there_are_as_many_scripts_as_promised() -> None:
    assert len({each.name for each in HOSTILE}) == len(HOSTILE) >= 60
    assert len(LEGITIMATE) >= 60


@pytest.mark.parametrize("watched", [False, True], ids=["whole", "watched"])
@pytest.mark.parametrize("hostile", HOSTILE, ids=[each.name for each in HOSTILE])
def test_a_hostile_script_reaches_nothing(
    hostile: Hostile, watched: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if watched and not IS_LONG and hostile.name not in BOTH_WAYS:
        pytest.skip("one way is enough in a short run")
    outside = tmp_path / "outside"
    outside.mkdir()
    connection = apsw.Connection(str(outside / "victim.sqlite"))
    connection.execute("create table t (a)")
    connection.close()
    before = contents(outside)
    inside = tmp_path / "temporary"
    inside.mkdir()
    monkeypatch.setenv("TMPDIR", str(inside))
    started = time.monotonic()

    run = one(hostile.sql.replace("{dir}", outside.as_posix()), SHORT, watched=watched)

    took = time.monotonic() - started
    assert (run.stop.trouble.value if run.stop else HARMLESS) in hostile.ends, run.stop
    assert contents(outside) == before
    assert list(inside.iterdir()) == []
    if IS_LONG:
        assert took < SHORT.seconds + 1 + START_UP


START_UP = 2  # seconds that a busy machine may take to start a process
BOTH_WAYS = {"attach", "recursion", "commit", "ledger-delete", "zeroblob", "too-many-columns"}


@pytest.mark.parametrize("watched", [False, True], ids=["whole", "watched"])
def test_no_legitimate_script_is_refused(watched: bool) -> None:
    start = Text("000.start.sql", START, watched)
    tasks = [
        task
        for name, sql in LEGITIMATE.items()
        for task in (Back(), RunAll([Text(name, sql, watched)]))
    ]

    answers = replay([RunAll([start]), Mark(), *tasks], PATIENT)

    stopped = [run for answer in answers if isinstance(answer, list) for run in answer if run.stop]
    assert stopped == []
    assert sum(isinstance(answer, list) for answer in answers) == 1 + len(LEGITIMATE)


def test_a_script_of_a_hundred_megabytes_is_not_even_looked_at() -> None:
    fine, huge = runs(
        Text("001.a.sql", "create table a (x);"), Text("002.b.sql", "select 1;\n" * 10_500_000)
    )

    assert fine.stop is None
    assert huge.stop
    assert huge.stop.trouble is Trouble.BUDGET
    assert huge.stop.message == ("it has 100 MiB, and a replay takes scripts of at most 32 MiB")


@pytest.mark.parametrize("watched", [False, True], ids=["whole", "watched"])
@pytest.mark.parametrize(
    ("sql", "line", "column", "message"),
    [
        ("create table t (a);\n  create tabel u (a);", 2, 10, 'near "tabel": syntax error'),
        ("-- ü\nselect 'ü';\ninsert into nowhere\nvalues (1);", 3, 1, "no such table: nowhere"),
        ("create table t (a unique);\n\n /* two */ insert into t\nvalues (1), (1);", 3, 12, "UNIQUE constraint failed: t.a"),
        ("select 1; select 'unfinished", 1, 18, 'unrecognized token: "\'unfinished"'),
        ("create table t (a); insert into t values (?);", 1, 21, "it has a parameter, and nothing gives a script values"),
    ],
)  # fmt: skip
def test_a_failure_is_told_with_its_place(
    sql: str, line: int, column: int, message: str, watched: bool
) -> None:
    run = one(sql, watched=watched)

    assert run.stop
    assert (run.stop.line, run.stop.message) == (line, message)
    # An offset of SQLite's is exact; without one it is the first word of the statement.
    assert run.stop.column == column
    assert str(failure(run)) == f"001.x.sql:{line}:{column}: {message}"


def test_what_follows_a_failure_is_not_run() -> None:
    answers = replay(
        [RunAll([Text("001.a.sql", "nonsense"), Text("002.b.sql", "select 1")]), Look(), Keep()],
        PATIENT,
    )

    assert [type(answer) for answer in answers] == [list, type(None), type(None)]
    assert isinstance(answers[0], list)
    assert [run.path for run in answers[0]] == ["001.a.sql"]


def test_each_statement_is_told_with_what_it_did() -> None:
    run = one(
        "create table a (x, y);\n"
        "insert into a values (1, 2), (3, 4);\n"
        "select * from a;\n"
        "create table b as select x from a;\n"
        "  alter table a drop column y; drop table b;"
    )

    told = [
        (s.line, s.column, [i.name for i in s.gone], [i.name for i in s.made], s.rows, s.alters)
        for s in run.steps
    ]
    assert told == [
        (1, 1, [], ["a"], 0, False),
        (2, 1, [], [], 2, False),
        (4, 1, [], ["b"], 0, False),
        (5, 3, ["a"], ["a"], 0, True),
        (5, 32, ["b"], [], 0, False),
    ]
    assert run.steps[2].read == (("a", "x"),)
    assert ("b", "") in run.steps[2].wrote
    assert [item.columns for item in run.steps[3].made] == [("x",)]
    assert [item.name for item in run.after] == ["a"]


def test_what_is_broken_afterwards_is_told() -> None:
    start = Text("001.a.sql", START)
    (_, run) = runs(
        start,
        Text(
            "002.b.sql",
            "drop table users; insert into posts (user_id) values (9);"
            "create trigger t after insert on posts begin insert into nowhere values (1); end;",
            watched=True,
        ),
    )

    assert run.sick.keys == run.sick.code == ()
    assert [(broken.kind, broken.name, broken.words) for broken in run.health.code] == [
        ("view", "names", "no such table: main.users"),
        ("trigger", "t", "no such table: main.nowhere"),
    ]
    assert [broken.words for broken in run.health.keys] == [
        "it refers to the table `users`, which is gone"
    ]


def test_rows_that_refer_to_nothing_are_counted() -> None:
    (_, run) = runs(
        Text("001.a.sql", START), Text("002.b.sql", "delete from users where id = 1;", watched=True)
    )

    assert [broken.words for broken in run.health.keys] == ["2 rows refer to nothing in `users`"]


def test_equal_scripts_give_equal_databases_whenever_they_run() -> None:
    scripts = [
        Text(f"00{number}.x.sql", f"create table t{number} as select random() r, randomblob(8) b,"
             " datetime('now') d, julianday('now') j, current_timestamp c")
        for number in (1, 2)
    ]  # fmt: skip

    one_way, again = (replay([RunAll(scripts), Look()], PATIENT)[1] for _ in range(2))
    other_way = replay([RunAll(scripts[::-1]), Look()], PATIENT)[1]

    assert isinstance(one_way, Outcome)
    assert one_way == again == other_way
    assert one_way.tables["t1"].rows != one_way.tables["t2"].rows


def test_what_a_script_leaves_on_its_connection_does_not_reach_the_next() -> None:
    ran = runs(
        Text("001.a.sql", "create temp table t (a); pragma legacy_alter_table = on; create table p (a primary key); create table c (a references p);"),
        Text("002.b.sql", "create table t (b); insert into t (b) values (1); alter table p rename to q;"),
        Text("003.c.sql", "select b from t; create view v as select 1 from c;", watched=True),
    )  # fmt: skip

    assert [run.stop for run in ran] == [None, None, None]
    assert [item.sql for item in ran[-1].after if item.name == "c"] == [
        'CREATE TABLE c (a references "q")'
    ]


@pytest.mark.parametrize("watched", [False, True], ids=["whole", "watched"])
def test_a_script_that_asks_for_no_transaction_may_vacuum(watched: bool) -> None:
    ran = runs(
        Text("001.a.sql", START),
        Text(
            "002.b.sql", "pragma journal_mode = wal; vacuum; begin; analyze; commit;", watched, True
        ),
        Text("003.c.sql", "create table t (a);", watched),
    )

    assert [run.stop for run in ran] == [None, None, None]


def test_nor_may_it_reach_another_file(tmp_path: Path) -> None:
    (run,) = runs(Text("001.a.sql", f"vacuum into '{tmp_path.as_posix()}/x'", False, True))

    assert run.stop
    assert run.stop.trouble is Trouble.FORBIDDEN
    assert list(tmp_path.glob("x*")) == []


def test_an_image_goes_on_where_it_was_made() -> None:
    _, image = replay([RunAll([Text("001.a.sql", START)]), Keep()], PATIENT)
    assert isinstance(image, bytes)

    _, going_on = replay([RunAll([Text("002.b.sql", "drop view names")]), Look()], PATIENT, image)
    _, at_once = replay(
        [RunAll([Text("001.a.sql", START), Text("002.b.sql", "drop view names")]), Look()], PATIENT
    )

    assert going_on == at_once


@pytest.mark.parametrize("image", [b"x", b"SQLite format 3\0" + b"\xff" * 5000, b"\0" * 8192])
def test_a_spoiled_image_is_no_fault_of_the_script(image: bytes) -> None:
    with pytest.raises(SpoiledImage):
        replay([RunAll([Text("001.a.sql", "create table t (a)")])], PATIENT, image)


def test_a_run_survives_its_journey() -> None:
    run = one(START + "drop view names; delete from users;")

    assert run_of(run_document(run)) == run


@pytest.mark.parametrize("document", [None, [], {}, {"path": 1}, {"path": "x", "stop": [1, 2]}])
def test_an_answer_of_another_form_is_not_believed(document: object) -> None:
    with pytest.raises(ValueError, match=r"no |unpack"):
        run_of(document)


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file with its bytes."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
