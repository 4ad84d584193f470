"""What a table that was made anew has no longer, in words; its columns apart."""

from __future__ import annotations

from tsm_git.core.change.diff import Aspect, table_details
from tsm_git.core.schema.objects import Schema, Table


def lost_details(old: Table, new: Table, old_schema: Schema, new_schema: Schema) -> list[str]:
    """What the old table had and the new one has not, in words; columns themselves apart.

    A promise that another of its kind and place takes over counts as changed, and not as lost: it
    takes somebody to write the other one.
    """
    details = table_details(old, new, old_schema, new_schema)
    found = []
    for detail in details:
        is_key = detail.aspect in (Aspect.UNIQUE, Aspect.CHECK, Aspect.FOREIGN_KEY)
        takes_over = any(
            other.aspect is detail.aspect and other.words.endswith(" is new") for other in details
        )
        if is_key and detail.words.endswith(" goes"):
            if not takes_over or detail.aspect is Aspect.FOREIGN_KEY:
                found.append(detail.words.removesuffix(" goes"))
        elif detail.words == "AUTOINCREMENT goes":
            found.append("AUTOINCREMENT")
        elif detail.words.startswith("is no longer "):
            found.append(detail.words.removeprefix("is no longer "))
        elif detail.aspect is Aspect.COLUMN and " has the collation binary, not " in detail.words:
            column, _, collation = detail.words.partition(" has the collation binary, not ")
            found.append(f"COLLATE {collation} of {column}")
    return found
