"""The harness proves itself: each of these bugs, planted in tsm, is caught within a quick run.

A bug is planted by replacing one function of tsm while the questions are asked again. Histories
are asked first; what needs a work tree, an index or a database is asked of desks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.harness.gitenv import GitEnv
from tests.oracle.agreement import (
    Question,
    about_desks,
    about_histories,
    about_stopped_merges,
    disagreements,
    needs_merge_tree,
    told,
)
from tests.oracle.desks import desk, stopped_desk
from tests.oracle.histories import history
from tsm_git.adapters.git.repository import Repository
from tsm_git.commands.gathering import ledgers, merges, places
from tsm_git.commands.gathering.places import Index
from tsm_git.core import comparison, ledger, merging, publishing, script, snapshot, succession
from tsm_git.core.publishing import Change
from tsm_git.rules import sequence

pytestmark = needs_merge_tree

HISTORIES, DESKS, STOPPED_MERGES = 1_000, 150, 60

Plant = Callable[[pytest.MonkeyPatch], None]


def replaced(owner: object, name: str, make: Callable[[Any], Any]) -> Plant:
    """A plant that puts something else, made of what was there, in the place of a name."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(owner, name, make(getattr(owner, name)))

    return plant


def instead(value: object) -> Callable[[Any], Any]:
    """Whatever was there, this value."""
    return lambda _: value


def always(value: object) -> Callable[[Any], Any]:
    """A function that gives the same whatever it is asked."""
    return instead(lambda *_, **__: value)


