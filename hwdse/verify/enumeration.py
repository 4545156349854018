"""All results of a unit, by index, with the codes that the golden model and the kernels expect.

The low bits of an index are the code of a, then follow the code of b, and then the code of c or the
number of a running sum. A row contains the results for all codes of a, with fixed b and c or
running sum. A unit without b has shorter rows.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, singledispatch

import numpy as np

from hwdse import golden, kernels
from hwdse.formats import Format
from hwdse.formats.unpacked import Array
from hwdse.spec import Design, Fma, FusedFloat, IntegerSum, Mac, Mul, Unit
from hwdse.verify.stimulus.operands import listable

#: log2 of the largest number of results that the golden model computes. One core needs 45 seconds
#: for fma and 70 seconds for mac.
GOLDEN_BITS = 24
#: log2 of the results that the golden model computes at once. Larger blocks need more memory and
#: are not faster.
GOLDEN_BLOCK_BITS = 15
#: log2 of the largest number of sums that one step of the search for running sums computes.
_SEARCH_BITS = 18

#: Operand pairs that load a running sum, one pair per step.
Load = tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Enumeration(ABC):
    """All results of a design.

    Attributes:
        design: the design.
    """

    design: Design

    @property
    @abstractmethod
    def third_count(self) -> int:
        """Number of values of the third operand: codes of c, or running sums."""

    @abstractmethod
    def golden(self, rows: range) -> Array:
        """Return the codes of some rows from the golden model, shape (rows, results of a row)."""

    @abstractmethod
    def kernel(self, rows: range) -> Array:
        """Return the codes of some rows from the fast kernel, shape (rows, results of a row).

        Raises:
            SpecError: the design has no fast kernel; the message says why.
        """

    @property
    def by_golden(self) -> bool:
        """True if the golden model computes the expected codes of all results."""
        return self.bits <= GOLDEN_BITS

    def expected(self, rows: range) -> Array:
        """Return the expected codes of some rows, shape (rows, results of a row)."""
        if not self.by_golden:
            return self.kernel(rows)
        step = max(1, (1 << GOLDEN_BLOCK_BITS) >> self.row_bits)
        return np.concatenate(
            [self.golden(rows[at : at + step]) for at in range(0, len(rows), step)]
        )

    @property
    def loads(self) -> tuple[Load, ...] | None:
        """Operand pairs that load each running sum; None for a unit without a running sum."""
        return None

    @property
    def row_bits(self) -> int:
        """log2 of the number of results in a row."""
        return self.design.a.bits

    @property
    def rows(self) -> int:
        """Total number of rows."""
        return self.third_count << self.design.b.bits

    @property
    def bits(self) -> float:
        """log2 of the number of results."""
        return float(np.log2(self.rows)) + self.row_bits


class _MulEnumeration(Enumeration):
    @property
    def third_count(self) -> int:
        return 1

    def golden(self, rows: range) -> Array:
        return golden.mul(self.design, *self._operands(rows))

    def kernel(self, rows: range) -> Array:
        return kernels.mul(self.design, *self._operands(rows))

    def _operands(self, rows: range) -> tuple[Array, Array]:
        return _codes(self.design.a)[None, :], np.asarray(rows)[:, None]


class _FmaEnumeration(Enumeration):
    @property
    def third_count(self) -> int:
        assert self.design.c is not None  # the unit uses it
        return 1 << self.design.c.bits

    def golden(self, rows: range) -> Array:
        return golden.fma(self.design, *np.broadcast_arrays(*self._operands(rows)))

    def kernel(self, rows: range) -> Array:
        return kernels.fma(self.design, *self._operands(rows))

    def _operands(self, rows: range) -> tuple[Array, Array, Array]:
        row = np.asarray(rows)[:, None]
        b_bits = self.design.b.bits
        return _codes(self.design.a)[None, :], row & ((1 << b_bits) - 1), row >> b_bits


class _MacEnumeration(Enumeration):
    """Every running sum that products can load, combined with every product."""

    @cached_property
    def _sums(self) -> Mapping[int, Load]:
        return reachable_sums(self.design)

    @cached_property
    def loads(self) -> tuple[Load, ...]:
        """Operand pairs that load each of the different running sums."""
        return tuple(self._sums.values())

    @property
    def third_count(self) -> int:
        return len(self._sums)

    def golden(self, rows: range) -> Array:
        third, b = np.divmod(np.asarray(rows), 1 << self.design.b.bits)
        sums = np.array(list(self._sums), self.design.out.code_dtype)[third]
        a, b, c = np.broadcast_arrays(_codes(self.design.a)[None, :], b[:, None], sums[:, None])
        return golden.running_dot(self.design, a[..., None], b[..., None], c)[..., 0]

    def kernel(self, rows: range) -> Array:
        a_codes, b_codes = _codes(self.design.a), _codes(self.design.b)
        size = len(b_codes)
        first, last = rows.start // size, (rows.stop - 1) // size + 1
        table = np.empty((last - first, size, len(a_codes)), self.design.out.code_dtype)
        # One matrix product computes all sums whose loads have the same second operands.
        alike: dict[tuple[int, ...], list[int]] = {}
        for number, load in enumerate(self.loads[first:last]):
            alike.setdefault(tuple(b for _, b in load), []).append(number)
        for second, numbers in alike.items():
            a = np.array([[a for a, _ in self.loads[first + number]] for number in numbers])
            left = np.concatenate(
                [np.repeat(a, len(a_codes), axis=0), np.tile(a_codes, len(a))[:, None]], axis=1
            )
            column = np.broadcast_to(np.array(second)[:, None], (len(second), size))
            found = kernels.matmul(self.design, left, np.concatenate([column, b_codes[None, :]]))
            table[numbers] = found.reshape(len(a), len(a_codes), size).transpose(0, 2, 1)
        return table.reshape(-1, len(a_codes))[rows.start - first * size : rows.stop - first * size]


def reachable_sums(design: Design) -> dict[int, Load]:
    """Return a sequence of operand pairs for every running sum that was found, by the sum's code.

    The output code identifies a sum. The search starts with the sums of one product and adds one
    product per step. The search ends if a step finds no new sums, or if the next step would compute
    too many sums.
    """
    a, b = (g.ravel() for g in np.meshgrid(*map(_codes, (design.a, design.b))))
    codes, chosen = np.unique(
        golden.running_dot(design, a[:, None], b[:, None])[:, 0], return_index=True
    )
    terms = np.stack([a[chosen], b[chosen]], axis=-1)
    loads: dict[int, Load] = {
        code: ((int(x), int(y)),) for code, (x, y) in zip(codes.tolist(), terms, strict=True)
    }
    newest = codes
    while newest.size and newest.size * len(terms) <= 1 << _SEARCH_BITS:
        grid = np.repeat(newest, len(terms)), np.tile(terms, (len(newest), 1))
        sums = golden.running_dot(design, grid[1][:, :1], grid[1][:, 1:], grid[0])[:, 0]
        codes, chosen = np.unique(sums, return_index=True)
        found = {
            code: (*loads[int(grid[0][at])], (int(grid[1][at, 0]), int(grid[1][at, 1])))
            for code, at in zip(codes.tolist(), chosen.tolist(), strict=True)
            if code not in loads
        }
        loads |= found
        newest = np.array(sorted(found), design.out.code_dtype)
    return dict(sorted(loads.items()))


def _codes(number_format: Format) -> Array:
    return np.arange(1 << number_format.bits)


@singledispatch
def enumeration_of(unit: Unit, design: Design) -> Enumeration | None:
    """Return the enumeration of all results of a unit, or None if this is impossible."""
    return None


@enumeration_of.register
def _(unit: Mul, design: Design) -> Enumeration | None:
    return _MulEnumeration(design=design)


@enumeration_of.register
def _(unit: Fma, design: Design) -> Enumeration | None:
    return _FmaEnumeration(design=design)


@enumeration_of.register
def _(unit: Mac, design: Design) -> Enumeration | None:
    """Running sums are enumerated only if the output shows them completely.

    This holds for float and integer accumulators whose output format is the accumulator's format.
    """
    acc = design.acc
    if not isinstance(acc, FusedFloat | IntegerSum) or not listable(design.a, design.b):
        return None
    shown = design.out == acc.out_of(design.product)
    return _MacEnumeration(design=design) if shown else None
