"""Advice from the results of a sweep: sentences with figures, each with the designs it comes from.

From a baseline: which single change of its spec buys most, and its price; which block takes most.
Of the front: down to which clock it holds; and, for several networks, technologies, machines or
clocks, which of its designs are beaten in another combination.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd

from hwdse.errors import StoreError
from hwdse.explore.aims import Aims, misses_clock
from hwdse.explore.candidates import row_test
from hwdse.explore.columns import Column
from hwdse.explore.combinations import parts
from hwdse.explore.cost_errors import CostErrors
from hwdse.explore.front import pareto, pareto_mask
from hwdse.explore.ranking import LEVEL, rank
from hwdse.explore.record import Row, four_digits
from hwdse.explore.standing import SURE
from hwdse.explore.tables import finished, frame_of

_REGISTERS = ("stages", "interleave")
"""Keys that a clock chooses: a design with other registers is no other change."""
_DRAWS = 4000
_PARTS = {"energy_pj": ("energy", "pJ"), "area_um2": ("area", "um2")}


@dataclass(frozen=True, kw_only=True)
class Advice:
    """One piece of advice.

    Attributes:
        kind: `change`, `bottleneck`, `clock` or `combination`.
        text: one or two sentences.
        specs: the designs whose rows the figures are from.
        combination: name of the combination of settings; empty for the only one.
    """

    kind: str
    text: str
    specs: tuple[str, ...]
    combination: str = ""

    def to_json(self) -> dict[str, Any]:
        """The attributes as JSON values."""
        return {**vars(self), "specs": list(self.specs)}


def advise(rows: Sequence[Row], aims: Aims, baseline: str | None = None) -> list[Advice]:
    """Advice from finished designs.

    Args:
        rows: rows of a store.
        aims: objectives and limits.
        baseline: spec of a design of the store, or name of an assignment. None: the cheapest design
            whose accuracy is not surely below that of float, else the one with the best accuracy on
            the front.

    Raises:
        StoreError: no design is finished, or the baseline is none of them.
    """
    frame = frame_of(list(rows))
    done = finished(frame)
    if done.empty:
        raise StoreError("no finished design to advise from: run hwdse explore")
    found: list[Advice] = []
    for name, places in parts(done):
        part = _Part(
            name=name,
            frame=done.iloc[places],
            rows={label: rows[label] for label in done.index[places]},
            aims=aims,
        )
        found += part.advice(part.baseline(baseline))
    return found + _between(done, aims)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Part:
    """The designs of one combination."""

    name: str
    frame: pd.DataFrame
    rows: Mapping[Any, Row]
    aims: Aims

    def baseline(self, spec: str | None) -> Any:
        """Label of the design to start from."""
        if spec is not None:
            _, wanted = row_test(spec)
            same = [label for label in self.frame.index if wanted(self.rows[label])]
            if not same:
                where = f" of {self.name}" if self.name else ""
                raise StoreError(f"baseline {spec}: no finished design{where} of this store")
            return same[0]
        in_time = self.frame[~misses_clock(self.frame)]
        good = in_time["mcnemar_p"] >= LEVEL
        good |= in_time["accuracy"] >= in_time["float_accuracy"]
        if good.any():
            return in_time[good]["energy_pj"].idxmin()
        front = pareto(self.frame, self.aims)
        return (front if len(front) else self.frame).index[0]

    def advice(self, base: Any) -> list[Advice]:
        """All advice within the combination, from the design with the label `base`."""
        found = []
        # No single key of a spec makes another assignment.
        if self.rows[base].layers is None:
            found += [self._say("change", *self._change(base, c)) for c in self.aims.columns]
        found.append(self._say("bottleneck", self._bottleneck(base), base))
        clock = self._clock()
        return [*found, self._say("clock", *clock)] if clock else found

    def _say(self, kind: str, text: str, *labels: Any) -> Advice:
        """Advice that comes from the rows with these labels."""
        specs = tuple(str(self.frame.loc[label, "spec"]) for label in labels)
        return Advice(kind=kind, text=text, specs=specs, combination=self.name)

    def _change(self, base: Any, wanted: Column) -> tuple[Any, ...]:
        """Text on the single change that buys most of an objective, and labels of its rows."""
        name = self.frame.loc[base, "design"]
        changes = {
            label: changed
            for label in self.frame.index
            if self.rows[label].layers is None
            and (changed := _changed(name, self.frame.loc[label, "design"]))
        }
        late = misses_clock(self.frame)
        late_labels = set(self.frame.index[late])
        gains = {
            label: self._gain(base, label, wanted) for label in changes if label not in late_labels
        }
        better = [
            label
            for label, gain in gains.items()
            # A quality counts as better where the samples tell so; costs always differ a little.
            if gain > 0 and (wanted.is_cost or self._certainty(base, label, wanted) >= SURE)
        ]
        of = wanted.in_text
        if not better:
            sure = "" if wanted.is_cost else " for sure"
            return (f"{name}: no single change in this store improves the {of}{sure}.", base)
        free = [label for label in better if not self._loses(base, label, wanted)]
        best = max(free or better, key=lambda label: gains[label])
        others = [c for c in self.aims.columns if c is not wanted]
        told = "; ".join(self._told(base, best, c) for c in (wanted, *others))
        price = "without a sure loss" if free else "no single change does so without a sure loss"
        return (
            f"{name}: most {'of' if wanted.maximize else 'off'} the {of} comes from "
            f"{changes[best]} ({price}): {told}.",
            base,
            best,
        )

    def _gain(self, base: Any, label: Any, c: Column) -> float:
        """How much better a design is in an objective; costs by their logarithms."""
        first, second = (float(self.frame.loc[one, c.name]) for one in (base, label))
        if c.is_cost:
            first, second = (np.log(value) if value > 0 else -np.inf for value in (first, second))
        if not np.isfinite(first) or not np.isfinite(second):
            return 0.0
        return (second - first) * (1 if c.maximize else -1)

    def _loses(self, base: Any, label: Any, wanted: Column) -> bool:
        """Whether a design is worse for sure in an objective other than `wanted`."""
        return any(
            self._certainty(label, base, c) >= SURE for c in self.aims.columns if c is not wanted
        )

    def _certainty(self, first: Any, second: Any, c: Column) -> float:
        """Probability that the first design is worse than the second in an objective."""
        worse = -self._gain(second, first, c)
        if worse == 0:
            return 0.0
        if not c.is_cost:
            given = (self.rows[label].errors for label in (second, first))
            known = [errors for errors in given if errors is not None]
            return float(worse > 0 and rank(known).better[0, 1])
        pair = self.frame.loc[[second, first]]
        drawn = CostErrors.of(pair, c)
        if drawn is None:
            return float(worse > 0)
        errors = drawn.draw(_DRAWS, np.random.default_rng(0))
        sign = -1 if c.maximize else 1
        return float(np.mean(worse + sign * (errors[:, 1] - errors[:, 0]) > 0))

    def _told(self, base: Any, label: Any, c: Column) -> str:
        """An objective before and after a change, and how sure the difference is."""
        first, second = (float(self.frame.loc[one, c.name]) for one in (base, label))
        factor = 100 if c.unit == "%" else 1
        before, after = (four_digits(value * factor) for value in (first, second))
        unit = f" {c.unit}" if c.unit else ""
        change = f" ({100 * (second / first - 1):+.0f} %)" if c.is_cost and first else ""
        if first == second:
            return f"{c.in_text} stays {before}{unit}"
        gained = self._gain(base, label, c) > 0
        sure = self._certainty(*((base, label) if gained else (label, base)), c)
        if c.is_cost:
            said = f"{'better' if gained else 'worse'} with {100 * sure:.0f} %"
        else:
            word = "better" if gained else "worse"
            said = f"{word} for sure" if sure >= SURE else "not told apart by the samples"
        return f"{c.in_text} {before} -> {after}{unit}{change}, {said}"

    def _bottleneck(self, base: Any) -> str:
        """The block that takes most of the energy and of the area."""
        blocks = (self.rows[base].cost or {})["breakdown"]
        shares = []
        for quantity, (title, unit) in _PARTS.items():
            total = sum(block[quantity] for block in blocks)
            largest = max(blocks, key=lambda block: block[quantity])
            share = largest[quantity] / total if total else 0.0
            shares.append(
                f"{largest['name']} takes {100 * share:.0f} % of the {title} "
                f"({four_digits(largest[quantity])} of {four_digits(total)} {unit})"
            )
        layers = self.rows[base].layers
        if layers is not None:
            most = max(layers.lines, key=lambda line: line.energy_share)
            shares.append(
                f"layer {most.layer} ({most.design}) takes {100 * most.energy_share:.0f} % of the "
                f"energy for {100 * most.macs_share:.0f} % of the MACs"
            )
        return f"{self.frame.loc[base, 'design']}: {', '.join(shares)}."

    def _clock(self) -> tuple[Any, ...]:
        """Text on the clock down to which the front holds, and labels of its slowest designs."""
        front = self.frame[pareto_mask(self.frame, self.aims)]
        if len(front) < 2:
            return ()
        slowest, following = front.sort_values("delay_ns", ascending=False).index[:2]
        least, then = (float(self.frame.loc[one, "delay_ns"]) for one in (slowest, following))
        return (
            f"All {len(front)} designs on the front work down to a clock of {four_digits(least)} "
            f"ns as they are. Below, {self.frame.loc[slowest, 'design']} is the first that does "
            f"not; the others work down to {four_digits(then)} ns.",
            slowest,
            following,
        )


def _changed(first: str, second: str) -> str:
    """The one key in which two short specs differ, as text; empty if there are none or more."""
    before, after = (
        dict(part.split("=", 1) for part in text.split(",")) for text in (first, second)
    )
    keys = [
        key
        for key in dict.fromkeys((*before, *after))
        if before.get(key) != after.get(key) and key not in _REGISTERS
    ]
    if len(keys) != 1:
        return ""
    (key,) = keys
    return f"{key} = {before.get(key, 'default')} -> {after.get(key, 'default')}"


def _between(done: pd.DataFrame, aims: Aims) -> list[Advice]:
    """Designs on the front of one combination that are beaten in another."""
    fronts = {
        name: done.iloc[places][pareto_mask(done.iloc[places], aims)]
        for name, places in parts(done)
    }
    if len(fronts) < 2:
        return []
    found = []
    for here, there in permutations(fronts, 2):
        there_rows = done[done["combination"] == there]
        left = set(fronts[here]["spec"]) & set(there_rows["spec"]) - set(fronts[there]["spec"])
        if not left:
            continue
        names = [row["design"] for _, row in fronts[here].iterrows() if row["spec"] in left]
        found.append(
            Advice(
                kind="combination",
                text=(
                    f"{len(left)} of {len(fronts[here])} designs on the front of {here} are not on "
                    f"that of {there}: {'; '.join(names)}."
                ),
                specs=tuple(spec for spec in fronts[here]["spec"] if spec in left),
                combination=there,
            )
        )
    return found
