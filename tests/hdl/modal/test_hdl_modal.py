"""Elements of several block formats in one data path: common form, decoders, products as gates."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from gate_level import GateLevel, decoded
from netlist_counts import built, declared, without_adders
from sampled import some
from verilog_lint import lint, written

from hwdse import Design, formats
from hwdse.cost.stimuli import operands_of
from hwdse.hdl import emit
from hwdse.hdl.modal.decode import ModalDecoder
from hwdse.hdl.modal.form import common_form
from hwdse.hdl.multiply.block import block_multiplier

SETS = [
    "e4m3fn:e2m3fn:e2m1fn:q2_6",
    "e5m2:e4m3fn:e3m2fn:int4",
    "int8:int4",
    "e2m1fn:nf4:int4_sym",
    "e4m3fnuz:e2m5:posit8_1",
    "hif8:e4m3fn:dint4",
    "e4m3:uint4:e3m0fn",
    "e4m3fn_ftz:e2m1fn",
]


def design_of(
    elements: str, acc: str = "acc=fp:fp32", size: int = 3, scale: str = "e8m0"
) -> Design:
    names = [f"block:{element}:{size}:{scale}" for element in elements.split(":")]
    widest = max(names, key=lambda name: formats.get(name).element.bits)
    return Design.parse(f"a={widest},{acc},unit=mx,modes={'|'.join(names)}")


@pytest.mark.parametrize("elements", SETS)
def test_every_code_of_every_format_has_its_value(elements: str) -> None:
    given = tuple(map(formats.parse, elements.split(":")))
    form, slot = common_form(given), max(one.bits for one in given)
    rng, number, code, above = np.random.default_rng(0), [], [], []
    for k, one in enumerate(given):
        count = 1 << one.bits
        number += [k] * count
        code += range(count)
        above += (rng.integers(0, 1 << slot - one.bits, count) << one.bits).tolist()
    found = GateLevel(ModalDecoder(given))(
        active=1 << np.array(number), i=np.array(code) + np.array(above)
    )
    zero = np.zeros(len(code), np.int64)
    exponent = found.get("exponent", zero).astype(np.int64) * form.step + form.base
    magnitude = found["significand"].astype(np.float64) * np.exp2(exponent)
    value = np.where(found["sign"] != 0, -magnitude, magnitude)
    for k, one in enumerate(given):
        there = np.array(number) == k
        expected = np.asarray(one.decode(np.arange(1 << one.bits)), np.float64)
        nan, inf = (found.get(name, zero)[there] != 0 for name in ("nan", "inf"))
        assert np.array_equal(nan, np.isnan(expected))
        assert np.array_equal(inf, np.isinf(expected))
        assert np.array_equal(found["sign"][there][inf] != 0, expected[inf] < 0)
        finite = np.isfinite(expected)
        assert np.array_equal(value[there][finite], expected[finite])
        if "zero" in found:
            assert np.array_equal(found["zero"][there][finite] != 0, expected[finite] == 0)


def test_integers_widen_the_significands_of_floats() -> None:
    """The multiplier of MXINT8 does the work of low exponent bits: -128 is 8 x 16."""
    form = common_form(tuple(map(formats.parse, ("e4m3fn", "e2m3fn", "e2m1fn", "q2_6"))))
    assert (form.significand_bits, form.step, form.most, form.carries) == (7, 4, 3, True)
    floats = common_form(tuple(map(formats.parse, ("e4m3fn", "e2m3fn", "e2m1fn"))))
    assert (floats.significand_bits, floats.step) == (4, 1)
    # E2M3 and E2M1 have exponents of two bits: no shifter is left behind a multiplier of 6 bits.
    assert common_form((formats.parse("int8"), formats.parse("int4"))).significand_bits == 7


@pytest.mark.parametrize("elements", some(SETS[:5], 2))
def test_products_are_exact(elements: str) -> None:
    design, count = design_of(elements), 250
    mul = design.mul
    rng = np.random.default_rng(5)
    mode = rng.integers(0, 1 << design.unit.mode_bits, count)
    places = mul.slot_bits * np.arange(mul.size)
    codes, scales, ports = [], [], {"mode": mode}
    for name in "ab":
        slots = rng.integers(0, 1 << mul.slot_bits, (count, mul.size))
        # In half of the blocks one element is alone.
        alone = (np.arange(count) % 2 == 0)[:, None] & (
            np.arange(mul.size) != rng.integers(0, mul.size, (count, 1))
        )
        slots = np.where(alone, int(design.a.encode(0.0)), slots)
        scale = rng.integers(0, 1 << mul.a.scale.bits, count)
        codes.append(slots)
        scales.append(scale)
        ports |= {name: (slots << places).sum(axis=-1), f"{name}_scale": scale}
    found = decoded(design.product, GateLevel(block_multiplier(mul))(**ports))
    values = found.to_fractions().tolist()
    for k in range(count):
        block = design.unit.mode_of(int(mode[k]))
        # What other tests compare with fractions: the values of each format's codes.
        mask = (1 << block.element.bits) - 1
        x, y = (block.element.decode(one[k] & mask).astype(np.float64) for one in codes)
        factors = [float(block.scale.decode(scale[k : k + 1])[0]) for scale in scales]
        if np.all(np.isfinite([*x, *y, *factors])):
            # Sums of products of 24 bits do not fit a float64.
            terms = (Fraction(p) * Fraction(q) for p, q in zip(x, y, strict=True))
            assert values[k] == sum(terms) * Fraction(factors[0]) * Fraction(factors[1])
        with np.errstate(invalid="ignore"):
            assert found.nan[k] == np.isnan((x * y).sum() * factors[0] * factors[1])


@pytest.mark.parametrize("elements", some(SETS[:3], 1))
def test_the_netlist_has_what_is_declared(elements: str) -> None:
    design = design_of(elements, size=2)
    said, found = declared(design), built(design)
    assert said["register bits"] == found["register bits"]
    assert without_adders(said) == without_adders(found)


def test_cost_looks_at_the_mode_of_the_operand() -> None:
    design = design_of(SETS[0])
    operands = operands_of(design, 5)
    assert operands.codes["mode"].tolist() == [[0]] * 5
    assert operands.codes["a"].shape == (5, 3)


def test_linters_have_no_warning_and_equal_lanes_are_one_module(tmp_path: Path) -> None:
    text = emit(design_of(SETS[0], size=2))
    assert text.count("\nmodule ") < 20
    lint(written(text, tmp_path))
