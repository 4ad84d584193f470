"""`tsm hooks install`, `uninstall` and `status`: a stranger's hook is kept, run, and put back."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.harness.project import SOURCE, Project
from tests.hooks.desk import program
from tests.schema.test_documents import validate
from tsm_git.adapters.hooks import hook_script
from tsm_git.commands.hooks.setup import CLIENT
from tsm_git.core.integration.hook import Event

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the hooks are shell scripts")

# Says what it was given, and ends with 7 where a file tells it to.
STRANGER = """#!/bin/sh
{{ echo "${{0##*/}} $*"; cat; }} >> {log}
[ ! -e {refuse} ] || exit 7
"""


def hooks_of(project: Project) -> Path:
    """Return git's own folder of hooks."""
    return project.root / ".git" / "hooks"


def stranger(project: Project, event: str, folder: Path | None = None) -> Path:
    """Write a hook that somebody else has made."""
    path = (folder or hooks_of(project)) / event
    path.parent.mkdir(parents=True, exist_ok=True)
    log, refuse = project.root.parent / "log", project.root.parent / "refuse"
    path.write_text(STRANGER.format(log=log, refuse=refuse))
    path.chmod(0o755)
    return path


def install(project: Project, *options: str) -> str:
    """Install the hooks, which must go well, with the tsm of these tests; return what it said."""
    said = project.tsm_inprocess("hooks", "install", *options).exits(0).stdout
    project.git("config", "tsm.program", str(program(project.env.home)))
    return said


def uninstall(project: Project) -> str:
    """Take the hooks away."""
    return project.tsm_inprocess("hooks", "uninstall").exits(0).stdout


def picture(folder: Path) -> dict[str, tuple[int, bytes | str]]:
    """Return all files of a folder with their modes and bytes, or where they lead."""
    found: dict[str, tuple[int, bytes | str]] = {}
    for path in folder.rglob("*"):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            found[path.name] = (mode, str(path.readlink()))
        elif path.is_file():
            found[path.name] = (mode, path.read_bytes())
    return found


def calling(project: Project) -> list[str]:
    """Return the events at which git calls tsm, as `tsm hooks status` knows it."""
    document = project.tsm_inprocess("hooks", "status", "--json").exits(0).json()
    return [hook["event"] for hook in document["hooks"] if hook["calls_tsm"]]


@pytest.fixture
def published(project: Project) -> Project:
    """Return a project with two published scripts."""
    project.scripts("001.users.sql", "002.mail.sql")
    project.commit("start")
    return project


class TestInstall:
    def test_writes_a_hook_for_each_event_of_a_clone(self, project: Project) -> None:
        said = install(project)

        assert set(picture(hooks_of(project))) == {event.value for event in CLIENT}
        assert said.count("wrote ") == len(CLIENT)
        assert all(os.access(path, os.X_OK) for path in hooks_of(project).iterdir())

    def test_does_nothing_the_second_time(self, project: Project) -> None:
        install(project)
        before = picture(hooks_of(project))

        assert install(project) == "nothing to change\n"
        assert picture(hooks_of(project)) == before

    def test_brings_an_older_text_up_to_date(self, project: Project) -> None:
        install(project)
        path = hooks_of(project) / "pre-commit"
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:3]) + "exit 0\n")

        assert "as another version wrote it" in project.tsm_inprocess("hooks", "status").stdout
        assert install(project) == f"wrote {path}\n"
        assert path.read_text() == hook_script(Event.PRE_COMMIT)
        assert not (hooks_of(project) / "pre-commit.before-tsm").exists()

    def test_makes_a_hook_executable_again(self, project: Project) -> None:
        install(project)
        path = hooks_of(project) / "pre-push"
        path.chmod(0o644)

        assert install(project) == f"wrote {path}\n"
        assert os.access(path, os.X_OK)

    def test_remembers_which_tsm_it_was(self, project: Project) -> None:
        project.tsm_inprocess("hooks", "install").exits(0)

        assert Path(project.git("config", "tsm.program")).name == "tsm"

    def test_in_a_bare_repository_guards_what_is_received(self, project: Project) -> None:
        bare = project.remote()
        server = Project(project.env, bare)
        server.results = project.results

        said = server.tsm_inprocess("hooks", "install").exits(0).stdout

        assert said == f"wrote {bare}/hooks/pre-receive\n"

    def test_needs_a_repository(self, project: Project) -> None:
        (project.root.parent / "elsewhere").mkdir()

        refused = project.tsm_inprocess("hooks", "install", cwd="../elsewhere")

        assert refused.exits(2).stderr.startswith("error: ")


