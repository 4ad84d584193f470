"""Where models come from: modules, commands, plug-ins; what they may do, and what is said of them.

Every one runs in a process of its own, as it does for a user.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.harness.project import SOURCE
from tsm_git.adapters.models import find_interpreter, of_command, of_module, of_plugin, run
from tsm_git.adapters.models.run import Interpreter
from tsm_git.core.errors import ConfigError, ModelsError
from tsm_git.core.models import Piece

CHILD = SOURCE / "tsm_git" / "adapters" / "models" / "child.py"

# Like TupleSaver's: a table name and fields that know how they are declared.
ROWS = """
class Field:
    def __init__(self, name, declared, is_pk=False):
        self.name, self.sql_columndef, self.is_pk = name, declared, is_pk

class Meta:
    def __init__(self, name, *fields):
        self.table_name, self.fields = name, fields

ID = Field("id", "id [INTEGER] PRIMARY KEY NOT NULL", True)
NAME = Field("name", "name [TEXT] NOT NULL")

class Row:
    pass

class TableRow(Row):
    meta = Meta("TableRow", ID)
"""

USER = """
from rows import ID, NAME, Meta, TableRow

class User(TableRow):
    meta = Meta("User", ID, NAME)
"""
USER_DDL = "CREATE TABLE User (\nid [INTEGER] PRIMARY KEY NOT NULL, name [TEXT] NOT NULL\n)"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a folder with `rows.py`, from which models are imported."""
    folder = tmp_path.resolve() / "home"
    folder.mkdir()
    write(folder, "rows.py", ROWS)
    return folder


@pytest.fixture
def here(home: Path) -> Interpreter:
    """Return the interpreter of these tests, starting in `home`."""
    return find_interpreter(None, home)


