"""What a finding is recognised by from run to run: its code and subject, never its line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256

from tsm_git.core.finding import Finding
from tsm_git.core.report import CheckReport


def fingerprinted(report: CheckReport) -> Iterator[tuple[str, Finding]]:
    """Every finding with its fingerprint; no two of one report have the same."""
    seen: Counter[str] = Counter()
    for database in report.databases:
        for finding in database.findings:
            key = "\0".join((finding.code, database.database, finding.path, finding.subject))
            seen[key] += 1
            text = f"{key}\0{seen[key]}".encode("utf-8", "surrogateescape")
            yield sha256(text).hexdigest()[:32], finding
