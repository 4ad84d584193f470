"""What a folder of scripts may hold besides scripts, and how files of it are read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tsm_git.adapters.files import find_folders, read_bytes, read_file, read_folder, read_text
from tsm_git.core.errors import TsmError
from tsm_git.core.script import Content, Flaw, blob_id

unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")


class TestFolder:
    def test_what_claims_to_be_sql_is_read_by_name(self, tmp_path: Path) -> None:
        (tmp_path / "002.b.sql").write_text("select 2;")
        (tmp_path / "001.a.SQL").write_text("select 1;")
        (tmp_path / "README.md").write_text("read me")
        (tmp_path / "sql").write_text("no ending")

        assert read_folder(tmp_path) == {
            "001.a.SQL": Content(blob_id(b"select 1;")),
            "002.b.sql": Content(blob_id(b"select 2;")),
        }

    def test_what_is_no_folder_holds_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        assert read_folder(tmp_path / "none") == {}
        assert read_folder(tmp_path / "file") == {}
        assert read_folder(tmp_path / "file" / "below") == {}

    def test_one_that_cannot_be_read_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "loop").symlink_to("loop")

        with pytest.raises(TsmError) as failure:
            read_folder(tmp_path / "loop")

        assert failure.value.message.startswith(f"the folder `{tmp_path / 'loop'}` cannot be read:")
        assert failure.value.hint == f"run `ls -ld '{tmp_path / 'loop'}'`"


class TestFile:
    @pytest.mark.parametrize(
        ("data", "digest"),
        [
            (b"select 1;\n", b"select 1;\n"),
            (b"\xef\xbb\xbfselect 1;\r\n", b"select 1;\n"),
            (b"select 1;\rselect 2;\r\n", b"select 1;\nselect 2;\n"),
        ],
    )
    def test_the_digest_is_that_of_the_normalised_text(
        self, tmp_path: Path, data: bytes, digest: bytes
    ) -> None:
        (tmp_path / "x.sql").write_bytes(data)

        assert read_file(tmp_path / "x.sql").digest == blob_id(digest)
        assert read_text(tmp_path / "x.sql") == digest.decode()

    def test_a_long_file_is_read_whole(self, tmp_path: Path) -> None:
        data = b"select 1; -- " + b"x" * 5_000_000
        (tmp_path / "x.sql").write_bytes(data)

        assert read_file(tmp_path / "x.sql").digest == blob_id(data)

    @pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="takes Linux's /proc")
    def test_one_that_is_longer_than_it_says_is_read_whole(self) -> None:
        # Files of /proc say that they are empty, like one that grows while it is read.
        assert read_text(Path("/proc/version")) == Path("/proc/version").read_text()

    @unix
    def test_a_link_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "x.sql").symlink_to("/etc/passwd")

        assert read_file(tmp_path / "x.sql") == Content(blob_id(b"/etc/passwd"), Flaw.SYMLINK)
        assert read_text(tmp_path / "x.sql") is None

    @unix
    @pytest.mark.parametrize("target", ["x.sql", "nowhere"], ids=["itself", "nowhere"])
    def test_nor_is_one_that_leads_nowhere(self, tmp_path: Path, target: str) -> None:
        (tmp_path / "x.sql").symlink_to(target)

        assert read_file(tmp_path / "x.sql").flaw is Flaw.SYMLINK

    @unix
    def test_a_pipe_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "x.sql")

        assert read_file(tmp_path / "x.sql").flaw is Flaw.NOT_A_FILE
        assert read_bytes(tmp_path / "x.sql") is None

    def test_a_folder_is_no_file(self, tmp_path: Path) -> None:
        assert read_file(tmp_path).flaw is Flaw.NOT_A_FILE
        assert read_bytes(tmp_path) is None

    def test_one_that_has_gone_cannot_be_read(self, tmp_path: Path) -> None:
        assert read_file(tmp_path / "none").flaw is Flaw.UNREADABLE
        assert read_bytes(tmp_path / "none") is None

    def test_bytes_are_not_changed(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_bytes(b"\xff\r\n")

        assert read_bytes(tmp_path / "x") == b"\xff\r\n"


class TestFolders:
    def test_they_are_found_here_and_one_level_below(self, tmp_path: Path) -> None:
        for path in ("b.migrations", "x/a.migrations", "x/y/deep.migrations", ".migrations"):
            (tmp_path / path).mkdir(parents=True)
        (tmp_path / "file.migrations").touch()

        found = find_folders(tmp_path, ".migrations")

        assert [path.relative_to(tmp_path).as_posix() for path in found] == [
            "b.migrations",
            "x/a.migrations",
        ]
