"""Remainder bins: one sum per constant; the output multiplies each sum by its constant."""

from dataclasses import dataclass, replace

import numpy as np

from hwdse.formats import Unpacked, round_to_grid
from hwdse.formats.unpacked import Array
from hwdse.golden.accumulate import add, load, read
from hwdse.golden.fixed_point import from_integers, wrap
from hwdse.golden.multiply.log import LogProduct
from hwdse.spec import Bins, Design
from hwdse.spec.multiply.log_tables import LogShape


@dataclass(frozen=True, kw_only=True)
class BinSums:
    """Registers in units of the addend's LSB, one per constant on the last axis.

    Attributes:
        registers: Python integers, of the sums' shape plus one axis.
        special: the start value of the sums, kept for its NaN and infinities.
    """

    registers: Array
    special: Unpacked


@load.register
def _(acc: Bins, design: Design, value: Unpacked) -> BinSums:
    register, shape = acc.register(design.product), design.product
    assert isinstance(shape, LogShape)
    # The start value goes to the first bin, whose constant is 1.
    magnitude = round_to_grid(value, register.exponent_min, design.rounding)
    number = wrap(np.where(value.sign, -magnitude, magnitude), register.significand_bits)
    others = np.zeros((*value.shape, len(shape.antilog.constants) - 1), object)
    return BinSums(registers=np.concatenate([number[..., None], others], axis=-1), special=value)


@add.register
def _(acc: Bins, design: Design, state: BinSums, products: Unpacked) -> BinSums:
    shape, register = design.product, acc.register(design.product)
    assert isinstance(products, LogProduct)
    assert isinstance(shape, LogShape)
    antilog, log = shape.antilog, products.log.astype(object)
    low = log & ((1 << antilog.low_bits) - 1)
    index = (log >> antilog.low_bits) & (len(antilog.constants) - 1)
    factor = (1 << antilog.linear_bits) + (low if antilog.low_bits else 0)
    whole = (log >> antilog.fraction_bits) - antilog.linear_bits
    magnitude = np.where(
        products.zero, 0, factor << np.where(products.zero, 0, whole - register.exponent_min)
    )
    addend = np.where(products.sign, -magnitude, magnitude)
    sums = [
        state.registers[..., k] + np.sum(np.where(index == k, addend, 0), axis=-1, dtype=object)
        for k in range(len(antilog.constants))
    ]
    registers = wrap(np.stack(sums, axis=-1), register.significand_bits)
    return BinSums(registers=registers, special=state.special)


@read.register
def _(acc: Bins, design: Design, state: BinSums) -> Unpacked:
    assert isinstance(design.product, LogShape)
    constants = np.array(design.product.antilog.constants, object)
    total = np.asarray(np.sum(state.registers * constants, axis=-1, dtype=object), object)
    number = replace(
        from_integers(total, design.state.exponent_min),
        sign=np.where(state.special.inf, state.special.sign, total < 0).astype(bool),
        nan=state.special.nan,
        inf=state.special.inf,
    )
    # Load the exact accumulator's word: numbers wrap, NaN and infinities stay.
    word: Unpacked = load(acc.exact, design, number)
    return word
