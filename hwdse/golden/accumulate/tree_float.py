"""A balanced tree of rounding adders, then a rounding adder for the running sum."""

from hwdse.formats import Unpacked
from hwdse.golden.accumulate import add, exact_sum, with_state
from hwdse.golden.accumulate.fused_float import rounded
from hwdse.spec import Design, TreeFloat


@add.register
def _(acc: TreeFloat, design: Design, state: Unpacked, products: Unpacked) -> Unpacked:
    leaves = rounded(acc.format, products, design.rounding)
    level = [leaves[..., lane] for lane in range(leaves.shape[-1])]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [rounded_sum(acc, design, left, right) for left, right in pairs]
        level = above + level[2 * len(above) :]
    return rounded_sum(acc, design, state, level[0])


def rounded_sum(acc: TreeFloat, design: Design, left: Unpacked, right: Unpacked) -> Unpacked:
    """Sum of left and right, rounded once to the format."""
    total = exact_sum(with_state(left, right[..., None]), design.rounding)
    return rounded(acc.format, total, design.rounding)
