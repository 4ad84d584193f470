"""The JSON document of `tsm generate`, see FORMATS."""

from __future__ import annotations

from tsm_git.core.draft import Draft, Variant
from tsm_git.core.renames import Rename


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


def _option(variant: Variant) -> dict[str, object]:
    return {
        "command": variant.command,
        "renames": [_rename(rename) for rename in variant.renames],
        "changes": [
            {"kind": change.kind.value, "name": change.name, "words": list(change.words)}
            for change in variant.plan.changes
        ],
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
