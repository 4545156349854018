"""Runs a network in float32 on calibration data, and records operands of the matrix products.

The observer keeps only some rows of each operand. A hash of the row number selects the rows. Rows
are numbered over all samples in order, so the selection does not depend on the batch size. Because
of the hash, a regular stride in the data does not bias the selection.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import NetworkError
from hwdse.networks.arithmetic import FloatArithmetic, Operand, Real, Site
from hwdse.networks.draws import Draw, Keys, StackDraw
from hwdse.networks.given import NOTHING, GivenOperands

_ROWS = 256
"""Rows of the first operand to draw per site. The groups of a site share this number."""
_LEAST_ROWS = 16
"""Smallest number of rows to draw per group, if `_ELEMENTS` allows it."""
_ELEMENTS = 1 << 20
"""Largest number of elements in the drawn rows per site."""
_EXTREME_ROWS = 64
"""Rows with the largest results to keep per site. The groups of a site share this number."""
_STACKED_GROUPS = 16
"""Groups from which all go at once, with few extreme rows each."""
_PAIRS = 16
"""Pairs of matrices to keep per site, if no operand of the site is constant."""
_PAIR_ROWS = 64
"""Largest number of rows to keep of the first matrix of a pair."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Observation:
    """The recorded operands of one site.

    Attributes:
        constant: whether the second operand is the same for all samples (weights).
        rows: drawn rows of the first operand, shape (G, r, K). Entry g belongs to matrix g.
        matrices: the second operand, shape (G, K, N). All matrices if the operand is constant,
            otherwise drawn matrices.
        extremes: rows of the first operand with large results, shape (G, e, K).
        first_largest: largest magnitude of the first operand.
        second_largest: largest magnitude of the second operand.
        terms: K, the number of terms per sum.
        given: the operands that the network stores quantised.
    """

    constant: bool
    rows: Real
    matrices: Real
    extremes: Real
    first_largest: float
    second_largest: float
    terms: int
    given: GivenOperands = NOTHING


