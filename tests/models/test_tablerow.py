"""`TableRow`: what a class becomes, and what is said of one that becomes nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from typing import Annotated, Any, ClassVar, NewType, Optional, Union

import apsw
import pytest

from tsm_git import ModelsError, TableRow

Cents = NewType("Cents", int)


class Level(enum.Enum):
    LOW = 1


class Team(TableRow):
    __tablename__ = "teams"
    name: str
    chief: Player | None = None


class Player(TableRow):
    name: str
    team: Team
    number: int | None = None


class Every(TableRow):
    text: str
    whole: int
    real: float
    data: bytes
    flag: bool
    day: dt.date
    moment: dt.datetime
    level: Level
    rival: Every | None


def column(cls: type[TableRow], name: str) -> str:
    """Return how a column is declared."""
    return next(field.sql_columndef for field in cls.meta.fields if field.name == name)


def accepted(*classes: type[TableRow]) -> list[str]:
    """Return the names of the tables that SQLite has made of classes."""
    connection = apsw.Connection(":memory:")
    for cls in classes:
        connection.execute(cls.meta.create_table)
    return [name for (name,) in connection.execute("select name from sqlite_schema")]


class TestDDL:
    def test_it_is_what_tuplesaver_writes(self) -> None:
        assert Player.meta.create_table == (
            "CREATE TABLE Player (\n"
            "id [INTEGER] PRIMARY KEY NOT NULL, name [TEXT] NOT NULL, "
            "team [Team_ID] NOT NULL REFERENCES teams(id), number [INTEGER] NULL\n"
            ")"
        )

    @pytest.mark.parametrize(
        ("name", "declared"),
        [
            ("id", "id [INTEGER] PRIMARY KEY NOT NULL"),
            ("text", "text [TEXT] NOT NULL"),
            ("whole", "whole [INTEGER] NOT NULL"),
            ("real", "real [REAL] NOT NULL"),
            ("data", "data [BLOB] NOT NULL"),
            ("flag", "flag [builtins.bool] NOT NULL"),
            ("day", "day [datetime.date] NOT NULL"),
            ("moment", "moment [datetime.datetime] NOT NULL"),
            ("level", f"level [{__name__}.Level] NOT NULL"),
            ("rival", "rival [Every_ID] NULL REFERENCES Every(id)"),
        ],
    )
    def test_each_type_has_its_column(self, name: str, declared: str) -> None:
        assert column(Every, name) == declared

    def test_sqlite_takes_it_in_any_order(self) -> None:
        assert accepted(Every, Player, Team) == ["Every", "Player", "teams"]
        assert accepted(Team, Player) == ["teams", "Player"]

    def test_the_ways_to_allow_none_are_one(self) -> None:
        class Ways(TableRow):
            a: Optional[int]  # noqa: UP045
            b: Union[None, int]  # noqa: RUF036, UP007
            c: Annotated[int | None, "a remark"]
            d: Cents | None

        assert [field.sql_columndef for field in Ways.meta.fields[1:]] == [
            f"{name} [INTEGER] NULL" for name in "abcd"
        ]

    def test_what_is_no_field_is_no_column(self) -> None:
        class Quiet(TableRow):
            name: str
            limit: ClassVar[int] = 3

            @property
            def loud(self) -> str:
                return self.name.upper()

        assert [field.name for field in Quiet.meta.fields] == ["id", "name"]

    def test_a_subclass_has_the_fields_of_its_base_and_a_table_of_its_own(self) -> None:
        class Captain(Player):
            since: dt.date = dt.date(2026, 1, 1)

        assert [field.name for field in Captain.meta.fields] == [
            "id", "name", "team", "number", "since"
        ]  # fmt: skip
        assert Captain.meta.table_name == "Captain"
        assert Player.meta.table_name == "Player"

    @pytest.mark.parametrize("word", sorted(apsw.keywords))
    def test_a_word_of_sql_is_a_name_like_any_other(self, word: str) -> None:
        cls = type(
            "Word",
            (TableRow,),
            {
                "__module__": __name__,
                "__tablename__": word.lower(),
                "__annotations__": {word: str, f"{word}_2": "Word | None"},
            },
        )

        assert accepted(cls) == [word.lower()]

    @pytest.mark.parametrize("name", ["a b", 'say "hi"', "o'clock", "a]b", "[a", "é", "1st", "a;b"])
    def test_a_table_may_be_named_anything(self, name: str) -> None:
        class Odd(TableRow):
            __tablename__ = name
            other: Odd | None

        assert accepted(Odd) == [name]

    def test_a_name_that_needs_no_quotes_has_none(self) -> None:
        class Plain(TableRow):
            key: str
            order: str

        assert column(Plain, "key") == "key [TEXT] NOT NULL"
        assert column(Plain, "order") == '"order" [TEXT] NOT NULL'


class TestRows:
    def test_they_are_like_dataclasses(self) -> None:
        team = Team("Rooks", id=4)

        assert (team.id, team.name, team.chief) == (4, "Rooks", None)
        assert team == Team("Rooks", id=4)
        assert team != Team("Rooks")
        assert hash(team) == hash(Team("Rooks", id=4))
        assert repr(Team("Rooks")) == "Team(id=None, name='Rooks', chief=None)"
        assert dataclasses.replace(team, name="Bishops").id == 4

    def test_they_do_not_change(self) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            Team("Rooks").name = "Bishops"  # type: ignore[misc]

    def test_id_may_be_said_again(self) -> None:
        class Said(TableRow):
            id: int | None
            name: str

        said: Any = Said  # a type checker takes `id` for the first argument then
        assert said("x", id=1).id == 1
        assert said("x").id is None
        assert [field.name for field in Said.meta.fields] == ["id", "name"]

    def test_a_field_may_be_called_meta(self) -> None:
        class Page(TableRow):
            meta: str
            title: str = ""

        class Book(TableRow):
            meta: str = "none"

        assert Page("m").meta == "m"
        assert Book().meta == "none"
        assert Page.meta.table_name == "Page"
        assert Book.meta.table_name == "Book"

    def test_classes_in_a_function_know_each_other(self) -> None:
        class Colour(enum.Enum):
            RED = "red"

        class Node(TableRow):
            edge: Edge
            colour: Colour

        class Edge(TableRow):
            start: Node | None

        assert accepted(Node, Edge) == ["Node", "Edge"]

    def test_meta_is_what_tuplesavers_is(self) -> None:
        field = Player.meta.fields[2]

        assert Player.meta.Model is Player
        assert (Player.meta.model_name, Team.meta.model_name) == ("Player", "Team")
        assert (field.name, field.type, field.nullable) == ("team", Team, False)
        assert (field.is_fk, field.is_pk, field.sql_typename) == (True, False, "Team_ID")
        assert Player.meta.fields[0].is_pk
        assert Player.meta.fields[3].full_type == int | None

    def test_the_base_is_no_table(self) -> None:
        assert not hasattr(TableRow, "meta")


class TestWrong:
    @pytest.mark.parametrize(
        ("annotation", "shown"),
        [
            (int | str, "int | str"),
            (int | str | None, "int | str | None"),
            (list[int], "list[int]"),
            (Any, "Any"),
            (object, "object"),
            (TableRow, "TableRow"),
            (None, "NoneType"),
        ],
    )
    def test_a_type_that_has_no_column(self, annotation: Any, shown: str) -> None:
        cls: Any = type("T", (TableRow,), {"__annotations__": {"x": annotation}})

        with pytest.raises(ModelsError) as wrong:
            cls.meta  # noqa: B018

        assert wrong.value.message == (
            f"class `T`, field `x`: it is `{shown}`, expected one class, or one and None"
        )
        assert wrong.value.hint == "see docs/models.md for what a field may be"

    @pytest.mark.parametrize("annotation", ["int", "str | None", "Nothing"])
    def test_an_id_of_another_type(self, annotation: str) -> None:
        namespace = {"__annotations__": {"id": annotation}, "__module__": __name__}
        cls: Any = type("T", (TableRow,), namespace)

        with pytest.raises(ModelsError, match="class `T`"):
            cls.meta  # noqa: B018

    def test_a_name_that_means_nothing(self) -> None:
        class Lost(TableRow):
            where: Nowhere  # type: ignore[name-defined]  # noqa: F821

        with pytest.raises(ModelsError, match="class `Lost`: name 'Nowhere' is not defined"):
            Lost.meta  # noqa: B018

    @pytest.mark.parametrize("name", ["", "a\0b", 5, None])
    def test_a_name_that_no_table_can_have(self, name: Any) -> None:
        cls: Any = type("T", (TableRow,), {"__tablename__": name})

        with pytest.raises(ModelsError, match=r"`__tablename__` is .*, expected a name"):
            cls.meta  # noqa: B018
