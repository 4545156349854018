"""The design spec: one frozen record. Golden model, hardware, proof and cost derive from it."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from hwdse import formats
from hwdse.errors import FormatError, SpecError
from hwdse.formats import BlockFormat, Format, Quantizer, UnpackedShape
from hwdse.identity import contained, fingerprint
from hwdse.spec.accumulate import Accumulator
from hwdse.spec.interface import Interface
from hwdse.spec.multiply import Multiplier
from hwdse.spec.multiply.block import BlockProduct, joined
from hwdse.spec.multiply.exact import Exact
from hwdse.spec.slug import slug
from hwdse.spec.unit import Mac, Unit

#: Roundings that the hardware supports. Stochastic roundings would need a source of random bits.
DESIGN_ROUNDINGS = ("rne", "rna", "rtz", "up", "down")

_COMMON_KEYS = ("a", "b", "c", "mul", "acc", "out", "rounding", "unit")
_NOT_ALWAYS_USED = ("b", "c", "mul", "acc")


@dataclass(frozen=True, kw_only=True)
class Design:
    """The exact specification of a unit: it fixes every output bit.

    Attributes:
        a: format of the first operand (a network's activations). A unit that takes blocks is given
            a block format; `a` is then the format of its elements.
        b: format of the second operand (a network's weights), like `a`. Default: `a`. None for a
            unit that does not use it.
        c: format of the addend, only for a unit with an addend. Default: `out`.
        mul: multiplier. Default: exact. For block formats it becomes a `BlockProduct`, and for a
            unit that packs words a `PackedProduct`, for one that composes integers and floats a
            `ComposedProduct`. None for a unit that does not multiply.
        acc: accumulator, only for a unit with a running sum.
        out: output format. Default: the accumulator's default output format. Without an
            accumulator the default is the unit's: mostly `c`, and without an addend `a`.
        rounding: rounding mode of every rounding in the accumulator and the output.
        unit: the unit and its shape. Default: `mac`.

    Raises:
        SpecError: the parts do not fit together. The message says why.
    """

    a: Format
    b: Format = None  # type: ignore[assignment]
    c: Format | None = None
    mul: Multiplier = None  # type: ignore[assignment]
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
        if self.b is None and "b" in self.unit.uses:
            object.__setattr__(self, "b", self.a)
        if self.mul is None and "mul" in self.unit.uses:
            object.__setattr__(self, "mul", Exact())
        self._join_blocks()
        # Computing the state raises SpecError if the parts do not fit together.
        _ = self.state
        if self.out is None:
            own = self.acc.out_of(self.product) if self.acc else self.unit.default_out(self)
            object.__setattr__(self, "out", own)
        if self.c is None and "c" in self.unit.uses:
            object.__setattr__(self, "c", self.out)
        if self.rounding not in DESIGN_ROUNDINGS:
            raise SpecError(f"rounding={self.rounding}: allowed are {', '.join(DESIGN_ROUNDINGS)}")
        signed = (self.mul and self.state.signed) or (self.c and self.c.signed)
        if not self.out.signed and (self.acc or signed):
            raise SpecError(f"out={self.out}: a sum has a sign, a signed format is needed")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a design from comma-separated `key=value` pairs.

        Example: `a=e4m3fn,mul=exact,acc=kulisch,out=bf16,unit=dot,lanes=8`.

        Raises:
            SpecError: the text is malformed, a key or value is unknown, or the parts do not fit
                together.
        """
        values = _pairs(text)
        if "a" not in values:
            raise SpecError(f"design {text!r} lacks a=: the format of the first operand")
        try:
            own = {key: value for key, value in values.items() if key not in _COMMON_KEYS}
            given: dict[str, Any] = {
                **{key: formats.get(values[key]) for key in ("a", "b") if key in values},
                **{key: formats.parse(values[key]) for key in ("c", "out") if key in values},
            }
            if "mul" in values:
                given["mul"] = Multiplier.parse(values["mul"])
            return cls(
                **given,
                acc=Accumulator.parse(values["acc"]) if "acc" in values else None,
                rounding=values.get("rounding", "rne"),
                unit=Unit.from_keys(values.get("unit", "mac"), own),
            )
        except (FormatError, SpecError) as error:
            raise SpecError(f"design {text!r}: {error}") from error

    def _join_blocks(self) -> None:
        """Make block formats a part of the multiplier, and their elements the operands."""
        operands: tuple[object, ...] = (self.a, self.b)
        scaled = [one for one in operands if isinstance(one, Quantizer)]
        scaled += [self.mul.a] if isinstance(self.mul, BlockProduct) else []
        if scaled and not self.unit.takes_blocks:
            taking = (unit.keyword for unit in Unit.choices.values() if unit.takes_blocks)
            raise SpecError(
                f"unit {self.unit} takes elements without scales, not {scaled[0]}: block formats "
                f"are operands of unit={' or unit='.join(taking)}"
            )
        if self.b is None or self.mul is None:
            return
        mul, a, b = joined(self.mul.named, self.a, self.b)
        if self.unit.takes_blocks and not isinstance(mul, BlockProduct):
            raise SpecError(f"unit {self.unit} takes block formats such as mxfp8_e4m3, not {a}")
        for name, value in {"mul": mul, "a": a, "b": b}.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "unit", self.unit.fitted(self))
        object.__setattr__(self, "mul", self.unit.multiplier_from(mul))

    def keys(self) -> dict[str, str]:
        """Every key that the unit uses and the value of the key, including defaults."""
        own = {key: str(value) for key, value in self.unit.keys().items()}
        common = {key: getattr(self, key) for key in _COMMON_KEYS}
        common["a"], common["b"] = self.operands
        used = {key: str(part) for key, part in common.items() if part is not None}
        return used | own

    def __str__(self) -> str:
        return ",".join(f"{key}={value}" for key, value in self.keys().items())

    @cached_property
    def fingerprint(self) -> str:
        """Hexadecimal digest of the design text and of the contents of all files that it names.

        Equal designs have equal fingerprints, in every process. Different designs have different
        fingerprints.
        """
        return fingerprint((str(self), self))

    @cached_property
    def slug(self) -> str:
        """A unique name of the design, valid as a Verilog identifier and as a file name.

        The name has at most 100 characters and is built from the spec. If the spec does not
        determine the whole design (a format from a file, for example), or if the spec is too long,
        the name ends in a digest of the whole design.
        """
        keys = self.keys()
        a, b = self.operands
        if a == b:
            del keys["b"]
        told = self._told_by_text
        if self.c == self.out:
            del keys["c"]
        elif self.c is not None:
            told = False  # two formats left of a, b and c look like a and b
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
        """Whether the design text alone determines this design, on any machine and at any time."""
        if not all(map(formats.is_told_by_name, contained(self, Format))):
            return False
        try:
            return type(self).parse(str(self)) == self
        except SpecError:
            return False

    @property
    def operands(self) -> tuple[Format, Format] | tuple[BlockFormat, BlockFormat]:
        """The operands `a` and `b` as the spec names them: formats or block formats."""
        if isinstance(self.mul, BlockProduct):
            return self.mul.a, self.mul.b
        return self.a, self.b

    @cached_property
    def product(self) -> UnpackedShape:
        """Bounds of one product; for a unit that does not multiply, bounds of one operand."""
        return self.mul.product(self.a, self.b) if self.mul else self.a.unpacked

    @cached_property
    def state(self) -> UnpackedShape:
        """Bounds of the running sum; for a unit without running sum, those of `product`."""
        return self.acc.state(self.product) if self.acc else self.product

    @property
    def accumulator(self) -> Accumulator:
        """The accumulator.

        Raises:
            SpecError: the unit has no accumulator.
        """
        if self.acc is None:
            raise SpecError(f"design {self}: unit {self.unit} has no running sum")
        return self.acc

    @cached_property
    def interface(self) -> Interface:
        """The interface of the unit: streams, reset and latency."""
        return self.unit.interface(self)

    @property
    def largest_sum(self) -> float:
        """Largest magnitude at which neither the accumulator nor the output format overflows."""
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
