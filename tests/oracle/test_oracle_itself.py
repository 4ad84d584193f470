"""The oracle on cases that a reader can judge by eye, each with its paragraph of FORMATS.md."""

from __future__ import annotations

import pytest

from tests.oracle.oracle import Case, Link, Merge, Row, Verdict, alike, judge, number_of

USERS = b"create table users (id);\n"
MAIL = b"alter table users add mail;\nupdate users set mail = '';\n"
PHONE = b"alter table users add phone;\nupdate users set phone = '';\n"
SIZE = b"create table size (id);\ncreate index by_size on size (id);\n"

PUBLISHED = {"001.users.sql": USERS, "002.mail.sql": MAIL}


def branch(candidate, base=None, *merge_bases) -> Verdict:
    """The verdict on a branch that left main at `PUBLISHED` and is not merged with it."""
    return judge(
        Case(
            candidate=candidate,
            base=PUBLISHED if base is None else base,
            merge_bases=merge_bases or [PUBLISHED],
        )
    )


def problems(*expected: str) -> frozenset[tuple[str, str]]:
    """`"TSM201 001.users.sql"` as the oracle says it."""
    return frozenset((line[:6], line[7:]) for line in expected)


def test_a_draft_behind_the_last_published_script_is_fine():
    verdict = branch({**PUBLISHED, "003.phone.sql": PHONE})
    assert verdict == Verdict(frozenset(), "CURRENT")


def test_3_2_two_branches_take_one_number():
    verdict = branch({**PUBLISHED, "003.phone.sql": PHONE}, {**PUBLISHED, "003.size.sql": SIZE})
    assert verdict.problems == problems("TSM204 003.phone.sql", "TSM208 base")
    assert verdict.state == "CONFLICTED"


def test_3_2_both_wrote_one_file_name():
    verdict = branch({**PUBLISHED, "003.x.sql": PHONE}, {**PUBLISHED, "003.x.sql": SIZE})
    assert verdict.problems == problems("TSM204 003.x.sql")


def test_3_2_who_is_only_behind_has_no_fault():
    base = {"001.users.sql": SIZE, "002.mail.sql": MAIL, "003.phone.sql": PHONE}
    verdict = branch(PUBLISHED, base)
    assert verdict == Verdict(problems("TSM208 base"), "CURRENT")


@pytest.mark.parametrize("name", ["003.mail.sql", "002.post.sql", "007.other.sql"])
def test_3_2_a_published_script_under_another_name(name):
    """The number it left is not reported as a gap, nor the one it came to."""
    verdict = branch({"001.users.sql": USERS, name: MAIL})
    assert verdict.problems == problems("TSM202 002.mail.sql")


def test_3_2_a_rename_with_an_edit_is_known_by_its_name_or_by_its_text():
    assert branch({"001.users.sql": USERS, "003.mail.sql": SIZE}).problems == problems(
        "TSM202 002.mail.sql"
    )
    assert branch({"001.users.sql": USERS, "003.post.sql": MAIL + SIZE}).problems == problems(
        "TSM202 002.mail.sql"
    )
    assert branch({"001.users.sql": USERS, "003.post.sql": SIZE}).problems == problems(
        "TSM203 002.mail.sql"
    )


def test_3_2_line_ends_and_a_mark_at_the_start_are_no_edit():
    windows = {
        name: b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n") for name, text in PUBLISHED.items()
    }
    assert branch(windows).problems == problems()
    assert branch({**PUBLISHED, "002.mail.sql": MAIL + b"\n"}).problems == problems(
        "TSM201 002.mail.sql"
    )


def test_3_2_what_one_of_two_merge_bases_knows_is_known():
    """A criss-cross: main took 002 back, and only one of the merge bases still has it."""
    ours = {**PUBLISHED, "002.mail.sql": SIZE}
    verdict = branch(ours, PUBLISHED, PUBLISHED, ours)
    assert verdict.problems == problems("TSM208 base")
    assert branch(ours, PUBLISHED, PUBLISHED).problems == problems("TSM201 002.mail.sql")


def test_3_5_numbers_are_judged_on_the_merge_result():
    verdict = branch({**PUBLISHED, "004.phone.sql": PHONE}, {**PUBLISHED, "003.size.sql": SIZE})
    assert verdict.problems == problems("TSM208 base")
    verdict = branch({**PUBLISHED, "005.a.sql": PHONE, "005.b.sql": SIZE, "0008.c.sql": PHONE})
    assert verdict.problems == problems(
        "TSM102 5", "TSM103 3", "TSM103 6", "TSM107 0008.c.sql", "TSM211 0008.c.sql"
    )
    assert verdict.state == "ERROR"


