"""TSM401: the schema differs from the models."""

from __future__ import annotations

from collections.abc import Iterator

from tsm_git.core.comparison import Comparison
from tsm_git.core.finding import Finding, Fix, Rule
from tsm_git.core.state import State
from tsm_git.rules.registry import Evidence, rule


@rule(
    "TSM401",
    "schema-drift",
    "a table, index, trigger or view differs from the models",
    implies=State.DRIFT,
    needs=Evidence.MODELS,
)
def schema_drift(this: Rule, view: Comparison) -> Iterator[Finding]:
    drift, working = view.facts.drift, view.facts.working
    if drift is None:
        return
    waits = bool(view.pending) and working is not None and working.exists
    hint = "run `tsm apply`, then `tsm generate`" if waits else "run `tsm generate`"
    for change in drift.changes():
        subject = f"{change.kind.value} `{change.name}`"
        if change.old is None:
            words = f"adds {subject} to {drift.of}"
        elif change.new is None:
            words = f"drops {subject} of {drift.of}"
        else:
            words = f"changes {subject} of {drift.of}: {', '.join(change.words)}"
        place = drift.place(change)
        yield Finding(
            this,
            subject,
            f"{drift.models.source} {words}",
            place.path,
            f"{hint} to write a script that does it"
            + ("" if change.new else ", or keep it in the models"),
            line=place.line,
            fix=None if waits else Fix("generate", "tsm generate"),
        )
