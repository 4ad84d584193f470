"""Corners of what is published that no real repository gets into."""

from __future__ import annotations

from tests.core.values import base, facts, held, ledger, script
from tsm_git.core.comparison import compare
from tsm_git.core.errors import TsmError
from tsm_git.core.ledger import Entry
from tsm_git.core.publishing import Source, Taken, holders, last_published, taken

A, B = "001.a.sql", "002.b.sql"


def test_a_number_is_not_taken_by_the_draft_itself() -> None:
    own, other = script(A), script("001.other.sql")

    assert taken([own], {1: [(own, Source.BASE)]}) == []
    assert taken([own], {1: [(own, Source.BASE), (other, Source.REF)]}) == [
        Taken(own, other, Source.REF)
    ]
    assert taken([own], {}) == []


def test_who_holds_which_number_base_speaks_first() -> None:
    places = held({A: "s", "001.z.sql": "t"}), ledger((A, "u"), (B, None), ("003.c.sql", "v"))

    found = holders(*places, {1, 2, 4})

    assert found == {
        1: [
            (script(A, "s"), Source.BASE),
            (script("001.z.sql", "t"), Source.BASE),
            (script(A, "u"), Source.REF),
        ],
        2: [(script(B, ""), Source.REF)],
    }
    assert holders(None, None, {1}) == {}
    assert last_published(*places) == 3
    assert last_published(places[0], None) == 1
    assert last_published(None, None) == 0


def test_an_entry_matches_by_name_and_by_text_if_it_has_one() -> None:
    assert Entry(1, A, "s").matches(script(A, "s"))
    assert not Entry(1, A, "s").matches(script(A, "t"))
    assert Entry(1, A, None).matches(script(A, "t"))
    assert not Entry(1, A, None).matches(script("001.z.sql", "t"))
    assert not Entry(1, A, None).matches(None)


def test_an_empty_ledger_has_applied_nothing() -> None:
    assert (ledger().last, ledger().numbers) == (0, set())
    assert (ledger((B, "s"), (A, "t")).last, ledger((B, "s")).numbers) == (2, {2})


def test_nothing_at_all_is_fine() -> None:
    comparison = compare(facts({}, base=base({}), working=ledger(), ref=ledger()))

    assert comparison.next_free == 1
    assert comparison.last_holder is None
    assert (comparison.drafts, comparison.pending, comparison.deviations) == ((), (), ())


def test_renumbering_leaves_what_it_does_not_move() -> None:
    comparison = compare(facts({A: "s", "003.c.sql": "t"}, base=base({}, {})))

    assert comparison.moved(script("003.c.sql", "t")) == "002.c.sql"
    assert comparison.moved(script(A, "s")) is None


def test_an_error_is_its_message() -> None:
    assert str(TsmError("it is", "do")) == "it is"
