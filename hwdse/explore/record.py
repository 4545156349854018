"""One evaluated design: what an evaluator gives, what a store keeps, what tables show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hwdse.errors import SpecError
from hwdse.spec import Design


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Cost and accuracy of one design, as JSON documents.

    Attributes:
        spec: canonical text of the design.
        cost: `Cost.to_json()`.
        accuracy: `Accuracy.to_json()`.
        version: of hwdse.
    """

    spec: str
    cost: Mapping[str, Any]
    accuracy: Mapping[str, Any]
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


def describe(
    spec: str, cost: Mapping[str, Any], accuracy: Mapping[str, Any]
) -> dict[str, str | int | float | None]:
    """One flat record of a finished design: the spec and its keys, costs, accuracy.

    `area_per_mac_um2` is the area over the multiply-accumulates of one cycle, as the energy is.
    Accuracy and its interval are fractions of 1; `float_accuracy` is the network's own on the same
    samples, `agreement` the fraction of samples classified as in float.
    """
    design = Design.parse(spec)
    return {
        "spec": spec,
        "design": short_spec(design),
        **design.keys(),
        **design.unit.keys(),
        "lanes": design.unit.lanes,
        "area_um2": cost["area_um2"],
        "area_per_mac_um2": cost["area_um2"] / cost["macs_per_cycle"],
        "energy_pj": cost["energy_pj"],
        "delay_ns": cost["delay_ns"],
        "area_error": cost["area_error"],
        "energy_error": cost["energy_error"],
        "delay_error": cost["delay_error"],
        "technology": cost["technology"],
        "method": cost["method"],
        "accuracy": accuracy["value"],
        "accuracy_low": accuracy["low"],
        "accuracy_high": accuracy["high"],
        "confidence": accuracy["confidence"],
        "float_accuracy": accuracy["float_value"],
        "agreement": accuracy["agreement"],
        "correct": accuracy["correct"],
        "samples": accuracy["samples"],
        "metric": accuracy["metric"],
        "network": accuracy["network"],
    }


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
