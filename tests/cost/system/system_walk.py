"""A matrix product walked element by element: what moves is counted where it moves.

The walk knows nothing of the closed forms. It keeps the tiles that each level holds, moves elements
into them and out of them one by one, adds the products, and so also computes the result.
"""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Counts:
    """Elements that crossed the border between two levels."""

    a: int = 0
    b: int = 0
    sums_in: int = 0
    sums_out: int = 0
    out: int = 0


def cuts(total, size):
    """Ranges of the tiles."""
    return [range(start, min(start + size, total)) for start in range(0, total, size)]


@dataclass
class Walk:
    """One matrix product A (m, k) by B (k, n) with a tile and an order of the loops over tiles.

    Attributes:
        outer: what moved between off-chip and on-chip memory.
        inner: what moved between on-chip memory and array; only if an array was given.
        starts: for each block of the array in order, the cycles for which it takes inputs.
    """

    m: int
    k: int
    n: int
    tile: tuple[int, int, int]
    order: str
    array: object = None
    outer: Counts = field(default_factory=Counts)
    inner: Counts = field(default_factory=Counts)
    busy: int = 0

    def run(self):
        rng = np.random.default_rng(self.m * 100 + self.k * 10 + self.n)
        self.A = rng.integers(-9, 9, (self.m, self.k))
        self.B = rng.integers(-9, 9, (self.k, self.n))
        self.away = {}  # sums in the off-chip memory: (terms added, value)
        on_chip_a, on_chip_b, self.sums = set(), set(), {}
        ranges = dict(zip("mkn", map(cuts, (self.m, self.k, self.n), self.tile), strict=True))
        first, second, third = self.order
        for one in ranges[first]:
            for two in ranges[second]:
                for three in ranges[third]:
                    at = {first: one, second: two, third: three}
                    needed_a = {(i, t) for i in at["m"] for t in at["k"]}
                    needed_b = {(t, j) for t in at["k"] for j in at["n"]}
                    needed_c = {(i, j) for i in at["m"] for j in at["n"]}
                    if on_chip_a != needed_a:
                        on_chip_a = needed_a
                        self.outer.a += len(needed_a)
                    if on_chip_b != needed_b:
                        on_chip_b = needed_b
                        self.outer.b += len(needed_b)
                    if set(self.sums) != needed_c:
                        self._write_back()
                        for place in needed_c:
                            self.outer.sums_in += place in self.away
                            self.sums[place] = self.away.pop(place, (0, 0))
                    self._compute(at, on_chip_a, on_chip_b)
        self._write_back()
        result = np.empty((self.m, self.n), int)
        for (i, j), (terms, value) in self.away.items():
            assert terms == self.k
            result[i, j] = value
        assert (result == self.A @ self.B).all()
        return self

    def _write_back(self):
        for place, (terms, value) in self.sums.items():
            if terms == self.k:
                self.outer.out += 1
            else:
                self.outer.sums_out += 1
            self.away[place] = (terms, value)
        self.sums = {}

    def _compute(self, at, on_chip_a, on_chip_b):
        if self.array is None:
            for i in at["m"]:
                for j in at["n"]:
                    self._add(i, j, at["k"])
            return
        self.array(self, at, on_chip_a, on_chip_b)

    def _add(self, i, j, terms):
        done, value = self.sums[i, j]
        assert done == terms[0]  # in order, none left out
        value += sum(int(self.A[i, t]) * int(self.B[t, j]) for t in terms)
        self.sums[i, j] = (done + len(terms), value)


def blocks_of(span, size):
    return [span[start : start + size] for start in range(0, len(span), size)]


def output_stationary(rows, columns, lanes, turns):
    """An array whose units hold sums: `turns` of them each."""

    def work(walk, at, on_chip_a, on_chip_b):
        for held in blocks_of(at["m"], rows * turns):
            for across in blocks_of(at["n"], columns):
                places = [(i, j) for i in held for j in across]
                walk.inner.sums_in += sum(walk.sums[place][0] > 0 for place in places)
                for group in blocks_of(at["k"], lanes):
                    walk.busy += turns  # each of a unit's sums has its turn, used or not
                    for i in held:  # a row enters at the left and passes all columns
                        for t in group:
                            assert (i, t) in on_chip_a
                            walk.inner.a += 1
                    for j in across:
                        for t in group:
                            assert (t, j) in on_chip_b
                            walk.inner.b += 1
                    for i, j in places:
                        walk._add(i, j, group)
                for place in places:
                    finished = walk.sums[place][0] == walk.k
                    walk.inner.out += finished
                    walk.inner.sums_out += not finished

    return work


def weight_stationary(rows, columns, lanes, _turns):
    """An array whose units hold weights: `lanes` of them each."""

    def work(walk, at, on_chip_a, on_chip_b):
        for held in blocks_of(at["k"], rows * lanes):
            for across in blocks_of(at["n"], columns):
                for t in held:
                    for j in across:
                        assert (t, j) in on_chip_b
                        walk.inner.b += 1
                for i in at["m"]:
                    for t in held:
                        assert (i, t) in on_chip_a
                        walk.inner.a += 1
                    for j in across:
                        walk.inner.sums_in += walk.sums[i, j][0] > 0
                        walk._add(i, j, held)
                        finished = walk.sums[i, j][0] == walk.k
                        walk.inner.out += finished
                        walk.inner.sums_out += not finished
                # The next weights enter meanwhile, one row of units per cycle.
                walk.busy += max(len(at["m"]), rows)

    return work


ARRAYS = {"output-stationary": output_stationary, "weight-stationary": weight_stationary}
