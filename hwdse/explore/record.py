"""One evaluated design: what an evaluator gives, what a store keeps, what tables show."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hwdse.errors import SpecError
from hwdse.spec import Design

Errors = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """Cost and accuracy of one design, as JSON documents.

    Attributes:
        spec: canonical text of the design.
        cost: `Cost.to_json()`.
        accuracy: `Accuracy.to_json()`.
        errors: `Accuracy.errors`, of each sample; designs are compared by them in pairs.
        version: of hwdse.
    """

    spec: str
    cost: Mapping[str, Any]
    accuracy: Mapping[str, Any]
    errors: Errors
    version: str


class Evaluator(Protocol):
    """Evaluates designs; picklable, so that worker processes can."""

    def key(self, design: Design) -> str:
        """Equal for two evaluations exactly when their results are."""

    def __call__(self, design: Design) -> Evaluation:
        """Evaluate one design.

        Raises:
            HwdseError: the design, or everything, cannot be evaluated.
        """


def facts_of(design: Design) -> dict[str, Any]:
    """What tables say of a design whatever became of it, as a JSON document.

    It is kept beside the results: what a spec names, a file for instance, may be gone or be
    something else by the time they are shown.
    """
    return {
        "spec": str(design),
        "design": short_spec(design),
        "slug": design.slug,
        "keys": {**design.keys(), **design.unit.keys()},
        "lanes": design.unit.group,
    }


@dataclass(frozen=True, kw_only=True)
class Row:
    """A design of a sweep as stored: finished, failed, or finished and then failed its proof.

    Attributes:
        key: of its evaluation.
        facts: see `facts_of`.
        cost: `Cost.to_json()`; None if it was not evaluated.
        accuracy: `Accuracy.to_json()`; None if it was not evaluated.
        errors: of each sample's outputs, float32; None if it was not evaluated.
        version: of the hwdse that evaluated it; empty if none did.
        certificate: of its verified Verilog, if there is any.
        failure: what failed and why, in one line; empty if nothing did.
    """

    key: str
    facts: Mapping[str, Any]
    cost: Mapping[str, Any] | None = None
    accuracy: Mapping[str, Any] | None = None
    errors: Errors | None = None
    version: str = ""
    certificate: Mapping[str, Any] | None = None
    failure: str = ""

    @property
    def spec(self) -> str:
        """Canonical text of the design."""
        return str(self.facts["spec"])

    @property
    def slug(self) -> str:
        """The design's name for files."""
        return str(self.facts["slug"])


def describe(row: Row) -> dict[str, str | int | float | bool | None]:
    """One flat record of a design: the spec and its keys, costs, accuracy; None where unknown.

    `area_per_mac_um2` is the area over the multiply-accumulates of one cycle, as the energy is.
    Accuracy and its interval are fractions of 1; `float_accuracy` is the network's own on the same
    samples, `agreement` the fraction of samples classified as in float, `sqnr_db` infinite for
    outputs that equal float's and minus infinity where one is NaN or infinite.
    """
    cost, accuracy = row.cost or {}, row.accuracy or {}
    area = cost.get("area_um2")
    return {
        "spec": row.spec,
        "design": row.facts["design"],
        **row.facts["keys"],
        "lanes": row.facts["lanes"],
        "area_um2": area,
        "area_per_mac_um2": None if area is None else area / cost["macs_per_cycle"],
        "energy_pj": cost.get("energy_pj"),
        "delay_ns": cost.get("delay_ns"),
        "area_error": cost.get("area_error"),
        "energy_error": cost.get("energy_error"),
        "delay_error": cost.get("delay_error"),
        "technology": cost.get("technology"),
        "method": cost.get("method"),
        "accuracy": accuracy.get("value"),
        "accuracy_low": accuracy.get("low"),
        "accuracy_high": accuracy.get("high"),
        "confidence": accuracy.get("confidence"),
        "float_accuracy": accuracy.get("float_value"),
        "agreement": accuracy.get("agreement"),
        "mcnemar_p": accuracy.get("mcnemar_p"),
        "sqnr_db": _decibels(row),
        "kl_divergence": accuracy.get("kl_divergence"),
        "scales": accuracy.get("scales"),
        "scale_spread": accuracy.get("scale_spread"),
        "requantize": accuracy.get("requantize"),
        "correct": accuracy.get("correct"),
        "samples": accuracy.get("samples"),
        "metric": accuracy.get("metric"),
        "network": accuracy.get("network"),
        "version": row.version or None,
        "verified": row.certificate is not None,
        "failure": row.failure,
    }


def _decibels(row: Row) -> float | None:
    """The signal-to-noise ratio, which JSON cannot say where it is infinite."""
    if row.accuracy is None or row.errors is None:
        return None
    stated = row.accuracy["sqnr_db"]
    if stated is not None:
        return float(stated)
    return -math.inf if row.errors.any() else math.inf


def short_spec(design: Design) -> str:
    """The shortest text that parses to `design`: keys at their defaults are left out."""
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


def cost_margin(cost: Mapping[str, float | None]) -> str:
    """How far costs may be off, in a sentence, from the `*_error` entries of a cost."""
    measured = [
        f"{error:.0%} for {name}"
        for name, key in MARGINS.items()
        if (error := cost[key]) is not None
    ]
    if measured:
        return (
            "Root-mean-square error on designs that took no part in the fit: "
            f"{', '.join(measured)}."
        )
    return "The error on whole designs is not measured yet, so small differences may not be real."


def four_digits(value: float) -> str:
    """A quantity as tables show it: four significant digits, thousands written out."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _text(keys: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in keys.items())
