"""Small values for tests of what is pure: scripts, snapshots, ancestries, and how to draw them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tsm_git.core.facts import Base, Facts, Place
from tsm_git.core.ledger import Entry, Ledger
from tsm_git.core.script import Content, Script
from tsm_git.core.snapshot import Ancestry, Snapshot, snapshot

# Few names and few texts, so that drawn scripts meet each other.
FILENAMES = [f"{number:03}.{name}.sql" for number in range(1, 5) for name in "ab"]
DIGESTS = "stuv"


def script(filename: str, digest: str = "s") -> Script:
    """Return a script; the digest may be any word."""
    return Script(int(filename.split(".")[0]), filename, digest)


def held(texts: Mapping[str, str]) -> Snapshot:
    """Return a snapshot of file names and digests."""
    return snapshot({filename: Content(digest) for filename, digest in texts.items()})


def ancestry(*texts: Mapping[str, str]) -> Ancestry:
    """Return what these merge bases held."""
    return Ancestry(held(each) for each in texts)


TEXTS = st.dictionaries(st.sampled_from(FILENAMES), st.sampled_from(DIGESTS), max_size=6)
SNAPSHOTS = TEXTS.map(held)
ANCESTRIES = st.lists(TEXTS, max_size=2).map(lambda each: ancestry(*each))
SCRIPTS = st.builds(script, st.sampled_from(FILENAMES), st.sampled_from(DIGESTS))


def facts(candidate: Mapping[str, str], **known: Any) -> Facts:
    """Return what is known of one database: its candidate, and what a test adds."""
    given = Facts("app.sqlite", "app.sqlite.migrations", Place.WORK_TREE, held(candidate), "here")
    unseen = dict.fromkeys(("git", "merges", "branches", "tip"), "no git here")
    return given._replace(unseen=unseen, **known)


def base(texts: Mapping[str, str], *merge_bases: Mapping[str, str]) -> Base:
    """Return a base branch `main`."""
    return Base("main", "b" * 40, "it is", held(texts), tuple(map(held, merge_bases)), None)


def ledger(*rows: tuple[str, str | None], path: str = "app.sqlite", exists: bool = True) -> Ledger:
    """Return a ledger of file names and digests."""
    entries = [Entry(int(name.split(".")[0]), name, digest) for name, digest in rows]
    return Ledger(path, tuple(entries), exists)
