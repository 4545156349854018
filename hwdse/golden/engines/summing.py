"""Golden schedule of the units with one running sum: the cycle of every transfer.

Cycle 0 offers the first input. Inputs are always valid.
"""

import numpy as np

from hwdse.formats.unpacked import Array
from hwdse.spec.unit import Summing


def input_cycles(unit: Summing, sums: int, groups: int) -> Array:
    """The cycle of each group of each sum, shape (sums, groups).

    Cycle t belongs to the sum whose turn t mod `interleave` is. When a sum has ended, the next one
    takes its turn. An output follows each input after `unit.latency` cycles.

    Args:
        unit: the unit.
        sums: number of sums, all of one length.
        groups: groups of products in each sum.
    """
    turns = unit.interleave
    rounds, turn = np.divmod(np.arange(sums), turns)
    cycles: Array = (rounds[:, None] * groups + np.arange(groups)) * turns + turn[:, None]
    return cycles
