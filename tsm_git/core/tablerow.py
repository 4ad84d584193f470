"""`TableRow`: tables as typed, frozen classes, for programs that bring no models of their own.

    class User(TableRow):
        name: str
        team: Team | None

The DDL is, to the letter, what the library TupleSaver writes for such a class, so that a project
may use either. It is made when `User.meta` is first asked for, when all classes are there.
"""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from typing import (
    Any,
    NamedTuple,
    NewType,
    Union,
    cast,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from tsm_git.core.errors import ModelsError

_NATIVE: Mapping[object, str] = {str: "TEXT", int: "INTEGER", float: "REAL", bytes: "BLOB"}
_PLAIN = re.compile(r"[^\W\d]\w*")
# The words that SQLite takes for no name (https://sqlite.org/lang_keywords.html lists more, but
# the others are names where a name must stand).
_RESERVED = re.compile(
    r"ADD|ALL|ALTER|AND|AS|AUTOINCREMENT|BETWEEN|CASE|CHECK|COLLATE|COMMIT|CONSTRAINT|CREATE|"
    r"DEFAULT|DEFERRABLE|DELETE|DISTINCT|DROP|ELSE|ESCAPE|EXCEPT|EXISTS|FOREIGN|FROM|GROUP|HAVING|"
    r"IF|IN|INDEX|INSERT|INTERSECT|INTO|IS|ISNULL|JOIN|LIMIT|NOT|NOTHING|NOTNULL|NULL|ON|OR|ORDER|"
    r"PRIMARY|REFERENCES|RETURNING|SELECT|SET|TABLE|THEN|TO|TRANSACTION|UNION|UNIQUE|UPDATE|USING|"
    r"VALUES|WHEN|WHERE",
    re.IGNORECASE,
)


class MetaField(NamedTuple):
    """One column: `type` is the annotation without its None, `sql_columndef` how it is declared."""

    name: str
    type: object
    full_type: object
    nullable: bool
    is_fk: bool
    is_pk: bool
    sql_typename: str
    sql_columndef: str


class Meta(NamedTuple):
    """The table that a class describes."""

    Model: type
    model_name: str
    table_name: str
    fields: tuple[MetaField, ...]

    @property
    def create_table(self) -> str:
        """The statement that creates the table."""
        columns = ", ".join(each.sql_columndef for each in self.fields)
        return f"CREATE TABLE {_identifier(self.table_name)} (\n{columns}\n)"


class _MetaOf:
    """Gives a class its `Meta`, made when it is asked for.

    It sits on the metaclass and is no data descriptor, so a field may be named `meta` as well.
    """

    def __get__(self, cls: _RowType | None, metaclass: type) -> Meta:
        if cls is None or not cls.__dict__.get("_is_complete"):  # dataclass looks for defaults
            raise AttributeError("meta")
        if "_meta" not in cls.__dict__:
            cls._meta = _meta_of(cls)
        return cls._meta


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class _RowType(type):
    """Makes each subclass of `TableRow` a frozen dataclass."""

    meta = _MetaOf()
    _meta: Meta
    _is_complete: bool

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, object]) -> _RowType:
        if bases and "id" in _annotated(namespace):  # it is always the first, and by keyword
            namespace.setdefault("id", field(default=None, kw_only=True))
        made = super().__new__(cls, name, bases, namespace)
        dataclass(frozen=True)(cast(type, made))  # in place
        if "meta" in made.__dict__:  # a default; dataclass has put it into __init__ by now
            del made.meta
        made._is_complete = bool(bases)  # `TableRow` itself is no table
        return made


class TableRow(metaclass=_RowType):
    """A row of a table; a subclass is a table, its annotations are the columns.

    The table is named like the class, or as `__tablename__` says. A row is immutable; `id` is
    None until it is saved. tsm itself reads and writes no rows.
    """

    id: int | None = field(default=None, kw_only=True)


_NO_COLUMNS = (Any, object, types.NoneType, TableRow)


def _identifier(name: str) -> str:
    """A name as SQL takes it, quoted only where it must be."""
    if _PLAIN.fullmatch(name) and not _RESERVED.fullmatch(name):
        return name
    return '"' + name.replace('"', '""') + '"'


