"""One bare origin that tsm guards, three developers with clones and databases, one production.

What has to hold is asked here, of git and SQLite and never of tsm; except whether tsm itself calls
good what the gate has let through.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.faults.injector import Plan
from tests.faults.server import Outcome, Server
from tests.harness.gitenv import Completed, GitEnv
from tests.harness.project import SOURCE, Project, person
from tests.hooks.desk import program
from tests.machine.texts import START, held, in_order, number_of, replayed

Picture = tuple[object, ...]


class Place:
    """A clone with a working tree and databases: a developer's, or production."""

    def __init__(self, team: Team, name: str, project: Project) -> None:
        self.team, self.name, self.project = team, name, project
        self.root, self.folder = project.root, project.folder
        self.database = self.root / project.database

    def git(self, *arguments: str) -> Completed:
        """Run git with whatever hooks there are, whatever comes of it."""
        env = self.team.env
        env.commits += 1
        done = env.run(["git", *arguments], cwd=self.root, env=person(self.name))
        assert "Traceback" not in done.stdout + done.stderr, done
        assert "a bug in tsm" not in done.stdout + done.stderr, done
        return done

    def tsm(self, *argv: str, plan: Plan | None = None) -> Outcome:
        """Run tsm, which never breaks and loses no text, whatever it says and even if killed."""
        before = self.texts()
        outcome = self.team.server.tsm(self.root, *argv, plan=plan)
        told = f"{self.name}: tsm {' '.join(argv)}: {outcome._replace(steps=[])}"
        assert outcome.code in ((0, 1) if plan is None else (0, 1, -9)), told
        assert "Traceback" not in outcome.stderr, told
        lost = before - self.texts()
        assert not lost, f"{told}\nlost {lost}"
        return outcome

    def scripts(self) -> dict[str, str]:
        """The scripts in the work tree, by file name."""
        return {path.name: path.read_text() for path in sorted(self.folder.glob("*.sql"))}

    def published(self) -> dict[str, str]:
        """The scripts of main, as this clone last saw it."""
        return scripts_at(self.project, "origin/main")

    def texts(self) -> set[str]:
        """The texts of all scripts, wherever they are, and of all sides of unmerged ones."""
        backups = self.root / f"{self.project.database}.bak"
        found = [path for path in self.folder.rglob("*") if path.is_file()]
        found += [path for path in backups.glob("scripts-*/*") if path.is_file()]
        texts = {path.read_text() for path in found}
        for line in self.project.git("ls-files", "--unmerged", "-z").split("\0")[:-1]:
            texts.add(self.project.git("cat-file", "blob", line.split()[1]) + "\n")
        return texts

    def picture(self) -> Picture:
        """The scripts as files and in the index, and both ledgers."""
        staged = self.project.git("ls-files", "--stage", "--", self.folder.name)
        databases = (held(path) for path in (self.database, self.reference))
        return self.scripts(), staged, *(found and found[0] for found in databases)

    def copy(self) -> Place:
        """A second one, to see there what a run comes to that nobody kills."""
        root = self.root.with_name("control")
        if root.exists():
            shutil.rmtree(root)
        shutil.copytree(self.root, root, symlinks=True)
        return Place(self.team, self.name, Project(self.team.env, root))

    def look(self) -> None:
        """Each database holds what its ledger says was run."""
        for path in (self.database, self.reference):
            found = held(path)
            if found is not None:
                ledger, content = found
                made = replayed(text for _, _, text in ledger)
                assert made is not None, (self.name, path.name, ledger)
                assert content.unordered() == made.unordered(), (self.name, path.name, ledger)
                assert [row[0] for row in ledger] == list(range(1, len(ledger) + 1)), ledger

    @property
    def reference(self) -> Path:
        """The ref database."""
        return self.database.with_name(self.database.name + ".ref")


class Team:
    """All of them. `released` is what main has ever held, in order; it only grows."""

    def __init__(self, env: GitEnv, root: Path, server: Server, hooks: Sequence[str]) -> None:
        self.env, self.server = env, server
        first = Project.create(env, root / "first")
        first.script("001.start.sql", START)
        first.write(
            "tsm.toml", 'database = "app.sqlite"\nref_source = "../production/app.sqlite"\n'
        )
        first.write("notes.txt", "start\n")
        first.commit("start")
        first.remote()
        first.push("main")
        self.origin = Project(env, root / "origin.git")
        env.git("symbolic-ref", "HEAD", "refs/heads/main", cwd=self.origin.root)
        self._guard(str(program(env.home)))
        names = ("ada", "ben", "cyd")
        self.developers = [self._join(first, name, hooks=name in hooks) for name in names]
        self.production = self._join(first, "production", hooks=False)
        self.released: list[tuple[str, str]] = []
        self.run: list[tuple[str, str]] = []
        self.look_at_main()

    def _guard(self, tsm: str) -> None:
        hook = self.origin.root / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        shutil.copy(SOURCE / "hooks" / "pre-receive", hook)
        self.env.git("config", "tsm.program", tsm, cwd=self.origin.root)

    def _join(self, first: Project, name: str, *, hooks: bool) -> Place:
        clone = first.clone(name, source=self.origin.root)
        place = Place(self, name, clone)
        if name != "production":
            clone.git("switch", "--quiet", "--create", name, "--no-track", "origin/main")
        if hooks:
            assert place.tsm("hooks", "install").code == 0
            clone.git("config", "tsm.program", str(self.env.home / "bin" / "tsm"))
        assert place.tsm("apply").code == 0
        return place

    def look_at_main(self) -> None:
        """Main only gains scripts, at its end, without a gap; they run, and tsm calls them good."""
        scripts = in_order(scripts_at(self.origin, "main"))
        if scripts == self.released:
            return
        numbers = [number_of(name) for name, _ in scripts]
        assert numbers == list(range(1, len(scripts) + 1)), scripts
        assert scripts[: len(self.released)] == self.released, (self.released, scripts)
        assert replayed(text for _, text in scripts) is not None, scripts
        checked = self.server.tsm(self.origin.root, "check", "--head", "main")
        assert checked.code == 0, checked
        self.released = scripts

    def look_at_production(self) -> None:
        """Each released script ran once, in order, as released; what has run stays."""
        found = held(self.production.database)
        ledger, content = found or ([], replayed([]))
        run = [(name, text) for _, name, text in ledger]
        assert [number for number, _, _ in ledger] == list(range(1, len(run) + 1)), ledger
        assert run == self.released[: len(run)], (run, self.released)
        assert run[: len(self.run)] == self.run, (self.run, run)
        assert content == replayed(text for _, text in run), run
        self.run = run


def scripts_at(project: Project, revision: str) -> dict[str, str]:
    """The scripts that a commit holds, by file name."""
    listed = project.git("ls-tree", "-z", revision, f"{project.folder.name}/")
    entries = [entry.partition("\t") for entry in listed.split("\0")[:-1]]
    oids = [facts.split()[2] for facts, _, _ in entries]
    if not oids:
        return {}
    stdin = "\n".join(oids).encode()
    blobs = project.git("cat-file", "--batch=%(objectsize)", stdin=stdin) + "\n"
    found = {}
    for _, _, path in entries:
        size, _, blobs = blobs.partition("\n")
        text, blobs = blobs[: int(size)], blobs[int(size) + 1 :]
        found[path.rpartition("/")[2]] = text
    return found
