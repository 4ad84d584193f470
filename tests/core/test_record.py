"""The light `NamedTuple` is what typing's is, as far as anybody looks."""

from __future__ import annotations

import pickle

import pytest

from tsm_git.core.record import NamedTuple


class Point(NamedTuple):
    """A place on a map."""

    x: int
    y: int = 0
    names: tuple[str, ...] = ()

    @property
    def far(self) -> bool:
        """Whether it is far from the origin."""
        return self.x + self.y > 100

    def __str__(self) -> str:
        return f"{self.x}/{self.y}"


def test_it_is_a_tuple_with_names() -> None:
    point = Point(200, names=("a",))

    assert tuple(point) == (200, 0, ("a",))
    assert (point.x, point.far, str(point)) == (200, True, "200/0")
    assert point._replace(x=1) == Point(1, 0, ("a",))
    assert point._asdict() == {"x": 200, "y": 0, "names": ("a",)}
    assert repr(point) == "Point(x=200, y=0, names=('a',))"


def test_it_is_its_own_class() -> None:
    assert (Point.__name__, Point.__module__) == ("Point", __name__)
    assert Point.__doc__ == "A place on a map."
    assert Point._fields == ("x", "y", "names")
    assert pickle.loads(pickle.dumps(Point(1))) == Point(1)


def test_what_has_no_default_has_to_be_given() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        Point()  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        Point(1).x = 2  # type: ignore[misc]
