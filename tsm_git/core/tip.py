"""The tip file: one line of a folder that two branches cannot both change without git's notice.

Two branches that each add a script change it in different ways, so git itself reports a conflict,
also where no hook runs.
"""

from __future__ import annotations

from collections.abc import Iterable

from tsm_git.core.script import Script, sha1_of
from tsm_git.core.snapshot import in_order

FILENAME = "latest.txt"

_COMMENT = """\
# The last script of this folder, and the digest of all of them. tsm keeps this file.
# A conflict here means that two branches added scripts: run `tsm renumber`, which
# moves the drafts behind what is published and writes this file anew.
"""


def tip_text(scripts: Iterable[Script]) -> str:
    """The whole file for these scripts, ending with a newline."""
    chain = in_order(scripts)
    last = chain[-1].filename if chain else "(no script)"
    return f"{_COMMENT}{last}\n{chain_digest(chain)}\n"


def chain_digest(scripts: Iterable[Script]) -> str:
    """The digest of a sequence: SHA-1 over a line `NAME DIGEST` for each script, in order."""
    lines = "".join(f"{script.filename} {script.digest}\n" for script in in_order(scripts))
    return sha1_of(lines.encode("utf-8", "surrogateescape"))
