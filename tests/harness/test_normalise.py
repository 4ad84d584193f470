"""What differs from run to run becomes a placeholder; all else stays."""

from __future__ import annotations

from pathlib import Path

from tests.harness.normalise import normalise
from tsm_git.version import VERSION


def test_paths_object_ids_times_and_the_version_are_replaced() -> None:
    text = (
        f"tsm {VERSION} in /tmp/x/project\n"
        f"commit {'a1' * 20} of 2026-01-01T00:00:03+00:00\n"
        f"object {'0f' * 32}\n"
        "done in 0.3 s, replay 12ms\n"
    )

    assert normalise(text, root=Path("/tmp/x")) == (
        "tsm <version> in <root>/project\n"
        "commit <oid> of <time>\n"
        "object <oid>\n"
        "done in <duration>, replay <duration>\n"
    )


def test_a_commit_that_has_a_name_is_shown_by_it_however_short() -> None:
    oid = "0123456789" * 4

    assert (
        normalise(f"at {oid[:8]}, that is {oid}", ids={oid: "base"}) == "at <base>, that is <base>"
    )


def test_numbers_and_names_of_scripts_stay() -> None:
    text = "app.sqlite.migrations/003.add_email.sql:1:1: TSM204 number 003 is taken"

    assert normalise(text) == text
