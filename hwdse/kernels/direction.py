"""The rounding direction of the processor, which compiled loops set and reset.

With the direction of the design, the processor's own addition rounds as the design does: first to
the carrier, then to the format. Two roundings in one direction are one rounding. The direction
belongs to a thread, and no Python code runs while it is set.
"""

import platform
from functools import cache

import llvmlite.binding  # type: ignore[import-untyped]
from numba import types

#: What `fesetround` of the C library takes: the bits of the processor's control register.
_DIRECTIONS = {
    "x86_64": {"down": 0x400, "up": 0x800, "rtz": 0xC00},
    "aarch64": {"down": 0x800000, "up": 0x400000, "rtz": 0xC00000},
    "arm64": {"down": 0x800000, "up": 0x400000, "rtz": 0xC00000},
}
_SYSTEMS = {"Linux", "Darwin"}

#: The C function `int fesetround(int)`; `TO_NEAREST` is how every thread starts.
set_direction = types.ExternalFunction("fesetround", types.intc(types.intc))
TO_NEAREST = 0


@cache
def direction_of(rounding: str) -> int | None:
    """The direction of a rounding; None if this processor, or any, has no such direction."""
    if platform.system() not in _SYSTEMS or not llvmlite.binding.address_of_symbol("fesetround"):
        return None
    if rounding == "rne":
        return TO_NEAREST
    return _DIRECTIONS.get(platform.machine(), {}).get(rounding)
