"""The state of the page, as the query of its address: a permanent link."""

from dataclasses import dataclass, fields, replace
from typing import Self
from urllib.parse import parse_qs, urlencode

from hwdse.errors import HwdseError
from hwdse.explore.aims import Aims
from hwdse.explore.columns import Column, column
from hwdse.explore.page.catalogue import Snapshot
from hwdse.explore.page.query import Query


@dataclass(frozen=True, kw_only=True)
class PageView:
    """What the page shows.

    Attributes:
        of: combination of network, technology, clock and machine.
        x: quantity on the horizontal axis.
        y: quantity on the vertical axis.
        objectives: quantities of the front, at least two.
        only: words and limits, as of `Query`.
        front: whether only designs on the front are in the table and the exports.
        compare: specs of at most two designs.
    """

    of: str = ""
    x: str
    y: str
    objectives: tuple[str, ...]
    only: str = ""
    front: bool = False
    compare: tuple[str, ...] = ()

    @classmethod
    def of_sweep(cls, now: Snapshot) -> Self:
        """What the page shows first: the objectives of the sweep, its first combination."""
        x, y = now.aims.axes
        return cls(of=now.combinations[0], x=x.name, y=y.name, objectives=now.aims.objectives)

    @classmethod
    def parse(cls, query: str, now: Snapshot) -> Self:
        """The view of a link. What it does not say, or says wrongly, is as it is first."""
        first = cls.of_sweep(now)
        given = parse_qs(query.removeprefix("?"))
        one = {name: values[0] for name, values in given.items()}
        known = {c.name for c in now.columns}
        objectives = tuple(dict.fromkeys(given.get("objectives", ())))
        usable = len(objectives) > 1 and known.issuperset(objectives)
        return replace(
            first,
            of=one["of"] if one.get("of") in now.combinations else first.of,
            x=one["x"] if one.get("x") in known else first.x,
            y=one["y"] if one.get("y") in known else first.y,
            objectives=objectives if usable else first.objectives,
            only=one.get("only", ""),
            front=one.get("front") == "1",
            compare=tuple(given.get("compare", ())[-2:]),
        )

    def link(self, now: Snapshot) -> str:
        """The query of the address: only what differs from what the page shows first."""
        first = type(self).of_sweep(now)
        pairs: list[tuple[str, str]] = []
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            if value != getattr(first, name):
                values = value if isinstance(value, tuple) else (value,)
                pairs += [(name, "1" if one is True else str(one)) for one in values]
        return f"?{urlencode(pairs)}" if pairs else ""

    @property
    def axes(self) -> tuple[Column, Column]:
        """The columns of the two axes."""
        return column(self.x), column(self.y)

    @property
    def aims(self) -> Aims:
        """The objectives of the front; its limits are those of the query."""
        return Aims(objectives=self.objectives)

    @property
    def query(self) -> Query:
        """The words and limits.

        Raises:
            HwdseError: as of `Query.parse`.
        """
        return Query.parse(self.only)

    @property
    def wrong(self) -> str:
        """Why the words and limits cannot be understood; empty if they can."""
        try:
            Query.parse(self.only)
        except HwdseError as error:
            return str(error)
        return ""
