"""Records of one evaluated design: for evaluators, for stores and for tables."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from hwdse.cost.result import tops_per_mm2, tops_per_w
from hwdse.cost.system.storage import bits_of
from hwdse.errors import SpecError
from hwdse.explore import on_machine
from hwdse.explore.layer_designs import LayerDesigns
from hwdse.explore.tried_methods import TriedMethods
from hwdse.spec import Design

Errors = npt.NDArray[np.float32]
Outcomes = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """Result of an evaluator for one design: cost and accuracy as JSON documents.

    Attributes:
        spec: canonical text of the design, or of the assignment.
        cost: `Cost.to_json()`; of an assignment, also `by_layer`: `LayerDesigns.to_json()`.
        accuracy: `Accuracy.to_json()`.
        errors: `Accuracy.errors`, one error per sample, for paired comparison of designs.
        version: version of hwdse.
        outcomes: `Accuracy.outcomes`, one per sample; None: not known. The bootstrap of accuracies
            needs them.
        identity: digest of everything that the accuracy depends on; empty: it is not to be reused.
    """

    spec: str
    cost: Mapping[str, Any]
    accuracy: Mapping[str, Any]
    errors: Errors
    version: str
    outcomes: Outcomes | None = None
    identity: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """The accuracy of a design from an earlier evaluation; attributes as of `Evaluation`."""

    accuracy: Mapping[str, Any]
    errors: Errors
    outcomes: Outcomes | None = None


class Evaluator(Protocol):
    """Evaluates designs. Must be picklable, for worker processes.

    A space with assignments has these among its designs (`hwdse.explore.candidates.Compared`).
    """

    def key(self, design: Any) -> str:
        """Key of an evaluation. Keys are equal if everything that affects the result is equal."""

    def __call__(self, design: Any) -> Evaluation:
        """Evaluate one design.

        Raises:
            HwdseError: this design, or any design, cannot be evaluated.
        """


@runtime_checkable
class Reusing(Protocol):
    """An evaluator that does not measure an accuracy twice, as for another technology or clock."""

    def identity(self, design: Any) -> str:
        """Digest of everything that the accuracy of a design depends on."""

    def with_accuracy(self, design: Any, known: Measured) -> Evaluation:
        """Evaluate all but the accuracy.

        Raises:
            HwdseError: as of `Evaluator`.
        """


def facts_of(design: Design) -> dict[str, Any]:
    """Facts about a design that tables show even if its evaluation failed, as a JSON document.

    The store keeps these facts with the results. A file that the spec names may have changed or
    disappeared by the time a table is shown.
    """
    return {
        "spec": str(design),
        "design": short_spec(design),
        "slug": design.slug,
        "keys": {**design.keys(), **design.unit.keys()},
        "lanes": design.unit.group,
        "bits": bits_per_element(design),
    }


def bits_per_element(design: Design) -> float:
    """Bits of an operand in memory, with its share of block scales; the mean of both operands."""
    bits = [bits_of(operand) for operand in design.operands if operand is not None]
    return sum(bits) / len(bits)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A design of a sweep, as stored: evaluated, failed, or evaluated and failed in verification.

    Attributes:
        key: key of the evaluation.
        facts: facts about the design, see `facts_of`.
        cost: `Cost.to_json()`; None for a design without evaluation.
        accuracy: `Accuracy.to_json()`; None for a design without evaluation.
        errors: output error of each sample, float32; None for a design without evaluation.
        outcomes: outcome of each sample, uint8; None for a design without evaluation, or if the
            evaluator gave none.
        version: version of hwdse that evaluated the design; empty for a design without evaluation.
        certificate: certificate of the verified Verilog; None without verified Verilog.
        failure: the failed stage and the reason, in one line; empty if no stage failed.
        combination: name of the combination of network, technology, clock and machine; empty in a
            space with only one.
        measured: values of the columns of measures that plug in.
    """

    key: str
    facts: Mapping[str, Any]
    cost: Mapping[str, Any] | None = None
    accuracy: Mapping[str, Any] | None = None
    errors: Errors | None = None
    outcomes: Outcomes | None = None
    version: str = ""
    certificate: Mapping[str, Any] | None = None
    failure: str = ""
    combination: str = ""
    measured: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def spec(self) -> str:
        """Canonical text of the design."""
        return str(self.facts["spec"])

    @property
    def slug(self) -> str:
        """Name of the design for files and modules."""
        return str(self.facts["slug"])

    @property
    def layers(self) -> LayerDesigns | None:
        """The design of each layer; None for one design for all layers, or without evaluation."""
        document = (self.cost or {}).get("by_layer")
        return LayerDesigns.of(document) if document else None


