"""The table of `tsm status`, from facts made by hand."""

from __future__ import annotations

from tests.core.values import ancestry, base, facts, held, ledger, script
from tsm_git.core.comparison import compare
from tsm_git.core.facts import Facts
from tsm_git.core.merging import Merge
from tsm_git.core.publishing import Change, Deviation, Source, Where, Whereabouts
from tsm_git.core.table import Row, rows

A, B, C = "001.a.sql", "002.b.sql", "003.c.sql"


def words(known: Facts) -> dict[str, tuple[str, ...]]:
    """Return what the table says of each script."""
    return {row.filename: row.words for row in rows(compare(known))}


def test_a_row_for_each_script_and_a_column_for_each_place() -> None:
    known = facts(
        {A: "s", B: "t"},
        base=base({A: "s", B: "u"}, {A: "s", B: "u"}),
        head=held({A: "s"}),
        staged=held({A: "s", C: "s"}),
        working=ledger((A, None), (C, "u")),
        ref=ledger((A, "s")),
    )

    first, second, third = rows(compare(known))

    places = {"base", "HEAD", "index", "tree", "working", "ref"}
    assert first == Row(1, A, dict.fromkeys(places, "same"), ("published",))
    assert second.cells == {
        "base": "same", "HEAD": "absent", "index": "absent", "tree": "other",
        "working": "absent", "ref": "absent",
    }  # fmt: skip
    assert second.words == ("published", "edited", "pending")
    assert third.cells == {
        "base": "absent", "HEAD": "absent", "index": "other", "tree": "absent",
        "working": "other", "ref": "absent",
    }  # fmt: skip


def test_what_was_not_looked_at_has_no_column() -> None:
    (row,) = rows(compare(facts({A: "s"})))

    assert row == Row(1, A, {"tree": "same"}, ("draft",))


def test_a_database_that_does_not_exist_has_none_either() -> None:
    (row,) = rows(compare(facts({A: "s"}, working=ledger(exists=False))))

    assert row == Row(1, A, {"tree": "same"}, ("draft", "pending"))


def test_scripts_are_in_order_and_what_is_none_comes_first() -> None:
    known = facts({"1000.x.sql": "s", "999.x.sql": "t"}, working=ledger())
    odd = ledger()._replace(entries=(*ledger(("001.x.sql", "s")).entries,))
    odd = odd._replace(entries=(odd.entries[0]._replace(filename="../nonsense"),))

    found = rows(compare(known._replace(working=odd)))

    assert [(row.number, row.filename) for row in found] == [
        (0, "../nonsense"), (999, "999.x.sql"), (1000, "1000.x.sql")
    ]  # fmt: skip


class TestWords:
    def test_edited_renamed_and_missing(self) -> None:
        before = {A: "s", B: "t", C: "u"}

        assert words(facts({A: "x", "004.b.sql": "t"}, base=base(before, before))) == {
            A: ("published", "edited"),
            B: ("published", "renamed to 004.b.sql"),
            C: ("published", "missing"),
            "004.b.sql": (),
        }

    def test_once_is_enough(self) -> None:
        before = {A: "s"}
        known = facts({A: "x"}, base=base(before, before), working=ledger((A, "y")))

        assert words(known) == {A: ("published", "edited")}

    def test_what_became_of_it_if_nothing_took_its_place(self) -> None:
        comparison = compare(facts({A: "s"}))._replace(
            deviations=(Deviation(Change.RENAMED, script(B), Source.BASE),)
        )

        assert [row.words for row in rows(comparison)] == [("draft",)]

    def test_a_number_that_is_taken_and_one_that_is_too_low(self) -> None:
        known = facts({A: "s", "001.z.sql": "t", B: "u", C: "v"}, base=base({A: "s", C: "v"}, {}))

        assert words(known)["001.z.sql"] == ("draft", "number taken")
        assert words(known)[B] == ("draft", "below published")

    def test_what_base_has_more(self) -> None:
        assert words(facts({A: "s"}, base=base({A: "s", B: "t"}, {A: "s"})))[B] == (
            "published", "not merged"
        )  # fmt: skip

    def test_duplicates(self) -> None:
        found = words(facts({A: "s", "1.z.sql": "t"}))

        assert found == {A: ("draft", "duplicate number"), "1.z.sql": ("draft", "duplicate number")}

    def test_what_a_merge_lost_or_mixed(self) -> None:
        lost, mixed = held({A: "s", B: "t"}), held({B: "u"})
        merge = Merge((lost, mixed), ("one", "other"), lambda *_: ancestry(), held({B: "w"}),
                      frozenset())  # fmt: skip
        known = facts({B: "w"}, base=base({A: "s"}), merges=(merge,))

        assert words(known) == {
            A: ("published", "not merged", "lost in merge"),
            B: ("draft", "mixed"),
        }

    def test_what_no_commit_has(self) -> None:
        known = facts(
            {A: "s"},
            ref=ledger((A, "s"), (B, "t")),
            whereabouts={"t": Whereabouts(Where.NOWHERE)},
        )

        assert words(known) == {A: ("published",), B: ("published", "unknown to git")}
