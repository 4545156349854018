"""Costs of very many designs at once: each different part is priced once, then parts are joined.

The designs are the rows of a table, and their parts are numbers in arrays. Formats, multipliers,
accumulators and units repeat from row to row, so few different lanes (operands and multiplier),
running sums and encoders are behind hundreds of thousands of designs. What is known of them is kept
for the next call. For each row, only the arithmetic of `hwdse.cost.analytic` is left, on arrays.
The results equal those of `estimate` up to rounding.

Units that do not make their blocks alone, and units with inserted registers, are estimated one by
one. Their results are kept as well.
"""

from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from hwdse import formats, hdl
from hwdse.cost.analytic import estimate
from hwdse.cost.block_figures import Floats
from hwdse.cost.joint import NUMBERS, Joint, joint_costs
from hwdse.cost.known import MISSING, Codes, Known, joined
from hwdse.cost.parts import Parts
from hwdse.cost.result import tops_per_mm2, tops_per_w
from hwdse.errors import SpecError, TechnologyError
from hwdse.primitives import DEFAULT_TECHNOLOGY, Technology, load_technology
from hwdse.spec import Accumulator, Design, Multiplier, Unit

_COMMON = ("a", "b", "c", "mul", "acc", "out", "rounding", "unit")
_KEPT: dict[str, Parts] = {}
_MOST_KEPT = 8
_DEFAULTS = {"mul": "exact", "rounding": "rne"}


def estimate_many(
    specs: pd.DataFrame,
    technology: str | Technology = DEFAULT_TECHNOLOGY,
    *,
    clock_ns: float | None = None,
) -> pd.DataFrame:
    """Estimate the costs of many designs.

    The first call with new formats or accumulators prices their parts, about a millisecond each.
    Later calls with the same parts in any combination handle hundreds of thousands of designs per
    second.

    Args:
        specs: one design per row. The columns are keys of a design spec (`a`, `mul`, `acc`, `out`,
            `unit`, `lanes`, ...), with values as in its text. Empty and missing values stand for
            the default.
        technology: a technology, the name of a technology, or the path of a technology table.
        clock_ns: clock period at which the leakage counts; by default the shortest of each design.

    Returns:
        A table with the index of `specs`: the columns `NUMBERS`, `tops_per_mm2`, `tops_per_w`,
        `meets_clock`, and `error`: why a row is no design that can be built, else empty. The
        numbers of such a row are NaN.

    Raises:
        SpecError: a column is no key of a design spec, or there is no column `a`.
        TechnologyError: the technology is unknown, the table is damaged, the table has no cost law
            for a primitive, or the clock period is not positive.
    """
    table = technology if isinstance(technology, Technology) else load_technology(technology)
    if clock_ns is not None and not clock_ns > 0:
        raise TechnologyError(f"clock_ns is {clock_ns}: allowed are numbers above 0")
    rows = _Rows(_parts_of(table), specs)
    costs = pd.DataFrame(rows.costs(clock_ns), index=specs.index)
    macs, clocks, area, energy = (
        costs[name].to_numpy() for name in ("macs_per_cycle", "clock_ns", "area_um2", "energy_pj")
    )
    costs["tops_per_mm2"] = tops_per_mm2(macs, clocks, area)
    costs["tops_per_w"] = tops_per_w(energy)
    costs["meets_clock"] = costs["delay_ns"] <= clocks
    costs["error"] = rows.errors
    return costs


def _parts_of(technology: Technology) -> Parts:
    digest = technology.digest
    if digest not in _KEPT:
        while len(_KEPT) >= _MOST_KEPT:
            del _KEPT[next(iter(_KEPT))]
        _KEPT[digest] = Parts(technology)
    return _KEPT[digest]


