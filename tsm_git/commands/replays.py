"""Replays the published scripts and the drafts behind them, in the sandbox.

What the drafts are comes from the comparison; what it means is for the rules. Touches no database.
"""

from __future__ import annotations

from collections.abc import Sequence

from tsm_git.adapters.sqlite.sandbox import Back, Look, Mark, RunAll, Task, replay
from tsm_git.core.comparison import Comparison
from tsm_git.core.errors import TsmError
from tsm_git.core.order import Difference, Order, Outcome, compare_orders
from tsm_git.core.replay import Replayed, Run, Text
from tsm_git.core.script import NO_TRANSACTION, Script, directives
from tsm_git.core.snapshot import Ancestry, in_order


class Chain:
    """The scripts of a comparison in the order in which they are to run, and in the author's.

    `published` is what base holds, and what production ran and only the candidate has; `common` is
    what of it the drafts' author had; `drafts` are the candidate's own, as far as they can be run.
    """

    def __init__(self, comparison: Comparison) -> None:
        facts = comparison.facts
        self._comparison = comparison
        base = in_order(facts.base.snapshot.scripts.values()) if facts.base else []
        ancestry = Ancestry(facts.base.merge_bases if facts.base else ())
        ran = ran_by_production(comparison)
        self.published = in_order([*base, *ran])
        gained = {script for script in base if not ancestry.knows(script.filename)}
        self.common = [script for script in self.published if script not in gained]
        self.gained = [script for script in self.published if script in gained]
        self.drafts = self._runnable(comparison.drafts)

    def _runnable(self, drafts: Sequence[Script]) -> list[Script]:
        """The drafts up to the first that somebody still has to work on (TSM104, TSM105)."""
        files = self._comparison.facts.candidate.files
        for count, draft in enumerate(drafts):
            content = files.get(draft.filename)
            if content and (content.conflict_line or content.undecided_line):
                return list(drafts[:count])
        return list(drafts)

    def texts(self, scripts: Sequence[Script], *, watched: bool = False) -> list[Text]:
        """Scripts with their texts. Raises TsmError where one is not to be had."""
        facts = self._comparison.facts
        found = []
        for script in scripts:
            text = facts.texts.get(script.digest)
            if text is None:
                raise TsmError(f"the text of `{script.filename}` cannot be read")
            is_free = NO_TRANSACTION in directives(text.encode())
            found.append(Text(f"{facts.folder}/{script.filename}", text, watched, is_free))
        return found


def with_replay(comparison: Comparison, min_sqlite: str | None) -> Comparison:
    """The comparison with what a replay saw, or why there was none."""
    facts = comparison.facts
    try:
        replayed = _replayed(Chain(comparison), min_sqlite)
    except TsmError as error:
        unseen = {**facts.unseen, "replay": error.message}
        return comparison._replace(facts=facts._replace(unseen=unseen))
    return comparison._replace(facts=facts._replace(replayed=replayed))


def ran_by_production(comparison: Comparison) -> list[Script]:
    """What production ran and, base apart, only the candidate holds."""
    facts = comparison.facts
    published = facts.base.snapshot.scripts if facts.base else {}
    return [
        facts.candidate.scripts[entry.filename]
        for entry in (facts.ref.entries if facts.ref else ())
        if entry.filename not in published
        and entry.matches(facts.candidate.scripts.get(entry.filename))
    ]


def _replayed(chain: Chain, min_sqlite: str | None) -> Replayed:
    published = chain.texts(chain.published)
    shared = _shared(chain.published, chain.common)
    drafts = chain.texts(chain.drafts, watched=True)
    tasks: list[Task] = [
        RunAll(published[:shared]),
        Mark(),
        RunAll(published[shared:]),
        RunAll(drafts),
    ]
    compares = bool(chain.gained and chain.drafts)
    if compares:
        author = [*chain.common[shared:], *chain.drafts, *chain.gained]
        tasks += [Look(), Back(), RunAll(chain.texts(author)), Look()]
    answers = replay(tasks)
    for answer in (answers[0], answers[2]):
        if (stopped := _stopped(answer)) is not None:
            return Replayed(published=stopped, min_sqlite=min_sqlite)
    runs = answers[3]
    order = _order(answers[4], answers[-1]) if compares else None
    return Replayed(tuple(runs) if isinstance(runs, list) else (), None, order, min_sqlite)


def _order(new: object, author: object) -> Difference | None:
    """How the author's order compares with the new one; None where there is nothing to say.

    That the author's order fails is no fault: a draft may build on what base has gained.
    """
    if not isinstance(new, Outcome) or not isinstance(author, Outcome):
        return None
    found = compare_orders(author, new)
    return None if found.order is Order.IDENTICAL else found


def _shared(one: Sequence[Script], other: Sequence[Script]) -> int:
    """How many scripts two orders begin with alike."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _stopped(answer: object) -> Run | None:
    runs = answer if isinstance(answer, list) else []
    return runs[-1] if runs and runs[-1].stop else None