def _annotated(namespace: Mapping[str, object]) -> Collection[str]:
    """The names that a class body annotates."""
    if sys.version_info >= (3, 14) and "__annotations__" not in namespace:
        from annotationlib import Format, call_annotate_function, get_annotate_from_class_namespace

        annotate = get_annotate_from_class_namespace(namespace)
        return call_annotate_function(annotate, Format.FORWARDREF) if annotate else ()
    found = namespace.get("__annotations__")
    return found if isinstance(found, Mapping) else ()


def _meta_of(cls: _RowType) -> Meta:
    hints = _hints(cls)
    names = [each.name for each in fields(cast("type[TableRow]", cls))]
    return Meta(
        Model=cls,
        model_name=cls.__name__,
        table_name=_table_name(cls),
        fields=tuple(_field(cls, name, hints[name]) for name in names),
    )


def _table_name(cls: type) -> str:
    name: object = cls.__dict__.get("__tablename__", cls.__name__)
    if not isinstance(name, str) or not name or "\0" in name:
        raise _wrong(cls, f": `__tablename__` is {name!r}, expected a name")
    return name


def _field(cls: type, name: str, hint: object) -> MetaField:
    nullable, kind = _without_none(hint)
    make = partial(MetaField, name, kind, hint, nullable)
    if name == "id":
        if kind is not int or not nullable:
            raise _wrong(cls, f", field `id`: it is `{_shown(hint)}`, expected `int | None`")
        return make(False, True, "INTEGER", "id [INTEGER] PRIMARY KEY NOT NULL")
    if not isinstance(kind, type) or get_origin(kind) is not None or kind in _NO_COLUMNS:
        raise _wrong(
            cls, f", field `{name}`: it is `{_shown(hint)}`, expected one class, or one and None"
        )
    is_key = issubclass(kind, TableRow)
    typename = _typename(kind)
    declared = f"[{typename}]" if "]" not in typename else f'"{typename}"'
    words = [_identifier(name), declared, "NULL" if nullable else "NOT NULL"]
    if is_key:
        words.append(f"REFERENCES {_identifier(_table_name(kind))}(id)")
    return make(is_key, False, typename, " ".join(words))


def _typename(kind: type) -> str:
    if kind in _NATIVE:
        return _NATIVE[kind]
    return (
        f"{kind.__name__}_ID"
        if issubclass(kind, TableRow)
        else (f"{kind.__module__}.{kind.__qualname__}")
    )


def _without_none(hint: object) -> tuple[bool, object]:
    """Whether None is allowed, and what else is; a union of several stays one."""
    while isinstance(hint, NewType):
        hint = hint.__supertype__
    if get_origin(hint) not in (Union, types.UnionType):
        return False, hint
    others = [each for each in get_args(hint) if each is not type(None)]
    if len(others) != 1:
        return False, hint
    return True, _without_none(others[0])[1]


def _shown(hint: object) -> str:
    return hint.__name__ if isinstance(hint, type) and get_origin(hint) is None else str(hint)


def _hints(cls: type) -> dict[str, object]:
    """The annotations as types. A class inside a function may name others of that function."""
    known: dict[str, object] = {}
    while True:
        try:
            return get_type_hints(cls, localns=known)
        except NameError as error:
            name = error.name
            if name is None or name in known:
                raise _wrong(cls, f": {error}") from error
            known[name] = _found(cls, name, error)
        except TypeError as error:
            raise _wrong(cls, f": {error}") from error


def _found(cls: type, name: str, error: NameError) -> object:
    """What a name means that is not global: a class beside this one, or a local of a caller."""
    around = cls.__qualname__.rpartition(".")[0]
    for other in reversed(TableRow.__subclasses__()):
        is_beside = other.__qualname__.rpartition(".")[0] == around
        if other.__name__ == name and other.__module__ == cls.__module__ and is_beside:
            return other
    frame: types.FrameType | None = sys._getframe()
    while frame is not None:
        if name in frame.f_locals and frame.f_globals is not globals():
            return frame.f_locals[name]
        frame = frame.f_back
    raise _wrong(cls, f": {error}") from error


def _wrong(cls: type, words: str) -> ModelsError:
    return ModelsError(
        f"class `{cls.__name__}`{words}", "see docs/models.md for what a field may be"
    )
