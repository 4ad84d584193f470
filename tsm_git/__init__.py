"""tsm keeps the SQLite schema migrations of a team in order: in files, in git, in databases.

The Python API is `Migrate`, with `State`, `CheckResult`, the typed errors, and `TableRow` for
models; everything else is the command line tool's own. Names are loaded when they are first used,
so that `import tsm_git` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tsm_git.version import VERSION

if TYPE_CHECKING:
    from tsm_git.core.errors import DatabaseError, ModelsError, Refusal, ScriptError, TsmError
    from tsm_git.core.state import State
    from tsm_git.core.tablerow import TableRow
    from tsm_git.migrate import CheckResult, Migrate, ensure_current

__version__ = VERSION

__all__ = [
    "CheckResult",
    "DatabaseError",
    "Migrate",
    "ModelsError",
    "Refusal",
    "ScriptError",
    "State",
    "TableRow",
    "TsmError",
    "__version__",
    "ensure_current",
]

_HOMES = {
    "CheckResult": "tsm_git.migrate",
    "DatabaseError": "tsm_git.core.errors",
    "Migrate": "tsm_git.migrate",
    "ModelsError": "tsm_git.core.errors",
    "Refusal": "tsm_git.core.errors",
    "ScriptError": "tsm_git.core.errors",
    "State": "tsm_git.core.state",
    "TableRow": "tsm_git.core.tablerow",
    "TsmError": "tsm_git.core.errors",
    "ensure_current": "tsm_git.migrate",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
