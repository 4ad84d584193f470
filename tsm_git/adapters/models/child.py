"""Turns models into DDL. Runs by its path in the project's own interpreter, Python 3.8 or later.

It stands alone: that interpreter need not have tsm. `run.py` beside it starts it and reads the
answer, one JSON document: `pieces` of DDL, each with where it comes from, or what went wrong. For
classes that a program hands to the Python API, `pieces_of` runs in that program's own process.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import linecache
import os
import re
import sys
import traceback
from collections.abc import Sequence
from typing import Any

# What models of a kind can speak of; what they cannot is none of their business.
TABLES, INDEXES, EVERYTHING = "tables", "indexes", "everything"
_CLASS = re.compile(r"\s*class\s+(\w+)\s*[(:]")
_DEEPEST = 5  # lists in lists, functions that return them


class NoModels(Exception):
    """What was found is no models; the text says what it is."""


def main() -> None:
    """Answers the request in the first argument on standard output."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the models print must not get into the answer
    request = json.loads(sys.argv[1])
    sys.argv = [request["name"]]
    sys.path[:1] = request["paths"]
    try:
        outcome: dict[str, Any] = {"pieces": pieces_of(_requested(request))}
    except NoModels as error:
        outcome = {"wrong": str(error)}
    except BaseException as error:  # SystemExit, too
        outcome = {
            # What TableRow says of a field; by name, for tsm may not be installed here.
            "wrong": str(error) if type(error).__name__ == "ModelsError" else None,
            "raised": traceback.format_exception_only(type(error), error)[-1].split("\n")[0],
            "place": _place_of_error(error, request["paths"]),
            "missing": error.name if isinstance(error, ModuleNotFoundError) else None,
        }
    json.dump(outcome, answer)
    answer.flush()
    sys.stderr.flush()
    os._exit(0)  # a thread that the models have started may never end


def _requested(request: dict[str, Any]) -> Any:
    """What the request names: a module, something in it, or what a plug-in returns."""
    if request["kind"] == "plugin":
        plugin, argument = _plugin(request["name"]), request["argument"]
        return plugin() if argument is None else plugin(argument)
    name, _, attribute = request["name"].partition(":")
    found = importlib.import_module(name)
    for part in attribute.split(".") if attribute else ():
        if not hasattr(found, part):
            raise NoModels(f"`{name}` has no `{attribute}`")
        found = getattr(found, part)
    return found


def _plugin(name: str) -> Any:
    from importlib.metadata import entry_points

    every = entry_points()
    if hasattr(every, "select"):
        group = list(every.select(group="tsm.models"))
    else:  # before Python 3.10
        group = list(every.get("tsm.models", ()))
    for point in group:
        if point.name == name:
            return point.load()
    known = ", ".join(sorted({f"`{point.name}`" for point in group}))
    raise NoModels(f"no plug-in `{name}` is installed, but {known or 'none at all'}")


def _place_of_error(error: BaseException, paths: list[str]) -> tuple[str, int | None] | None:
    """The file and line of the project where it happened, if it was there."""
    found = None
    if isinstance(error, SyntaxError) and error.filename:
        found = (error.filename, error.lineno)
    else:
        for frame, line in traceback.walk_tb(error.__traceback__):
            path = frame.f_code.co_filename
            if "site-packages" not in path and path.startswith(tuple(paths)):
                found = (path, line)
    return found


def pieces_of(thing: Any) -> list[dict[str, Any]]:
    """The DDL of models: of a module, classes, metadata, SQL, what a function returns, or lists.

    Each piece is a dictionary: its `sql`, `what` it is (a class, say), the `path` and `line` where
    that stands, if that is known, and what models of its kind can `speak_of`.
    """
    found = _Pieces()
    if inspect.ismodule(thing):
        found.module(thing)
    else:
        found.add(thing, 0)
    if not found.pieces:
        raise NoModels(f"there are no models in {_named(thing)}")
    return found.pieces