class TestStrangers:
    def test_are_kept_and_run_first(self, published: Project) -> None:
        stranger(published, "pre-commit")
        install(published)
        published.edit("001.users.sql")

        published.git("commit", "-a", "-m", "edit", exit_code=1)

        assert (published.root.parent / "log").read_text() == "pre-commit.before-tsm \n"

    def test_stop_a_commit_with_their_own_exit_code(self, published: Project) -> None:
        hook = stranger(published, "pre-commit")
        install(published)
        (published.root.parent / "refuse").touch()

        ran = published.env.run([str(hook)], cwd=published.root)

        assert ran.exit_code == 7

    def test_get_the_arguments_and_input_of_a_push(self, published: Project) -> None:
        stranger(published, "pre-push")
        remote = published.remote()
        install(published)

        published.git("push", "--quiet", "origin", "main")

        oid = published.head
        assert (published.root.parent / "log").read_text() == (
            f"pre-push.before-tsm origin {remote}\n"
            f"refs/heads/main {oid} refs/heads/main {'0' * 40}\n"
        )

    def test_get_no_line_where_git_gives_none(self, published: Project) -> None:
        remote = published.remote()
        published.push("main")
        stranger(published, "pre-push")
        install(published)

        published.git("push", "--quiet", "origin", "main")

        assert (published.root.parent / "log").read_text() == (
            f"pre-push.before-tsm origin {remote}\n"
        )

    @pytest.mark.parametrize(
        ("event", "arguments"),
        [
            ("post-checkout", ["{nothing}", "HEAD", "1"]),
            ("post-merge", ["0"]),
            ("post-rewrite", ["rebase"]),
        ],
    )
    def test_that_advise_end_as_they_did(
        self, published: Project, event: str, arguments: list[str]
    ) -> None:
        hook = stranger(published, event)
        install(published)
        (published.root.parent / "refuse").touch()
        words = [word.format(nothing="0" * 40) for word in arguments]

        ran = published.env.run([str(hook), *words], cwd=published.root, stdin=b"a b\n")

        assert ran.exit_code == 7
        log = (published.root.parent / "log").read_text()
        assert log == f"{event}.before-tsm {' '.join(words)}\na b\n"

    def test_come_back_byte_for_byte(self, project: Project) -> None:
        for event in CLIENT:
            stranger(project, event.value).chmod(0o750)
        (hooks_of(project) / "pre-push").chmod(0o644)  # git ignores this one, and so does tsm
        (hooks_of(project) / "post-merge").write_bytes(b"#!/bin/sh\r\n\xff\0")
        before = picture(hooks_of(project))
        install(project)
        install(project)

        said = uninstall(project)

        assert picture(hooks_of(project)) == before
        assert said.count("put back ") == len(CLIENT)
        assert uninstall(project) == "nothing to change\n"
        assert "tsm" not in (project.root / ".git" / "config").read_text()

    def test_that_are_links_stay_links(self, project: Project) -> None:
        target = project.write("tools/hook", "#!/bin/sh\nexit 3\n")
        target.chmod(0o755)
        hooks_of(project).mkdir(parents=True, exist_ok=True)
        (hooks_of(project) / "pre-commit").symlink_to("../../tools/hook")
        before = picture(hooks_of(project))
        install(project)

        ran = project.env.run([str(hooks_of(project) / "pre-commit")], cwd=project.root)
        uninstall(project)

        assert ran.exit_code == 3
        assert picture(hooks_of(project)) == before

    def test_two_of_them_are_not_merged_by_a_machine(self, project: Project) -> None:
        install(project)
        kept = hooks_of(project) / "pre-commit.before-tsm"
        kept.write_text("#!/bin/sh\n")
        (hooks_of(project) / "pre-commit").write_text("#!/bin/sh\n# another one\n")

        refused = project.tsm_inprocess("hooks", "install")

        assert "are both hooks of somebody else" in refused.exits(1).stderr
        assert kept.read_text() == "#!/bin/sh\n"

    def test_a_run_that_was_killed_is_finished(self, project: Project) -> None:
        hook = stranger(project, "pre-commit")
        text = hook.read_bytes()
        os.link(hook, hooks_of(project) / "pre-commit.before-tsm")  # it got this far

        install(project)

        assert hook.read_text() == hook_script(Event.PRE_COMMIT)
        uninstall(project)
        assert hook.read_bytes() == text

    def test_one_that_took_the_place_of_tsm_stays(self, project: Project) -> None:
        install(project)
        path = hooks_of(project) / "pre-commit"
        path.write_text("#!/bin/sh\n# later\n")

        uninstall(project)

        assert picture(hooks_of(project)) == {
            "pre-commit": (path.lstat().st_mode, b"#!/bin/sh\n# later\n")
        }

    def test_what_the_framework_took_for_an_old_hook_gives_way(self, project: Project) -> None:
        hook = stranger(project, "pre-commit")
        text = hook.read_bytes()
        install(project)
        legacy = hook.rename(hook.with_name("pre-commit.legacy"))  # as `pre-commit install` does
        hook.write_text("#!/bin/sh\n# File generated by pre-commit\n")

        uninstall(project)

        assert legacy.read_bytes() == text
        assert "generated" in hook.read_text()


