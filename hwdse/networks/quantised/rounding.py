"""Rounding to floats and integers in standard operators, for formats that onnxruntime lacks.

Each function works on values that are already divided by their scale. It is exact: a power of two
takes the values to whole numbers, and the operator Round (to nearest even) does the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hwdse.networks.quantised.reader import Nodes
from hwdse.networks.quantised.stored import CodeKind

Real = npt.NDArray[np.float32]

#: Roundings to whole numbers that are one operator of the ONNX standard.
_OPERATORS: dict[str, tuple[str, Callable[[Real], Real]]] = {
    "ROUND": ("Round", np.rint),
    "HALF_EVEN": ("Round", np.rint),
    "CEIL": ("Ceil", np.ceil),
    "FLOOR": ("Floor", np.floor),
}
#: Roundings of magnitudes: what is added to a magnitude, and the operator that follows.
_OF_MAGNITUDES: dict[str, tuple[float, str, Callable[[Real], Real]]] = {
    "UP": (0.0, "Ceil", np.ceil),
    "DOWN": (0.0, "Floor", np.floor),
    "HALF_UP": (0.5, "Floor", np.floor),
    "HALF_DOWN": (-0.5, "Ceil", np.ceil),
}

ROUNDINGS = (*_OPERATORS, *_OF_MAGNITUDES)
"""Names of the roundings, as QONNX has them."""


@dataclass(frozen=True, kw_only=True)
class SmallFloat:
    """A binary float with a sign, subnormal numbers, and a largest value at which it saturates.

    Attributes:
        fraction_bits: bits after the leading one.
        least_exponent: exponent of the smallest normal number.
        largest: largest value.
    """

    fraction_bits: int
    least_exponent: int
    largest: float

    @property
    def exponents(self) -> range:
        """Exponents of all binades."""
        return range(self.least_exponent, int(np.floor(np.log2(self.largest))) + 1)

    def kind(self, name: str) -> CodeKind:
        """The values of this float, under a name."""
        fractions = np.arange(1 << self.fraction_bits) * 2.0**-self.fraction_bits
        found = [fractions * 2.0**self.least_exponent]
        found += [(1 + fractions) * 2.0**exponent for exponent in self.exponents]
        positive = np.concatenate(found)
        positive = positive[positive <= self.largest]
        return CodeKind(name=name, numbers=np.unique([*-positive, *positive]))

    def rounded(self, x: Real, rounding: str = "ROUND") -> Real:
        """Values in this float."""
        found = x
        for exponent in self.exponents:
            step = np.float32(2.0 ** (exponent - self.fraction_bits))
            binade = whole(x / step, rounding) * step
            found = np.where(np.abs(x) >= np.float32(2.0**exponent), binade, found)
            if exponent == self.least_exponent:
                found = binade
        clipped: Real = np.clip(found, -self.largest, self.largest).astype(np.float32)
        return clipped

    def in_graph(self, make: Nodes, x: str, rounding: str = "ROUND") -> str:
        """Add the operators that compute `rounded`. Returns the name of the result."""
        magnitude, found = make("Abs", x), ""
        for exponent in self.exponents:
            step = make.constant(2.0 ** (exponent - self.fraction_bits))
            binade = make("Mul", whole_in_graph(make, make("Div", x, step), rounding), step)
            if found:
                below = make("Less", magnitude, make.constant(2.0**exponent))
                binade = make("Where", below, found, binade)
            found = binade
        return clipped_in_graph(make, found, -self.largest, self.largest)


def whole(x: Real, rounding: str) -> Real:
    """Values rounded to whole numbers."""
    if rounding in _OPERATORS:
        return _OPERATORS[rounding][1](x)
    offset, _, function = _OF_MAGNITUDES[rounding]
    found: Real = np.sign(x) * function(np.abs(x) + np.float32(offset))
    return found


def whole_in_graph(make: Nodes, x: str, rounding: str) -> str:
    """Add the operators that compute `whole`. Returns the name of the result."""
    if rounding in _OPERATORS:
        return make(_OPERATORS[rounding][0], x)
    offset, operator, _ = _OF_MAGNITUDES[rounding]
    magnitude = make("Add", make("Abs", x), make.constant(offset))
    return make("Mul", make("Sign", x), make(operator, magnitude))


def clipped_in_graph(make: Nodes, x: str, low: float, high: float) -> str:
    """Add the operators that limit values. Returns the name of the result."""
    return make("Min", make("Max", x, make.constant(low)), make.constant(high))
