"""Dot products of blocks whose format changes from cycle to cycle."""

import numpy as np
import numpy.typing as npt

from hwdse.errors import SpecError
from hwdse.formats import BlockFormat, Unpacked
from hwdse.formats.unpacked import Array
from hwdse.golden.engines.mx import Blocks, products_of, running_sums
from hwdse.spec import Design, ModalBlockProduct


def elements(mode: BlockFormat, slots: npt.ArrayLike) -> Array:
    """Element codes of a mode: the low bits of their slots."""
    return np.asarray(slots, np.int64) & (1 << mode.element.bits) - 1


def modal_products(design: Design, mode: npt.ArrayLike, a: Blocks, b: Blocks) -> Unpacked:
    """The exact products of block pairs, each in a mode of its own.

    Args:
        design: a design with `unit=mx` and `modes`.
        mode: numbers of the modes, of any shape; those above the last count as the last.
        a: slots of the first operand's elements, with a block as one more axis than `mode` has, and
            scale codes in the shape of `mode`.
        b: the same for the second operand.
    """
    mul = _modal(design)
    numbers = np.minimum(np.asarray(mode, np.int64), len(mul.modes) - 1)
    (x, x_scales), (y, y_scales) = (tuple(map(np.asarray, one)) for one in (a, b))
    arrays = {name: held.copy() for name, held in vars(Unpacked.zeros(numbers.shape)).items()}
    for number in np.unique(numbers).tolist():
        chosen, there = mul.modes[number], numbers == number
        found = products_of(
            mul.of(chosen),
            design,
            (elements(chosen, x[there]), x_scales[there]),
            (elements(chosen, y[there]), y_scales[there]),
        )
        for name, held in arrays.items():
            held[there] = getattr(found, name)
    return Unpacked(**arrays)


def running_modes(design: Design, mode: npt.ArrayLike, a: Blocks, b: Blocks) -> Array:
    """Every output of the unit during sums.

    Args:
        design: a design with `unit=mx` and `modes`.
        mode: number of the mode of each cycle, shape (sums, cycles).
        a: slots of the first operand's elements, shape (sums, cycles, blocks, size), and scale
            codes, shape (sums, cycles, blocks).
        b: the same for the second operand.

    Returns:
        Codes of `design.out` after each cycle.
    """
    size = _modal(design).size
    scales = np.asarray(a[1])
    numbers = np.broadcast_to(np.asarray(mode)[..., None], scales.shape)
    # The blocks of all cycles of a sum lie along one axis.
    shape = (scales.shape[0], scales.shape[1] * scales.shape[2])
    left, right = (
        (np.asarray(slots).reshape(*shape, size), np.asarray(codes).reshape(shape))
        for slots, codes in (a, b)
    )
    return running_sums(design, modal_products(design, numbers.reshape(shape), left, right))


def _modal(design: Design) -> ModalBlockProduct:
    if not isinstance(design.mul, ModalBlockProduct):
        raise SpecError(f"design {design}: unit=mx with modes= is needed")
    return design.mul
