"""Measures of other packages. Each adds its columns to the results of a sweep.

A package offers a measure by an entry point:

```toml
[project.entry-points."hwdse.measures"]
toggles = "my_package:toggles"        # an object with the attributes of `Measure`
```

A space asks for it by `measures = ["toggles"]`. Its columns are then objectives, limits and axes as
all others are. A program may also call `register` and needs no entry point.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from hwdse.errors import HwdseError
from hwdse.explore.columns import Column, add_columns
from hwdse.explore.record import Row, describe, facts_of
from hwdse.explore.standing import STANDING
from hwdse.plugins import load_offered, offered
from hwdse.spec import Design

GROUP = "hwdse.measures"
"""Group of the entry points."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")


class Measure(Protocol):
    """A measure. Must be picklable, for worker processes."""

    @property
    def name(self) -> str:
        """Name in space files: letters, digits, `_` and `-`."""

    @property
    def columns(self) -> Sequence[Column]:
        """The quantities that it measures."""

    def identity(self, design: Design) -> str:
        """Text that is equal if everything that affects the result is equal.

        A store never measures the same twice.
        """

    def __call__(self, design: Design) -> Mapping[str, float | None]:
        """Measure one design. Returns a number by name of each column; None: it has none.

        Raises:
            HwdseError: the design cannot be measured.
        """


_REGISTERED: dict[str, Measure] = {}


def register(measure: Measure) -> None:
    """Make a measure known, and its columns.

    Raises:
        HwdseError: it lacks an attribute, or its name or a column cannot be used.
    """
    lacking = [
        name for name in ("name", "columns", "identity", "__call__") if not hasattr(measure, name)
    ]
    if lacking:
        raise HwdseError(f"{measure!r} is no measure: it lacks {', '.join(lacking)}")
    if not _NAME.fullmatch(measure.name):
        raise HwdseError(f"a measure cannot be called {measure.name!r}: letters, digits, _ and -")
    if not measure.columns:
        raise HwdseError(f"measure {measure.name}: no columns")
    plain = describe(Row(key="", facts=facts_of(Design.parse("a=int8,acc=int:32"))))
    taken = {*plain, *STANDING, "rank", "verilog"} & {column.name for column in measure.columns}
    if taken:
        raise HwdseError(f"measure {measure.name}: column {min(taken)} is one of every table")
    add_columns(measure.columns)
    _REGISTERED[measure.name] = measure


def measure_named(name: str) -> Measure:
    """The measure with a name. Its columns are known from then on.

    Raises:
        HwdseError: it is unknown, cannot be loaded, or as of `register`.
    """
    if name not in _REGISTERED:
        if name not in offered(GROUP):
            known = ", ".join(sorted({*offered(GROUP), *_REGISTERED})) or "none"
            raise HwdseError(f"unknown measure {name!r}: installed are {known}")
        found, place = load_offered(GROUP, name, "measure")
        if getattr(found, "name", None) != name:
            raise HwdseError(f"measure {name}: {place} is called otherwise")
        register(found)
    return _REGISTERED[name]


def checked(measure: Measure, values: Any) -> dict[str, float | None]:
    """The values of a measurement, one for each column.

    Raises:
        ValueError: a value is missing, is no finite number, or belongs to no column.
    """
    names = [column.name for column in measure.columns]
    if not isinstance(values, Mapping) or sorted(values) != sorted(names):
        raise ValueError(f"{measure.name} gave no values of {', '.join(names)}")
    found: dict[str, float | None] = {}
    for name in names:
        value = None if values[name] is None else float(values[name])
        if value is not None and not math.isfinite(value):
            raise ValueError(f"{measure.name} gave {name} = {value}")
        found[name] = value
    return found