class _Rows:
    """The rows of one call: numbers of their parts, `MISSING` where a row has no such part."""

    def __init__(self, parts: Parts, specs: pd.DataFrame) -> None:
        self._parts = parts
        self._count = len(specs)
        self._absent = np.full(self._count, MISSING)
        self._texts, self._codes = _texts(specs)
        self.errors = np.full(self._count, "", object)
        self._unit = joined(
            [self._code(key) + 1 for key in ("unit", *sorted(self._texts.keys() - {*_COMMON}))],
            self._unit_at,
        )
        by_blocks = parts.units.each("by blocks", _by_blocks, False)
        self._alone = ~by_blocks[self._unit] | (self._code("acc") == MISSING)
        self._alone |= self._code("c") != MISSING

    def costs(self, clock_ns: float | None) -> dict[str, Floats]:
        """Numbers of each row, by column."""
        found = np.full((len(NUMBERS), self._count), np.nan)
        self._by_blocks(found, clock_ns)
        self._one_by_one(found, clock_ns)
        return dict(zip(NUMBERS, found, strict=True))

    def _code(self, key: str) -> Codes:
        """Number of the text of each row in a column."""
        return self._codes.get(key, self._absent)

    def _text(self, key: str, row: int) -> str:
        """Text of a row in a column, or the default; empty if there is none."""
        code = self._code(key)[row]
        return _DEFAULTS.get(key, "") if code == MISSING else self._texts[key][code]

    def _given(self, row: int) -> dict[str, str]:
        """Keys of a row and their texts."""
        return {
            key: self._texts[key][codes[row]]
            for key, codes in self._codes.items()
            if codes[row] != MISSING
        }

    def _unit_at(self, row: int) -> int:
        given = self._given(row)
        own = {key: text for key, text in given.items() if key not in _COMMON}
        keyword = given.get("unit", "mac")
        return self._parts.units.number(
            (keyword, *sorted(own.items())), lambda: Unit.from_keys(keyword, own)
        )

    def _parsed(self, key: str, known: Known[Any], parse: Callable[[str], Any]) -> Codes:
        """Number of the part that each row names in a column, or of the default."""
        texts = [*self._texts.get(key, ()), _DEFAULTS.get(key, "")]
        # The last number is that of rows without text, whose code is -1.
        numbers = [known.number(text, partial(parse, text)) if text else MISSING for text in texts]
        return np.array(numbers, np.int64)[self._code(key)]

    def _by_blocks(self, found: Floats, clock_ns: float | None) -> None:
        """Fill in the numbers of all rows whose unit makes its blocks alone."""
        parts = self._parts
        a, out = (self._parsed(key, parts.formats, formats.parse) for key in ("a", "out"))
        b = np.where(self._code("b") == MISSING, a, self._parsed("b", parts.formats, formats.parse))
        mul = self._parsed("mul", parts.multipliers, Multiplier.parse)
        acc = self._parsed("acc", parts.accumulators, Accumulator.parse)
        # The design as a whole has the better error.
        for numbers in (a, b, out):
            self._alone |= parts.formats.able(numbers)[0] != numbers
        self._alone |= parts.multipliers.able(mul)[0] != mul
        self._alone |= parts.accumulators.able(acc)[0] != acc
        unit = np.where(self._alone, MISSING, self._unit)

        a = np.where(unit == MISSING, MISSING, a)
        lane = joined((a, b, mul), lambda row: parts.lane(a[row], b[row], mul[row]))
        lane = self._able(parts.lanes, lane)
        kind = parts.lanes.each("kind", lambda item: item.kind, MISSING)[lane]
        kind = np.where(lane == MISSING, MISSING, kind)
        rounding = self._code("rounding") + 1
        total = joined(
            (kind, acc, unit, rounding),
            lambda row: parts.sum(lane[row], acc[row], unit[row], self._text("rounding", row)),
        )
        total = self._able(parts.sums, total)
        default = parts.sums.each("out", lambda item: item.out, MISSING)[total]
        out = np.where(out == MISSING, default, out)
        state = parts.sums.each("state", lambda item: item.state, MISSING)[total]
        state = np.where(total == MISSING, MISSING, state)
        output = joined((state, out, rounding), lambda row: parts.output(total[row], out[row]))
        output = self._able(parts.outputs, output)
        layout = parts.sums.each("layout", lambda item: item.layout, MISSING)[total]
        layout = np.where(output == MISSING, MISSING, layout)
        for number in np.unique(layout[layout != MISSING]).tolist():
            chosen = np.flatnonzero(layout == number)
            costs, self.errors[chosen] = joint_costs(
                parts,
                parts.layouts[number],
                Joint(
                    lane=lane[chosen], total=total[chosen], out=out[chosen], output=output[chosen]
                ),
                clock_ns,
            )
            found[:, chosen] = costs

    def _able(self, known: Known[Any], numbers: Codes) -> Codes:
        """The numbers, `MISSING` for rows whose part cannot be made: these get its error."""
        numbers, errors = known.able(numbers)
        self.errors[errors != ""] = errors[errors != ""]
        return numbers

    def _one_by_one(self, found: Floats, clock_ns: float | None) -> None:
        """Fill in the numbers of all other rows."""
        parts = self._parts
        columns = [np.where(self._alone, codes + 1, MISSING) for codes in self._codes.values()]

        def at(row: int) -> int:
            text = ",".join(f"{key}={value}" for key, value in self._given(row).items())
            return parts.wholes.number(
                (text, clock_ns), lambda: _whole(text, parts.technology, clock_ns)
            )

        whole = self._able(parts.wholes, joined(columns, at))
        rows = whole != MISSING
        numbers = parts.wholes.each("costs", lambda item: item, (np.nan,) * len(NUMBERS))
        found[:, rows] = numbers[whole[rows]].T


def _whole(text: str, technology: Technology, clock_ns: float | None) -> tuple[float, ...]:
    cost = estimate(Design.parse(text), technology, clock_ns=clock_ns)
    return tuple(np.nan if (value := getattr(cost, name)) is None else value for name in NUMBERS)


def _by_blocks(unit: Unit) -> bool:
    """Whether designs with a unit are joined from blocks."""
    return hdl.makes_blocks(unit) and unit == unit.plain()


def _texts(specs: pd.DataFrame) -> tuple[dict[str, list[str]], dict[str, Codes]]:
    """Distinct texts of each column, and the number of each row's text, `MISSING` for none."""
    if "a" not in specs.columns:
        raise SpecError("the table has no column a: the format of the first operand")
    allowed = (*_COMMON, *sorted({key for unit in Unit.choices.values() for key in _own(unit)}))
    texts: dict[str, list[str]] = {}
    codes: dict[str, Codes] = {}
    for key in specs.columns:
        if key not in allowed:
            raise SpecError(f"column {key!r}: allowed are {', '.join(allowed)}")
        numbers, values = pd.factorize(specs[key])
        given = [_text(value) for value in values]
        empty = np.array([not text for text in given], bool)
        codes[key] = np.where((numbers != MISSING) & ~empty[numbers], numbers, MISSING)
        texts[key] = given
    return texts, codes


def _own(unit: type[Unit]) -> list[str]:
    return [item.name for item in fields(unit)]


def _text(value: Any) -> str:
    """Text of a value: whole numbers without point, as a column with missing values has them."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
