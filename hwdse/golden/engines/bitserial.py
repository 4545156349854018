"""Golden schedule of the bit-serial unit: the value and the cycle of every transfer.

The values are plain dot products of the operands that the transfers say: bits leave no trace. Cycle
0 offers the first transfer. Inputs are always valid, and results are taken at once.
"""

import numpy as np
import numpy.typing as npt

from hwdse.formats import FixedPoint
from hwdse.formats.unpacked import Array
from hwdse.golden.dot import dot
from hwdse.golden.engines.passage import Passage, Walk
from hwdse.spec import Design
from hwdse.spec.engines.bitserial import BitSerial


def whole_codes(design: Design, bits: npt.ArrayLike, b: npt.ArrayLike) -> Array:
    """Codes of `design.b` with the values that second operands of fewer bits have.

    Args:
        design: a design with `unit=bitserial`.
        bits: the field `bits` of each transfer, shape (transfers,).
        b: codes of the second operands, shape (transfers, lanes); only the low bits count.
    """
    unit, operand = _unit(design), design.b
    assert isinstance(operand, FixedPoint)
    count = np.array([unit.taken(int(number)) for number in np.ravel(bits)], np.int64)[:, None]
    low = np.asarray(b, np.int64) & (1 << count) - 1
    negative = (low >> count - 1 == 1) & operand.signed
    return np.where(negative, low - (1 << count), low) & (1 << operand.bits) - 1


def walk(design: Design, bits: npt.ArrayLike, last: npt.ArrayLike) -> Walk:
    """The cycles of transfers.

    Args:
        design: a design with `unit=bitserial`.
        bits: the field `bits` of each transfer.
        last: for each transfer, whether it is the last of its sum.
    """
    unit = _unit(design)
    taken = np.array([unit.taken(int(number)) for number in np.ravel(bits)], np.int64)
    # A transfer is accepted in the last cycle of the one before.
    ends = np.cumsum(taken)
    answered = np.flatnonzero(last)
    return Walk(answered=answered, cycles={"i": ends - taken, "o": ends[answered] + 1})


def sums(
    design: Design,
    *,
    bits: npt.ArrayLike,
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    last: npt.ArrayLike,
) -> Passage:
    """The passage of transfers through the unit.

    Args:
        design: a design with `unit=bitserial`.
        bits: the field `bits` of each transfer, shape (transfers,).
        a: codes of the first operands, shape (transfers, lanes).
        b: codes of the second operands, same shape.
        last: for each transfer, whether it is the last of its sum.
    """
    left, right = np.asarray(a), whole_codes(design, bits, b)
    walked = walk(design, bits, last)
    results = np.zeros((len(walked.answered), 1), design.out.code_dtype)
    lengths = np.diff(walked.answered, prepend=-1)
    # Sums of one length together.
    for length in np.unique(lengths):
        places = np.flatnonzero(lengths == length)
        terms = walked.answered[places, None] - np.arange(length - 1, -1, -1)
        operands = (codes[terms].reshape(len(places), -1) for codes in (left, right))
        results[places, 0] = dot(design, *operands)
    return Passage(results=results, answered=walked.answered, cycles=walked.cycles)


def _unit(design: Design) -> BitSerial:
    assert isinstance(design.unit, BitSerial)
    return design.unit
