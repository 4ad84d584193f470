"""Where models come from: what imports a module or runs a command, outside of tsm's own process."""

from __future__ import annotations

from tsm_git.adapters.models.run import (
    find_interpreter,
    of_command,
    of_module,
    of_objects,
    of_plugin,
)

__all__ = ["find_interpreter", "of_command", "of_module", "of_objects", "of_plugin"]