def test_3_6_files_that_are_no_scripts():
    verdict = branch(
        {
            **PUBLISHED,
            "3.SQL": PHONE,
            "003.link.sql": Link("001.users.sql"),
            "003.marks.sql": b"<<<<<<< HEAD\n" + PHONE,
            "004.later.sql": b"-- tsm: undecided\n",
            "notes.txt": b"\xff",
        }
    )
    assert verdict.problems == problems(
        "TSM101 3.SQL",
        "TSM106 003.link.sql",
        "TSM104 003.marks.sql",
        "TSM105 004.later.sql",
    )


def merged(result, *parents, conflicts=()) -> frozenset[tuple[str, str]]:
    """What a merge of branches that all left from `PUBLISHED` lost or mixed."""
    pairs = [(i, j) for i in range(len(parents)) for j in range(i + 1, len(parents))]
    merge = Merge(parents, {pair: [PUBLISHED] for pair in pairs}, result, frozenset(conflicts))
    return judge(Case(result, parents[0], [parents[0]], [merge])).problems


def test_3_7_a_merge_loses_a_script():
    ours, theirs = {**PUBLISHED, "003.phone.sql": PHONE}, {**PUBLISHED, "004.size.sql": SIZE}
    assert merged({**ours, **theirs}, ours, theirs) == problems()
    assert merged(ours, ours, theirs) == problems("TSM209 004.size.sql")
    assert merged(theirs, ours, theirs) == problems("TSM209 003.phone.sql")


def test_3_7_the_third_parent_counts():
    ours, theirs = {**PUBLISHED, "003.phone.sql": PHONE}, {**PUBLISHED, "004.size.sql": SIZE}
    assert merged(ours, ours, PUBLISHED, theirs) == problems("TSM209 004.size.sql")


def test_3_7_a_script_that_one_side_deleted_is_not_lost_in_the_merge():
    without = {"001.users.sql": USERS}
    assert merged(without, PUBLISHED, without) == problems("TSM203 002.mail.sql")


def test_3_7_a_text_that_no_parent_has():
    ours = {**PUBLISHED, "003.phone.sql": PHONE}
    theirs = {**PUBLISHED, "003.phone.sql": SIZE}
    mixed = {**PUBLISHED, "003.phone.sql": PHONE + SIZE}
    assert merged(mixed, ours, theirs) == problems("TSM210 003.phone.sql")
    resolved = merged(mixed, ours, theirs, conflicts=["003.phone.sql"])
    assert resolved == problems("TSM201 003.phone.sql")


def with_ledgers(candidate, working=None, ref=None, **more) -> Verdict:
    """The verdict on a work tree that is like main but for the candidate's changes."""
    return judge(Case(candidate, PUBLISHED, [PUBLISHED], working=working, ref=ref, **more))


def rows(place) -> list[Row]:
    """A ledger that has applied all scripts of a place."""
    return [Row(number_of(name) or 0, name, text.decode()) for name, text in place.items()]


def test_3_4_production_outranks_git():
    ref = rows({**PUBLISHED, "003.phone.sql": PHONE})
    assert with_ledgers(PUBLISHED, ref=ref).problems == problems("TSM207 003.phone.sql")
    deleted = with_ledgers(PUBLISHED, ref=ref, our_history=frozenset({PHONE.decode()}))
    assert deleted.problems == problems("TSM203 003.phone.sql")
    elsewhere = with_ledgers(PUBLISHED, ref=ref, other_history=frozenset({PHONE.decode()}))
    assert elsewhere.problems == problems("TSM208 ref")
    draft = with_ledgers({**PUBLISHED, "003.size.sql": SIZE}, ref=ref)
    assert draft.problems == problems("TSM207 003.phone.sql", "TSM204 003.size.sql")


def test_3_8_what_the_working_database_has_applied():
    draft = {**PUBLISHED, "003.phone.sql": PHONE}
    assert with_ledgers(draft, rows(PUBLISHED)) == Verdict(
        frozenset(), "PENDING", ("003.phone.sql",)
    )
    assert with_ledgers(draft, rows(draft)).state == "CURRENT"
    edited = with_ledgers({**PUBLISHED, "003.phone.sql": SIZE}, rows(draft))
    assert edited.problems == problems("TSM301 003.phone.sql")
    renamed = with_ledgers({**PUBLISHED, "003.call.sql": PHONE}, rows(draft))
    assert renamed.problems == problems("TSM302 003.phone.sql")
    assert renamed.pending == ()
    assert with_ledgers(PUBLISHED, rows(draft)).problems == problems("TSM303 003.phone.sql")
    late = with_ledgers(draft, [*rows(PUBLISHED), Row(7, "007.x.sql", None), Row(0, "x", "y")])
    assert late.problems == problems("TSM303 007.x.sql", "TSM304 003.phone.sql")


def test_alike_is_three_fifths_of_the_lines():
    assert alike("a\nb\nc\nd\ne\n", " a\n\n-- x\nb \nc\nf\ng")
    assert not alike("a\nb\nc\nd\ne", "a\nb\nf\ng\nh")
    assert not alike("-- a\n", "-- a\n")
    assert not alike("a\na\na", "a\nb\nc")
