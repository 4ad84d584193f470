"""What a replay of strangers' scripts saw: values, and how they travel as JSON.

Running them is for `tsm_git.adapters.sqlite.sandbox`; what it means is for `effects`, beside this.
What comes back from the sandbox is believed in its form only: a value of another shape raises
ValueError, never anything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from tsm_git.core.proof.order import Difference, Order
from tsm_git.core.record import NamedTuple


class Limits(NamedTuple):
    """What a replay may use: seconds for one script and for all, bytes of memory and of text."""

    script_seconds: float = 10.0
    seconds: float = 300.0
    heap: int = 256 << 20
    text: int = 32 << 20


class Text(NamedTuple):
    """A script to replay: its path as messages show it, and its normalised text.

    `watched`: it is wanted to know what each statement does, which costs time. `free`: the script
    asks to run outside a transaction.
    """

    path: str
    text: str
    watched: bool = False
    free: bool = False


class Trouble(Enum):
    """Why a script was not run to its end; the value is how it travels."""

    FAILED = "failed"
    FORBIDDEN = "forbidden"
    BUDGET = "budget"


class Stop(NamedTuple):
    """Where a script stopped, and why in words; line and column are 1-based."""

    trouble: Trouble
    line: int
    column: int
    message: str


class Item(NamedTuple):
    """One object of a schema: `table` is what an index or trigger belongs to."""

    kind: str
    name: str
    table: str
    sql: str
    columns: tuple[str, ...] = ()


class Step(NamedTuple):
    """One statement that did something, with its 1-based position.

    `gone` and `made` are the objects that differ before and after it: one that is in both was
    changed. `alters` says that it is an ALTER. `read` and `wrote` are (table, column); the column
    is empty for whole rows. `rows` counts the rows that it inserted, changed and deleted.
    """

    line: int
    column: int
    gone: tuple[Item, ...] = ()
    made: tuple[Item, ...] = ()
    alters: bool = False
    read: tuple[tuple[str, str], ...] = ()
    wrote: tuple[tuple[str, str], ...] = ()
    rows: int = 0


class Broken(NamedTuple):
    """Something that is wrong with a schema or its rows: what it is about, and what is wrong."""

    kind: str
    name: str
    words: str


class Health(NamedTuple):
    """What is wrong in a database: foreign keys, and views and triggers that do not compile."""

    keys: tuple[Broken, ...] = ()
    code: tuple[Broken, ...] = ()


class Count(NamedTuple):
    """How many rows a table had before and after a script; -1 where it was not there."""

    table: str
    before: int
    after: int
    by_trigger: bool = False


class Shrunk(NamedTuple):
    """A column whose values became fewer (NULL where there was one), or shorter in bytes."""

    table: str
    column: str
    emptied: int
    shortened: int


class Survey(NamedTuple):
    """What a script cost and did to real rows: seconds, and bytes of the database before and after.

    A table whose rows it has not touched is not among the counts.
    """

    seconds: float = 0.0
    before: int = 0
    after: int = 0
    counts: tuple[Count, ...] = ()
    shrunk: tuple[Shrunk, ...] = ()


class Run(NamedTuple):
    """One script as it was run; what was not watched has no steps and no health.

    `before` and `after` are the schema, of the first script, the last, and any that makes a table
    anew. `altered` is what tables that were made anew have no longer: table, and what in words. The
    `survey` is of a rehearsal.
    """

    path: str
    stop: Stop | None = None
    steps: tuple[Step, ...] = ()
    before: tuple[Item, ...] = ()
    after: tuple[Item, ...] = ()
    sick: Health = Health()  # before it
    health: Health = Health()  # after it
    altered: tuple[tuple[str, str], ...] = ()
    survey: Survey | None = None


class Refused(NamedTuple):
    """An object that a release of SQLite cannot read, and what that release says."""

    kind: str
    name: str
    release: str
    words: str


class Replayed(NamedTuple):
    """What a replay of the published scripts and of the drafts behind them saw.

    `published` is the published script that stopped it, before any draft was run; `drafts` are the
    drafts up to the first that stopped. `order` compares the drafts' author's order with the one
    to come, where base has gained scripts since. `edits` says of scripts that were edited though
    they had run, by file name, what the edit does. `min_sqlite` is what the project supports, and
    `refused` what the drafts leave that such a release was asked about and cannot read.
    """

    drafts: tuple[Run, ...] = ()
    published: Run | None = None
    order: Difference | None = None
    edits: tuple[tuple[str, str], ...] = ()
    min_sqlite: str | None = None
    refused: tuple[Refused, ...] = ()


def replayed_document(replayed: Replayed) -> dict[str, object]:
    """What a replay saw as plain values, for JSON; what the project supports apart."""
    order = replayed.order
    return {
        "drafts": [run_document(run) for run in replayed.drafts],
        "published": replayed.published and run_document(replayed.published),
        "order": order and [order.order.name, order.words],
        "edits": replayed.edits,
    }


def replayed_of(document: object) -> Replayed:
    """What plain values describe. Raises ValueError where they do not."""
    try:
        found = _mapping(document)
        published, order = found["published"], found["order"]
        return Replayed(
            tuple(run_of(run) for run in _list(found["drafts"])),
            None if published is None else run_of(published),
            None if order is None else _difference(*_list(order)),
            _pairs(found["edits"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"no replay: {error!r}") from error


def _difference(name: object, words: object) -> Difference:
    return Difference(Order[_text(name)], _texts(words))


def run_document(run: Run) -> dict[str, object]:
    """A run as plain values, for JSON."""
    stop = run.stop
    return {
        "path": run.path,
        "stop": stop and [stop.trouble.value, stop.line, stop.column, stop.message],
        "steps": [
            [s.line, s.column, s.gone, s.made, s.alters, s.read, s.wrote, s.rows] for s in run.steps
        ],
        "before": run.before,
        "after": run.after,
        "sick": run.sick,
        "health": run.health,
        "altered": run.altered,
        "survey": run.survey,
    }


def run_of(document: object) -> Run:
    """The run that plain values describe. Raises ValueError where they do not."""
    try:
        return _run(_mapping(document))
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"no run of a script: {error!r}") from error


def _run(document: Mapping[str, object]) -> Run:
    stop = document["stop"]
    return Run(
        _text(document["path"]),
        None if stop is None else _stop(stop),
        tuple(_step(step) for step in _list(document["steps"])),
        _items(document["before"]),
        _items(document["after"]),
        _health(document["sick"]),
        _health(document["health"]),
        _pairs(document["altered"]),
        None if document["survey"] is None else _survey(document["survey"]),
    )


def _survey(value: object) -> Survey:
    seconds, before, after, counts, shrunk = _list(value)
    if not isinstance(seconds, (int, float)):
        raise ValueError("no number")
    return Survey(
        float(seconds),
        _number(before),
        _number(after),
        tuple(
            Count(_text(table), _number(was), _number(now), bool(by_trigger))
            for table, was, now, by_trigger in map(_list, _list(counts))
        ),
        tuple(
            Shrunk(_text(table), _text(column), _number(emptied), _number(shortened))
            for table, column, emptied, shortened in map(_list, _list(shrunk))
        ),
    )


def _stop(value: object) -> Stop:
    trouble, line, column, message = _list(value)
    return Stop(Trouble(_text(trouble)), _number(line), _number(column), _text(message))


def _step(value: object) -> Step:
    line, column, gone, made, alters, read, wrote, rows = _list(value)
    return Step(
        _number(line),
        _number(column),
        _items(gone),
        _items(made),
        bool(alters),
        _pairs(read),
        _pairs(wrote),
        _number(rows),
    )


def _items(value: object) -> tuple[Item, ...]:
    return tuple(_item(_list(each)) for each in _list(value))


def _item(value: Sequence[object]) -> Item:
    kind, name, table, sql, columns = value
    return Item(_text(kind), _text(name), _text(table), _text(sql), _texts(columns))


def _health(value: object) -> Health:
    keys, code = _list(value)
    return Health(_broken(keys), _broken(code))


def _broken(value: object) -> tuple[Broken, ...]:
    return tuple(Broken(*_texts(each)) for each in _list(value))


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    pairs = [_texts(each) for each in _list(value)]
    return tuple((table, column) for table, column in pairs)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_text(each) for each in _list(value))


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, (list, tuple)):
        raise ValueError("no list")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise ValueError("no number")
    return value
