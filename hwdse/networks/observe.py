"""Watches a network run in float32 on calibration data: what its products' operands look like."""

from dataclasses import dataclass, field

import numpy as np

from hwdse.errors import NetworkError
from hwdse.networks.arithmetic import FloatArithmetic, Operand, Real, Site

_VALUES = 1 << 14
"""Values of one operand kept a batch."""
_ROWS = 256
"""Rows of the first operand kept a product."""
_SAMPLE_ELEMENTS = 1 << 20
"""Elements of such rows kept a site."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """Rows of a product, for the sums on the way to its results.

    Attributes:
        rows: (r, K) of the first operand.
        matrix: (K, N) of the second.
        group: the matrix's place in its stack.
    """

    rows: Real
    matrix: Real
    group: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Observation:
    """The operands of one site.

    Attributes:
        first: evenly chosen values of the first operand (n,).
        first_largest: largest magnitude of all its values, shape (1,).
        second: as `first`, for a second operand that is not constant; else empty.
        second_largest: as `first_largest`.
        weights: the constant second operand (groups, K, N).
        samples: rows chosen half for their large results, half evenly.
        terms: K, the length of the sums.
    """

    first: Real
    first_largest: Real
    second: Real
    second_largest: Real
    weights: Real | None
    samples: tuple[Sample, ...]
    terms: int


@dataclass(kw_only=True)
class _Record:
    first: list[Real] = field(default_factory=list)
    second: list[Real] = field(default_factory=list)
    first_largest: float = 0.0
    second_largest: float = 0.0
    weights: Real | None = None
    samples: list[Sample] = field(default_factory=list)
    elements: int = 0
    terms: int = 0


class Observer(FloatArithmetic):
    """float32 arithmetic that remembers its operands."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}

    def observations(self) -> dict[str, Observation]:
        """What was seen, by site.

        Raises:
            NetworkError: operands that are infinite or NaN, which no scale brings into a format.
        """
        for name, record in self._records.items():
            if not np.isfinite([record.first_largest, record.second_largest]).all():
                raise NetworkError(
                    f"the network multiplies infinities or NaN in {name!r} on its calibration data"
                )
        return {
            name: Observation(
                first=np.concatenate(record.first),
                first_largest=np.array([record.first_largest], np.float32),
                second=np.concatenate(record.second or [np.zeros(0, np.float32)]),
                second_largest=np.array([record.second_largest], np.float32),
                weights=record.weights,
                samples=tuple(record.samples),
                terms=record.terms,
            )
            for name, record in self._records.items()
        }

    def first(self, site: Site, x: Real) -> Operand:
        """Remembers some values and the largest."""
        record = self._records.setdefault(site.name, _Record())
        if x.ndim:  # a scalar is only padding
            record.first.append(_some(x))
            record.first_largest = float(np.maximum(record.first_largest, _largest(x)))
        return x

    def second(self, site: Site, w: Real) -> Operand:
        """Remembers the weights, or some values and the largest."""
        record = self._records.setdefault(site.name, _Record())
        if site.constant:
            record.weights = w
        else:
            record.second.append(_some(w))
            record.second_largest = float(np.maximum(record.second_largest, _largest(w)))
        return w

    def product(self, site: Site, group: int, a: Operand, b: Operand) -> Real:
        """Remembers some rows."""
        record = self._records[site.name]
        result = super().product(site, group, a, b)
        record.terms = a.shape[1]
        if record.elements < _SAMPLE_ELEMENTS and len(a):
            # Channels are scaled apart: rank rows by the result in units of the channel's weights.
            unit = np.maximum(np.abs(b).max(axis=0, initial=0.0), np.float32(1e-30))
            rank = np.abs(result / unit).max(axis=1)
            count = min(len(a), _ROWS)
            extreme = np.argpartition(rank, len(a) - count)[len(a) - count :][: count // 2]
            even = np.linspace(0, len(a) - 1, count - len(extreme)).astype(int)
            rows = a[np.union1d(extreme, even)]
            record.samples.append(Sample(rows=rows, matrix=b, group=group))
            record.elements += rows.size
        return result


def _some(x: Real) -> Real:
    flat = x.reshape(-1)
    return flat[:: max(1, len(flat) // _VALUES)].copy()


def _largest(x: Real) -> float:
    return float(np.abs(x).max(initial=0.0))
