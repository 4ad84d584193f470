"""A project: where it is, its repository and its settings. Everything else starts from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tsm_git.adapters.files import read_bytes
from tsm_git.adapters.git import Repository
from tsm_git.core.errors import ConfigError
from tsm_git.core.settings import Settings, parse_settings
from tsm_git.rules import CODES


class Project:
    """One project. `top` is the top of the work tree; without git, the folder that was opened.

    `top` of a bare repository is its git directory, which holds no scripts.
    """

    def __init__(
        self, start: Path, repository: Repository | None, environ: Mapping[str, str]
    ) -> None:
        self.start = start
        self.repository = repository
        self.environ = environ
        self.top = (repository.top or repository.place.git_dir) if repository else start

    @property
    def is_bare(self) -> bool:
        """Whether there is a repository without a work tree."""
        return self.repository is not None and self.repository.top is None

    def settings(self) -> Settings:
        """The settings of the work tree: the nearest configuration from here up to the top."""
        if self.is_bare:
            return Settings()
        for folder in self._folders():
            prefix = folder.relative_to(self.top).as_posix() if folder != self.top else ""
            for name in ("tsm.toml", "pyproject.toml"):
                source = f"{prefix}/{name}" if prefix else name
                found = _parse(read_bytes(folder / name), source, prefix)
                if found:
                    return found
        return Settings()

    def settings_at(self, commit: str) -> Settings:
        """The settings that a commit holds at its top: a gate believes base, not the branch."""
        if self.repository is None:
            return Settings()
        names = ("tsm.toml", "pyproject.toml")
        blobs = self.repository.objects.get([f"{commit}:{name}" for name in names])
        for name, blob in zip(names, blobs, strict=True):
            found = _parse(blob.data if blob else None, f"{commit[:10]}:{name}", "")
            if found:
                return found
        return Settings()

    def _folders(self) -> list[Path]:
        start, top = self.start.resolve(), self.top.resolve()
        if not start.is_relative_to(top):
            return [self.top]
        parts = start.relative_to(top).parts
        return [self.top.joinpath(*parts[:count]) for count in range(len(parts), -1, -1)]


@contextmanager
def open_project(start: Path, environ: Mapping[str, str] | None = None) -> Iterator[Project]:
    """The project around a folder; ends what it started in the background.

    `environ` is where CI's variables are looked up; none by default.
    """
    repository = Repository.find(start)
    try:
        yield Project(start, repository, environ or {})
    finally:
        if repository:
            repository.close()


def _parse(data: bytes | None, source: str, prefix: str) -> Settings | None:
    is_ours = source.endswith("tsm.toml")
    if data is None or not (is_ours or b"tsm" in data):
        return None
    import tomllib  # most checks find no configuration

    try:
        document = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{source}: {error}", f"correct `{source}`; it is read as TOML"
        ) from error
    if is_ours:
        return parse_settings(document, source, CODES, prefix)
    tools = document.get("tool")
    table = tools.get("tsm") if isinstance(tools, dict) else None
    if table is None:
        return None
    if not isinstance(table, dict):
        raise ConfigError(
            f"{source}: `tool.tsm` is {table!r}, expected a table",
            "write `[tool.tsm]` on a line above its keys",
        )
    return parse_settings(table, f"{source} [tool.tsm]", CODES, prefix)
