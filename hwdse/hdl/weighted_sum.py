"""Sums of words times constants, with adders only."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from amaranth.hdl import Module, Signal, Value, signed


@dataclass(frozen=True, order=True)
class Term:
    """The word of number `word`, times +2^shift or -2^shift."""

    word: int
    shift: int
    sign: int


@dataclass(frozen=True)
class Pair:
    """Two terms that occur together and are added only once. The first term is positive."""

    first: Term
    second: Term


@dataclass(frozen=True)
class SumPlan:
    """The additions of a weighted sum.

    Each pair gives a new word, numbered after all earlier words. The result is the sum of `terms`.
    """

    pairs: tuple[Pair, ...]
    terms: tuple[Term, ...]

    @property
    def adders(self) -> int:
        """The number of additions."""
        return len(self.pairs) + len(self.terms) - 1


def plan(constants: Sequence[int]) -> SumPlan:
    """The additions for a sum of words times positive constants.

    Constants are written in signed digits. Pairs of terms that occur more than once are shared, the
    most frequent pair first (Hartley, Subexpression sharing in filters using canonic signed digit
    multipliers, 1996).
    """
    terms = {
        Term(word, shift, sign)
        for word, constant in enumerate(constants)
        for shift, sign in signed_digits(constant)
    }
    pairs: list[Pair] = []
    while True:
        found: dict[Pair, list[tuple[Term, Term]]] = {}
        used: dict[Pair, set[Term]] = {}
        for x, y in combinations(sorted(terms), 2):
            pair = _pair(x, y)
            if not used.setdefault(pair, set()) & {x, y}:
                used[pair] |= {x, y}
                found.setdefault(pair, []).append((x, y))
        best = max(found, key=lambda pair: len(found[pair]), default=None)
        if best is None or len(found[best]) < 2:
            return SumPlan(tuple(pairs), tuple(sorted(terms, key=_by_shift)))
        number = len(constants) + len(pairs)
        terms -= used[best]
        terms |= {Term(number, min(x.shift, y.shift), x.sign) for x, y in found[best]}
        pairs.append(best)


def _by_shift(term: Term) -> tuple[int, int, int]:
    return term.shift, term.word, term.sign


def _pair(x: Term, y: Term) -> Pair:
    """The pair of two terms, without their common shift and sign."""
    low = min(x.shift, y.shift)
    return Pair(Term(x.word, x.shift - low, 1), Term(y.word, y.shift - low, x.sign * y.sign))


def signed_digits(constant: int) -> list[tuple[int, int]]:
    """Places and signs of the non-adjacent form of a positive integer (Reitwiesner 1960)."""
    digits, place = [], 0
    while constant:
        if constant & 1:
            digit = 2 - (constant & 3)
            digits.append((place, digit))
            constant -= digit
        constant >>= 1
        place += 1
    return digits


def weighted_sum(m: Module, words: Sequence[Value], what: SumPlan, width: int, name: str) -> Value:
    """The sum of two's-complement words by the plan `what`, modulo 2^width."""
    values: list[Value] = list(words)

    def named(value: Value, suffix: str) -> Value:
        word = Signal(signed(min(len(value), width)), name=f"{name}_{suffix}")
        m.d.comb += word.eq(value)
        return word

    for pair in what.pairs:
        first, second = (values[t.word] << t.shift for t in (pair.first, pair.second))
        total = first + second if pair.second.sign > 0 else first - second
        values.append(named(total, f"pair{len(values)}"))
    waiting = [(values[term.word] << term.shift, term.sign) for term in what.terms]
    count = 0
    while len(waiting) > 1:
        (x, x_sign), (y, y_sign), *waiting = waiting
        if x_sign == y_sign:
            total, sign = x + y, x_sign
        else:
            total, sign = (x - y if x_sign > 0 else y - x), 1
        waiting.append((named(total, f"sum{count}"), sign))
        count += 1
    value, sign = waiting[0]
    return named(value if sign > 0 else -value, "total")
