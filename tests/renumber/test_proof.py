"""Proof by running: nothing moves unless the new order does what the author meant."""

from __future__ import annotations

import contextlib
import shutil

import pytest

from tests.harness.project import Project, open_database
from tests.renumber.stories import land, moves, status, texts
from tsm_git.core.proof.order import Order

USERS = "create table users (id integer primary key, name text);\n"


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project whose main has a table with two rows; the branch `mail` is checked out."""
    project.script("001.users.sql", USERS)
    project.script("002.rows.sql", "insert into users (name) values ('ada'), ('bob');\n")
    project.commit("start")
    project.branch("mail")
    return project


def clash(shop: Project, mine: str, theirs: str) -> None:
    """Let the branch draft one text as 003 while main publishes another as 003."""
    shop.script("003.mine.sql", mine)
    shop.commit("mine")
    land(shop, "003.theirs.sql", text=theirs)


def in_ref(shop: Project, sql: str, *values: str) -> None:
    """Run a statement on the ref database."""
    with contextlib.closing(open_database(shop.root / f"{shop.database}.ref")) as connection:
        connection.execute(sql, values)


class TestVerdicts:
    def test_identical(self, shop: Project) -> None:
        clash(shop, "create table a (id);\n", "create table b (id);\n")

        result = shop.tsm_inprocess("renumber", "--json").exits(0)

        assert result.json()["databases"][0]["proof"] == {"order": "identical", "differences": []}

    def test_only_the_order_of_columns(self, shop: Project) -> None:
        clash(
            shop,
            "alter table users add column mail text;\n",
            "alter table users add column phone text;\n",
        )

        result = shop.tsm_inprocess("renumber").exits(0)

        assert moves(result) == ["003.mine.sql -> 004.mine.sql"]
        assert "proven by replay: `users` has its columns in another order\n" in result.stderr

    def test_the_order_of_columns_in_json(self, shop: Project) -> None:
        clash(
            shop,
            "alter table users add column mail text;\n",
            "alter table users add column phone text;\n",
        )

        (database,) = shop.tsm_inprocess("renumber", "--json").exits(0).json()["databases"]

        assert database["proof"] == {
            "order": "column_order",
            "differences": ["`users` has its columns in another order"],
        }

    @pytest.mark.parametrize(
        ("mine", "theirs", "words"),
        [
            (
                "create table if not exists mail (id);\n",
                "create table if not exists mail (id, address);\n",
                "table `mail` differs",
            ),
            (
                "drop view if exists names;\n",
                "create view names as select name from users;\n",
                "view `names` is missing",
            ),
            (
                "create index if not exists by_name on users (name);\n",
                "create index if not exists by_name on users (name desc);\n",
                "index `by_name` differs",
            ),
        ],
        ids=["table", "view", "index"],
    )
    def test_the_schema_differs(self, shop: Project, mine: str, theirs: str, words: str) -> None:
        clash(shop, mine, theirs)

        assert _refused(shop) == (
            f"error: the schema differs after the move: {words} "
            "(app.sqlite.migrations/003.theirs.sql:1:1, app.sqlite.migrations/003.mine.sql:1:1)\n"
            "hint: see that the drafts do what you mean after what base has gained, "
            "then run `tsm renumber --no-proof`\n"
        )

    def test_the_rows_differ(self, shop: Project) -> None:
        clash(
            shop,
            "update users set name = upper(name);\n",
            "insert into users (name) values ('eva');\n",
        )

        assert _refused(shop) == (
            "error: the rows differ after the move: other rows in `users` "
            "(app.sqlite.migrations/003.theirs.sql:1:1, app.sqlite.migrations/003.mine.sql:1:1)\n"
            "hint: see that the drafts do what you mean after what base has gained, "
            "then run `tsm renumber --no-proof`\n"
        )

    def test_rows_in_another_order_are_the_same_rows(self, shop: Project) -> None:
        clash(
            shop,
            "create table log (what);\ninsert into log values ('a');\n",
            "create table other (what);\ninsert into other values ('b');\n",
        )

        assert moves(shop.tsm_inprocess("renumber")) == ["003.mine.sql -> 004.mine.sql"]

    def test_a_draft_that_builds_on_what_base_has_gained(self, shop: Project) -> None:
        """Only the new order runs: that is why it is to move."""
        clash(
            shop,
            "insert into phone values ('1');\n",
            "create table phone (number);\n",
        )

        result = shop.tsm_inprocess("renumber").exits(0)

        assert moves(result) == ["003.mine.sql -> 004.mine.sql"]
        assert result.stderr.startswith(
            "proven by replay: only the new order runs; with the drafts first a statement fails: "
            "app.sqlite.migrations/003.mine.sql:1:"
        )

    def test_a_draft_that_builds_on_what_only_production_ran(self, shop: Project) -> None:
        shop.script("003.hotfix.sql", "create table phone (number);\n")
        shop.published_in_production("001.users.sql", "002.rows.sql", "003.hotfix.sql")
        shop.script("003.mine.sql", "insert into phone values ('1');\n")

        assert moves(shop.tsm_inprocess("renumber")) == ["003.mine.sql -> 004.mine.sql"]


class TestFailures:
    def test_a_statement_fails_in_the_new_order(self, shop: Project) -> None:
        clash(
            shop,
            "-- two columns\n\nalter table users add column mail;\n"
            "  update users\n  set name = 'x';\n",
            "alter table users rename column name to full_name;\n",
        )

        assert _refused(shop) == (
            "error: in the new order a statement fails: "
            "app.sqlite.migrations/003.mine.sql:4:3: no such column: name\n"
            "hint: correct the draft so that it runs after what base has gained, or `--no-proof`\n"
        )

    def test_a_statement_that_a_script_must_not_have(self, shop: Project) -> None:
        clash(shop, "create table a (id);\ncommit;\n", "create table b (id);\n")

        assert "003.mine.sql:2:1: not allowed in a script" in _refused(shop)

    def test_a_script_attaches_no_file(self, shop: Project) -> None:
        clash(shop, "attach 'elsewhere.sqlite' as e;\n", "create table b (id);\n")

        assert "003.mine.sql:1:1: not allowed in a script" in _refused(shop)
        assert not (shop.root / "elsewhere.sqlite").exists()

    def test_what_does_not_run_among_the_published_ones_is_no_fault_of_the_move(
        self, shop: Project
    ) -> None:
        """It says so, and `--no-proof` is the way on."""
        clash(shop, "create table a (id);\n", "create table broken (;\n")

        assert "003.theirs.sql:1:" in _refused(shop)
        assert moves(shop.tsm_inprocess("renumber", "--no-proof")) == [
            "003.mine.sql -> 004.mine.sql"
        ]


class TestOnTheDataOfProduction:
    @pytest.fixture
    def live(self, shop: Project) -> Project:
        """Return the shop with a ref database in which two users are called eva."""
        shop.tsm_inprocess("apply").exits(0)
        shutil.copyfile(shop.root / shop.database, shop.root / f"{shop.database}.ref")
        in_ref(shop, "insert into users (name) values ('eva'), ('eva')")
        return shop

    def test_rows_that_only_production_has_differ(self, live: Project) -> None:
        clash(
            live,
            "delete from users where name = 'eva';\n",
            "update users set name = 'Eva' where name = 'eva';\n",
        )

        assert _refused(live).startswith(
            "error: the rows differ after the move: on `app.sqlite.ref`: other rows in `users` "
            "(app.sqlite.migrations/003.theirs.sql:1:1, app.sqlite.migrations/003.mine.sql:1:1)\n"
        )

    def test_a_large_database_gives_the_same_verdict(
        self, live: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tsm_git.adapters.sqlite.replay.IN_MEMORY", 0)

        self.test_rows_that_only_production_has_differ(live)

        assert list(live.env.temporary.iterdir()) == []

    def test_a_statement_fails_on_them(self, live: Project) -> None:
        clash(live, "create unique index n on users (name);\n", "create table b (id);\n")

        assert _refused(live).startswith(
            "error: in the new order, on the data of `app.sqlite.ref`, a statement fails: "
            "app.sqlite.migrations/003.mine.sql:1:1: UNIQUE constraint failed: users.name\n"
        )

    def test_what_production_ran_does_not_run_again(self, live: Project) -> None:
        """001 would fail on what it has made; and the ref database stays as it is, byte for byte."""
        clash(live, "create table a (id);\n", "create table b (id);\n")
        ref = live.root / f"{live.database}.ref"
        before = ref.read_bytes()

        assert moves(live.tsm_inprocess("renumber")) == ["003.mine.sql -> 004.mine.sql"]

        assert ref.read_bytes() == before

    def test_where_production_has_all_of_base_there_is_one_order(self, live: Project) -> None:
        clash(live, "create unique index n on users (name);\n", "create table b (id);\n")
        shown = live.git("show", "main:app.sqlite.migrations/003.theirs.sql") + "\n"
        in_ref(live, "insert into _migrations values (3, '003.theirs.sql', ?, '', '')", shown)

        assert moves(live.tsm_inprocess("renumber")) == ["003.mine.sql -> 004.mine.sql"]


class TestWithout:
    def test_no_proof_moves_whatever_it_does(self, shop: Project) -> None:
        clash(
            shop,
            "update users set name = upper(name);\n",
            "insert into users (name) values ('eva');\n",
        )

        result = shop.tsm_inprocess("renumber", "--no-proof", "--json").exits(0)

        assert result.json()["databases"][0]["proof"] is None
        assert "004.mine.sql" in shop.listing()

    def test_nothing_is_proven_where_nothing_moves(self, shop: Project) -> None:
        shop.script("003.mine.sql", "create table broken (;\n")

        result = shop.tsm_inprocess("renumber")

        assert (moves(result), result.stderr) == (["nothing to renumber"], "")


class TestTraces:
    def test_the_shadow_database_leaves_no_file(self, shop: Project) -> None:
        clash(
            shop,
            "create table big (t);\ninsert into big select hex(zeroblob(2000000)) from users;\n"
            "pragma temp_store = file;\nselect * from big order by t;\n",
            "create table b (id);\n",
        )
        before = {path for path in shop.root.rglob("*") if ".git" not in path.parts}

        shop.tsm("renumber", "--dry-run").exits(0)

        after = {path for path in shop.root.rglob("*") if ".git" not in path.parts}
        assert after == before
        assert list(shop.env.temporary.iterdir()) == []

    def test_no_database_of_the_project_is_opened(self, shop: Project) -> None:
        shop.tsm("apply").exits(0)
        rows = shop.query("select id, filename from _migrations")
        clash(shop, "delete from users;\n", "create table b (id);\n")

        assert len(moves(shop.tsm("renumber"))) == 1
        assert shop.query("select id, filename from _migrations") == rows
        assert shop.query("select count(*) from users") == [(2,)]


def test_every_verdict_has_a_story() -> None:
    told = {"IDENTICAL", "COLUMN_ORDER", "DATA", "SCHEMA", "FAILS"}
    assert {order.name for order in Order} == told


def _refused(shop: Project) -> str:
    before = (texts(shop), status(shop))
    result = shop.tsm_inprocess("renumber").exits(1)
    assert (texts(shop), status(shop)) == before
    assert result.stdout == ""
    return result.stderr
