"""The design spec: one frozen record that golden model, hardware, proof and cost derive from."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from hwdse import formats
from hwdse.errors import FormatError, SpecError
from hwdse.formats import Format, UnpackedShape
from hwdse.identity import contained, fingerprint
from hwdse.spec.accumulate import Accumulator
from hwdse.spec.interface import Interface
from hwdse.spec.multiply import Multiplier
from hwdse.spec.multiply.exact import Exact
from hwdse.spec.slug import slug
from hwdse.spec.unit import Mac, Unit

#: The roundings that the hardware has; the stochastic ones would need a source of random bits.
DESIGN_ROUNDINGS = ("rne", "rna", "rtz", "up", "down")

_COMMON_KEYS = ("a", "b", "c", "mul", "acc", "out", "rounding", "unit")
_NOT_ALWAYS_USED = ("c", "acc")


@dataclass(frozen=True, kw_only=True)
class Design:
    """What a unit computes, bit for bit.

    Attributes:
        a: format of the first operand (a network's activations).
        b: format of the second operand (a network's weights); `a` by default.
        c: format of the addend of a unit that has one; `out` by default.
        mul: multiplier; exact by default.
        acc: accumulator, of a unit that has one.
        out: output format; by default the accumulator's own, or that of the addend or of `a`.
        rounding: direction of every rounding in accumulator and output.
        unit: unit and its shape; one `mac` by default.

    Raises:
        SpecError: parts that do not make sense together; the message says why.
    """

    a: Format
    b: Format = None  # type: ignore[assignment]
    c: Format | None = None
    mul: Multiplier = field(default_factory=Exact)
    acc: Accumulator | None = None
    out: Format = None  # type: ignore[assignment]
    rounding: str = "rne"
    unit: Unit = field(default_factory=Mac)

    def __post_init__(self) -> None:
        for key in _NOT_ALWAYS_USED:
            if getattr(self, key) is not None and key not in self.unit.uses:
                raise SpecError(f"unit {self.unit} does not use {key}")
        if self.acc is None and "acc" in self.unit.uses:
            raise SpecError(f"unit {self.unit} needs acc=: the accumulator")
        if self.b is None:
            object.__setattr__(self, "b", self.a)
        # Both raise for a combination without meaning.
        _ = self.state
        if self.out is None:
            own = self.acc.out_of(self.product) if self.acc else self.c or self.a
            object.__setattr__(self, "out", own)
        if self.c is None and "c" in self.unit.uses:
            object.__setattr__(self, "c", self.out)
        if self.rounding not in DESIGN_ROUNDINGS:
            raise SpecError(f"rounding={self.rounding}: allowed are {', '.join(DESIGN_ROUNDINGS)}")
        if not self.out.signed and (self.acc or self.state.signed or (self.c and self.c.signed)):
            raise SpecError(f"out={self.out}: a sum has a sign, a signed format is needed")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The design that comma-separated `key=value` pairs describe.

        Example: `a=e4m3fn,mul=exact,acc=kulisch,out=bf16,unit=dot,lanes=8`.

        Raises:
            SpecError: malformed text, an unknown key or value, or parts without joint meaning.
        """
        values = _pairs(text)
        if "a" not in values:
            raise SpecError(f"design {text!r} lacks a=: the format of the first operand")
        try:
            own = {key: value for key, value in values.items() if key not in _COMMON_KEYS}
            formats_given = {
                key: formats.parse(values[key]) for key in ("a", "b", "c", "out") if key in values
            }
            return cls(
                **formats_given,
                mul=Multiplier.parse(values.get("mul", "exact")),
                acc=Accumulator.parse(values["acc"]) if "acc" in values else None,
                rounding=values.get("rounding", "rne"),
                unit=Unit.from_keys(values.get("unit", "mac"), own),
            )
        except (FormatError, SpecError) as error:
            raise SpecError(f"design {text!r}: {error}") from error

    def keys(self) -> dict[str, str]:
        """Every key that the unit uses with its value, defaults spelled out."""
        own = {key: str(value) for key, value in self.unit.keys().items()}
        common = {key: getattr(self, key) for key in _COMMON_KEYS}
        used = {key: str(part) for key, part in common.items() if part is not None}
        return used | own

    def __str__(self) -> str:
        return ",".join(f"{key}={value}" for key, value in self.keys().items())

    @cached_property
    def fingerprint(self) -> str:
        """Digest of everything that the design is, hexadecimal: its text and the contents of files.

        Equal designs have the same one, in every process, and different ones differ.
        """
        return fingerprint((str(self), self))

    @cached_property
    def slug(self) -> str:
        """The design's name as a Verilog identifier and file name, one for each design.

        It has at most 100 characters. It says the spec; where that is not all, as with a format
        from a file, or too long, it ends in a digest of the whole design.
        """
        keys = self.keys()
        if self.b == self.a:
            del keys["b"]
        told = self._told_by_text
        if self.c == self.out:
            del keys["c"]
        elif self.c is not None:
            told = False  # a, b and c, one of them left out, read like a and b
        if self.rounding == "rne":
            del keys["rounding"]
        unit = keys.pop("unit")
        own = [
            f"{key}{keys.pop(key)}"
            for key in self.unit.keys()  # noqa: SIM118 - a method
        ]
        return slug([*keys.values(), unit, *own], fingerprint=self.fingerprint, told=told)

    @property
    def _told_by_text(self) -> bool:
        """Whether the text means this design to every reader, on any machine at any time."""
        if not all(map(formats.is_told_by_name, contained(self, Format))):
            return False
        try:
            return type(self).parse(str(self)) == self
        except SpecError:
            return False

    @cached_property
    def product(self) -> UnpackedShape:
        """Bounds of one product."""
        return self.mul.product(self.a, self.b)

    @cached_property
    def state(self) -> UnpackedShape:
        """Bounds of the running sum; of one product where there is none."""
        return self.acc.state(self.product) if self.acc else self.product

    @property
    def accumulator(self) -> Accumulator:
        """The accumulator.

        Raises:
            SpecError: the unit has none.
        """
        if self.acc is None:
            raise SpecError(f"design {self}: unit {self.unit} has no running sum")
        return self.acc

    @cached_property
    def interface(self) -> Interface:
        """The streams, reset and latency of the unit."""
        return self.unit.interface(self)

    @property
    def largest_sum(self) -> float:
        """Largest magnitude that neither the accumulator nor the output format overflows at."""
        largest = self.acc.largest(self.product) if self.acc else self.out.max
        return min(largest, self.out.max)


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
