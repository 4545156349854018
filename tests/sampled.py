"""Which of many like cases every run tries, and which only long ones do."""

from collections.abc import Iterable
from typing import Any

import pytest


def some(cases: Iterable[Any], every: int, ids: Iterable[str] | None = None) -> list[Any]:
    """Parameters of a test: each `every`-th case for all runs, the others marked long.

    Args:
        cases: values of the one parameter, or tuples of several.
        every: share of cases that all runs try, as its inverse; the first case is one.
        ids: names of the cases.
    """
    values = list(cases)
    names = [None] * len(values) if ids is None else list(ids)
    return [
        pytest.param(
            *(value if isinstance(value, tuple) else (value,)),
            id=name,
            marks=pytest.mark.long if place % every else (),
        )
        for place, (value, name) in enumerate(zip(values, names, strict=True))
    ]