@pytest.fixture
def bare(home: Path) -> Interpreter:
    """Return an interpreter that has nothing but the standard library: no tsm either."""
    program = write(home, "bare", f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    program.chmod(0o755)
    return find_interpreter("./bare", home)


def write(folder: Path, name: str, text: str) -> Path:
    """Write a file, in a folder that need not be there."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path


def sql(pieces: list[Piece]) -> list[str]:
    """Return the statements alone, without the white space around them."""
    return [piece.sql.strip() for piece in pieces]


def wrong(name: str, interpreter: Interpreter, seconds: float = 60.0) -> ModelsError:
    """Return what is said of a module that gives no models."""
    with pytest.raises(ModelsError) as failure:
        of_module(name, interpreter, seconds)
    assert "\n" not in failure.value.message
    assert failure.value.hint
    return failure.value


class TestModule:
    def test_its_classes_with_where_they_stand(self, home: Path, here: Interpreter) -> None:
        path = write(home, "shop/models.py", USER)

        assert of_module("shop.models", here) == [
            Piece(USER_DDL, "class `User`", str(path), 4, "tables")
        ]

    def test_an_interpreter_without_tsm_will_do(self, home: Path, bare: Interpreter) -> None:
        write(
            home, "models.py", "import importlib.util\nassert not importlib.util.find_spec('apsw')"
        )
        assert "there are no models in `models`" in wrong("models", bare).message

        write(home, "models.py", USER)
        assert sql(of_module("models", bare)) == [USER_DDL]

    def test_tsms_own_rows(self, home: Path, here: Interpreter) -> None:
        write(home, "models.py", """
            from __future__ import annotations
            from tsm_git import TableRow

            class Post(TableRow):
                author: User

            class User(TableRow):
                best: Post | None
        """)  # fmt: skip

        assert sql(of_module("models", here)) == [
            "CREATE TABLE Post (\nid [INTEGER] PRIMARY KEY NOT NULL, "
            "author [User_ID] NOT NULL REFERENCES User(id)\n)",
            "CREATE TABLE User (\nid [INTEGER] PRIMARY KEY NOT NULL, "
            "best [Post_ID] NULL REFERENCES Post(id)\n)",
        ]

    def test_rows_that_keep_their_fields_themselves(self, home: Path, here: Interpreter) -> None:
        write(home, "models.py", """
            from rows import ID, NAME

            class User:
                __tablename__ = "users"
                __fields__ = (ID, NAME)
        """)  # fmt: skip

        assert sql(of_module("models", here)) == [USER_DDL.replace("User", "users")]

    def test_what_is_imported_counts_and_bases_do_not(self, home: Path, here: Interpreter) -> None:
        write(home, "other.py", USER)
        write(home, "models.py", """
            from rows import NAME, Meta, Row, TableRow
            from other import User
            Alias = User

            class Found(Row):  # a row of a query, which no table keeps
                meta = Meta("Found", NAME)
        """)  # fmt: skip

        assert sql(of_module("models", here)) == [USER_DDL]

    def test_a_source_folder(self, home: Path, here: Interpreter) -> None:
        write(home, "src/shop/models.py", USER)

        assert sql(of_module("shop.models", here)) == [USER_DDL]

    @pytest.mark.parametrize("name", ["User", "ALL", "nested.ALL", "make", "Box.kept", "TEXT"])
    def test_something_in_it(self, home: Path, here: Interpreter, name: str) -> None:
        write(home, "models.py", USER + textwrap.dedent(f"""
            import types
            ALL = [User, [User], {{"a": User}}]
            nested = types.SimpleNamespace(ALL=(User,))
            class Box:
                kept = User
            def make():
                return lambda: iter([User])
            TEXT = {USER_DDL!r}
        """))  # fmt: skip

        assert sql(of_module(f"models:{name}", here)) == [USER_DDL]

    def test_classes_and_sql_together(self, home: Path, here: Interpreter) -> None:
        index = "create index users on User (name)"
        write(home, "models.py", f"{USER}\nSCHEMA = [User, {index!r}]\n")

        pieces = of_module("models:SCHEMA", here)

        assert sql(pieces) == [USER_DDL, index]
        assert [piece.speaks_of for piece in pieces] == ["tables", "everything"]

    def test_it_may_print(
        self, home: Path, here: Interpreter, capfd: pytest.CaptureFixture[str]
    ) -> None:
        write(home, "models.py", f"""
            import os, subprocess, sys
            print("hello")
            os.write(1, b"raw")
            subprocess.run([sys.executable, "-c", "print('from a child')"])
            sys.stdout.write("{{}}")
            print("x" * 100_000, file=sys.stderr)
            {USER.replace(chr(10), chr(10) + " " * 12)}
        """)  # fmt: skip

        assert sql(of_module("models", here)) == [USER_DDL]
        assert capfd.readouterr() == ("", "")

    def test_nothing_is_written(self, home: Path, here: Interpreter) -> None:
        write(home, "models.py", USER)
        before = sorted(home.rglob("*"))

        of_module("models", here)

        assert sorted(home.rglob("*")) == before

    def test_it_may_start_what_does_not_end(self, home: Path, here: Interpreter) -> None:
        write(home, "models.py", f"""
            import subprocess, sys, threading, time
            threading.Thread(target=time.sleep, args=(600,)).start()
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            {USER.replace(chr(10), chr(10) + " " * 12)}
        """)  # fmt: skip

        assert sql(of_module("models", here)) == [USER_DDL]


class TestWrongModule:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("import nothing.at_all", "ModuleNotFoundError: No module named 'nothing' (models.py:1)"),
            ("x = 1\n\n1 / 0", "ZeroDivisionError: division by zero (models.py:3)"),
            ("def f(:", "SyntaxError: invalid syntax (models.py:1)"),
            ("raise SystemExit(3)", "SystemExit: 3 (models.py:1)"),
            ("raise KeyboardInterrupt", "KeyboardInterrupt (models.py:1)"),
            ("raise ValueError('a\\nb')", "ValueError: a (models.py:1)"),
            ("import inner", "RuntimeError: deep (inner.py:2)"),
            ("import json\njson.loads('{')",
             "json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: "
             "line 1 column 2 (char 1) (models.py:2)"),
            ("def f(): f()\nf()",
             "RecursionError: maximum recursion depth exceeded (models.py:1)"),
        ],
    )  # fmt: skip
    def test_that_fails(self, home: Path, here: Interpreter, text: str, said: str) -> None:
        write(home, "inner.py", "\nraise RuntimeError('deep')")
        write(home, "models.py", text)

        error = wrong("models", here)

        assert error.message == f"`models` cannot be loaded: {said}"
        assert error.hint == f"run `{sys.executable} -c 'import models'` to see all of it"

    def test_a_field_that_no_column_can_hold(self, home: Path, here: Interpreter) -> None:
        text = "from tsm_git import TableRow\nclass User(TableRow):\n    id: int\n"
        write(home, "models.py", text)

        error = wrong("models", here)

        assert error.message == "class `User`, field `id`: it is `int`, expected `int | None`"
        assert error.hint == "see docs/models.md for what models may be"

    def test_that_is_not_there(self, home: Path, here: Interpreter) -> None:
        for name in ("nothing", "nothing.models:User", "rows.models"):
            said = wrong(name, here).message
            module = name.partition(":")[0]
            assert said == f"there is no module `{module}` for `{sys.executable}` in `{home}`"

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("models:Nothing", "`models` has no `Nothing`"),
            ("models:User.nothing", "`models` has no `User.nothing`"),
            ("models:number", "`5` is no model"),
            ("models:Plain", "`Plain` is no model"),
            ("models:data", "`b'x'` is no model"),
            ("models:deep", "`5` is no model"),
            ("models:empty", "there are no models in `[]`"),
            ("models:nothing_made", "`None` is no model"),
            ("json", "there are no models in `json`"),
        ],
    )
    def test_that_has_no_models(self, home: Path, here: Interpreter, name: str, said: str) -> None:
        write(home, "models.py", USER + textwrap.dedent("""
            number = 5
            data = b"x"
            class Plain: pass
            deep = [[[5]]]
            empty = []
            def nothing_made(): pass
        """))  # fmt: skip

        assert wrong(name, here).message == said

    def test_with_two_classes_for_one_table(self, home: Path, here: Interpreter) -> None:
        write(home, "models.py", USER + textwrap.dedent("""
            class Person(TableRow):
                meta = Meta("USER", ID)
        """))  # fmt: skip

        assert wrong("models", here).message == (
            "`models.User` and `models.Person` have one table name, `USER`"
        )

    def test_that_hangs(self, home: Path, here: Interpreter) -> None:
        write(home, "models.py", "import time\ntime.sleep(600)")
        began = time.monotonic()

        error = wrong("models", here, seconds=0.5)

        assert error.message == "`models` was not done after 0.5 seconds"
        assert time.monotonic() - began < 300

    def test_that_prints_without_end(
        self, home: Path, here: Interpreter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(run, "_MOST_BYTES", 1 << 20)
        write(home, "models.py", "while True: print('x' * 1000)")

        assert wrong("models", here).message == "`models` printed more than 1 MiB"

    def test_that_ends_the_process(self, home: Path, here: Interpreter) -> None:
        write(
            home,
            "models.py",
            "import os, sys\nprint('so long', file=sys.stderr, flush=True)\nos._exit(7)",
        )

        assert wrong("models", here).message == (
            "`models` ended with exit code 7 and gave no answer; its last words: so long"
        )

    def test_that_crashes(self, home: Path, here: Interpreter) -> None:
        write(home, "models.py", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")

        assert wrong("models", here).message == (
            "`models` was ended by signal 9 and gave no answer"
        )

    def test_that_closes_every_file(self, home: Path, here: Interpreter) -> None:
        write(home, "models.py", f"import os\nos.closerange(0, 100)\n{USER}")

        assert "gave no answer" in wrong("models", here).message


class TestCommand:
    def test_what_it_prints(self, home: Path, here: Interpreter) -> None:
        write(
            home,
            "ddl.py",
            f"import sys\nprint({USER_DDL!r}, end=';')\nprint('note', file=sys.stderr)",
        )

        assert of_command(["python", "ddl.py"], here) == [
            Piece(f"{USER_DDL};", "the output of `python ddl.py`")
        ]

    def test_python_is_the_projects_own(self, home: Path, bare: Interpreter) -> None:
        write(home, "ddl.py", "import sys; print('--', sys.flags.isolated)")

        assert sql(of_command(["python3", "ddl.py"], bare)) == ["-- 1"]

    def test_programs_beside_it_are_found(self, home: Path) -> None:
        write(home, ".venv/bin/python", "#!/bin/sh\n").chmod(0o755)
        write(home, ".venv/bin/print-ddl", f"#!/bin/sh\nprintf '{USER_DDL}'\n").chmod(0o755)
        interpreter = find_interpreter(".venv/bin/python", home)

        assert sql(of_command(["print-ddl"], interpreter)) == [USER_DDL]
        assert sql(of_command([".venv/bin/print-ddl"], interpreter)) == [USER_DDL]

    @pytest.mark.parametrize(
        ("script", "said"),
        [
            ("echo no >&2; exit 3", "ended with exit code 3: no"),
            ("exit 1", "ended with exit code 1"),
            ("kill -9 $$", "was ended by signal 9"),
            ("printf '\\377'", "printed what is not UTF-8, from byte 0 on"),
            ("sleep 600", "was not done after 2 seconds"),
        ],
    )
    def test_what_fails(self, here: Interpreter, script: str, said: str) -> None:
        with pytest.raises(ModelsError) as failure:
            of_command(["sh", "-c", script], here, seconds=2)

        assert failure.value.message.startswith("`sh -c '")
        assert failure.value.message.endswith(f"` {said}")

    @pytest.mark.parametrize("name", ["no-such-program", "./no-such-program", "/"])
    def test_one_that_is_not_there(self, here: Interpreter, name: str) -> None:
        with pytest.raises(ConfigError) as failure:
            of_command([name], here)

        assert failure.value.message == (
            f"`models` names the command `{name}`, and there is no such program"
        )

    def test_one_that_is_no_program(self, home: Path, here: Interpreter) -> None:
        write(home, "ddl", "\x7fELF, not really").chmod(0o755)

        with pytest.raises(ConfigError, match="cannot be run: Exec format error"):
            of_command(["./ddl"], here)


class TestPlugin:
    @pytest.fixture(autouse=True)
    def _installed(self, home: Path) -> None:
        """Install a package with two plug-ins: beside the models, as pip would beside Python's."""
        write(home, "acme_models.py", """
            def tables(argument="none"):
                yield "create table " + argument + " (id integer primary key)"

            def classes(argument):
                import importlib
                return importlib.import_module(argument)

            def nothing():
                raise RuntimeError("no database here")
        """)  # fmt: skip
        write(home, "acme_models-1.0.dist-info/METADATA",
              "Metadata-Version: 2.1\nName: acme-models\nVersion: 1.0\n")  # fmt: skip
        write(home, "acme_models-1.0.dist-info/entry_points.txt", """
            [tsm.models]
            acme = acme_models:tables
            broken = acme_models:nothing
        """)  # fmt: skip

    def test_it_is_given_its_argument(self, here: Interpreter) -> None:
        (piece,) = of_plugin("acme", "t", here)
        assert piece.sql == "create table t (id integer primary key)"

        (piece,) = of_plugin("acme", None, here)
        assert piece.sql == "create table none (id integer primary key)"

    def test_one_that_is_not_installed(self, here: Interpreter) -> None:
        with pytest.raises(ModelsError, match="no plug-in `x` is installed, but `acme`, `broken`"):
            of_plugin("x", None, here)

    def test_one_that_fails(self, here: Interpreter) -> None:
        with pytest.raises(ModelsError) as failure:
            of_plugin("broken", None, here)

        assert failure.value.message == (
            "the plug-in `broken` cannot be loaded: RuntimeError: no database here "
            "(acme_models.py:10)"
        )


class TestInterpreter:
    def test_the_default_is_the_one_that_runs_tsm(self, tmp_path: Path) -> None:
        assert find_interpreter(None, tmp_path) == (sys.executable, tmp_path)

    def test_a_name_is_looked_up_and_a_path_is_from_the_configuration(self, tmp_path: Path) -> None:
        program = write(tmp_path, "bin/py", "#!/bin/sh\n")
        program.chmod(0o755)

        assert find_interpreter("bin/py", tmp_path).path == str(program)
        assert find_interpreter(str(program), tmp_path / "x").path == str(program)
        assert Path(find_interpreter("sh", tmp_path).path).name == "sh"

    @pytest.mark.parametrize("name", ["no-such-python", ".venv/bin/python", ".", "notes.txt", "/"])
    def test_one_that_is_not_there(self, tmp_path: Path, name: str) -> None:
        write(tmp_path, "notes.txt", "")

        with pytest.raises(ConfigError) as failure:
            find_interpreter(name, tmp_path)

        assert failure.value.message == f"`python` is `{name}`, and there is no such program"
        assert ".venv/bin/python" in failure.value.hint


def test_the_child_is_understood_by_python_3_8() -> None:
    tree = ast.parse(CHILD.read_text(), feature_version=(3, 8))

    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name) or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"])
