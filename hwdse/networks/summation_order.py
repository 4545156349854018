"""How much the results of an accumulator depend on the order of the terms.

A sum of products is computed many times with the same terms in other orders. Exact accumulators
(Kulisch, wide integers) give one result. Accumulators that round in each step give many. The spread
of these results is an error that no scale and no operand format can remove, and that changes with
the schedule of the hardware. Where it is small beside the whole error, the order does not matter.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwdse.errors import NetworkError
from hwdse.networks import scales
from hwdse.networks.calibration import observed
from hwdse.networks.data import Options, own_data
from hwdse.networks.network import Network
from hwdse.networks.observe import Observation
from hwdse.networks.protocols import Data
from hwdse.networks.site_sums import COLUMNS, MATRICES, ROWS, Order, Values, sums_of_site
from hwdse.spec import Design

DEFAULT_ORDERS, DEFAULT_TERMS = 32, 512
MAX_ORDERS, MAX_TERMS = 10_000, 1 << 16
_SEED = 20260614


@dataclass(frozen=True, kw_only=True)
class OrderSpread:
    """The spread of sums over orders of their terms, at one site.

    All lengths are relative to the root mean square of the exact sums of the site, so that sites
    and designs compare. NaN or infinity among the results makes them infinite.

    Attributes:
        design: the design.
        site: name of the matrix product, or what the data are.
        terms: number of terms of each sum.
        sums: number of sums.
        orders: number of orders, the order of the network included.
        changing: fraction of the sums that have more than one result.
        spread: root mean square of the largest result minus the smallest one.
        largest: largest such difference.
        deviation: root mean square, over sums and orders, of a result minus the mean result of its
            sum: the error that belongs to the order.
        error: root mean square of a result in the order of the network minus the exact sum of the
            same rounded operands: the whole error of multiplier, accumulator and output.
    """

    design: Design
    site: str
    terms: int
    sums: int
    orders: int
    changing: float
    spread: float
    largest: float
    deviation: float
    error: float

    def to_json(self) -> dict[str, Any]:
        """All attributes as JSON values, and the design as its spec."""
        return vars(self) | {"design": str(self.design)}


def order_spread_of_network(
    design: Design,
    network: Network,
    *,
    orders: int = DEFAULT_ORDERS,
    data: Data | None = None,
    data_dir: Path | None = None,
    policy: str = scales.DEFAULT,
) -> list[OrderSpread]:
    """The spread at each matrix product of a network, on activations of the calibration data.

    Each site gives up to 4,096 sums: 16 rows and 64 columns of up to four of its matrices. Operands
    have the scales of an evaluation. All designs see the same operands and the same orders.

    Args:
        design: the design.
        network: the network.
        orders: number of orders, 2 to 10,000.
        data: the data, whose calibration part counts. Default: as for `evaluate`.
        data_dir: folder of the dataset, as for `evaluate`.
        policy: name of the scale policy.

    Raises:
        NetworkError: the number of orders is out of range, or the network does not run, names
            no data or is quantised already.
        DatasetError: data is missing or damaged.
        SpecError: the design has no running sum or no fast kernel.
    """
    if data is None:
        data, _ = own_data(network, Options(folder=data_dir))
    found = observed(network, data)
    return [_measure(design, each, site, orders, policy) for site, each in found.items()]


def order_spread_of_normal(
    design: Design,
    terms: int = DEFAULT_TERMS,
    *,
    orders: int = DEFAULT_ORDERS,
    policy: str = scales.DEFAULT,
) -> OrderSpread:
    """The spread of 4,096 sums of products of normally distributed numbers, with a fixed seed.

    Args:
        design: the design.
        terms: number of terms of each sum, 2 to 65,536.
        orders: number of orders, 2 to 10,000.
        policy: name of the scale policy.

    Raises:
        NetworkError: a number is out of range.
        SpecError: the design has no running sum or no fast kernel.
    """
    if not 2 <= terms <= MAX_TERMS:
        raise NetworkError(f"terms={terms}: 2 to {MAX_TERMS} are allowed")
    rng = np.random.default_rng(_SEED)
    rows = rng.standard_normal((1, MATRICES * ROWS, terms), np.float32)
    matrices = rng.standard_normal((1, terms, COLUMNS), np.float32)
    observation = Observation(
        constant=True,
        rows=rows,
        matrices=matrices,
        extremes=rows[:, :0],
        first_largest=float(np.abs(rows).max()),
        second_largest=float(np.abs(matrices).max()),
        terms=terms,
    )
    return _measure(design, observation, f"normal data, {terms} terms", orders, policy)


def _measure(
    design: Design, observation: Observation, site: str, orders: int, policy: str
) -> OrderSpread:
    if not 2 <= orders <= MAX_ORDERS:
        raise NetworkError(f"orders={orders}: 2 to {MAX_ORDERS} are allowed")
    found, exact = [], []
    for sums in sums_of_site(design, observation, policy):
        every = [sums.results(order) * sums.unit for order in _orders(sums.places, orders)]
        found.append(np.stack(every).reshape(orders, -1))
        exact.append(((sums.left @ sums.right) * sums.unit).ravel())
    results, expected = np.concatenate(found, axis=1), np.concatenate(exact)
    rms = math.sqrt(float(np.square(expected).mean())) or 1.0
    with np.errstate(invalid="ignore", over="ignore"):
        ranges = np.ptp(results, axis=0) / rms
        moved = (results - results[0]) / rms  # exactly 0 where the order does not matter
        deviations = moved - moved.mean(axis=0)
        errors = (results[0] - expected) / rms
    same = (results == results[0]) | (np.isnan(results) & np.isnan(results[0]))
    return OrderSpread(
        design=design,
        site=site,
        terms=observation.terms,
        sums=expected.size,
        orders=orders,
        changing=float(1 - same.all(axis=0).mean()),
        spread=_root_mean_square(ranges),
        largest=float(np.where(np.isfinite(ranges), ranges, np.inf).max(initial=0.0)),
        deviation=_root_mean_square(deviations),
        error=_root_mean_square(errors),
    )


def _root_mean_square(x: Values) -> float:
    with np.errstate(over="ignore"):
        return float(np.sqrt(np.square(np.where(np.isfinite(x), x, np.inf)).mean()))


def _orders(places: int, count: int) -> Iterator[Order]:
    """Orders of `places` places: as they are, then random ones, the same for all designs."""
    yield np.arange(places)
    rng = np.random.default_rng((_SEED, places))
    for _ in range(count - 1):
        yield rng.permutation(places)
