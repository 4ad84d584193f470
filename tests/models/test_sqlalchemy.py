"""SQLAlchemy's and SQLModel's metadata as a source, as an application has them."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tsm_git.adapters.models import find_interpreter, of_module
from tsm_git.commands.gathering.models import models_of
from tsm_git.core.change.diff import Kind
from tsm_git.core.errors import ModelsError
from tsm_git.core.models import Models, Place

pytest.importorskip("sqlalchemy")

SHOP = """
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, MetaData, Table, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    age: Mapped[int | None] = mapped_column(CheckConstraint("age > 0"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), index=True)
    __table_args__ = (Index("adults", "email", sqlite_where=text("age > 17")),)

class Team(Base):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)
    chief_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
"""


def models(tmp_path: Path, text: str, name: str = "shop") -> Models:
    """Return the models of a module with that text."""
    home = tmp_path.resolve()
    (home / "shop.py").write_text(textwrap.dedent(text))
    return models_of(home, of_module(name, find_interpreter(None, home)), "`shop`", "x")


def test_tables_constraints_and_indexes(tmp_path: Path) -> None:
    found = models(tmp_path, SHOP)

    users = found.schema.tables["users"]
    assert list(users.columns) == ["id", "email", "age", "team_id"]
    assert [check.expression for check in users.checks] == ["age > 0"]
    assert [key.parts[0].text for key in users.uniques] == ["email"]
    assert [(key.table, key.on_delete) for key in users.foreign_keys] == [("teams", "cascade")]
    assert [key.table for key in found.schema.tables["teams"].foreign_keys] == ["users"]
    assert found.schema.indexes["adults"].where == "age > 17"
    assert sorted(found.schema.indexes) == ["adults", "ix_users_team_id"]


def test_a_class_has_its_place_and_a_table_its_modules(tmp_path: Path) -> None:
    found = models(tmp_path, SHOP + '\nlog = Table("log", Base.metadata, Column("line", Text))\n')

    assert found.places[Kind.TABLE, "users"] == Place("shop.py", 8)
    assert found.places[Kind.INDEX, "adults"] == Place("shop.py", 8)
    assert (Kind.TABLE, "log") not in found.places
    assert found.place.path == "shop.py"


def test_metadata_speaks_of_no_triggers(tmp_path: Path) -> None:
    assert models(tmp_path, SHOP).kinds == {Kind.TABLE, Kind.INDEX}


def test_unless_it_is_told_of_one(tmp_path: Path) -> None:
    found = models(
        tmp_path,
        SHOP
        + textwrap.dedent("""
            from sqlalchemy import DDL, event
            made = DDL("create trigger t after delete on users begin select 1; end")
            event.listen(User.__table__, "after_create", made.execute_if(dialect="sqlite"))
            other = DDL("no such statement")
            event.listen(User.__table__, "after_create", other.execute_if(dialect="oracle"))
        """),
    )

    assert list(found.schema.triggers) == ["t"]
    assert found.kinds == frozenset(Kind)


@pytest.mark.parametrize("name", ["Base", "Base.metadata", "User", "log", "ALL", "db"])
def test_something_that_has_metadata(tmp_path: Path, name: str) -> None:
    text = SHOP + textwrap.dedent("""
        import types
        log = Table("log", Base.metadata, Column("line", Text))
        ALL = [Base, User, Base.metadata]
        db = types.SimpleNamespace(metadata=Base.metadata)
    """)

    found = models(tmp_path, text, f"shop:{name}")

    assert sorted(found.schema.tables) == ["log", "teams", "users"]


def test_metadata_alone(tmp_path: Path) -> None:
    text = """
        from sqlalchemy import Column, Integer, MetaData, Table
        mine = MetaData()
        Table("t", mine, Column("id", Integer, primary_key=True))
    """

    assert list(models(tmp_path, text).schema.tables) == ["t"]


def test_two_metadata_with_one_table(tmp_path: Path) -> None:
    text = """
        from sqlalchemy import Column, Integer, MetaData, Table
        one, two = MetaData(), MetaData()
        for each in (one, two):
            Table("t", each, Column("id", Integer, primary_key=True))
    """

    with pytest.raises(ModelsError, match="have one table name, `t`"):
        models(tmp_path, text)


def test_metadata_that_is_empty(tmp_path: Path) -> None:
    with pytest.raises(ModelsError, match="there are no models in `shop`"):
        models(tmp_path, "from sqlalchemy import MetaData\nmine = MetaData()")


def test_what_sqlite_does_not_take(tmp_path: Path) -> None:
    text = """
        from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Table
        Table("t", MetaData(), Column("id", Integer), CheckConstraint("no such word"))
        mine = MetaData()
        Table("t", mine, Column("id", Integer), CheckConstraint("no such word"))
    """

    with pytest.raises(ModelsError) as failure:
        models(tmp_path, text)
    assert failure.value.message == 'table `t`, line 4: near "such": syntax error'


def test_sqlmodel(tmp_path: Path) -> None:
    pytest.importorskip("sqlmodel")
    found = models(
        tmp_path,
        """
        from sqlmodel import Field, SQLModel

        class Hero(SQLModel, table=True):
            id: int | None = Field(default=None, primary_key=True)
            name: str = Field(index=True)

        class HeroCreate(SQLModel):
            name: str
        """,
    )

    assert list(found.schema.tables) == ["hero"]
    assert list(found.schema.indexes) == ["ix_hero_name"]
    assert found.places[Kind.TABLE, "hero"] == Place("shop.py", 4)
