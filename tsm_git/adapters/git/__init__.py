"""Everything that tsm asks of git, through plumbing commands only.

`discovery` finds the repository and `process` runs git in it; `objects` reads commits, trees and
blobs through one long-lived `git cat-file`; `staging` makes changes; `repository` is the face to
the rest of tsm.
"""

from __future__ import annotations

from tsm_git.adapters.git.entries import IndexEntry
from tsm_git.adapters.git.repository import Repository

__all__ = ["IndexEntry", "Repository"]