class TestPlaces:
    def test_hooks_path_within_the_repository(self, published: Project) -> None:
        published.git("config", "core.hooksPath", ".githooks")
        hook = stranger(published, "pre-commit", published.root / ".githooks")
        install(published)
        published.edit("001.users.sql")

        published.git("commit", "-a", "-m", "edit", exit_code=1)

        assert (published.root / ".githooks" / "pre-commit.before-tsm").exists()
        assert not (hooks_of(published) / "pre-commit").exists()
        uninstall(published)
        assert "echo" in hook.read_text()

    def test_hooks_path_that_others_use(self, project: Project) -> None:
        shared = project.root.parent / "shared"
        project.git("config", "core.hooksPath", str(shared))

        refused = project.tsm_inprocess("hooks", "install").exits(1)
        assert "outside of this repository" in refused.stderr
        assert "`tsm hooks install --shared`" in refused.stderr
        assert not shared.exists()

        install(project, "--shared")
        assert {path.name for path in shared.iterdir()} == {event.value for event in CLIENT}

    def test_the_folder_of_a_clone_of_tsm_is_installed_already(self, project: Project) -> None:
        project.git("config", "core.hooksPath", str(SOURCE / "hooks"))

        found = project.tsm_inprocess("hooks", "status", "--json").json()

        assert all(hook["owner"] == "tsm" for hook in found["hooks"])

    def test_linked_work_trees_share_them(self, published: Project) -> None:
        tree = published.worktree("tree", "topic")
        install(tree)

        assert set(picture(hooks_of(published))) == {event.value for event in CLIENT}

    def test_a_submodule_has_its_own(self, published: Project) -> None:
        outer = Project.create(published.env, published.root.parent / "outer")
        outer.results = published.results
        inner = outer.submodule(published, "inner")
        inner.results = published.results

        install(inner)

        assert (outer.root / ".git/modules/inner/hooks/pre-commit").exists()
        assert not (outer.root / ".git/hooks/pre-commit").exists()

    def test_husky_writes_its_own(self, project: Project) -> None:
        project.git("config", "core.hooksPath", ".husky/_")
        (project.root / ".husky" / "_").mkdir(parents=True)

        refused = project.tsm_inprocess("hooks", "install").exits(1)

        assert "husky writes the hooks" in refused.stderr
        assert list((project.root / ".husky" / "_").iterdir()) == []
        line = refused.stderr.split("`")[1]
        assert project.env.run(["sh", "-c", line], cwd=project.root).exit_code == 0
        written = (project.root / ".husky" / "pre-push").read_text()
        assert written == 'tsm hooks run pre-push "$@"\n'
        stranger(project, "pre-push", project.root / ".husky" / "_")  # as husky writes one
        assert calling(project) == ["pre-push"]

    def test_lefthook_writes_its_own(self, project: Project) -> None:
        project.write("lefthook.yml", "pre-commit: {}\n")

        refused = project.tsm_inprocess("hooks", "install").exits(1)

        assert "lefthook writes the hooks" in refused.stderr
        assert not hooks_of(project).exists()
        project.write(
            "lefthook.yml", "pre-push: {commands: {tsm: {run: tsm hooks run pre-push {0}}}}\n"
        )
        stranger(project, "pre-push")  # as lefthook writes one
        stranger(project, "pre-commit")
        assert calling(project) == ["pre-push"]


CONFIGURATIONS = {
    "usual": (
        "# ours\nrepos:\n  - repo: https://example.com/other  # kept\n    rev: v1\n"
        "    hooks:\n      - id: other\n"
    ),
    "flush": "repos:\n- repo: local\n  hooks: []\nfail_fast: true\n",
    "types": "default_install_hook_types: [pre-commit]\nrepos:  # all\n    - repo: meta\n",
    "CRLF": "repos:\r\n  - repo: local\r\n    hooks: []\r\n",
    "no line break": "repos:",
}