def describe(row: Row) -> dict[str, str | int | float | bool | None]:
    """One flat record of a design: spec, keys of the spec, costs, accuracy; None if unknown.

    `bits_per_element` is the mean of both operands, block scales included.
    `area_per_mac_um2` is the area divided by the multiply-accumulates per cycle. Energy is also per
    multiply-accumulate. Accuracy and its interval are fractions of 1. `float_accuracy` is the
    accuracy of the float32 network on the same samples. Metrics that do not count right answers
    have `metric_value` and so on instead; `metric_loss` is how much worse it is than that of
    float32, below 0 if it is better. `agreement` is the fraction of samples with
    the same class as in float32. `sqnr_db` is infinity if all outputs equal the float32 outputs,
    and minus infinity if an output is NaN or infinite. `tops_per_mm2` and `tops_per_w` hold at
    `clock_ns`; an operation is half a multiply-accumulate. `fabric` and what follows it are None
    for a space without a fabric, `machine` and what follows it for one without a machine.
    `latency_us` and `inference_nj` are of one sample. `by_layer` is the text of `LayerDesigns` for
    an assignment of designs to layers, and None for a design. `methods_tried` is the text of
    `TriedMethods` where a sweep took the best of several, and `methods` those that it took.
    """
    cost, accuracy = row.cost or {}, row.accuracy or {}
    area = cost.get("area_um2")
    return {
        "spec": row.spec,
        "design": row.facts["design"],
        # Tables have these columns, although not every unit uses these keys.
        **dict.fromkeys(("a", "b", "mul")),
        **row.facts["keys"],
        "lanes": row.facts["lanes"],
        "bits_per_element": cost.get("bits_per_element", row.facts["bits"]),
        "area_um2": area,
        "area_per_mac_um2": None if area is None else area / cost["macs_per_cycle"],
        "energy_pj": cost.get("energy_pj"),
        "delay_ns": cost.get("delay_ns"),
        **_at_clock(cost),
        "area_error": cost.get("area_error"),
        "energy_error": cost.get("energy_error"),
        "delay_error": cost.get("delay_error"),
        **_on_fpga(cost.get("fabric") or {}),
        **on_machine.columns_of(cost.get("system") or {}),
        "technology": cost.get("technology"),
        "method": cost.get("method"),
        **_scored(accuracy),
        "confidence": accuracy.get("confidence"),
        "agreement": accuracy.get("agreement"),
        "mcnemar_p": accuracy.get("mcnemar_p"),
        "sqnr_db": _decibels(row),
        "kl_divergence": accuracy.get("kl_divergence"),
        "scales": accuracy.get("scales"),
        "scale_spread": accuracy.get("scale_spread"),
        "methods": accuracy.get("methods") or None,
        "methods_tried": tried.text if (tried := TriedMethods.of(accuracy)) else None,
        "requantize": accuracy.get("requantize"),
        "correct": accuracy.get("correct"),
        "samples": accuracy.get("samples"),
        "metric": accuracy.get("metric"),
        "network": accuracy.get("network"),
        **row.measured,
        "by_layer": row.layers.text if row.layers else None,
        "version": row.version or None,
        "combination": row.combination,
        "verified": row.certificate is not None,
        "failure": row.failure,
    }


