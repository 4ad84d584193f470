"""Replays the published scripts and the drafts behind them, in the sandbox.

What the drafts are comes from the comparison; what it means is for the rules. Touches no database.
What was replayed before is not replayed again: the outcome is kept, and so is the shadow database
behind the published scripts, both by the digests of the scripts that led there.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from tsm_git.adapters.cache import Cache
from tsm_git.core.comparison import Comparison, ran_by_production
from tsm_git.core.errors import TsmError
from tsm_git.core.proof.order import Difference, Order, Outcome, compare_orders
from tsm_git.core.proof.replay import (
    Limits,
    Refused,
    Replayed,
    Text,
    Trouble,
    replayed_document,
    replayed_of,
)
from tsm_git.core.publishing import Change
from tsm_git.core.script import NO_TRANSACTION, Script, directives
from tsm_git.core.snapshot import in_order
from tsm_git.version import VERSION

if TYPE_CHECKING:  # loads SQLite: only a replay needs it, and what is kept needs none
    from tsm_git.adapters.sqlite.sandbox import Answer, Task

_MOST_EDITS = 10
_MADE = ("table", "index", "view", "trigger")  # in which order a schema is made
_LOOK_BACK = 64  # scripts by which a kept shadow database may be older


class Chain:
    """The scripts of a comparison in the order in which they are to run, and in the author's.

    `published` is what base holds, and what production ran and only the candidate has; `common` is
    what of it the drafts' author had; `drafts` are the candidate's own, as far as they can be run.
    """

    def __init__(self, comparison: Comparison) -> None:
        facts = comparison.facts
        self._comparison = comparison
        base = facts.base.snapshot.scripts if facts.base else {}
        self.published = in_order([*base.values(), *ran_by_production(comparison)])
        # What is remembered shall cost hardly more for long chains: nothing script by script here.
        had = [merge_base.scripts for merge_base in facts.base.merge_bases] if facts.base else []
        names = set() if any(each is base for each in had) else base.keys() - set().union(*had)
        gained = {base[name] for name in names}
        self.gained = [script for script in self.published if script in gained] if gained else []
        self.common = self.published
        if gained:
            self.common = [script for script in self.published if script not in gained]
        self.drafts = self._runnable(comparison.drafts)

    @property
    def edits(self) -> list[tuple[Script, Script]]:
        """The scripts that were edited though they are published or applied: before and now."""
        every = (*self._comparison.deviations, *self._comparison.divergences)
        found = [
            (deviation.script, deviation.now)
            for deviation in every
            if deviation.now and (deviation.change is Change.EDITED or deviation.edited)
        ]
        return found[:_MOST_EDITS]

    def before(self, number: int) -> list[Script]:
        """What runs before a number, as it is published where it is."""
        return [s for s in in_order([*self.published, *self.drafts]) if s.number < number]

    @property
    def shared(self) -> int:
        """How many scripts both orders begin with."""
        if self.common is self.published:
            return len(self.published)
        pairs = zip(self.published, self.common, strict=False)
        least = min(len(self.published), len(self.common))
        return next((at for at, (one, other) in enumerate(pairs) if one != other), least)

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


def with_replay(
    comparison: Comparison, min_sqlite: str | None, cache: Cache | None = None
) -> Comparison:
    """The comparison with what a replay saw, or why there was none."""
    facts = comparison.facts
    chain = Chain(comparison)
    try:
        replayed = _kept_or_new(chain, facts.folder, cache)
    except TsmError as error:
        unseen = {**facts.unseen, "replay": error.message}
        return comparison._replace(facts=facts._replace(unseen=unseen))
    replayed = supported(replayed, min_sqlite)
    return comparison._replace(facts=facts._replace(replayed=replayed))


def supported(replayed: Replayed, min_sqlite: str | None) -> Replayed:
    """What a replay saw, with what the oldest SQLite that the project supports says to it."""
    replayed = replayed._replace(min_sqlite=min_sqlite)
    items = replayed.drafts[-1].after if replayed.drafts else ()
    if not min_sqlite or not items:
        return replayed
    from tsm_git.adapters.oldest import refused  # only with `min_sqlite`
    from tsm_git.core.schema.features import version_of

    # A module may be missing in one build of a release and not in another: that is no finding.
    asked = [item for item in items if not item.sql.upper().startswith("CREATE VIRTUAL")]
    asked.sort(key=lambda item: _MADE.index(item.kind))
    schema = [(item.kind, item.name, item.sql) for item in asked if item.sql]
    release, found = refused(schema, version_of(min_sqlite))
    broken = {(fault.kind, fault.name) for fault in replayed.drafts[-1].health.code}
    return replayed._replace(
        refused=tuple(
            Refused(kind, name, release, words)
            for (kind, name), words in found.items()
            # The first is TSM507's; and what lacks a table lacks one that is refused itself.
            if (kind, name) not in broken and not words.startswith("no such table")
        )
    )


def _kept_or_new(chain: Chain, folder: str, cache: Cache | None) -> Replayed:
    if cache is None:
        return _replayed(chain, None)
    edits = [script for edit in chain.edits for script in edit]
    common = chain.common if chain.gained else ()  # else it is what is published, once more
    orders = (chain.published, chain.drafts, common, chain.gained, edits)
    scripts = (script for order in orders for script in (*order, _END))
    key = _key("outcome", [folder, *itertools.chain.from_iterable(s[1:] for s in scripts)])
    kept = cache.get(key)
    if kept is not None:
        try:
            return replayed_of(json.loads(kept))
        except ValueError:
            pass  # of another version, or made up
    replayed = _replayed(chain, cache)
    stops = [run.stop for run in (*replayed.drafts, replayed.published) if run and run.stop]
    # What took too long today may end in time on another day.
    if all(stop.trouble is not Trouble.BUDGET for stop in stops):
        cache.put(key, json.dumps(replayed_document(replayed)).encode())
    return replayed


_END = Script(0, "", "")  # stands between two lists of scripts


def _replayed(chain: Chain, cache: Cache | None) -> Replayed:
    """What a replay sees, from the youngest shadow database that is kept."""
    from tsm_git.adapters.sqlite.sandbox import SpoiledImage

    done, image = _kept_image(chain, cache)
    try:
        found = _from(chain, done, image, cache)
    except SpoiledImage:
        found = _from(chain, 0, b"", cache)
    return found._replace(edits=tuple(_edits(chain)))


def _edits(chain: Chain) -> Iterator[tuple[str, str]]:
    for old, new in chain.edits:
        from tsm_git.commands.gathering.edits import effect  # edits are few

        try:
            texts = chain.texts([*chain.before(old.number), old, new])
        except TsmError:
            continue  # a ledger without texts
        words = effect(texts[:-2], texts[-2], texts[-1])
        if words:
            yield old.filename, words


def _from(chain: Chain, done: int, image: bytes, cache: Cache | None) -> Replayed:
    from tsm_git.adapters.sqlite.sandbox import Back, Keep, Look, Mark, RunAll, replay

    shared = chain.shared
    published = chain.texts(chain.published[done:])
    tasks: list[Task] = [
        RunAll(published[: shared - done]),
        Mark(),
        *([Keep()] if cache else []),
        RunAll(published[shared - done :]),
        RunAll(chain.texts(chain.drafts, watched=True)),
    ]
    compares = bool(chain.gained and chain.drafts)
    if compares:
        author = [*chain.common[shared:], *chain.drafts, *chain.gained]
        tasks += [Look(), Back(), RunAll(chain.texts(author)), Look()]
    answers = replay(tasks, Limits(), image)
    if cache and shared > done and isinstance(answers[2], bytes):
        cache.put(_image_keys(chain.published, [shared])[shared], answers[2])
    runs = [answer for answer in answers if isinstance(answer, list)]
    for published_runs in runs[:2]:
        if published_runs and published_runs[-1].stop:
            return Replayed(published=published_runs[-1])
    order = _order(answers[-4], answers[-1]) if compares else None
    return Replayed(tuple(runs[2]) if len(runs) > 2 else (), None, order)


def _kept_image(chain: Chain, cache: Cache | None) -> tuple[int, bytes]:
    """How many of the shared scripts a kept shadow database has run, and its bytes."""
    shared = chain.shared
    if cache is None or not shared:
        return 0, b""
    keys = _image_keys(chain.published, range(max(1, shared - _LOOK_BACK), shared + 1))
    for count in sorted(keys, reverse=True):
        if cache.has(keys[count]):
            image = cache.get(keys[count])
            if image:
                return count, image
    return 0, b""


def _image_keys(scripts: Sequence[Script], counts: Iterable[int]) -> dict[int, str]:
    """The key of the shadow database behind so many scripts, for each of the counts."""
    wanted = sorted(counts)
    running = sha256(_environment())
    keys: dict[int, str] = {}
    done = 0
    for count in wanted:
        running.update("".join(script.digest for script in scripts[done:count]).encode())
        done = count
        keys[count] = "image-" + running.copy().hexdigest()
    return keys


def _key(kind: str, parts: Sequence[str]) -> str:
    digest = sha256(_environment())
    # No file name has a NUL, so two lists of parts never make one text.
    digest.update("\0".join(parts).encode("utf-8", "surrogateescape"))
    return f"{kind}-{digest.hexdigest()}"


def _environment() -> bytes:
    """What else an outcome hangs on: the programs that make it, and their limits."""
    # Looked for by hand: `importlib.util` costs as much as reading what is kept.
    folders = (Path(entry, "apsw") for entry in sys.path)
    found = next((stat for folder in folders for stat in _stat(folder)), None)
    sqlite = (found.st_mtime_ns, found.st_ino) if found else ()
    return repr((2, VERSION, sys.version, sqlite, Limits())).encode()


def _stat(path: Path) -> Iterator[os.stat_result]:
    with suppress(OSError):
        yield path.stat()


def _order(new: Answer, author: Answer) -> Difference | None:
    """How the author's order compares with the new one; None where there is nothing to say.

    That the author's order fails is no fault: a draft may build on what base has gained.
    """
    if not isinstance(new, Outcome) or not isinstance(author, Outcome):
        return None
    found = compare_orders(author, new)
    return None if found.order is Order.IDENTICAL else found
