"""The rounding decision, shared by all encoders."""

from amaranth.hdl import Const, Value


def round_increment(rounding: str, sign: Value, lsb: Value, guard: Value, sticky: Value) -> Value:
    """Whether rounding increments a magnitude.

    `lsb` is the last kept bit, `guard` the next lower bit, and `sticky` the OR of all lower bits.
    """
    match rounding:
        case "rne":
            return guard & (sticky | lsb)
        case "rna":
            return guard
        case "up":
            return ~sign & (guard | sticky)
        case "down":
            return sign & (guard | sticky)
        case _:
            return Const(0, 1)


def floor_increment(rounding: str, sign: Value, lsb: Value, guard: Value, sticky: Value) -> Value:
    """Whether rounding increments a two's-complement word after low bits were cut off.

    The cut alone rounds down. `lsb` is the last kept bit, `guard` the next lower bit, and `sticky`
    the OR of all lower bits.
    """
    match rounding:
        case "rne":
            return guard & (sticky | lsb)
        case "rna":
            return guard & (sticky | ~sign)
        case "rtz":
            return sign & (guard | sticky)
        case "up":
            return guard | sticky
        case _:
            return Const(0, 1)


def overflow_goes_to_inf(rounding: str, sign: Value) -> Value:
    """Whether an overflowing magnitude becomes infinite (IEEE 754-2019 section 7.4)."""
    match rounding:
        case "rtz":
            return Const(0, 1)
        case "up":
            return ~sign
        case "down":
            return sign
        case _:
            return Const(1, 1)