VALUES = ("metric_value", "metric_low", "metric_high", "metric_float", "metric_loss")
"""What a row says of a metric that does not count right answers."""


def _scored(accuracy: Mapping[str, Any]) -> dict[str, float | None]:
    """The score, as accuracy if the metric counts right answers, and else as a value."""
    names = ("value", "low", "high", "float_value")
    found = [accuracy.get(name) for name in names]
    answers = ("accuracy", "accuracy_low", "accuracy_high", "float_accuracy")
    if "difference" not in accuracy:
        return {**dict(zip(answers, found, strict=True)), **dict.fromkeys(VALUES)}
    difference = accuracy["difference"]
    loss = difference and (-difference if accuracy["higher_is_better"] else difference)
    return {**dict.fromkeys(answers), **dict(zip(VALUES, [*found, loss], strict=True))}


def _at_clock(cost: Mapping[str, Any]) -> dict[str, float | bool | None]:
    """Whether a design meets its clock, and its throughput and efficiency there."""
    if not cost:
        return dict.fromkeys(("clock_ns", "meets_clock", "tops_per_mm2", "tops_per_w"))
    clock, area, energy = cost["clock_ns"], cost["area_um2"], cost["energy_pj"]
    return {
        "clock_ns": clock,
        "meets_clock": cost["delay_ns"] <= clock,
        "tops_per_mm2": tops_per_mm2(cost["macs_per_cycle"], clock, area) if area else None,
        "tops_per_w": tops_per_w(energy) if energy else None,
    }


FPGA = (
    *("luts", "luts_per_mac", "flip_flops", "multipliers", "fmax_mhz"),
    *("luts_error", "flip_flops_error", "multipliers_error", "fmax_error"),
)
"""What a row says about an FPGA, as `FabricCost.to_json` does."""


def _on_fpga(fabric: Mapping[str, Any]) -> dict[str, float | str | None]:
    """Costs on an FPGA; None without a fabric."""
    return {"fabric": fabric.get("fabric"), **{name: fabric.get(name) for name in FPGA}}


def _decibels(row: Row) -> float | None:
    """The signal-to-noise ratio in dB. JSON has null for infinity, so `errors` give the sign."""
    if row.accuracy is None or row.errors is None:
        return None
    stated = row.accuracy["sqnr_db"]
    if stated is not None:
        return float(stated)
    return -math.inf if row.errors.any() else math.inf


def short_spec(design: Design) -> str:
    """A short text that parses to `design`. Keys with default values are left out."""
    keys = design.keys()
    for key in list(keys):
        fewer = {k: v for k, v in keys.items() if k != key}
        try:
            same = Design.parse(_text(fewer)) == design
        except SpecError:
            same = False
        if same:
            keys = fewer
    return _text(keys)


MARGINS = {"area": "area_error", "energy": "energy_error", "delay": "delay_error"}


def spread_text(errors: Iterable[float]) -> str:
    """Relative errors as a percentage, or as the range of several."""
    texts = list(dict.fromkeys(f"{error:.0%}" for error in sorted(errors)))
    return texts[0] if len(texts) == 1 else f"{texts[0]} to {texts[-1]}"


def cost_margin(costs: Sequence[Mapping[str, float | None]]) -> str:
    """A sentence about the error of cost estimates, from the `*_error` entries of some costs."""
    measured = []
    for name, key in MARGINS.items():
        errors = [error for cost in costs if (error := cost[key]) is not None]
        if errors:
            measured.append(f"{spread_text(errors)} for {name}")
    if measured:
        return f"Of such designs, 90 % lie within ±{', ±'.join(measured)} of the estimate."
    return "The error on whole designs is not measured yet, so small differences may not be real."


def chance(probability: float) -> str:
    """A probability as text: in percent, `-` where it is not known."""
    return "-" if math.isnan(probability) else f"{100 * probability:.0f} %"


def four_digits(value: float) -> str:
    """A quantity as text for tables: four significant digits, or all digits from 1000 up."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _text(keys: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in keys.items())
