"""Conversion of codes on Fractions, by the codecs of the other modules: decode, then encode once.

Nothing here is taken from `hwdse`.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

from reference import levels, lns, number_formats
from reference.number_formats import Value
from reference.posit import Posit
from reference.products import values as values_of

#: Rounds a value to a code, under a rounding.
Encode = Callable[[Value, str], int]


@lru_cache(maxsize=64)
def values(name: str) -> list[Value]:
    """The value of each code of a format."""
    if name in lns.NAMED:
        return [lns.NAMED[name].decode(code) for code in range(2 ** lns.NAMED[name].bits)]
    return values_of(name)


@lru_cache(maxsize=64)
def encoder(name: str) -> Encode:
    """The rule that rounds values to a format, with the overflow that is its own."""
    if name in levels.ALL:
        listed = levels.ALL[name]()
        overflow = "ieee" if "inf" in listed.special else "saturate"
        return lambda value, rounding: listed.encode(_real(value), rounding, overflow)
    if name in lns.NAMED:
        return lns.NAMED[name].encode
    if name.startswith("posit"):
        return Posit(*map(int, name.removeprefix("posit").split("_"))).encode
    target = number_formats.ALL[name]
    return lambda value, rounding: target.encode(value, rounding, target.default_overflow)


def _real(value: Value) -> float | Fraction:
    """A value as a list of levels takes it: a float only where a Fraction cannot say it."""
    if value.special or (value.negative and value.magnitude == 0):
        return number_formats.to_float(value)
    return value.number


def convert(a: str, out: str, code: int, rounding: str) -> int:
    """The code of `out` for a code of `a`."""
    return encoder(out)(values(a)[code], rounding)
