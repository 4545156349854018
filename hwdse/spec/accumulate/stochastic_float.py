"""The stochastically rounded floating-point accumulator."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

from hwdse.errors import FormatError, SpecError
from hwdse.formats import BinaryFloat, Minifloat
from hwdse.spec.accumulate.float_sum import FloatSum

#: Bits whose XOR is fed back, counted from 1 at the LSB, of maximal-length registers (Fibonacci
#: form, shifted left), for each width.
LFSR_TAPS = {
    8: (8, 6, 5, 4),
    10: (10, 7),
    12: (12, 11, 10, 4),
    13: (13, 12, 11, 8),
    16: (16, 15, 13, 4),
    32: (32, 22, 2, 1),
}
_SEEDS = {16: 0xACE1, 32: 0xDEADBEEF}
_NARROW, _WIDE = 16, 32
_DEFAULT_BITS = 8
_MAX_BITS = 24
_OPTION = re.compile(r"sr([0-9]{0,3})([abc]?)")
_REGISTER = re.compile(r"(lfsr|seed)([0-9]{1,12})")


@dataclass(frozen=True, kw_only=True)
class StochasticFloat(FloatSum):
    """The group's products and the running sum, added exactly and rounded stochastically once.

    `bits` random bits decide each rounding as IEEE P3109's StochasticA, B or C do: A truncates what
    is discarded to that many bits and so is biased by -2^-(bits + 1) ulp; B takes one bit more and
    adds half a unit; C rounds to nearest even first. The random bits are the low ones of a linear
    feedback shift register that starts from its seed with each sum and takes `bits` steps after
    each group, so that no group sees a bit that another one saw until the register repeats. A sum
    is therefore a function of its terms alone, and all sums see the same random numbers: errors of
    different sums are correlated.

    An exact zero sum of unlike signs is +0; otherwise special values, zeros and overflow as in
    `FusedFloat`. The output is rounded by the design's rounding.

    Attributes:
        bits: random bits for one rounding, 1..24, no more than the register has.
        variant: `a`, `b` or `c`.
        lfsr: width of the register: 8, 10, 12, 13, 16 or 32.
        seed: the register's first state, 1..2^lfsr - 1; 0xACE1 for 16 bits, 0xDEADBEEF for 32 bits,
            else 1.
    """

    form: ClassVar[str] = "fp:{format}:sr[{bits}][a|b|c][:lfsr{width}][:seed{n}]"

    bits: int = _DEFAULT_BITS
    variant: str = "b"
    lfsr: int = None  # type: ignore[assignment]
    seed: int = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.lfsr is None:
            object.__setattr__(self, "lfsr", self._default_lfsr)
        if self.seed is None:
            object.__setattr__(self, "seed", self._default_seed)
        super().__post_init__()
        if self.variant not in ("a", "b", "c"):
            raise SpecError(f"accumulator {self}: variants a, b and c are allowed")
        if self.lfsr not in LFSR_TAPS:
            allowed = ", ".join(map(str, LFSR_TAPS))
            raise SpecError(f"accumulator {self}: a register of {self.lfsr} bits: {allowed}")
        most = min(self.lfsr, _MAX_BITS)
        if not 1 <= self.bits <= most:
            raise SpecError(f"accumulator {self}: {self.bits} random bits, allowed are 1 to {most}")
        if not 1 <= self.seed < 1 << self.lfsr:
            raise SpecError(
                f"accumulator {self}: seed {self.seed}, allowed are 1 to 2^{self.lfsr}-1"
            )
        _ = self.drawn

    @classmethod
    def with_options(cls, number_format: BinaryFloat, options: tuple[str, ...]) -> Self | None:
        """Parse `sr{bits}{variant}`, then the register's width and seed."""
        first = _OPTION.fullmatch(options[0]) if options else None
        rest = [_REGISTER.fullmatch(option) for option in options[1:]]
        values = {match[1]: int(match[2]) for match in rest if match}
        if not first or len(values) != len(rest):
            return None
        return cls(
            format=number_format,
            bits=int(first[1] or _DEFAULT_BITS),
            variant=first[2] or "b",
            lfsr=values.get("lfsr"),  # type: ignore[arg-type]
            seed=values.get("seed"),  # type: ignore[arg-type]
        )

    @property
    def _default_lfsr(self) -> int:
        return _NARROW if self.bits <= _NARROW else _WIDE

    @property
    def _default_seed(self) -> int:
        return _SEEDS.get(self.lfsr, 1)

    @property
    def options(self) -> tuple[str, ...]:
        """Random bits and variant; the register where it is not the usual one."""
        options = [f"sr{self.bits}{self.variant if self.variant != 'b' else ''}"]
        if self.lfsr != self._default_lfsr:
            options.append(f"lfsr{self.lfsr}")
        if self.seed != self._default_seed:
            options.append(f"seed{self.seed}")
        return tuple(options)

    @property
    def taps(self) -> tuple[int, ...]:
        """Bits fed back, from 0 at the LSB."""
        return tuple(bit - 1 for bit in LFSR_TAPS[self.lfsr])

    @property
    def drawn_bits(self) -> int:
        """Bits below the format's LSB that meet the random ones."""
        return self.bits + (self.variant == "b")

    @cached_property
    def drawn(self) -> Minifloat:
        """The format with those bits as well, and with a binade beyond its own.

        Raises:
            SpecError: there is no such float.
        """
        f = self.format
        full = f.max_exponent + f.bias == (1 << f.exponent_bits) - 1
        try:
            return Minifloat(
                exponent_bits=f.exponent_bits + full,
                fraction_bits=f.fraction_bits + self.drawn_bits,
                bias=f.bias,
                variant="finite",
            )
        except FormatError as error:
            raise SpecError(f"accumulator {self}: before it is rounded, {error}") from error
