"""`python -m tsm_git` is `tsm`."""

from __future__ import annotations

from tsm_git.cli import main

if __name__ == "__main__":
    main(prog_name="tsm")