def test_the_child_runs_in_every_python(home: Path, version: str) -> None:
    program = shutil.which(f"python{version}")
    if program is None or subprocess.run([program, "-c", ""], capture_output=True).returncode:
        pytest.skip(f"there is no python{version}")
    write(home, "models.py", USER)
    interpreter = find_interpreter(program, home)

    assert sql(of_module("models", interpreter)) == [USER_DDL]
    assert "there is no module `nothing`" in wrong("nothing", interpreter).message
    with pytest.raises(ModelsError, match="no plug-in `nothing` is installed"):
        of_plugin("nothing", None, interpreter)


@pytest.mark.skipif(os.name != "posix", reason="asks for a signal")
def test_a_group_of_processes_ends_together(home: Path, here: Interpreter) -> None:
    write(home, "models.py", """
        import pathlib, subprocess, sys, time
        code = "import pathlib, time; time.sleep(600)"
        child = subprocess.Popen([sys.executable, "-c", code])
        pathlib.Path("pid").write_text(str(child.pid))
        time.sleep(600)
    """)  # fmt: skip

    wrong("models", here, seconds=3)

    pid = int((home / "pid").read_text())
    for _ in range(1000):
        if not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text():
            return
        time.sleep(0.01)
    raise AssertionError("what the models started is still there")