_Offered = tuple[Draw | StackDraw, Keys | None, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Offer:
    """Items for several draws. `numbers` numbers the items.

    Each entry of `draws` has a draw, the keys and the items. Keys None: use hashed numbers as keys.
    """

    numbers: npt.NDArray[np.int64]
    draws: tuple[_Offered, ...]

    def accept(self, count: int) -> None:
        """Offer the first `count` items to every draw."""
        numbers = self.numbers[:count]
        for draw, keys, items in self.draws:
            draw.add(_hashed(numbers) if keys is None else keys[..., :count], numbers, items)


@dataclass(kw_only=True)
class _Record:
    pairs: Draw = field(default_factory=lambda: Draw(_PAIRS))
    rows: dict[int, Draw] = field(default_factory=dict)
    extremes: dict[int, Draw] = field(default_factory=dict)
    stack: tuple[Draw, StackDraw] | None = None
    counts: dict[int, int] = field(default_factory=dict)
    weights: Real | None = None
    first_largest: float = 0.0
    second_largest: float = 0.0
    terms: int = 0


class Observer(FloatArithmetic):
    """float32 arithmetic that records operands."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}
        self._filled = False
        self._offers: dict[tuple[str, int], list[_Offer]] = {}

    @contextmanager
    def batch(self, real: int, ran: int) -> Iterator[None]:
        """Context for one batch of `ran` samples, of which only the first `real` count.

        The other samples fill a batch of fixed size, and their rows are not kept. Rows must be in
        the order of the samples.
        """
        self._filled = real < ran
        yield
        for offers in self._offers.values():
            seen = sum(len(offer.numbers) for offer in offers)
            end = int(offers[0].numbers[0]) + seen * real // ran
            for offer in offers:
                offer.accept(int(np.count_nonzero(offer.numbers < end)))
        self._offers.clear()
        self._filled = False

    def observations(self) -> dict[str, Observation]:
        """The recorded operands, by site name.

        Raises:
            NetworkError: an operand is infinite or NaN. No scale can bring it into a format.
        """
        found = {}
        for name, record in self._records.items():
            if not np.isfinite([record.first_largest, record.second_largest]).all():
                raise NetworkError(
                    f"the network multiplies infinities or NaN in {name!r} on its calibration data"
                )
            if record.stack is not None:
                assert record.weights is not None
                weights = record.weights
                rows = np.stack(record.stack[0].items(), axis=1)
                extremes = record.stack[1].items()
            elif record.weights is not None:
                weights = record.weights
                places = range(len(weights))
                rows, extremes = (
                    _stack([draws[g].items() for g in places])
                    for draws in (record.rows, record.extremes)
                )
            else:
                pairs = record.pairs.items()
                rows = _stack([list(a) for a, _ in pairs])
                weights, extremes = np.stack([b for _, b in pairs]), rows[:, :0]
            found[name] = Observation(
                constant=record.weights is not None,
                rows=rows,
                matrices=weights,
                extremes=extremes,
                first_largest=record.first_largest,
                second_largest=record.second_largest,
                terms=record.terms,
            )
        return found

    def _offer(self, site: Site, group: int, count: int, *draws: _Offered) -> None:
        """Number items and offer them to draws; for a filled batch, only when the batch ends."""
        counts = self._records[site.name].counts
        start = counts.get(group, 0)
        counts[group] = start + count
        offer = _Offer(numbers=start + np.arange(count), draws=draws)
        if self._filled:
            self._offers.setdefault((site.name, group), []).append(offer)
        else:
            offer.accept(count)

    def first(self, site: Site, x: Real) -> Operand:
        """Record the largest magnitude."""
        record = self._records.setdefault(site.name, _Record())
        record.first_largest = float(np.maximum(record.first_largest, _largest(x)))
        return x

    def second(self, site: Site, w: Real) -> Operand:
        """Record the largest magnitude, and the operand itself if it is constant."""
        record = self._records.setdefault(site.name, _Record())
        record.second_largest = float(np.maximum(record.second_largest, _largest(w)))
        if site.constant:
            record.weights = w
        return w

    def product(self, site: Site, group: int, a: Operand, b: Operand) -> Real:
        """Record some rows of the first operand."""
        record = self._records[site.name]
        record.terms = a.shape[1]
        if record.weights is None:
            alone: Real = self.products(site, a[np.newaxis], b[np.newaxis])[0]
            return alone
        result = super().product(site, group, a, b)
        if group not in record.rows:
            rows, extremes = _counts(len(record.weights), a.shape[1])
            record.rows[group], record.extremes[group] = Draw(rows), Draw(extremes)
        self._offer(
            site,
            group,
            len(a),
            (record.rows[group], None, a),
            (record.extremes[group], _ranks(result, b), a),
        )
        return result

    def stacks_groups(self, site: Site) -> bool:
        """True for many groups."""
        weights = self._records[site.name].weights
        return weights is not None and len(weights) >= _STACKED_GROUPS

    def products(self, site: Site, a: Operand, b: Operand) -> Real:
        """Record some pairs of matrices; of groups of weights, some rows of the first operand."""
        record = self._records[site.name]
        record.terms = a.shape[2]
        if record.weights is not None:
            result = super().products(site, a, b)
            if record.stack is None:
                rows, extremes = _counts(len(b), a.shape[2])
                record.stack = Draw(rows), StackDraw(extremes)
            # The same rows are drawn of each group.
            drawn = record.stack[0], None, a.swapaxes(0, 1)
            self._offer(site, 0, a.shape[1], drawn, (record.stack[1], _ranks(result, b), a))
            return result
        chosen = np.argsort(_hashed(np.arange(a.shape[1])), kind="stable")[:_PAIR_ROWS]
        self._offer(site, 0, len(a), (record.pairs, None, _Pairs(a, b, np.sort(chosen))))
        return super().products(site, a, b)


class _Pairs:
    """Items for `Draw`: item i is selected rows of matrix a[i], together with matrix b[i]."""

    def __init__(self, a: Operand, b: Operand, rows: npt.NDArray[np.int64]) -> None:
        self._a, self._b, self._rows = a, b, rows

    def __getitem__(self, index: int) -> "_Pair":
        return _Pair((self._a[index][self._rows], self._b[index].copy()))


class _Pair(tuple[Real, Real]):
    __slots__ = ()

    def copy(self) -> "_Pair":
        """The pair itself, because its arrays are copies already."""
        return self


def _counts(groups: int, terms: int) -> tuple[int, int]:
    """Rows to draw, and extreme rows to keep, of each of some groups with K terms."""
    rows = min(max(_LEAST_ROWS, _ROWS // groups), max(1, _ELEMENTS // (terms * groups)))
    return rows, max(1, _EXTREME_ROWS // groups)


def _ranks(results: Real, b: Operand) -> Keys:
    """Keys (..., M) of rows by their results (..., M, N): large results come first.

    Each channel gets a separate scale, so the rank of a row is its largest result relative to the
    channel's largest weight.
    """
    unit = np.maximum(np.abs(b).max(axis=-2, keepdims=True, initial=0.0), np.float32(1e-30))
    found: Keys = -np.abs(results / unit).max(axis=-1, initial=0.0).astype(np.float64)
    return found


def _stack(groups: list[list[Real]]) -> Real:
    """Stack groups of rows to shape (G, most rows, K). Zero rows fill groups with fewer rows."""
    most = max(map(len, groups), default=0)
    inner = next((row.shape[-1] for group in groups for row in group), 0)
    found = np.zeros((len(groups), most, inner), np.float32)
    for place, group in enumerate(groups):
        if group:
            found[place, : len(group)] = group
    return found


def _hashed(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Hash of each number, from 0 to 1 (SplitMix64; Steele, Lea and Flood, OOPSLA 2014)."""
    z = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(1)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _largest(x: Real) -> float:
    return float(np.abs(x).max(initial=0.0))
