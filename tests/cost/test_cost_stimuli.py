"""What the input ports of a unit see in a gate-level simulation."""

import numpy as np
import pytest

from hwdse import Design
from hwdse.cost.stimuli import TERMS, Operands, stimulus
from hwdse.errors import HwdseError

DESIGN = Design.parse("a=int4,acc=int:16,unit=dot,lanes=2")
BITS = [
    *(("rst", 0), ("i_valid", 0), ("i_first", 0)),
    *(("i_a", place) for place in range(8)),
    *(("i_b", place) for place in range(8)),
]


def words(values):
    """Words of i_first, i_a and i_b in each cycle."""
    weights = 1 << np.arange(8)
    return values[:, 2], values[:, 3:11] @ weights, values[:, 11:] @ weights


def test_sums_of_normal_operands():
    values = stimulus(DESIGN.interface, BITS, 3 * TERMS)
    assert not values[:, 0].any()
    assert values[:, 1].all()
    first, a, b = words(values)
    assert np.flatnonzero(first).tolist() == [0, TERMS, 2 * TERMS]
    assert len(set(a.tolist())) > 20
    assert len(set(b.tolist())) > 20


def test_given_operands_and_their_starts():
    codes = {
        "a": np.array([[1, 2], [3, 4], [5, 15]]),
        "b": np.array([[0, 1], [0, 2], [0, 3]]),
        "first": np.array([[1], [0], [0]]),
    }
    operands = Operands(source="by hand", codes=codes)
    first, a, b = words(stimulus(DESIGN.interface, BITS, 5, operands=operands))
    assert first.tolist() == [1, 0, 0, 1, 0]
    assert a.tolist() == [0x21, 0x43, 0xF5, 0x21, 0x43]
    assert b.tolist() == [0x10, 0x20, 0x30, 0x10, 0x20]
    _, a, _ = words(stimulus(DESIGN.interface, BITS, 3, operands=operands.part(2)))
    assert a.tolist() == [0xF5, 0x21, 0x43]


@pytest.mark.parametrize("shape", [(0, 2), (4, 1), (8,)])
def test_operands_of_the_wrong_shape(shape):
    operands = Operands(source="", codes={"a": np.zeros(shape, np.int64)})
    with pytest.raises(HwdseError, match=r"for field a: it takes \(cycles, 2\)"):
        stimulus(DESIGN.interface, BITS, 8, operands=operands)
