"""Rungs of a search that run no network: each matrix product alone, on calibration data."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hwdse.explore.record import Evaluation, Measured
from hwdse.networks.ladder import layer_sqnr, tensor_sqnr
from hwdse.networks.rung_names import LAYERS, TENSORS
from hwdse.spec import Design

if TYPE_CHECKING:
    from hwdse.explore.evaluation import DesignEvaluator

_MEASURES: dict[str, Callable[..., float]] = {TENSORS: tensor_sqnr, LAYERS: layer_sqnr}
"""SQNR in dB of a design on a network, by name of the rung."""


@dataclass(frozen=True, kw_only=True)
class SiteEvaluator:
    """Evaluates the matrix products of a network one by one, on calibration data.

    The result has the form of an evaluation, but only its `sqnr_db` says something.

    Attributes:
        whole: the evaluator of the network.
        rung: name of the rung.
    """

    whole: "DesignEvaluator"
    rung: str

    def key(self, design: Design) -> str:
        """As of `Evaluator`."""
        return f"{self.rung} {self.whole.key(design)}"

    def identity(self, design: Design) -> str:
        """As of `Reusing`."""
        return f"{self.rung} {self.whole.identity(design)}"

    def __call__(self, design: Design) -> Evaluation:
        """As of `Evaluator`."""
        opened = self.whole.opened()
        decibels = _MEASURES[self.rung](
            design, opened.network, data=opened.data, policy=self.whole.scales
        )
        unknown = dict.fromkeys(
            (
                *("value", "low", "high", "confidence", "float_value", "agreement"),
                *("mcnemar_p", "scale_spread"),
            ),
            math.nan,
        )
        known = Measured(
            accuracy={
                **unknown,
                "correct": 0,
                "samples": 1,
                "sqnr_db": decibels,
                "kl_divergence": None,
                "scales": self.whole.scales,
                "methods": self.whole.methods,
                "requantize": self.whole.requantize,
                "metric": self.rung,
                "network": opened.network.name,
            },
            # The one length of an error that has this ratio, beside a signal of length 1.
            errors=np.array([10 ** (-decibels / 20)], np.float32),
        )
        return self.with_accuracy(design, known)

    def with_accuracy(self, design: Design, known: Measured) -> Evaluation:
        """As of `Reusing`."""
        found = self.whole.with_accuracy(design, known)
        return replace(found, identity=self.identity(design))
