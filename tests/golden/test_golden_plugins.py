"""A new multiplier, accumulator or format plugs in by describing itself, here in a test."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from hwdse import Design, formats, golden
from hwdse.errors import SpecError
from hwdse.formats import Format, Position, Unpacked, UnpackedShape
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
    formats.forget_names()


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
    class Odds(Format):
        """The odd integers 2c - (2^n - 1): no zero."""

        family: ClassVar[str] = "odds"

        width: int

        def __post_init__(self):
            object.__setattr__(self, "name", f"odds{self.width}")

        @classmethod
        def from_name(cls, text):
            return cls(width=int(text[4:])) if text.startswith("odds") else None

        @classmethod
        def syntax(cls):
            return "odds{bits}"

        bits = property(lambda self: self.width)
        signed = property(lambda self: True)

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

        def top(self, negative):
            return np.full(negative.shape, (1 << (self.width - 1)) - 1)

        def code_of(self, index, negative):
            half = 1 << (self.width - 1)
            return np.where(negative, half - 1 - index, half + index)

        def locate(self, value, fraction_bits):
            steps = np.maximum((np.abs(value.to_float64()) - 1) / 2, 0)
            fraction = (steps % 1 * 2**fraction_bits).astype(int)
            return Position(index=steps.astype(int), fraction=fraction, odd=steps % 2 >= 1)

    design = Design.parse("a=odds3,b=odds2,acc=int:16,unit=dot,lanes=8")
    assert Design.parse(str(design)) == design
    np.testing.assert_array_equal(design.b.decode(np.arange(4)), [-3, -1, 1, 3])
    assert (design.b.min, design.b.min_subnormal, design.b.max) == (-3, 1, 3)
    np.testing.assert_array_equal(
        design.b.quantize([-9, -2.5, -0.1, 0.5, 2, 8]), [-3, -3, -1, 1, 1, 3]
    )
    random = np.random.default_rng(5)
    a, b = random.integers(0, 8, 64), random.integers(0, 4, 64)
    # Every bit means +1 or -1: sum over bit pairs of 2^(i+j) (K - 2 popcount(A_i xor B_j)).
    passes = [
        2 ** (i + j) * (64 - 2 * int((((a >> i) ^ (b >> j)) & 1).sum()))
        for i in range(3)
        for j in range(2)
    ]
    assert design.out.decode(golden.dot(design, a, b)) == sum(passes)
    assert "odds{bits}" in _message("a=odd{bits},acc=kulisch")


@pytest.mark.parametrize("keyword", ["exact", "lmul"])
def test_a_keyword_in_use_is_refused(keyword):
    with pytest.raises(SpecError, match=f"multiplier '{keyword}' is already defined"):
        type("Again", (Multiplier,), {"keyword": keyword})


def test_nothing_defined_here_is_left_behind():
    assert {"exact", "lmul"} <= set(Multiplier.choices)
    assert {"fp", "int", "kulisch"} <= set(Accumulator.choices)
    assert not {"magnitude", "silent"} & set(Multiplier.choices)
    assert "latest" not in Accumulator.choices
    with pytest.raises(SpecError):
        Design.parse("a=odds3,acc=int:16")


def _message(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        Design.parse(text)
    return str(caught.value)
