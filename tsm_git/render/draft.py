"""The JSON documents of `tsm generate` and `tsm schema`, see FORMATS section 11."""

from __future__ import annotations

from collections.abc import Mapping

from tsm_git.core.change.ddl import Plan
from tsm_git.core.change.diff import Change, Kind, Object
from tsm_git.core.change.draft import Draft, Variant
from tsm_git.core.change.renames import Rename
from tsm_git.core.schema.layout import object_text
from tsm_git.core.schema.objects import Schema


def draft_document(made: Draft | None, *, dry_run: bool) -> dict[str, object]:
    """The document as plain values; all keys are there, whether something was to be done or not."""
    return {
        "version": 1,
        "database": made.database if made else None,
        "script": made.path if made else None,
        "text": made.text if made else None,
        "dry_run": dry_run,
        "undecided": made.undecided if made else False,
        "other_drafts": made.other_drafts if made else 0,
        "options": [_option(variant) for variant in made.variants] if made else [],
    }


def schema_document(schema: Schema, database: str, place: str) -> dict[str, object]:
    """The document of `tsm schema --json`."""
    kinds: list[tuple[Kind, Mapping[str, Object]]] = [
        (Kind.TABLE, schema.tables),
        (Kind.VIRTUAL_TABLE, schema.virtual_tables),
        (Kind.INDEX, schema.indexes),
        (Kind.VIEW, schema.views),
        (Kind.TRIGGER, schema.triggers),
    ]
    return {
        "version": 1,
        "database": database,
        "place": place,
        "objects": [
            {"kind": kind.value, "name": things[name].name, "sql": object_text(things[name])}
            for kind, things in kinds
            for name in sorted(things)
        ],
    }


def difference_document(plan: Plan, database: str, old: str, new: str) -> dict[str, object]:
    """The document of `tsm schema --diff --json`."""
    return {
        "version": 1,
        "database": database,
        "old": old,
        "new": new,
        "changes": [_change(change) for change in plan.changes],
        "rebuilt": sorted(plan.rebuilt),
        "statements": plan.statements,
    }


def _change(change: Change) -> dict[str, object]:
    return {"kind": change.kind.value, "name": change.name, "words": list(change.words)}


def _option(variant: Variant) -> dict[str, object]:
    return {
        "command": variant.command,
        "renames": [_rename(rename) for rename in variant.renames],
        "changes": [_change(change) for change in variant.plan.changes],
        "rebuilt": sorted(variant.plan.rebuilt),
        "losses": [
            {"table": loss.table, "column": loss.column or None, "count": count}
            for loss, count in variant.losses
        ],
        "undecided": [{"table": gap.table, "column": gap.column} for gap in variant.open],
        "statements": [statement for step in variant.steps for statement in step.statements],
    }


def _rename(rename: Rename) -> dict[str, object]:
    return {"table": rename.table or None, "from": rename.old, "to": rename.new}