def then(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same function, but its result goes through `change`."""
    return lambda function: lambda *a, **k: change(function(*a, **k))


def given(change: Callable[..., tuple[Any, ...]]) -> Callable[[Any], Any]:
    """The same function, but its arguments go through `change`."""
    return lambda function: lambda *a, **k: function(*change(*a), **k)


def without(kind: Change) -> Callable[[Any], Any]:
    """A comparison that never sees one kind of deviation."""
    return then(
        lambda found: found._replace(
            deviations=tuple(d for d in found.deviations if d.change is not kind)
        )
    )


def _first_parents(merge: merging.Merge, *rest: object) -> tuple[Any, ...]:
    return merge._replace(parents=merge.parents[:2]), *rest


def _parse_any_digits(filename: str) -> int | None:
    digits = filename.partition(".")[0]
    return int(digits) if digits.isdigit() and filename.endswith(".sql") else None


def _only_if_named_alike(found: list[publishing.Taken]) -> list[publishing.Taken]:
    return [taken for taken in found if taken.draft.name == taken.holder.name]


def _as_text(numbers: Any, default: int = 0) -> int:
    return max(numbers, key=str, default=default)


def _without_index_variable(listing: Any) -> Any:
    def blind(*arguments: Any, **named: Any) -> Any:
        with pytest.MonkeyPatch.context() as environment:
            environment.delenv("GIT_INDEX_FILE", raising=False)
            return listing(*arguments, **named)

    return blind


def _numbers_as_text(patch: pytest.MonkeyPatch) -> None:
    for module in (comparison, publishing):
        patch.setattr(module, "max", _as_text, raising=False)


def _flaws_unknown(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(places, "_FLAWS", {})


ON_HISTORIES: dict[str, Plant] = {
    "deletions are forgotten": replaced(comparison, "against_base", without(Change.DELETED)),
    "edits are forgotten": replaced(comparison, "against_base", without(Change.EDITED)),
    "renames are not detected": replaced(publishing, "successors", always({})),
    "a rename is only one with the same text": replaced(succession, "ALIKE", instead(1.1)),
    "texts are alike with half of the lines": replaced(succession, "ALIKE", instead(0.5)),
    "the nearest number does not matter to a rename": replaced(
        succession, "_distance", instead(lambda _, script: (script.number, script.filename))
    ),
    "the third parent of a merge is skipped": replaced(comparison, "lost", given(_first_parents)),
    "the second merge base is skipped": replaced(
        Repository, "merge_bases", then(lambda found: found[:1])
    ),
    "the tip of base is taken for the merge base": replaced(
        Repository, "merge_bases", instead(lambda _self, one, _other: [one])
    ),
    "what base gained is blamed on the candidate": replaced(
        snapshot.Ancestry, "knows", always(True)
    ),
    "what base deleted is taken for a draft": replaced(
        comparison, "against_base", then(lambda found: found._replace(leaving=frozenset()))
    ),
    "the candidate is taken for the merge result": replaced(
        comparison, "merged", instead(lambda _ancestry, _base, candidate: candidate.scripts)
    ),
    "CRLF counts as an edit": replaced(
        script, "normalise", instead(lambda data: data.removeprefix(b"\xef\xbb\xbf"))
    ),
    "a byte order mark counts as an edit": replaced(
        script,
        "normalise",
        instead(lambda data: data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")),
    ),
    "numbers are compared as text": _numbers_as_text,
    "any digits make a number": replaced(snapshot, "parse_number", instead(_parse_any_digits)),
    "a gap at the start is not noticed": replaced(
        comparison, "gaps", then(lambda found: [gap for gap in found if gap.first > 1])
    ),
    "a gap before the last script is not noticed": replaced(
        comparison, "gaps", given(lambda scripts, why: (sorted(scripts)[:-1], why))
    ),
    "a draft below the last published script is not noticed": replaced(
        comparison, "Comparison", lambda make: lambda **parts: make(**{**parts, "below": ()})
    ),
    "a number is only taken by a file of that name": replaced(
        comparison, "taken", then(_only_if_named_alike)
    ),
    "one number may be claimed twice": replaced(comparison, "duplicates", always([])),
    "the same text twice is not noticed": replaced(comparison, "copies", always([])),
    "case and Unicode form count": replaced(sequence, "_folded", instead(str)),
    "symbolic links are read as scripts": _flaws_unknown,
    "the merge to come is not tried": replaced(merges, "may_differ", always(False)),
    "who resolves a conflict mixes scripts": replaced(merges, "_names_in", always(frozenset())),
    "what a parent deleted is lost in the merge": replaced(merging, "_removed", always(False)),
    "a replaced script is not missed": replaced(merging, "_replaced", always(False)),
    "a script lost in a merge is reported as deleted too": replaced(
        comparison, "_spoken_for", always(False)
    ),
}

ON_DESKS: dict[str, Plant] = {
    "GIT_INDEX_FILE is ignored": replaced(Repository, "listing", _without_index_variable),
    "the work tree is read instead of the index": replaced(
        Index, "staged", instead(Index.work_tree)
    ),
    "the index is read instead of the work tree": replaced(
        Index, "work_tree", instead(Index.staged)
    ),
    "the ref database is ignored": replaced(ledgers, "_ref", always((None, None, "ignored"))),
    "the working database is ignored": replaced(
        ledgers, "_working", always((None, None, "ignored"))
    ),
    "a row without a text matches nothing": replaced(
        ledger.Entry,
        "matches",
        instead(lambda row, now: now is not None and now[1:] == row[1:3]),
    ),
    "a merge in progress is not seen": replaced(Repository, "merge_heads", always([])),
    "what is applied waits for ever": replaced(
        ledger.Ledger, "numbers", instead(property(lambda _: set()))
    ),
    "production may be edited": replaced(comparison, "against_ref", without(Change.EDITED)),
    "the working database may be renamed": replaced(
        comparison,
        "against_working",
        then(lambda found: tuple(d for d in found if d.change is not Change.RENAMED)),
    ),
}

ON_STOPPED_MERGES: dict[str, Plant] = {
    "unmerged files are not seen": replaced(places, "_unmerged", always({})),
}


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Question]]:
    folder = tmp_path_factory.mktemp("histories")
    stories = [history(seed) for seed in range(HISTORIES)]
    with about_histories(folder / "all.git", GitEnv(folder), stories) as questions:
        yield list(questions)


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Question]]:
    folder = tmp_path_factory.mktemp("desks")
    stories = [desk(seed) for seed in range(DESKS)]
    with about_desks(folder / "all", GitEnv(folder), stories) as questions:
        yield list(questions)


@pytest.fixture(scope="module")
def stopped_merges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Question]]:
    folder = tmp_path_factory.mktemp("stopped")
    stories = [found for found in map(stopped_desk, range(STOPPED_MERGES)) if found]
    with about_stopped_merges(folder / "all", GitEnv(folder), stories) as questions:
        yield list(questions)


@pytest.mark.slow
def test_without_a_bug_nobody_complains(histories, desks, stopped_merges):
    found = list(disagreements([*histories, *desks, *stopped_merges]))
    assert not found, told(found)


@pytest.mark.slow
@pytest.mark.parametrize("bug", ON_HISTORIES)
def test_a_bug_is_caught_on_histories(monkeypatch, histories, bug):
    ON_HISTORIES[bug](monkeypatch)
    assert next(disagreements(histories), None), f"nobody noticed that {bug}"


@pytest.mark.slow
@pytest.mark.parametrize("bug", ON_DESKS)
def test_a_bug_is_caught_on_desks(monkeypatch, desks, bug):
    ON_DESKS[bug](monkeypatch)
    assert next(disagreements(desks), None), f"nobody noticed that {bug}"


@pytest.mark.slow
@pytest.mark.parametrize("bug", ON_STOPPED_MERGES)
def test_a_bug_is_caught_on_stopped_merges(monkeypatch, stopped_merges, bug):
    ON_STOPPED_MERGES[bug](monkeypatch)
    assert next(disagreements(stopped_merges), None), f"nobody noticed that {bug}"
