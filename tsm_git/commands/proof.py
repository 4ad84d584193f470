"""Proof by running: whether drafts do in their new order what their author meant."""

from __future__ import annotations

from collections.abc import Iterable

from tsm_git.core.comparison import Comparison
from tsm_git.core.errors import Refusal
from tsm_git.core.order import Difference, Order, compare_orders
from tsm_git.core.script import Script
from tsm_git.core.snapshot import Ancestry, in_order


def prove_order(comparison: Comparison) -> Difference:
    """Compares the author's order with the new one, by replaying both in a shadow database.

    The author's: what base and branch have in common, the drafts, what base gained since. The new
    one: all that is published, then the drafts. FAILS says that only the new order runs, as it is
    where a draft builds on what base has gained; that is no fault. Raises Refusal where the new
    order fails or a text is not to be had.
    """
    from tsm_git.adapters.sqlite.replay import replay  # apsw is loaded for a proof only

    facts = comparison.facts
    published = in_order(facts.base.snapshot.scripts.values()) if facts.base else []
    ancestry = Ancestry(facts.base.merge_bases if facts.base else ())
    common = [script for script in published if ancestry.knows(script.filename)]
    ran = _ran(comparison)
    gained = [script for script in published if not ancestry.knows(script.filename)]
    drafts = list(comparison.drafts)
    new = replay(_texts(comparison, [*in_order([*published, *ran]), *drafts]))
    if new.failure:
        raise Refusal(
            f"in the new order a statement fails: {new.failure}",
            "correct the draft so that it runs after what base has gained, or `--no-proof`",
        )
    if not gained:
        return Difference(Order.IDENTICAL)
    author = replay(_texts(comparison, [*in_order([*common, *ran]), *drafts, *gained]))
    if author.failure:
        words = (
            f"only the new order runs; with the drafts first a statement fails: {author.failure}"
        )
        return Difference(Order.FAILS, (words,))
    return compare_orders(author, new)


def _ran(comparison: Comparison) -> list[Script]:
    """What production ran and only the candidate holds."""
    facts = comparison.facts
    published = facts.base.snapshot.scripts if facts.base else {}
    return [
        facts.candidate.scripts[entry.filename]
        for entry in (facts.ref.entries if facts.ref else ())
        if entry.filename not in published
        and entry.matches(facts.candidate.scripts.get(entry.filename))
    ]


def _texts(comparison: Comparison, scripts: Iterable[Script]) -> list[tuple[str, str]]:
    facts = comparison.facts
    found = []
    for script in scripts:
        text = facts.texts.get(script.digest)
        if text is None:
            raise Refusal(
                f"the text of `{script.filename}` cannot be read, so nothing can be proven",
                "run `tsm renumber --no-proof` to do without",
            )
        found.append((f"{facts.folder}/{script.filename}", text))
    return found
