"""Which script is the same one under another name (FORMATS 3.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.values import DIGESTS, FILENAMES, SCRIPTS, script
from tsm_git.core.script import Script
from tsm_git.core.succession import Missing, name_part, successors

TEXTS = {"s": "a\nb\nc\nd\ne", "t": "a\nb\nc\nx\ny", "u": "p\nq", "v": "-- nothing"}
MISSING = st.builds(
    lambda filename, digests: Missing(filename, frozenset(digests)),
    st.sampled_from(FILENAMES),
    st.sets(st.sampled_from(DIGESTS), max_size=2),
)


def heirs(missing: dict[str, str], new: dict[str, str]) -> dict[str, str]:
    """Return which new file succeeds which missing one; both as file names and digests."""
    found = successors(
        [Missing(filename, frozenset([digest])) for filename, digest in missing.items()],
        [script(filename, digest) for filename, digest in new.items()],
        TEXTS,
    )
    return {filename: heir.filename for filename, heir in found.items()}


class TestPasses:
    @pytest.mark.parametrize(
        ("new", "heir"),
        [
            ({"007.x.sql": "s"}, "007.x.sql"),  # the same text
            ({"007.mail.sql": "u"}, "007.mail.sql"),  # the same name, another number
            ({"002.x.sql": "t"}, "002.x.sql"),  # the same number, alike
            ({"007.x.sql": "t"}, "007.x.sql"),  # alike
            ({"002.x.sql": "u"}, None),  # the same number, and nothing else
            ({"007.x.sql": "u"}, None),
            ({"007.x.sql": "v"}, None),
            ({}, None),
        ],
    )
    def test_one_script(self, new: dict[str, str], heir: str | None) -> None:
        assert heirs({"002.mail.sql": "s"}, new).get("002.mail.sql") == heir

    def test_the_text_comes_first_then_the_name_then_the_likeness(self) -> None:
        new = {"003.mail.sql": "u", "004.x.sql": "t", "005.y.sql": "s"}

        assert heirs({"002.mail.sql": "s"}, new) == {"002.mail.sql": "005.y.sql"}
        del new["005.y.sql"]
        assert heirs({"002.mail.sql": "s"}, new) == {"002.mail.sql": "003.mail.sql"}
        del new["003.mail.sql"]
        assert heirs({"002.mail.sql": "s"}, new) == {"002.mail.sql": "004.x.sql"}

    @pytest.mark.parametrize(
        ("candidates", "heir"),
        [
            (["009.mail.sql", "002.post.sql"], "002.post.sql"),
            (["009.mail.sql", "003.post.sql"], "009.mail.sql"),
            (["009.post.sql", "003.x.sql"], "003.x.sql"),
            (["003.b.sql", "003.a.sql"], "003.a.sql"),
        ],
    )
    def test_among_several_the_nearest(self, candidates: list[str], heir: str) -> None:
        new = dict.fromkeys(candidates, "s")

        assert heirs({"002.mail.sql": "s"}, new) == {"002.mail.sql": heir}

    def test_two_that_swapped_texts(self) -> None:
        missing = {"002.a.sql": "s", "003.b.sql": "u"}

        assert heirs(missing, {"002.b.sql": "u", "003.a.sql": "s"}) == {
            "002.a.sql": "003.a.sql",
            "003.b.sql": "002.b.sql",
        }

    def test_any_text_that_it_had_will_do(self) -> None:
        gone = Missing("002.mail.sql", frozenset({"u", "s"}))

        assert successors([gone], [script("007.x.sql", "s")], TEXTS)
        assert successors([gone], [script("007.x.sql", "t")], TEXTS)

    def test_a_ledger_may_hold_any_name(self) -> None:
        gone = Missing("../nonsense", frozenset())

        assert gone.number == 0
        assert successors([gone], [script("007.x.sql")], {}) == {}


class TestRules:
    @given(
        st.lists(MISSING, unique_by=lambda gone: gone.filename),
        st.lists(SCRIPTS, unique_by=lambda each: each.filename),
    )
    def test_each_new_script_succeeds_one_at_most(
        self, missing: list[Missing], new: list[Script]
    ) -> None:
        found = successors(missing, new, TEXTS)

        assert len(set(found.values())) == len(found)
        assert set(found.values()) <= set(new)
        assert found.keys() <= {gone.filename for gone in missing}

    @given(
        st.lists(MISSING, unique_by=lambda gone: gone.filename),
        st.lists(SCRIPTS, unique_by=lambda each: each.filename),
    )
    def test_the_order_of_the_question_does_not_matter(
        self, missing: list[Missing], new: list[Script]
    ) -> None:
        assert successors(missing[::-1], new[::-1], TEXTS) == successors(missing, new, TEXTS)


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("003.add_email.sql", "add_email"),
        ("003.a.b.sql", "a.b"),
        ("x", "x"),
        ("", ""),
        ("a.b", "b"),
    ],
)
def test_the_name_part(filename: str, name: str) -> None:
    assert name_part(filename) == name
