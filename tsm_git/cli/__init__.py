"""The command line: options in, a command called, its result rendered, an exit code out.

`main` is the entry point. The modules of the commands are loaded when they are called, so that
`tsm --version` and shell completion start nothing else.
"""

from __future__ import annotations

from tsm_git.cli.main import main

__all__ = ["main"]
