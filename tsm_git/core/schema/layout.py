"""A schema as text that stays the same: every object in order, a clause to a line, no comments.

The words are those of the statements; where they came from, ALTER's history and white space, is
gone. Fit for a diff, and for SQLite.
"""

from __future__ import annotations

from tsm_git.core.schema.names import written
from tsm_git.core.schema.objects import Index, Schema, Table, Trigger, View, VirtualTable
from tsm_git.core.sql import fold, tokens


def schema_text(schema: Schema) -> str:
    """All objects: tables in order of name, each with its indexes and triggers, then views."""
    return "\n".join(
        f"{object_text(thing)};\n"
        for thing in (
            *(each for name in sorted(schema.tables) for each in _with_its_own(schema, name)),
            *(schema.virtual_tables[name] for name in sorted(schema.virtual_tables)),
            *_views(schema),
        )
    )


def object_text(thing: Table | Index | Trigger | View | VirtualTable) -> str:
    """One statement without its semicolon."""
    if not isinstance(thing, Table):
        return one_line(thing.sql) if not isinstance(thing, Trigger) else thing.sql
    text, sql = thing.text, thing.sql
    spans = [column.span for column in text.columns] + [clause.span for clause in text.clauses]
    if not spans:
        return one_line(sql)
    named = f"{sql[: text.name.start]}{written(thing.name)}{sql[text.name.end : spans[0].start]}"
    clauses = ",\n".join(f"    {one_line(sql[span.start : span.end])}" for span in spans)
    return f"{one_line(named)}\n{clauses}\n{one_line(sql[spans[-1].end :])}"


def one_line(sql: str) -> str:
    """A piece of SQL with single spaces and without comments; literals are as they are."""
    parts: list[str] = []
    for token in tokens(sql):
        if token.kind not in ("space", "comment"):
            parts.append(token.text)
        elif parts and parts[-1] != " ":
            parts.append(" ")
    return "".join(parts).strip()


def _with_its_own(schema: Schema, name: str) -> list[Table | Index | Trigger]:
    return [
        schema.tables[name],
        *(schema.indexes[i] for i in sorted(schema.indexes) if _is_on(schema.indexes[i], name)),
        *(schema.triggers[t] for t in sorted(schema.triggers) if _is_on(schema.triggers[t], name)),
    ]


def _views(schema: Schema) -> list[View | Trigger]:
    # In the order of creation: one may build on another.
    return [
        each for name, view in schema.views.items() for each in _with_triggers(schema, name, view)
    ]


def _with_triggers(schema: Schema, name: str, view: View) -> list[View | Trigger]:
    return [view, *(trigger for trigger in schema.triggers.values() if _is_on(trigger, name))]


def _is_on(thing: Index | Trigger, name: str) -> bool:
    return fold(thing.table) == name
