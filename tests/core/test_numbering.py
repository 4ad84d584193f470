"""The one sequence, and where drafts go in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.values import SCRIPTS, script
from tsm_git.core.numbering import (
    Gap,
    Move,
    copies,
    duplicates,
    gaps,
    in_safe_order,
    renumbered,
    width,
)
from tsm_git.core.script import Script
from tsm_git.core.snapshot import in_order

A, B, C = script("001.a.sql"), script("002.b.sql", "t"), script("005.c.sql", "u")
DRAFTS = st.lists(
    st.builds(
        lambda number, name: script(f"{number:03}.{name}.sql"),
        st.integers(1, 30),
        st.text("abc", min_size=1, max_size=4),
    ),
    max_size=8,
    unique_by=lambda draft: draft.filename,
).map(in_order)


class TestDuplicates:
    def test_groups_of_one_number(self) -> None:
        other, third = script("1.x.sql"), script("01.y.sql")

        assert duplicates([B, other, A, third]) == [[A, third, other]]
        assert duplicates([A, B, C]) == []

    @given(st.lists(SCRIPTS, unique=True))
    def test_each_is_in_a_group_that_shares_its_number(self, scripts: list[Script]) -> None:
        grouped = {each for group in duplicates(scripts) for each in group}

        for each in scripts:
            shared = sum(other.number == each.number for other in scripts) > 1
            assert (each in grouped) == shared


class TestGaps:
    def test_runs_of_missing_numbers(self) -> None:
        assert gaps([A, C], []) == [Gap(2, 4, C)]
        assert gaps([C], []) == [Gap(1, 4, C)]
        assert gaps([A, B], []) == []
        assert gaps([], []) == []

    def test_what_is_explained_is_no_gap(self) -> None:
        assert gaps([A, C], [2, 3, 4]) == []
        assert gaps([A, C], [3]) == [Gap(2, 2, C), Gap(4, 4, C)]
        assert gaps([A], [7]) == []
        assert gaps([A, C], [0, 5]) == [Gap(2, 4, C)]

    def test_a_number_out_of_sight_is_one_gap(self) -> None:
        last = script("999999999.x.sql")

        assert gaps([A, last], []) == [Gap(2, 999999998, last)]

    @given(st.lists(SCRIPTS), st.sets(st.integers(-1, 6)))
    def test_every_missing_number_is_in_one(self, scripts: list[Script], known: set[int]) -> None:
        held = {each.number for each in scripts} | known
        highest = max((each.number for each in scripts), default=0)

        missing = [n for gap in gaps(scripts, known) for n in range(gap.first, gap.last + 1)]

        assert missing == [number for number in range(1, highest + 1) if number not in held]


class TestCopies:
    def test_the_lowest_is_the_original(self) -> None:
        again, third = script("002.b.sql"), script("003.c.sql")

        assert copies([third, again, A]) == [(again, A), (third, A)]

    def test_two_claims_on_one_number_are_no_copies(self) -> None:
        assert copies([A, script("001.b.sql")]) == []


class TestWidth:
    @pytest.mark.parametrize(
        ("filenames", "digits"),
        [
            (["002.b.sql", "0001.a.sql"], 4),
            (["1.a.sql", "002.b.sql"], 1),
            (["0001.b.sql", "001.a.sql"], 4),
            (["1000.a.sql"], 4),
            ([], 3),
        ],
    )
    def test_it_is_that_of_the_first(self, filenames: list[str], digits: int) -> None:
        assert width([script(filename) for filename in filenames]) == digits


class TestRenumbered:
    @given(DRAFTS, st.integers(0, 40))
    def test_there_is_no_gap_and_no_duplicate(self, drafts: list[Script], last: int) -> None:
        numbers = [each.number for each in _moved(drafts, last)]

        assert numbers == list(range(last + 1, last + 1 + len(drafts)))

    @given(DRAFTS, st.integers(0, 40))
    def test_order_names_and_texts_are_kept(self, drafts: list[Script], last: int) -> None:
        moved = _moved(drafts, last)

        assert [(each.name, each.digest) for each in moved] == [
            (each.name, each.digest) for each in drafts
        ]

    @given(DRAFTS, st.integers(0, 40))
    def test_once_is_enough(self, drafts: list[Script], last: int) -> None:
        assert renumbered(_moved(drafts, last), last, 3) == []

    @given(DRAFTS, st.integers(0, 40))
    def test_who_is_in_place_does_not_move(self, drafts: list[Script], last: int) -> None:
        moves = renumbered(drafts, last, 3)

        assert {move.script for move in moves} == {
            draft for number, draft in enumerate(drafts, last + 1) if draft.number != number
        }

    def test_two_of_one_number_stay_in_the_order_of_their_names(self) -> None:
        drafts = in_order([script("004.b.sql"), script("004.a.sql"), script("003.z.sql")])

        assert renumbered(drafts, 6, 3) == [
            Move(script("003.z.sql"), "007.z.sql"),
            Move(script("004.a.sql"), "008.a.sql"),
            Move(script("004.b.sql"), "009.b.sql"),
        ]

    @pytest.mark.parametrize(("digits", "name"), [(1, "12.a.sql"), (3, "012.a.sql")])
    def test_numbers_are_written_as_the_folder_writes_them(self, digits: int, name: str) -> None:
        assert renumbered([A], 11, digits) == [Move(A, name)]

    @given(DRAFTS, st.integers(0, 40))
    def test_the_files_can_be_renamed_one_after_the_other(
        self, drafts: list[Script], last: int
    ) -> None:
        names = {draft.filename for draft in drafts}

        for move in in_safe_order(renumbered(drafts, last, 3)):
            names.remove(move.script.filename)
            assert move.filename not in names
            names.add(move.filename)

        assert names == {each.filename for each in _moved(drafts, last)}


def _moved(drafts: list[Script], last: int) -> list[Script]:
    targets = {move.script: move.filename for move in renumbered(drafts, last, 3)}
    return [script(targets.get(draft, draft.filename), draft.digest) for draft in drafts]
