"""A new multiplier, accumulator or format plugs in by describing itself, here in a test."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from hwdse import Design, formats, golden
from hwdse.errors import SpecError
from hwdse.formats import Format, Unpacked, UnpackedShape
from hwdse.golden.accumulate import add, exact_sum, load
from hwdse.golden.multiply import multiply
from hwdse.spec import Accumulator, Exact, Multiplier


@pytest.fixture(autouse=True)
def registries():
    """Forget afterwards what a test has defined."""
    multipliers, accumulators = dict(Multiplier.choices), dict(Accumulator.choices)
    families = list(Format.families)
    yield
    for kind, known in ((Multiplier, multipliers), (Accumulator, accumulators)):
        kind.choices.clear()
        kind.choices.update(known)
    Format.families[:] = families
    formats.parse.cache_clear()


def test_a_new_multiplier():
    @dataclass(frozen=True, kw_only=True)
    class Magnitude(Multiplier):
        """|a b|."""

        keyword: ClassVar[str] = "magnitude"

        def product(self, a, b):
            return replace(Exact().product(a, b), signed=False, twos_complement=False)

    @multiply.register
    def _(mul: Magnitude, a, b, a_format, b_format):
        exact = multiply(Exact(), a, b, a_format, b_format)
        return replace(exact, sign=np.zeros(exact.shape, bool))

    design = Design.parse("a=e4m3fn,mul=magnitude,acc=kulisch,unit=dot,lanes=2")
    assert "mul=magnitude" in str(design)
    assert Design.parse(str(design)) == design
    x, y = design.a.encode([1.5, -2.0, 3.0]), design.a.encode([-1.0, -1.0, 2.0])
    assert design.out.decode(golden.dot(design, x, y)) == 1.5 + 2 + 6
    assert "magnitude" in _message("a=e4m3fn,mul=nope,acc=kulisch")


def test_a_multiplier_without_a_golden_rule_says_so():
    @dataclass(frozen=True, kw_only=True)
    class Silent(Multiplier):
        """A spec without semantics."""

        keyword: ClassVar[str] = "silent"

        def product(self, a, b):
            return Exact().product(a, b)

    design = Design.parse("a=e4m3fn,mul=silent,acc=kulisch")
    with pytest.raises(SpecError, match="multiplier silent has no golden rule"):
        golden.dot(design, [0], [0])


def test_a_new_accumulator():
    @dataclass(frozen=True, kw_only=True)
    class Latest(Accumulator):
        """The last group's sum alone."""

        keyword: ClassVar[str] = "latest"

        def state(self, product):
            return replace(product, significand_bits=product.significand_bits + 10)

        def default_out(self):
            return formats.get("fp32")

        def largest(self, product):
            return 2.0**product.top

    @load.register
    def _(acc: Latest, design, value):
        return value

    @add.register
    def _(acc: Latest, design, state, products):
        return exact_sum(products)

    design = Design.parse("a=int8,acc=latest,unit=dot,lanes=2")
    assert design.out.decode(golden.dot(design, [1, 2, 3, 4], [1, 1, 1, 1])) == 7


def test_a_new_format_family():
    @dataclass(frozen=True, kw_only=True)
    class Bipolar(Format):
        """Every bit means +1 or -1: 2c - (2^n - 1), all odd, no zero."""

        width: int

        def __post_init__(self):
            object.__setattr__(self, "name", f"bipolar{self.width}")

        @classmethod
        def from_name(cls, text):
            return cls(width=int(text[7:])) if text.startswith("bipolar") else None

        @classmethod
        def syntax(cls):
            return "bipolar{bits}"

        bits = property(lambda self: self.width)
        signed = property(lambda self: True)
        has_inf = property(lambda self: False)
        has_nan = property(lambda self: False)
        max = property(lambda self: 2.0**self.width - 1)
        min = property(lambda self: 1 - 2.0**self.width)
        min_normal = property(lambda self: 1.0)
        min_subnormal = property(lambda self: 1.0)

        @property
        def unpacked(self):
            return UnpackedShape(
                significand_bits=self.width + 1,
                exponent_min=0,
                exponent_max=0,
                twos_complement=True,
            )

        def unpack(self, codes):
            return Unpacked.from_numbers(2 * codes - (1 << self.width) + 1)

        def ordinal(self, codes):
            return codes

        def pack(self, value, rounding="rne", overflow="saturate", random=None):
            odd = 2 * np.floor(value.to_float64() / 2) + 1
            code = (np.clip(odd, self.min, self.max) + self.max) / 2
            return code.astype(self.code_dtype)

    design = Design.parse("a=bipolar3,b=bipolar2,acc=int:16,unit=dot,lanes=8")
    assert Design.parse(str(design)) == design
    np.testing.assert_array_equal(design.b.decode(np.arange(4)), [-3, -1, 1, 3])
    random = np.random.default_rng(5)
    a, b = random.integers(0, 8, 64), random.integers(0, 4, 64)
    # Section 5.5: sum over bit pairs of 2^(i+j) (K - 2 popcount(A_i xor B_j)).
    passes = [
        2 ** (i + j) * (64 - 2 * int((((a >> i) ^ (b >> j)) & 1).sum()))
        for i in range(3)
        for j in range(2)
    ]
    assert design.out.decode(golden.dot(design, a, b)) == sum(passes)
    assert "bipolar{bits}" in _message("a=nope,acc=kulisch")


@pytest.mark.parametrize("keyword", ["exact", "lmul"])
def test_a_keyword_in_use_is_refused(keyword):
    with pytest.raises(SpecError, match=f"multiplier '{keyword}' is already defined"):
        type("Again", (Multiplier,), {"keyword": keyword})


def test_nothing_defined_here_is_left_behind():
    assert sorted(Multiplier.choices) == ["exact", "lmul"]
    assert sorted(Accumulator.choices) == ["fp", "int", "kulisch"]
    with pytest.raises(SpecError):
        Design.parse("a=bipolar3,acc=int:16")


def _message(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        Design.parse(text)
    return str(caught.value)
