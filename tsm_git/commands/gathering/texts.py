"""Where the texts of scripts come from when somebody asks for one by its digest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tsm_git.adapters.files import read_text
from tsm_git.core.ledger import Ledger
from tsm_git.core.snapshot import Snapshot

Source = Callable[[str], str | None]


class Texts(Mapping[str, str]):
    """Texts by digest, fetched from wherever they are when somebody asks.

    `sources` are asked in turn; each answers None for what it does not have.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._found: dict[str, str] = {}

    def __getitem__(self, digest: str) -> str:
        if digest not in self._found:
            found = (source(digest) for source in self._sources)
            text = next((text for text in found if text is not None), None)
            if text is None:
                raise KeyError(digest)
            self._found[digest] = text
        return self._found[digest]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def folder_source(folder: Path, candidate: Snapshot) -> Source:
    """The texts of the files in a folder."""
    by_digest = {script.digest: name for name, script in candidate.scripts.items()}

    def text(digest: str) -> str | None:
        name = by_digest.get(digest)
        return read_text(folder / name) if name else None

    return text


def ledger_source(path: Path, ledger: Ledger, *, is_ref: bool = False) -> Source:
    """The texts that a ledger recorded."""
    digests = {entry.digest for entry in ledger.entries}

    def text(digest: str) -> str | None:
        if digest not in digests:
            return None
        from tsm_git.adapters.sqlite import read_script  # apsw is loaded for a database only

        return read_script(path, ledger.path, digest, is_ref=is_ref)

    return text
