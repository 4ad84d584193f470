"""The server of forked processes that the faults are tested with."""

from __future__ import annotations

from tests.faults.conftest import server

__all__ = ["server"]
