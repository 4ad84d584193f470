"""Proof by running: whether drafts do in their new order what their author meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tsm_git.commands.gathering.project import Project
from tsm_git.core.comparison import Comparison, ran_by_production
from tsm_git.core.errors import Refusal
from tsm_git.core.proof.order import Difference, Order, compare_orders
from tsm_git.core.script import Script
from tsm_git.core.snapshot import Ancestry, in_order


def prove_order(project: Project, comparison: Comparison) -> Difference:
    """Compares the author's order with the new one, by replaying both in a shadow database.

    The author's: what base and branch have in common, the drafts, what base gained since. The new
    one: all that is published, then the drafts. Both are replayed from nothing, and where there is
    a ref database once more from a copy of it, as far as it has not run them: an order may make a
    difference to rows that only production has. FAILS says that only the new order runs, as it is
    where a draft builds on what base has gained; that is no fault. Raises Refusal where the new
    order fails or a text is not to be had.
    """
    proof = _Proof(comparison)
    found = proof.from_nothing()
    ref = comparison.facts.ref
    if ref is None or not ref.exists:
        return found
    on_data = proof.from_ref((project.top / ref.path, ref.path))
    return on_data if on_data.worse_than(found) else found


class _Proof:
    """The scripts of one database in both orders."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison
        self._drafts = list(comparison.drafts)
        facts = comparison.facts
        self._published = in_order(facts.base.snapshot.scripts.values()) if facts.base else []
        ancestry = Ancestry(facts.base.merge_bases if facts.base else ())
        self._common = [s for s in self._published if ancestry.knows(s.filename)]
        self._gained = [s for s in self._published if not ancestry.knows(s.filename)]
        self._ran = ran_by_production(comparison)

    def from_nothing(self) -> Difference:
        """How the orders compare on an empty database."""
        new = [*in_order([*self._published, *self._ran]), *self._drafts]
        author = [*in_order([*self._common, *self._ran]), *self._drafts, *self._gained]
        return self._compared(author, new, None)

    def from_ref(self, ref: tuple[Path, str]) -> Difference:
        """How what production has not run yet compares on its rows."""
        entries = self._comparison.facts.ref.entries if self._comparison.facts.ref else ()
        ran = {entry.filename for entry in entries}
        published = [s for s in self._published if s.filename not in ran]
        gained = [s for s in self._gained if s.filename not in ran]
        common = [s for s in self._common if s.filename not in ran]
        if not gained:  # then its rows see one order only, and need not be copied
            return Difference(Order.IDENTICAL)
        found = self._compared([*common, *self._drafts, *gained], [*published, *self._drafts], ref)
        return found._replace(words=tuple(f"on `{ref[1]}`: {words}" for words in found.words))

    def _compared(
        self, author: list[Script], new: list[Script], ref: tuple[Path, str] | None
    ) -> Difference:
        from tsm_git.adapters.sqlite.replay import replay  # apsw is loaded for a proof only

        where = f"in the new order, on the data of `{ref[1]}`," if ref else "in the new order"
        meant = replay(_texts(self._comparison, new), ref)
        if meant.failure:
            raise Refusal(
                f"{where} a statement fails: {meant.failure}",
                "correct the draft so that it runs after what base has gained, or `--no-proof`",
            )
        if author == new:
            return Difference(Order.IDENTICAL)
        had = replay(_texts(self._comparison, author), ref)
        if had.failure:
            words = (
                f"only the new order runs; with the drafts first a statement fails: {had.failure}"
            )
            return Difference(Order.FAILS, (words,))
        return self._placed(compare_orders(had, meant))

    def _placed(self, found: Difference) -> Difference:
        """The difference with the places where drafts and what base gained touch the object."""
        if found.order not in (Order.DATA, Order.SCHEMA):
            return found
        words = []
        for word in found.words:
            name = re.search("`(.*)`", word)
            places = list(self._touching(name[1])) if name else []
            words.append(f"{word} ({', '.join(places)})" if places else word)
        return found._replace(words=tuple(words))

    def _touching(self, name: str) -> Iterator[str]:
        """Where each script that has no fixed place yet first names an object."""
        from tsm_git.core.sql import statements

        word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
        for path, text in _texts(self._comparison, [*self._gained, *self._drafts]):
            for statement in statements(text):
                if word.search(statement.text):
                    yield f"{path}:{statement.line}:{statement.column}"
                    break


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
