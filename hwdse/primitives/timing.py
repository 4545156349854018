"""Delay of primitives in series, by the laws of a technology."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hwdse.primitives.primitive import Primitive, Timing
from hwdse.primitives.technology import Technology


def path_delay(path: Iterable[Primitive], technology: Technology) -> float:
    """Delay in ns of primitives in series.

    Two times are carried along: when the lowest bit is ready, and how much later the highest is. A
    carry chain (`Timing.RIPPLE`) adds to the first only what its lowest bit takes, and the second
    is the longest chain since the last primitive that waits for the whole word.
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
    """The same primitive with a `width`, one bit wide."""
    widths: dict[str, Any] = {"width": 1}
    return replace(primitive, **widths)
