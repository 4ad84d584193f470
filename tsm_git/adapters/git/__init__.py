"""Everything that tsm asks of git, through plumbing commands only.

`process` runs git and is the only module that imports GitPython; `objects` reads commits, trees and
blobs through one long-lived `git cat-file`; `repository` is the face to the rest of tsm.
"""

from __future__ import annotations

from tsm_git.adapters.git.repository import IndexEntry, Repository

__all__ = ["IndexEntry", "Repository"]
