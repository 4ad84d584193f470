"""Baselines: the script that makes the schema which a database had before it had scripts."""

from __future__ import annotations

from tsm_git.core.schema.objects import Schema

NAME = "001.baseline.sql"


def baseline_text(schema: Schema, database: str) -> str:
    """The script that makes a schema from nothing; it holds no rows.

    What others are made on comes first: tables, then indexes, views and triggers, each kind in the
    order in which the database got them.
    """
    groups = (
        schema.tables,
        schema.virtual_tables,
        schema.indexes,
        schema.views,
        schema.triggers,
    )
    statements = [f"{item.sql};\n" for group in groups for item in group.values()]
    return "\n".join(
        [f"-- The schema of {_in_a_comment(database)} as it was found.\n", *statements]
    )


def _in_a_comment(database: str) -> str:
    return " ".join(database.split()) if database.isprintable() else "a database"
