"""The version of tsm, the one place that holds it.

A plain constant: `tsm --version` must not pay for `importlib.metadata`.
"""

from __future__ import annotations

VERSION = "0.1.0"
