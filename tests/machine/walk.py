"""What the team does, at random: one step after another, each by one of them, some of them killed.

`trace` tells the story. A walk of the same seed is the same story.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from tests.faults.injector import Plan
from tests.faults.server import Job
from tests.faults.test_races import KNOWN
from tests.machine.team import Place, Team
from tests.machine.texts import edited_text, held, in_order, new_text, number_of, replayed

NAMES = ("fix", "mail", "phone", "city")
MOVES = ("rename", "link")
INTEGRATING = {
    "merge": ("merge", "--no-edit", "origin/main"),
    "pull": ("pull", "--no-edit", "--no-rebase", "origin", "main"),
    "rebase": ("rebase", "origin/main"),
}
KILLED = 0.3  # of the commands of tsm that change something


class Walk:
    """One story of a team."""

    def __init__(self, team: Team, rng: random.Random) -> None:
        self.team, self.rng = team, rng
        self.words = 0
        self.kills = 0
        self.landed = 0
        self.trace: list[str] = []

    def step(self) -> None:
        """Somebody does something, and then everything that has to hold does."""
        if self.rng.random() < 0.12:
            self.release()
        else:
            who = self.rng.choice(self.team.developers)
            ways = list(self._ways(who))
            self.rng.choices([way for way, _ in ways], [weight for _, weight in ways])[0]()
            who.look()
        self.team.look_at_main()
        self.team.look_at_production()

    def _ways(self, who: Place) -> list[tuple[Callable[[], object], int]]:
        def tsm(*argv: str) -> Callable[[], object]:
            return lambda: self.tsm(who, *argv)

        return [
            (lambda: self.write(who), 14),
            (lambda: self.edit(who), 4),
            (lambda: self.mischief(who), 5),
            (lambda: self.commit(who), 6),
            (lambda: self.integrate(who), 5),
            (lambda: self.hurry(who), 4),
            (lambda: self.land(who), 10),
            (lambda: self.push(who, f"HEAD:refs/heads/{who.name}", "--force"), 3),
            (lambda: self.push(who, "HEAD:main", "--force"), 1),
            (lambda: self.press_the_button(), 3),
            (lambda: self.take_from_a_colleague(who), 1),
            (lambda: self.start_over(who), 2),
            (lambda: self.check(who), 2),
            (tsm("renumber"), 5),
            (tsm("renumber", "--follow"), 2),
            (lambda: self.split_and_squash(who), 4),
            (tsm("apply"), 7),
            (tsm("dev"), 3),
            (tsm("backup"), 1),
            (tsm("restore", "--db", "--yes"), 2),
            (tsm("restore", "--scripts", "--yes"), 2),
            (lambda: self.take_ref(who, "refresh", self.team.production.database), 3),
            (lambda: self.take_ref(who, "save", who.database), 2),
        ]

    # Scripts

    def write(self, who: Place, *, miscounts: bool = True) -> None:
        """A new draft; sometimes its author has miscounted."""
        scripts = who.scripts()
        number = max(map(number_of, scripts), default=0)
        number += self.rng.choices((1, 0, 2), (18, 1, 1))[0] if miscounts else 1
        name = f"{max(number, 1):03}.{self.rng.choice(NAMES)}.sql"
        if name in scripts:
            return
        word, parent = self.word(who), None
        tables = [text.split()[2] for text in scripts.values() if text.startswith("create table")]
        if self.rng.random() < 0.4:
            parent = self.rng.choice([t for t in tables if t != "log"] or [None])
        who.folder.mkdir(exist_ok=True)  # git removes it with the last script
        (who.folder / name).write_text(new_text(word, parent))
        self.say(who, f"writes {name} ({word}{f' on {parent}' if parent else ''})")

    def edit(self, who: Place) -> None:
        """One more statement in a draft."""
        drafts = self.drafts(who)
        if drafts:
            self._edit(who, self.rng.choice(drafts))

    def split_and_squash(self, who: Place) -> None:
        """Write two drafts and find that they are one."""
        self.write(who, miscounts=False)
        self.write(who, miscounts=False)
        self.tsm(who, "squash")

    def mischief(self, who: Place) -> None:
        """What one should not do to a script, published ones included."""
        scripts = who.scripts()
        if not scripts:
            return
        name = self.rng.choice(sorted(scripts))
        kind = self.rng.choice(("edit", "delete", "rename", "number"))
        if kind == "edit":
            self._edit(who, name)
            return
        path = who.folder / name
        target = who.folder / f"{name[:4]}{self.word(who)}.sql"
        if kind == "number":
            target = who.folder / f"{number_of(name) + 1:03}{name[3:]}"
        if kind == "delete":
            path.unlink()
        elif not target.exists():
            path.rename(target)
        if self.runs(who):
            self.say(who, f"{kind}s {name}")
            return
        if kind != "delete":  # a script that fails is no matter of numbers
            target.unlink()
        path.write_text(scripts[name])

    def _edit(self, who: Place, name: str) -> None:
        path, word = who.folder / name, self.word(who)
        path.write_text(edited_text(path.read_text(), word))
        self.say(who, f"edits {name} ({word})")

    # Git

    def commit(self, who: Place, *options: str) -> None:
        """Commit all; the hooks may object."""
        who.git("add", "--all")
        done = who.git("commit", "--quiet", "-m", "work", *options)
        self.say(who, f"commits {' '.join(options)}: {done.exit_code}")

    def integrate(self, who: Place) -> None:
        """Bring main in, one way or the other, and have tsm resolve what git cannot."""
        self.settle(who)
        if who.git("status", "--porcelain").stdout:
            self.commit(who, "--no-verify")
        who.git("fetch", "--quiet")
        way = self.rng.choice(sorted(INTEGRATING))
        done = who.git(*INTEGRATING[way])
        self.say(who, f"{way}s main: {done.exit_code}")
        self._conclude(who, done.exit_code, "rebase" if way == "rebase" else "merge")

    def hurry(self, who: Place) -> None:
        """Give a draft the number that it will have, and try it before main is merged."""
        assert who.git("fetch", "--quiet").exit_code == 0
        self.say(who, "fetches")
        self.write(who)
        self.tsm(who, "renumber")
        self.tsm(who, "apply")

    def _conclude(self, who: Place, code: int, way: str) -> None:
        for _ in range(12):
            if code == 0:
                break
            self.tsm(who, "renumber")
            if who.project.unmerged():
                break
            go_on = ("rebase", "--continue") if way == "rebase" else ("commit", "--no-edit")
            code = who.git(*go_on).exit_code
        if code:
            self.say(who, f"gives up the {way}")
            self.settle(who)

    def settle(self, who: Place) -> None:
        """Give up what is in progress; nobody has worked in it."""
        for operation in ("merge", "rebase"):
            who.git(operation, "--abort")

    def land(self, who: Place) -> None:
        """What a careful person does with finished work."""
        self.integrate(who)
        if self.check(who) != 0 and self.tsm(who, "renumber") != 0:
            self.tsm(who, "restore", "--scripts", "--yes")
            self.tsm(who, "renumber")
        if who.git("status", "--porcelain").stdout:
            self.commit(who)
        is_good = self.check(who) == 0 and not who.git("status", "--porcelain").stdout
        ahead = who.git("merge-base", "--is-ancestor", "origin/main", "HEAD").exit_code == 0
        code = self.push(who, "HEAD:main")
        assert code == 0 or not (is_good and ahead), "the gate stops what a check calls good"

    def push(self, who: Place, what: str, *options: str) -> int:
        """Push, which the gate may refuse."""
        before = self.team.origin.git("rev-parse", "main")
        done = who.git("push", "--quiet", *options, "origin", what)
        self.landed += self.team.origin.git("rev-parse", "main") != before
        self.say(who, f"pushes {what} {' '.join(options)}: {done.exit_code}")
        return done.exit_code

    def press_the_button(self) -> None:
        """The server merges somebody's branch, if tsm says that it may and git that it can."""
        origin = self.team.origin
        branches = origin.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split()
        branch = self.rng.choice([name for name in branches if name != "main"] or ["main"])
        gate = self.team.server.tsm(
            origin.root, "check", "--base", "main", "--head", branch, "--replay"
        )
        assert gate.code in (0, 1), gate
        if gate.code == 0:
            env = self.team.env
            merged = env.run(["git", "merge-tree", "--write-tree", "main", branch], cwd=origin.root)
            if merged.exit_code == 0:
                tree = merged.stdout.split()[0]
                parents = ("-p", "main", "-p", branch)
                made = origin.git("commit-tree", *parents, "-m", f"merge {branch}", tree)
                origin.git("update-ref", "refs/heads/main", made)
                self.landed += 1
        self.trace.append(f"the server merges {branch}: {gate.code}")

    def take_from_a_colleague(self, who: Place) -> None:
        """Merge a branch that is not on main yet."""
        other = self.rng.choice([one.name for one in self.team.developers if one is not who])
        self.settle(who)
        if who.git("status", "--porcelain").stdout:
            self.commit(who, "--no-verify")
        who.git("fetch", "--quiet")
        done = who.git("merge", "--no-edit", f"origin/{other}")
        self.say(who, f"merges {other}'s branch: {done.exit_code}")
        if who.git("rev-parse", "--quiet", "--verify", "MERGE_HEAD").exit_code == 0:
            self._conclude(who, done.exit_code, "merge")

    def start_over(self, who: Place) -> None:
        """Leave the branch for a new one from main."""
        self.settle(who)
        who.git("stash", "--include-untracked")
        who.git("fetch", "--quiet")
        done = who.git("switch", "--quiet", "--no-track", "--force-create", who.name, "origin/main")
        assert done.exit_code == 0, done
        self.say(who, "starts over")

    # tsm

    def tsm(self, who: Place, *argv: str) -> int:
        """Run a command; killed, it runs once more, and comes to what it would have come to."""
        kept = self.published_here(who)
        if self.rng.random() >= KILLED:
            code = who.tsm(*argv).code
            self.say(who, f"tsm {' '.join(argv)}: {code}")
        else:
            code = self._killed(who, *argv)
        if argv[0] in ("renumber", "squash"):
            gone = kept.items() - who.scripts().items()
            assert not gone, f"tsm {argv[0]} moved what is published: {gone}"
        if argv == ("renumber",) and code == 0:
            self.look_at_drafts(who)
        return code

    def look_at_drafts(self, who: Place) -> None:
        """Each is behind what is published, where all of that is here."""
        published, scripts = who.published(), who.scripts()
        if published.keys() <= scripts.keys():
            last = max(map(number_of, published))
            low = [n for n in scripts if n not in published and number_of(n) <= last]
            assert not low, f"{low} are not behind {last}"

    def _killed(self, who: Place, *argv: str) -> int:
        control = who.copy()
        counted = control.tsm(*argv, plan=Plan())
        numbers = range(1, len(counted.steps) + 1)
        # Most steps only read; what is half done lies behind the first that moves a file.
        moved = next((n for n in numbers if counted.steps[n - 1][0].startswith(MOVES)), 0)
        late = numbers[moved:] if self.rng.random() < 0.7 else ()
        at = self.rng.choice(late or numbers or (1,))
        self.say(who, f"tsm {' '.join(argv)}, killed at step {at} of {len(counted.steps)}")
        killed = who.tsm(*argv, plan=Plan(at=at))
        self.kills += killed.code == -9
        who.look()
        again = who.tsm(*argv)
        expected, found = control.picture(), who.picture()
        assert found == expected, f"{again}\nfound {found}\nexpected {expected}"
        return again.code

    def check(self, who: Place) -> int:
        """Ask, which changes nothing."""
        before = who.picture()
        code = who.tsm("check").code
        assert who.picture() == before
        self.say(who, f"tsm check: {code}")
        return code

    def take_ref(self, who: Place, how: str, source: Path) -> None:
        """Copy a database to be the ref database, whole and as it is now."""
        if self.tsm(who, "ref", how) == 0:
            assert held(who.reference) == held(source), self.trace[-1]

    def release(self) -> None:
        """Production fetches main and deploys, perhaps twice at once; nothing may be in its way."""
        place = self.team.production
        assert place.git("fetch", "--quiet").exit_code == 0
        assert place.git("reset", "--quiet", "--hard", "origin/main").exit_code == 0
        if self.rng.random() < 0.3:
            jobs = [Job((self.rng.choice(("deploy", "apply")),), place.root) for _ in range(3)]
            outcomes = self.team.server.run(*jobs)
            self.say(
                place,
                f"runs {[(job.argv[0], o.code) for job, o in zip(jobs, outcomes, strict=True)]} at once",
            )
            self.team.look_at_production()
            assert any(outcome.code == 0 for outcome in outcomes), outcomes
            odd = [o for o in outcomes if o.code and not any(word in o.stderr for word in KNOWN)]
            assert not odd, odd
        code = self.tsm(place, self.rng.choice(("deploy", "deploy", "apply")))
        assert code == 0, self.trace[-1]
        self.team.look_at_production()
        assert self.team.run == self.team.released

    def end(self) -> None:
        """In the end everybody gets to what production runs, and can go on; no repository is broken."""
        for who in self.team.developers:
            self.release()
            self.start_over(who)
            for argv in (("ref", "refresh"), ("restore", "--db", "--yes"), ("dev",)):
                assert self.tsm(who, *argv) == 0, (who.name, argv)
            who.look()
            assert in_order(who.scripts()) == self.team.released
            assert who.tsm("check").code == 0
            self.write(who, miscounts=False)
            self.land(who)
            self.team.look_at_main()
            assert in_order(who.scripts()) == self.team.released
        self.release()
        for project in (self.team.origin, *(who.project for who in self.team.developers)):
            project.git("fsck", "--strict", "--no-dangling")

    # What is looked at

    def drafts(self, who: Place) -> list[str]:
        """The scripts in the work tree that are not on main."""
        published = who.published()
        return [name for name, text in who.scripts().items() if published.get(name) != text]

    def published_here(self, who: Place) -> dict[str, str]:
        """The scripts in the work tree that are on main as they are."""
        return dict(who.scripts().items() & who.published().items())

    def runs(self, who: Place) -> bool:
        """Whether the scripts of the work tree run, as they are numbered."""
        return replayed(text for _, text in in_order(who.scripts())) is not None

    def word(self, who: Place) -> str:
        """A word that nobody has used."""
        self.words += 1
        return f"{who.name}_{self.words}"

    def say(self, who: Place, what: str) -> None:
        """Add to the story."""
        self.trace.append(f"{who.name} {what}")
