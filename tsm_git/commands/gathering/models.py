"""Models: from what the configuration names to the schema that they describe.

A module is imported, and a command run, only for who asks: `tsm check` of the work tree and what
builds on it. A hook and a gate never do.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tsm_git.adapters.files import read_bytes
from tsm_git.adapters.models import find_interpreter, of_command, of_module, of_plugin
from tsm_git.commands.gathering.project import Project
from tsm_git.commands.gathering.request import Request
from tsm_git.core.change.diff import Kind
from tsm_git.core.errors import ConfigError, ModelsError, ScriptError
from tsm_git.core.models import Models, Piece, Place, spoken_of
from tsm_git.core.schema.objects import Schema
from tsm_git.core.script import normalise
from tsm_git.core.settings import Command, DatabaseSettings, Plugin
from tsm_git.core.sql import fold
from tsm_git.core.text import shell_quoted


def models_schema(project: Project, database: DatabaseSettings) -> Schema:
    """The schema that the configured models describe, and nothing beside it.

    Before a database is changed to it, see `Models.beside`: classes have no triggers.
    """
    return read_models(project, database).schema


def read_models(project: Project, database: DatabaseSettings) -> Models:
    """The models of a database.

    Raises ConfigError where none are configured, and ModelsError where they cannot be had.
    """
    source = database.models
    if source is None:
        raise ConfigError(
            f"no models are configured for `{database.path}`",
            "set `models` in the configuration, see docs/models.md",
        )
    if isinstance(source, str) and source.lower().endswith(".sql"):
        return models_of(project.top, [_file(project.top, source)], f"`{source}`", source)
    interpreter = find_interpreter(database.python, project.top / database.home)
    match source:
        case Command(argv):
            pieces, words = of_command(argv, interpreter), "the models' command"
        case Plugin(name, argument):
            pieces, words = of_plugin(name, argument, interpreter), f"the plug-in `{name}`"
        case _:
            pieces, words = of_module(source, interpreter), f"`{source}`"
    return models_of(project.top, pieces, words, database.folder)


def models_for(project: Project, database: DatabaseSettings, request: Request) -> Models:
    """The models of a database: those that a program has given, or else the configured ones."""
    if request.pieces:
        return models_of(project.top, request.pieces, "`models`", database.folder)
    return read_models(project, database)


def models_of(top: Path, pieces: Sequence[Piece], source: str, path: str) -> Models:
    """The schema that pieces of DDL make. `path` is the file to look at where none is known."""
    from tsm_git.adapters.sqlite.shadow import build  # apsw is loaded for a schema only

    known = [piece._replace(path=_inside(piece.path, top)) for piece in pieces]
    try:
        schema, made = build([(str(index), piece.sql) for index, piece in enumerate(known)])
    except ScriptError as error:
        raise _wrong(error, known[int(error.path)]) from error
    places = {}
    for each in made:
        piece = known[each.text]
        if piece.path is not None:
            key = _kind(each.kind, each.name, schema), fold(each.name)
            places[key] = Place(piece.path, piece.line or each.line)
    first = next((piece.path for piece in known if piece.path is not None), path)
    return Models(source, schema, spoken_of(pieces), Place(first, 1), places)


def _file(top: Path, path: str) -> Piece:
    data = read_bytes(top / path)
    if data is None:
        raise ModelsError(
            f"the models `{path}` cannot be read", f"run `ls -ld {shell_quoted(path)}`"
        )
    try:
        return Piece(normalise(data).decode(), f"`{path}`", path)
    except UnicodeDecodeError as error:
        raise ModelsError(
            f"the models `{path}` are not UTF-8, from byte {error.start} on",
            "write them in UTF-8",
        ) from error


def _inside(path: str | None, top: Path) -> str | None:
    """A path as findings have it, or None for a file that is not in the project."""
    if path is None:
        return None
    try:
        return (top / path).resolve().relative_to(top.resolve()).as_posix()
    except ValueError:
        return None


def _wrong(error: ScriptError, piece: Piece) -> ModelsError:
    """What SQLite says of a statement, with where the statement comes from."""
    if piece.path is not None and piece.line is None:
        where = f"{piece.path}:{error.line}:{error.column}"
    elif piece.path is not None:
        where = f"{piece.what} ({piece.path}:{piece.line})"
    else:
        where = f"{piece.what}, line {error.line}"
    return ModelsError(f"{where}: {error.reason}", "correct the models")


def _kind(kind: str, name: str, schema: Schema) -> Kind:
    if kind == "table" and fold(name) in schema.virtual_tables:
        return Kind.VIRTUAL_TABLE
    return Kind(kind)
