"""Snapshots, and the merge of two sides file by file (FORMATS 3.1)."""

from __future__ import annotations

from hypothesis import given

from tests.core.values import ANCESTRIES, SNAPSHOTS, TEXTS, ancestry, held, script
from tsm_git.core.script import Content, Flaw
from tsm_git.core.snapshot import EMPTY, Ancestry, Snapshot, in_order, merged, snapshot


def merge(
    base: dict[str, str], candidate: dict[str, str], *merge_bases: dict[str, str]
) -> dict[str, str]:
    """Merge two sides and return file names and digests."""
    result = merged(ancestry(*merge_bases), held(base), held(candidate))
    return {filename: each.digest for filename, each in result.items()}


class TestSnapshot:
    def test_only_what_can_be_run_is_a_script(self) -> None:
        found = snapshot(
            {
                "002.b.sql": Content("b"),
                "001.a.sql": Content("a", empty=True),
                "003.c.sql": Content("c", Flaw.NUL),
                "x.sql": Content("x"),
            },
            {"004.d.sql": frozenset({2, 3})},
        )

        assert found.ordered() == [script("001.a.sql", "a"), script("002.b.sql", "b")]
        assert len(found.files) == 4
        assert set(found.unmerged) == {"004.d.sql"}

    def test_what_another_place_holds_need_not_be_made_again(self) -> None:
        other = held({"001.a.sql": "s", "002.b.sql": "s"})

        found = snapshot({"001.a.sql": Content("s"), "002.b.sql": Content("t")}, like=other)

        assert found.scripts["001.a.sql"] is other.scripts["001.a.sql"]
        assert found.scripts["002.b.sql"] == script("002.b.sql", "t")

    def test_a_place_that_is_like_another_shares_its_scripts(self) -> None:
        other = held({"001.a.sql": "s", "002.b.sql": "s"})._replace(unmerged={"x": frozenset({1})})

        found = snapshot({"002.b.sql": Content("s"), "001.a.sql": Content("s")}, like=other)

        assert found.scripts is other.scripts
        assert found.unmerged == {}
        assert (
            snapshot({"001.a.sql": Content("s", empty=True)}, like=held({"001.a.sql": "s"}))
            .files["001.a.sql"]
            .empty
        )

    def test_nothing_is_in_none(self) -> None:
        assert (EMPTY.ordered(), dict(EMPTY.files)) == ([], {})

    def test_order_is_by_number_then_by_name(self) -> None:
        names = ["1000.a.sql", "999.b.sql", "0999.a.sql", "1.z.sql"]

        assert [each.filename for each in in_order(map(script, names))] == [
            "1.z.sql", "0999.a.sql", "999.b.sql", "1000.a.sql"
        ]  # fmt: skip


class TestAncestry:
    def test_what_one_merge_base_knows_was_known(self) -> None:
        known = ancestry({"001.a.sql": "s"}, {"001.a.sql": "t", "002.a.sql": "s"})

        assert known.filenames() == {"001.a.sql", "002.a.sql"}
        assert known.digests("001.a.sql") == {"s", "t"}
        assert known.held(script("001.a.sql", "t"))
        assert not known.held(script("002.a.sql", "t"))
        assert known.knows("002.a.sql")
        assert not known.knows("003.a.sql")

    def test_who_left_a_file_alone(self) -> None:
        known = ancestry({"001.a.sql": "s"})

        assert known.left_alone("001.a.sql", script("001.a.sql", "s"))
        assert not known.left_alone("001.a.sql", script("001.a.sql", "t"))
        assert not known.left_alone("001.a.sql", None)
        assert known.left_alone("002.a.sql", None)


class TestMerged:
    """The four lines of FORMATS 3.1."""

    def test_what_both_have_is_kept(self) -> None:
        assert merge({"001.a.sql": "s"}, {"001.a.sql": "s"}) == {"001.a.sql": "s"}

    def test_where_base_left_it_alone_the_candidate_counts(self) -> None:
        before = {"001.a.sql": "s", "002.a.sql": "s"}

        assert merge(before, {"001.a.sql": "t", "003.a.sql": "s"}, before) == {
            "001.a.sql": "t",
            "003.a.sql": "s",
        }

    def test_where_the_candidate_left_it_alone_base_counts(self) -> None:
        before = {"001.a.sql": "s", "002.a.sql": "s"}

        assert merge({"001.a.sql": "t", "003.a.sql": "s"}, before, before) == {
            "001.a.sql": "t",
            "003.a.sql": "s",
        }

    def test_where_both_changed_it_the_candidate_counts(self) -> None:
        assert merge({"001.a.sql": "t"}, {"001.a.sql": "u"}, {"001.a.sql": "s"}) == {
            "001.a.sql": "u"
        }

    def test_what_the_candidate_deleted_and_base_changed_is_kept(self) -> None:
        assert merge({"001.a.sql": "t"}, {}, {"001.a.sql": "s"}) == {"001.a.sql": "t"}

    @given(ANCESTRIES, SNAPSHOTS)
    def test_with_itself_nothing_changes(self, known: Ancestry, side: Snapshot) -> None:
        assert merged(known, side, side) == side.scripts

    @given(SNAPSHOTS, SNAPSHOTS)
    def test_a_side_that_did_nothing_gives_way(self, before: Snapshot, side: Snapshot) -> None:
        known = Ancestry([before])

        assert merged(known, before, side) == side.scripts
        assert merged(known, side, before) == side.scripts

    @given(ANCESTRIES, SNAPSHOTS, SNAPSHOTS)
    def test_nothing_comes_from_nowhere(
        self, known: Ancestry, base: Snapshot, candidate: Snapshot
    ) -> None:
        result = merged(known, base, candidate)

        for filename, each in result.items():
            assert each in (base.scripts.get(filename), candidate.scripts.get(filename))

    @given(TEXTS, TEXTS)
    def test_without_a_merge_base_nothing_is_lost(
        self, base: dict[str, str], candidate: dict[str, str]
    ) -> None:
        assert merge(base, candidate) == base | candidate

    @given(ANCESTRIES, SNAPSHOTS, SNAPSHOTS)
    def test_to_merge_again_changes_nothing(
        self, known: Ancestry, base: Snapshot, candidate: Snapshot
    ) -> None:
        result = merged(known, base, candidate)
        once = held({filename: each.digest for filename, each in result.items()})

        assert merged(Ancestry([base]), base, once) == result
