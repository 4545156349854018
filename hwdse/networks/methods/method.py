"""What a method is, and what it sees of a layer."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hwdse.errors import SpecError
from hwdse.networks.arithmetic import Real
from hwdse.networks.methods.gram import Gram
from hwdse.networks.methods.grid import WeightGrid
from hwdse.networks.methods.transform import Transform, of_matrices, of_rows
from hwdse.networks.observe import Observation
from hwdse.spec.part import Part

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Method(Part):
    """A quantisation method, written as `keyword[:option...]`.

    Attributes:
        stage: place among the kinds of steps; see the package.
        source: the publication.
    """

    kind: ClassVar[str] = "method"
    stage: ClassVar[int] = 0
    source: ClassVar[str] = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class SeenLayer:
    """A layer with constant weights, as methods see it.

    Attributes:
        observation: its operands on calibration data.
        gram: moments of its activations on calibration data.
        nearest: function from weights (G, K, N) to the values that rounding to nearest gives them.
        nearest_rows: the same for activations (G, rows, K).
        block: elements of a block of weights; 0 if the weights have no blocks.
        storage: how the weights are stored, if not in the design's format.
    """

    observation: Observation
    gram: Gram
    nearest: Callable[[Real], Values]
    nearest_rows: Callable[[Real], Values]
    block: int = 0
    storage: "StorageMethod | None" = None

    @property
    def weights(self) -> Values:
        """The weights, shape (G, K, N)."""
        return self.observation.matrices.astype(np.float64)

    def rounded(self) -> Values:
        """The values of the weights as they are stored, else rounded to nearest; (G, K, N)."""
        if self.storage is not None:
            return self.storage.stored(self)
        return self.nearest(self.observation.matrices)

    def by_channel(self, of_terms: npt.NDArray[np.floating], reduce: np.ufunc) -> Values:
        """A quantity of each term (G, K), reduced over the taps of each channel.

        Where the groups share their channels, it is reduced over groups, too. The result has the
        shape (G, C), or (1, C).
        """
        groups = len(of_terms)
        parts = of_terms.astype(np.float64).reshape(groups, -1, self.gram.site.taps)
        found: Values = reduce.reduce(parts, axis=2)
        return found if self.gram.site.grouped else reduce.reduce(found, axis=0, keepdims=True)

    def changed(self, transform: Transform) -> "SeenLayer":
        """The layer with both operands changed."""
        seen, site = self.observation, self.gram.site
        rows, extremes = (
            of_rows(transform, site, x).astype(np.float32) for x in (seen.rows, seen.extremes)
        )
        matrices = of_matrices(transform, site, seen.matrices).astype(np.float32)
        half = of_rows(transform, site, self.gram.matrix)
        moments = of_rows(transform, site, np.ascontiguousarray(half.swapaxes(-1, -2)))
        mean = of_rows(transform, site, self.gram.mean[:, np.newaxis])[:, 0]
        if transform.mixes:
            every = np.concatenate([rows, extremes], axis=1)
            largest = np.abs(every).max(axis=1, initial=0)
        else:
            largest = of_rows(transform, site, self.gram.largest[:, np.newaxis])[:, 0]
        observation = replace(
            seen,
            rows=rows,
            extremes=extremes,
            matrices=matrices,
            first_largest=float(largest.max(initial=0)),
            second_largest=float(np.abs(matrices).max(initial=0)),
        )
        gram = replace(self.gram, matrix=moments, mean=mean, largest=largest)
        return replace(self, observation=observation, gram=gram)


@dataclass(frozen=True, kw_only=True)
class OperandMethod(Method):
    """Changes both operands of a layer, so that their product stays the same."""

    stage: ClassVar[int] = 1

    @abstractmethod
    def transforms(
        self, layers: Mapping[str, SeenLayer], before: Mapping[str, str]
    ) -> dict[str, Transform]:
        """The changes of layers. Those where there is nothing to gain are left out.

        Args:
            layers: the layers of a design, by site name, changed by earlier steps.
            before: for each layer that has one, the name of the layer whose weights can take
                factors of this layer's channels (`hwdse.networks.neighbours`).
        """


@dataclass(frozen=True, kw_only=True)
class LayerwiseMethod(OperandMethod):
    """Changes each layer by what it sees of this layer alone."""

    @abstractmethod
    def transform(self, layer: SeenLayer) -> Transform | None:
        """The change for a layer; None: there is nothing to gain."""

    def transforms(
        self, layers: Mapping[str, SeenLayer], before: Mapping[str, str]
    ) -> dict[str, Transform]:
        """See `OperandMethod.transforms`."""
        del before
        found = {name: self.transform(layer) for name, layer in layers.items()}
        return {name: change for name, change in found.items() if change is not None}


@dataclass(frozen=True, kw_only=True)
class StorageMethod(Method):
    """Stores weights in fewer bits than the design has for them.

    A decoder before the unit gives them back. What it gives is rounded to the design's format.
    """

    stage: ClassVar[int] = 2

    @property
    @abstractmethod
    def bits_per_weight(self) -> float:
        """Bits of a weight with its share of scales and offsets, without tables."""

    @abstractmethod
    def stored(self, layer: SeenLayer) -> Values:
        """The values (G, K, N) that the decoder gives for the weights of a layer."""


@dataclass(frozen=True, kw_only=True)
class WeightMethod(Method):
    """Chooses the codes of weights."""

    stage: ClassVar[int] = 2

    @abstractmethod
    def values(self, weights: Values, moments: Values, grid: WeightGrid) -> Values:
        """Allowed values for the weights of one matrix.

        Args:
            weights: the weights, shape (K, N).
            moments: mean of x x^T of the rows x that they are multiplied with, shape (K, K).
            grid: the allowed values.

        Returns:
            Values of the grid, shape (K, N).
        """

    def improved(self, found: Values, weights: Values, moments: Values, grid: WeightGrid) -> Values:
        """Better values, once the scales are chosen. By default those of `values`.

        Args:
            found: what `values` gave.
            weights: as of `values`.
            moments: as of `values`.
            grid: the grid of `values`.
        """
        del weights, moments, grid
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Correction:
    """What is added to the results of a layer, behind the unit in float32.

    Attributes:
        offset: numbers for each output, shape (G, N).
        left: with `right`, a product of low rank with the activations: shape (G, K, r).
        right: shape (G, r, N).
    """

    offset: npt.NDArray[np.float32] | None = None
    left: npt.NDArray[np.float32] | None = None
    right: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True, kw_only=True)
class CorrectionMethod(Method):
    """Adds to a layer's results what quantisation has taken from them."""

    stage: ClassVar[int] = 3

    @abstractmethod
    def correction(self, layer: SeenLayer, weights: Values) -> Correction:
        """The correction of a layer.

        Args:
            layer: the layer, changed by earlier steps.
            weights: the values of its quantised weights, shape (G, K, N).
        """


def parse(text: str) -> tuple[Method, ...]:
    """The methods of a text such as `smoothquant:0.5,gptq`; none of an empty text.

    Raises:
        SpecError: a method is unknown, given twice, in the wrong place, or there are two that
            decide what becomes of weights.
    """
    found: list[Method] = [Method.parse(each.strip()) for each in text.split(",") if each.strip()]
    for before, after in pairwise(found):
        if after.stage < before.stage:
            raise SpecError(
                f"methods {text!r}: {after.keyword} comes before {before.keyword}, because it "
                "changes what the other one sees"
            )
    keywords = [each.keyword for each in found]
    for keyword in keywords:
        if keywords.count(keyword) > 1:
            raise SpecError(f"methods {text!r}: {keyword} is given twice")
    choosing = [each.keyword for each in found if each.stage == WeightMethod.stage]
    if len(choosing) > 1:
        raise SpecError(f"methods {text!r}: {' and '.join(choosing)} both choose weights")
    return tuple(found)


def written(methods: Sequence[Method]) -> str:
    """The text that parses to these methods."""
    return ",".join(map(str, methods))
