"""Sum of logarithmic numbers: each addition uses one Gaussian logarithm."""

from dataclasses import dataclass

import numpy as np

from hwdse.formats import Logarithmic, Unpacked
from hwdse.formats.unpacked import Array
from hwdse.golden.accumulate import add, load, read
from hwdse.golden.multiply.log import LogProduct, power_of_two
from hwdse.spec import Design, LogSum
from hwdse.spec.accumulate.lns_tables import difference_table, sum_table


@dataclass(frozen=True, kw_only=True)
class Terms:
    """(-1)^negative 2^(log / gamma), or 0 where `zero` is set; arrays of one shape.

    Attributes:
        negative: bool; False for zeros.
        zero: bool.
        log: int64 in units of the sum's LSB; any value for zeros.
    """

    negative: Array
    zero: Array
    log: Array

    def lane(self, k: int) -> "Terms":
        """Element k of the last axis."""
        return Terms(negative=self.negative[..., k], zero=self.zero[..., k], log=self.log[..., k])


@load.register
def _(acc: LogSum, design: Design, value: Unpacked) -> Terms:
    f = acc.format
    codes = f.check_codes(f.pack(value, design.rounding, f.overflow))
    log, zero, negative = f.fields(codes)
    return Terms(negative=negative & ~zero, zero=zero, log=log)


@add.register
def _(acc: LogSum, design: Design, state: Terms, products: Unpacked) -> Terms:
    assert isinstance(products, LogProduct)
    group = Terms(
        negative=products.sign,
        zero=products.zero,
        log=products.log << acc.alignment(design.product),
    )
    level = [group.lane(k) for k in range(design.unit.group)]
    while len(level) > 1:
        pairs = [_sum(acc.format, *level[k : k + 2]) for k in range(0, len(level) - 1, 2)]
        level = [*pairs, *level[2 * len(pairs) :]]
    return _sum(acc.format, state, level[0])


@read.register
def _(acc: LogSum, design: Design, state: Terms) -> Unpacked:
    if isinstance(design.out, Logarithmic):
        f = acc.format
        index = np.where(state.zero, 0, state.log - f.lowest + 1)
        return f.unpack(f.check_codes(f.code_of(index, state.negative))).exact()
    return power_of_two(acc.state(design.product).antilog, state.log, state.negative, state.zero)


def _sum(number_format: Logarithmic, x: Terms, y: Terms) -> Terms:
    """The sum of two terms, rounded to a number of the format."""
    f = number_format
    like = np.append(sum_table(f.fraction_bits), 0)
    # Equal magnitudes of opposite signs cancel; the value of entry 0 has no effect.
    unlike = np.append((0, *difference_table(f.fraction_bits)), 0)
    distance = np.abs(x.log - y.log)
    same = x.negative == y.negative
    correction = np.where(
        same,
        like[np.minimum(distance, len(like) - 1)],
        unlike[np.minimum(distance, len(unlike) - 1)],
    )
    x_leads = x.log >= y.log
    log = np.where(x_leads, x.log, y.log) + correction
    negative = np.where(x_leads, x.negative, y.negative)
    log = np.where(x.zero, y.log, np.where(y.zero, x.log, log))
    negative = np.where(x.zero, y.negative, np.where(y.zero, x.negative, negative))
    cancelled = (distance == 0) & ~same & ~x.zero & ~y.zero
    zero = (x.zero & y.zero) | cancelled | (log < f.lowest)
    return Terms(negative=negative & ~zero, zero=zero, log=np.minimum(log, f.highest))
