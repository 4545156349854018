"""The design spec: one frozen record that golden model, hardware, proof and cost derive from."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from hwdse import formats
from hwdse.errors import FormatError, SpecError
from hwdse.formats import Format, UnpackedShape
from hwdse.spec.accumulator import Accumulator
from hwdse.spec.multiplier import Exact, Multiplier
from hwdse.spec.unit import Mac, Unit

#: The roundings that the hardware has; the stochastic ones would need a source of random bits.
DESIGN_ROUNDINGS = ("rne", "rna", "rtz", "up", "down")

_COMMON_KEYS = ("a", "b", "mul", "acc", "out", "rounding", "unit")
_REQUIRED_KEYS = ("a", "acc")


@dataclass(frozen=True, kw_only=True)
class Design:
    """What a unit computes, bit for bit.

    Attributes:
        a: format of the first operand (a network's activations).
        b: format of the second operand (a network's weights); `a` by default.
        mul: multiplier; exact by default.
        acc: accumulator.
        out: output format; the accumulator's own by default.
        rounding: direction of every rounding in accumulator and output.
        unit: unit and its shape; one `mac` by default.

    Raises:
        SpecError: parts that do not make sense together; the message says why.
    """

    a: Format
    b: Format = None  # type: ignore[assignment]
    mul: Multiplier = field(default_factory=Exact)
    acc: Accumulator
    out: Format = None  # type: ignore[assignment]
    rounding: str = "rne"
    unit: Unit = field(default_factory=Mac)

    def __post_init__(self) -> None:
        if self.b is None:
            object.__setattr__(self, "b", self.a)
        # Both raise for a combination without meaning.
        _ = self.state
        if self.out is None:
            object.__setattr__(self, "out", self.acc.out_of(self.product))
        if self.rounding not in DESIGN_ROUNDINGS:
            raise SpecError(f"rounding={self.rounding}: allowed are {', '.join(DESIGN_ROUNDINGS)}")
        if not self.out.signed:
            raise SpecError(f"out={self.out}: a sum has a sign, a signed format is needed")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The design that comma-separated `key=value` pairs describe.

        Example: `a=e4m3fn,mul=exact,acc=kulisch,out=bf16,unit=dot,lanes=8`.

        Raises:
            SpecError: malformed text, an unknown key or value, or parts without joint meaning.
        """
        values = _pairs(text)
        for key in _REQUIRED_KEYS:
            if key not in values:
                raise SpecError(
                    f"design {text!r} lacks {key}=: needed are {', '.join(_REQUIRED_KEYS)}"
                )
        try:
            own = {key: value for key, value in values.items() if key not in _COMMON_KEYS}
            a = formats.parse(values["a"])
            return cls(
                a=a,
                b=formats.parse(values["b"]) if "b" in values else a,
                mul=Multiplier.parse(values.get("mul", "exact")),
                acc=Accumulator.parse(values["acc"]),
                out=formats.parse(values["out"]) if "out" in values else None,  # type: ignore[arg-type]
                rounding=values.get("rounding", "rne"),
                unit=Unit.from_keys(values.get("unit", "mac"), own),
            )
        except (FormatError, SpecError) as error:
            raise SpecError(f"design {text!r}: {error}") from error

    def keys(self) -> dict[str, str]:
        """Every key with its value, defaults spelled out."""
        own = {key: str(value) for key, value in self.unit.keys().items()}
        common = (self.a, self.b, self.mul, self.acc, self.out, self.rounding, self.unit)
        return {key: str(part) for key, part in zip(_COMMON_KEYS, common, strict=True)} | own

    def __str__(self) -> str:
        return ",".join(f"{key}={value}" for key, value in self.keys().items())

    @property
    def slug(self) -> str:
        """The spec as a Verilog identifier and file name, one for each design."""
        keys = self.keys()
        if self.b == self.a:
            del keys["b"]
        if self.rounding == "rne":
            del keys["rounding"]
        unit = keys.pop("unit")
        own = "".join(
            f"_{key}{keys.pop(key)}"
            for key in self.unit.keys()  # noqa: SIM118 - a method
        )
        text = "_".join(keys.values()) + f"_{unit}{own}"
        return re.sub(r"[^A-Za-z0-9_]", "_", text)

    @cached_property
    def product(self) -> UnpackedShape:
        """Bounds of one product."""
        return self.mul.product(self.a, self.b)

    @cached_property
    def state(self) -> UnpackedShape:
        """Bounds of the running sum."""
        return self.acc.state(self.product)

    @property
    def largest_sum(self) -> float:
        """Largest magnitude that neither the accumulator nor the output format overflows at."""
        return min(self.acc.largest(self.product), self.out.max)


def _pairs(text: str) -> dict[str, str]:
    if not text.isprintable():
        raise SpecError(f"design {text!r}: line breaks and control characters are not allowed")
    values: dict[str, str] = {}
    for pair in text.split(","):
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not (key and equals and value):
            raise SpecError(f"design {text!r}: {pair.strip()!r} is not of the form key=value")
        if key in values:
            raise SpecError(f"design {text!r} gives {key} twice")
        values[key] = value
    return values
