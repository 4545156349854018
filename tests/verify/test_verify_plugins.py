"""A multiplier that no part of hwdse knows goes the whole way from spec text to proof and cost."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out

from hwdse import Design, cost
from hwdse.errors import SpecError, VerificationError
from hwdse.formats import Format, Unpacked, UnpackedShape
from hwdse.golden.multiply import multiply
from hwdse.hdl import emit
from hwdse.hdl.multiply import multiplier
from hwdse.hdl.unpacked import Record, drive, unpacked_signature
from hwdse.primitives.primitive import Gates
from hwdse.primitives.structure import Structure
from hwdse.spec import Multiplier
from hwdse.verify import verify

SPEC = "a=e4m3fn,mul=left,acc=fp:bf16"


@dataclass(frozen=True, kw_only=True)
class Left(Multiplier):
    """The "product" is the first operand with the second one's sign applied."""

    keyword: ClassVar[str] = "left"

    def product(self, a: Format, b: Format) -> UnpackedShape:
        return replace(a.unpacked, has_nan=a.has_nan or b.has_nan)


# Defining it made it known; the tests of this file alone shall know it, not all that are collected.
del Multiplier.choices["left"]


@multiply.register
def _(mul: Left, a_codes, b_codes, a_format: Format, b_format: Format) -> Unpacked:
    a, b = a_format.unpack(a_codes).exact(), b_format.unpack(b_codes).exact()
    nan = a.nan | b.nan
    return replace(a, sign=a.sign ^ b.sign, nan=nan, significand=np.where(nan, 0, a.significand))


class LeftMultiplier(Component):
    sign_used = True

    def __init__(self, mul: Left, a: Format, b: Format) -> None:
        self._shapes = a.unpacked, b.unpacked
        super().__init__(
            {
                "a": In(unpacked_signature(a.unpacked)),
                "b": In(unpacked_signature(b.unpacked)),
                "o": Out(unpacked_signature(mul.product(a, b))),
            }
        )

    @property
    def structure(self) -> Structure:
        sign = Gates(width=1)
        return Structure(parts=(sign,), path=(sign,))

    def elaborate(self, platform) -> Module:
        m = Module()
        a, b = Record(self._shapes[0], self.a), Record(self._shapes[1], self.b)
        drive(
            m,
            self.o,
            sign=a.sign ^ b.sign if self.sign_used else a.sign,
            significand=a.significand,
            exponent=a.exponent,
            zero=a.zero,
            nan=a.nan | b.nan,
        )
        return m


@pytest.fixture(autouse=True)
def _left_is_known() -> Iterator[None]:
    Multiplier.choices["left"] = Left
    multiplier.register(Left)(LeftMultiplier)
    emit.cache_clear()
    yield
    del Multiplier.choices["left"]
    emit.cache_clear()


def test_new_multiplier_is_parsed_built_proven_and_priced() -> None:
    design = Design.parse(SPEC)
    assert str(design.mul) == "left"
    assert verify(design, "quick").total > 1000
    assert (
        0
        < cost.estimate(design).area_um2
        < cost.estimate(Design.parse("a=e4m3fn,acc=fp:bf16")).area_um2
    )


def test_a_broken_new_multiplier_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LeftMultiplier, "sign_used", False)
    with pytest.raises(VerificationError, match="mismatches"):
        verify(Design.parse(SPEC), "quick")


def test_forgotten_it_is_unknown_again() -> None:
    del Multiplier.choices["left"]
    try:
        with pytest.raises(SpecError, match="unknown multiplier 'left'"):
            Design.parse(SPEC)
    finally:
        Multiplier.choices["left"] = Left