class _Pieces:
    """Collects pieces; each class and each metadata counts once, whatever names it has."""

    def __init__(self) -> None:
        self.pieces: list[dict[str, Any]] = []
        self._seen: set[int] = set()
        self._owners: dict[
            str, str
        ] = {}  # the name of a table, as SQLite compares it -> what has it
        self._places: dict[
            str, tuple[str | None, int | None]
        ] = {}  # the name of a table of SQLAlchemy -> where its class stands

    def add(self, thing: Any, depth: int) -> None:
        """Something that was named: it has to be models."""
        if isinstance(thing, str):
            self._piece(thing, "the DDL", EVERYTHING)
            return
        metadata, table = _metadata_of(thing), _table_of(thing)
        if metadata is not None:
            self._metadata(metadata)
        elif table is not None:
            self._class(thing, *table[:2])
        elif isinstance(thing, (type, bytes)) or depth == _DEEPEST:
            raise NoModels(f"{_named(thing)} is no model")
        elif callable(thing):
            self.add(thing(), depth + 1)
        elif hasattr(thing, "__iter__"):
            for each in thing.values() if isinstance(thing, dict) else thing:
                self.add(each, depth + 1)
        else:
            raise NoModels(f"{_named(thing)} is no model")

    def module(self, module: Any) -> None:
        """Everything in a module that is models, and nothing else."""
        values = list(vars(module).values())
        for value in values:
            if isinstance(value, type) and hasattr(value, "__table__"):
                self._places[getattr(value.__table__, "fullname", "")] = _place(value)
        package = module.__name__.partition(".")[0]
        for value in values:
            if not isinstance(value, type) and not _is_of_sqlalchemy(value):
                continue
            metadata = _metadata_of(value)
            table = None if metadata is not None else _table_of(value)
            if metadata is not None:
                self._metadata(metadata)
            elif table is not None and not _is_base(value, table[2], package):
                self._class(value, *table[:2])

    def _class(self, model: type, name: str, sql: str) -> None:
        if self._is_new(model):
            self._own(name, f"`{model.__module__}.{model.__qualname__}`")
            self._piece(sql, f"class `{model.__name__}`", TABLES, *_place(model))

    def _metadata(self, metadata: Any) -> None:
        if not self._is_new(metadata):
            return
        for name in metadata.tables:
            self._own(name, f"the metadata's `{name}`")
        made: list[Any] = []
        engine = sys.modules["sqlalchemy"].create_mock_engine(
            "sqlite://", lambda element, *_, **__: made.append(element)
        )
        metadata.create_all(engine, checkfirst=False)  # with what listens to it
        for element in made:
            table = getattr(element, "element", None)
            name = getattr(getattr(table, "table", table), "fullname", None)
            self._piece(
                str(element.compile(dialect=engine.dialect)),
                f"table `{name}`" if name else "the metadata",
                INDEXES if name else EVERYTHING,
                *self._places.get(name or "", (None, None)),
            )

    def _is_new(self, thing: Any) -> bool:
        is_new = id(thing) not in self._seen
        self._seen.add(id(thing))
        return is_new

    def _own(self, name: str, what: str) -> None:
        owner = self._owners.setdefault(name.lower(), what)
        if owner is not what:
            raise NoModels(f"{owner} and {what} have one table name, `{name}`")

    def _piece(
        self,
        sql: str,
        what: str,
        speaks_of: str,
        path: str | None = None,
        line: int | None = None,
    ) -> None:
        self.pieces.append(
            {"sql": sql, "what": what, "path": path, "line": line, "speaks_of": speaks_of}
        )


def _metadata_of(thing: Any) -> Any:
    """The SQLAlchemy metadata that something is or has, such as a declarative base."""
    sqlalchemy = sys.modules.get("sqlalchemy")
    if sqlalchemy is None:
        return None
    metadata = thing if isinstance(thing, sqlalchemy.MetaData) else getattr(thing, "metadata", None)
    return metadata if isinstance(metadata, sqlalchemy.MetaData) else None


def _is_of_sqlalchemy(value: Any) -> bool:
    sqlalchemy = sys.modules.get("sqlalchemy")
    return sqlalchemy is not None and isinstance(value, (sqlalchemy.MetaData, sqlalchemy.Table))


def _table_of(thing: Any) -> tuple[str, str, Sequence[Any]] | None:
    """Table name, CREATE TABLE, and fields of a class such as `TableRow`'s, or None.

    TupleSaver and its heirs give a class `meta` or the two names with underscores.
    """
    if not isinstance(thing, type):
        return None
    meta = getattr(thing, "meta", None)
    name, fields = getattr(meta, "table_name", None), getattr(meta, "fields", None)
    if name is None:
        name, fields = getattr(thing, "__tablename__", None), getattr(thing, "__fields__", None)
    if not isinstance(name, str) or not isinstance(fields, (list, tuple)) or not fields:
        return None
    columns = [each.sql_columndef for each in fields if hasattr(each, "sql_columndef")]
    if len(columns) != len(fields):
        return None
    create = getattr(meta, "create_table", None)
    if not isinstance(create, str):
        create = "CREATE TABLE {} (\n{}\n)".format(name, ", ".join(columns))
    return name, create, fields


def _is_base(model: type, fields: Sequence[Any], package: str) -> bool:
    """Whether a class is what models are derived from, or a row that no table keeps."""
    is_imported = model.__module__.partition(".")[0] != package
    has_key = any(getattr(each, "is_pk", True) for each in fields)
    return not has_key or (is_imported and len(fields) == 1)


def _place(model: type) -> tuple[str | None, int | None]:
    """The file of a class and its line in there; `inspect` would read the file for each class."""
    try:
        path = inspect.getsourcefile(model)
    except (OSError, TypeError):
        path = None
    return path, _lines(path).get(model.__name__) if path else None


@functools.lru_cache(maxsize=None)
def _lines(path: str) -> dict[str, int]:
    """Where each class of a file begins, by name."""
    found: dict[str, int] = {}
    for number, line in enumerate(linecache.getlines(path), start=1):
        match = _CLASS.match(line)
        if match:
            found.setdefault(match.group(1), number)
    return found


def _named(thing: Any) -> str:
    if inspect.ismodule(thing):
        return f"`{thing.__name__}`"
    words = getattr(thing, "__qualname__", None) or repr(thing)
    first = words.split("\n")[0]
    return f"`{first[:80]}`"


if __name__ == "__main__":
    main()