class TestFramework:
    def test_is_not_chosen_unasked(self, project: Project) -> None:
        project.write(".pre-commit-config.yaml", CONFIGURATIONS["usual"])

        refused = project.tsm_inprocess("hooks", "install").exits(2)

        assert "uses the pre-commit framework" in refused.stderr
        assert "`tsm hooks install --framework`" in refused.stderr
        assert not hooks_of(project).exists()

    def test_may_be_passed_by(self, project: Project) -> None:
        project.write(".pre-commit-config.yaml", CONFIGURATIONS["usual"])

        install(project, "--plain")

        assert (hooks_of(project) / "pre-commit").exists()

    @pytest.mark.parametrize("source", [(), ("--repo", "https://example.com/tsm", "--rev", "v1")])
    @pytest.mark.parametrize("name", CONFIGURATIONS)
    def test_gets_a_block_and_loses_it(
        self, project: Project, name: str, source: tuple[str, ...]
    ) -> None:
        import yaml

        text = CONFIGURATIONS[name]
        path = project.write(".pre-commit-config.yaml", text)
        before = yaml.safe_load(text)

        project.tsm_inprocess("hooks", "install", "--framework", *source).exits(0)
        once = path.read_bytes()
        project.tsm_inprocess("hooks", "install", "--framework", *source).exits(0)

        assert path.read_bytes() == once
        after = yaml.safe_load(once)
        ours, *others = after["repos"]
        assert others == (before["repos"] or [])
        ids = [hook["id"] for hook in ours["hooks"]]
        assert ids == ["tsm-check", "tsm-pre-push", "tsm-post-merge", "tsm-post-rewrite"]
        assert len(after["default_install_hook_types"]) == (1 if name == "types" else 5)
        uninstall(project)
        assert path.read_bytes().decode().removesuffix("\n") == text.removesuffix("\n")

    def test_a_list_that_cannot_be_found_is_left_alone(self, project: Project) -> None:
        path = project.write(".pre-commit-config.yaml", "{repos: []}\n")

        refused = project.tsm_inprocess("hooks", "install", "--framework").exits(1)

        assert "has no line `repos:`" in refused.stderr
        assert path.read_text() == "{repos: []}\n"

    def test_gets_a_configuration_where_there_is_none(self, project: Project) -> None:
        said = project.tsm_inprocess("hooks", "install", "--framework").exits(0)

        assert "pre-commit install -t pre-commit -t pre-merge-commit" in said.stderr
        assert (project.root / ".pre-commit-config.yaml").exists()


class TestStatus:
    def test_says_what_is_missing(self, project: Project) -> None:
        stranger(project, "pre-push")

        said = project.tsm_inprocess("hooks", "status").exits(0).stdout

        assert said == (
            f"hooks in {project.root}/.git/hooks\n"
            "  pre-commit        no hook\n"
            "  pre-merge-commit  no hook\n"
            "  post-merge        no hook\n"
            "  post-checkout     no hook\n"
            "  post-rewrite      no hook\n"
            "  pre-push          another hook\n"
            "they start the tsm on PATH\n"
            "not checked: pre-commit, pre-merge-commit, post-merge, post-checkout, post-rewrite, "
            "pre-push; `tsm hooks install`\n"
        )

    def test_says_what_is_there(self, project: Project) -> None:
        stranger(project, "pre-push")
        install(project)

        said = project.tsm_inprocess("hooks", "status").exits(0).stdout

        assert "  pre-push          tsm, after the hook that was here before\n" in said
        assert "not checked" not in said

    def test_is_a_document_as_well(self, project: Project) -> None:
        stranger(project, "pre-push")
        install(project)
        (hooks_of(project) / "post-merge").write_text("#!/bin/sh\n# File generated by pre-commit\n")

        document = project.tsm_inprocess("hooks", "status", "--json").exits(0).json()

        validate(document, "hooks")
        owners = {hook["event"]: hook["owner"] for hook in document["hooks"]}
        assert owners["post-merge"] == "pre-commit"
        assert [hook["event"] for hook in document["hooks"] if hook["kept"]] == ["pre-push"]
        assert [hook["event"] for hook in document["hooks"] if not hook["calls_tsm"]] == [
            "post-merge"
        ]
