"""Delay of primitives in series, computed from the laws of a technology."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hwdse.primitives.primitive import Primitive, Timing
from hwdse.primitives.technology import Technology


def path_delay(path: Iterable[Primitive], technology: Technology) -> float:
    """Delay in ns of primitives in series.

    The function tracks two times along the path. `lowest` is the time at which the lowest bit is
    ready. `spread` is the additional time until the highest bit is ready. A carry chain
    (`Timing.RIPPLE`) adds only the delay of its lowest bit to `lowest`. `spread` is the longest
    carry chain since the last primitive that waits for the whole word (`Timing.WORD`).
    """
    lowest, spread = 0.0, 0.0
    for step in path:
        delay = technology.cost(step, "delay_ns")
        if step.empty:
            continue
        if step.timing is Timing.RIPPLE:
            first_bit = min(delay, technology.cost(one_bit(step), "delay_ns"))
            lowest += first_bit
            spread = max(spread, delay - first_bit)
        elif step.timing is Timing.BITWISE:
            lowest += delay
        else:
            lowest, spread = lowest + spread + delay, 0.0
    return lowest + spread


def one_bit(primitive: Primitive) -> Primitive:
    """The same primitive with `width` set to 1. The primitive must have a field `width`."""
    widths: dict[str, Any] = {"width": 1}
    return replace(primitive, **widths)
