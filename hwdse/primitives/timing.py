"""Delay of primitives in series, computed from the laws of a table."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hwdse.primitives.laws import LawTable
from hwdse.primitives.primitive import Primitive, Timing


def path_parts(path: Iterable[Primitive], table: LawTable) -> dict[str, float]:
    """Delay in ns of primitives in series, by the class of primitive that causes it.

    The function tracks two times along the path. `lowest` is the time at which the lowest bit is
    ready. `spread` is the additional time until the highest bit is ready. A carry chain
    (`Timing.RIPPLE`) adds only the delay of its lowest bit to `lowest`. `spread` is the longest
    carry chain since the last primitive that waits for the whole word (`Timing.WORD`).
    """
    lowest: defaultdict[str, float] = defaultdict(float)
    spread, cause = 0.0, ""
    for step in path:
        if step.empty:
            continue
        kind = type(step).__name__
        delay = table.cost(step, "delay_ns")
        if step.timing is Timing.RIPPLE:
            first_bit = min(delay, table.cost(one_bit(step), "delay_ns"))
            lowest[kind] += first_bit
            if delay - first_bit > spread:
                spread, cause = delay - first_bit, kind
            continue
        if step.timing is not Timing.BITWISE and spread:
            lowest[cause] += spread
            spread = 0.0
        lowest[kind] += delay
    if spread:
        lowest[cause] += spread
    return lowest


def path_delay(path: Iterable[Primitive], table: LawTable) -> float:
    """Delay in ns of primitives in series."""
    return sum(path_parts(path, table).values())


def one_bit(primitive: Primitive) -> Primitive:
    """The same primitive with `width` set to 1. The primitive must have a field `width`."""
    widths: dict[str, Any] = {"width": 1}
    return replace(primitive, **widths)
