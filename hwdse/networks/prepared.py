"""Layers as quantisation methods leave them, and arithmetic that runs them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

import hwdse  # loads the slow module `hwdse.kernels` on first use
from hwdse.errors import SpecError
from hwdse.formats import BlockFormat, Format
from hwdse.networks.arithmetic import Arithmetic, Operand, Real, Site
from hwdse.networks.block_vectors import BlockVectors
from hwdse.networks.blocks import BlockPlan
from hwdse.networks.given import NOTHING
from hwdse.networks.methods.gram import grams
from hwdse.networks.methods.grid import BlockGrid, ElementGrid, Values, block_vectors
from hwdse.networks.methods.method import (
    Correction,
    CorrectionMethod,
    Method,
    OperandMethod,
    SeenLayer,
    StorageMethod,
    WeightMethod,
)
from hwdse.networks.methods.transform import Transform, of_activations
from hwdse.networks.neighbours import layers_before
from hwdse.networks.observe import Observation
from hwdse.networks.protocols import Computation, Data
from hwdse.networks.quantize import Plan
from hwdse.networks.scales import Scaling
from hwdse.spec import BlockProduct, Design

Rounding = Callable[[Real], Values]

_STEPS = 2.0 ** (np.array([0, -1, 1, -2, 2, -3, 3, -4]) / 8)
"""Scales that are tried, by the one that is best for rounding to nearest."""
_OCTAVES = np.array([1.0, 0.5, 2.0])
"""The same, where scales are shifts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedLayers:
    """The layers of a network after the operand methods, and the steps that are still to come.

    Methods leave layers alone whose second operand is no constant, or which the network stores
    quantised.

    Attributes:
        observations: the changed operands of all layers, by site name. Weights are those that a
            storage method gives back.
        layers: the layers that methods see.
        transforms: the changes of each layer's activations.
        methods: all methods.
        block: format of the weights if they have blocks; else None.
    """

    observations: Mapping[str, Observation]
    layers: Mapping[str, SeenLayer] = field(default_factory=dict)
    transforms: Mapping[str, Sequence[Transform]] = field(default_factory=dict)
    methods: Sequence[Method] = ()
    block: BlockFormat | None = None

    @classmethod
    def of(
        cls,
        methods: Sequence[Method],
        design: Design,
        network: Computation,
        data: Data,
        observations: Mapping[str, Observation],
    ) -> Self:
        """Run the operand methods.

        Args:
            methods: the methods.
            design: the design of the layers.
            network: the network.
            data: the data, whose calibration part counts.
            observations: the operands of the design's layers, by site name.
        """
        if not methods:
            return cls(observations=observations)
        blocks = (design.mul.a, design.mul.b) if isinstance(design.mul, BlockProduct) else None
        block = blocks[1] if blocks else None
        moments = grams(network, data)
        storage = next((each for each in methods if isinstance(each, StorageMethod)), None)
        layers: dict[str, SeenLayer] = {}
        for name, seen in observations.items():
            if not seen.constant or seen.given is not NOTHING:
                continue
            layers[name] = SeenLayer(
                observation=seen,
                gram=moments[name],
                nearest=_nearest(design.b, block),
                nearest_rows=_nearest_rows(design.a, blocks[0] if blocks else None),
                block=_size(block) if block else 0,
                storage=storage,
            )
        transforms: dict[str, list[Transform]] = {name: [] for name in layers}
        before = layers_before(network)
        for method in methods:
            if isinstance(method, OperandMethod):
                for name, change in method.transforms(layers, before).items():
                    transforms[name].append(change)
                    layers[name] = layers[name].changed(change)
        changed = {name: layer.observation for name, layer in layers.items()}
        if storage is not None:
            changed = {name: _stored(storage, layer) for name, layer in layers.items()}
        return cls(
            observations={**observations, **changed},
            layers=layers,
            transforms=transforms,
            methods=methods,
            block=block,
        )

    def finished(self, plans: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Correction]]:
        """Plans with the codes that weight methods choose, and the corrections of layers.

        Args:
            plans: plans of elements or of blocks, by site name.
        """
        found = dict(plans)
        corrections: dict[str, Correction] = {}
        for name, layer in self.layers.items():
            plan = plans[name]
            values = None
            for method in self.methods:
                if isinstance(method, WeightMethod):
                    plan, values = self._with_weights(method, layer, plan)
                    found[name] = plan
                if isinstance(method, CorrectionMethod):
                    if values is None:
                        values = self._values(plan)
                    more = method.correction(layer, values)
                    corrections[name] = _both(corrections.get(name, Correction()), more)
        return found, corrections

    def _with_weights(
        self, method: WeightMethod, layer: SeenLayer, plan: Any
    ) -> tuple[Any, Values]:
        weights, moments = layer.weights, layer.gram.matrix.astype(np.float64)
        if isinstance(plan, BlockPlan):
            assert self.block is not None
            size, amax = _size(self.block), plan.largest[1]
            grids = [BlockGrid(self.block, amax, each.shape, size) for each in weights]
            values = np.stack(
                [
                    method.improved(method.values(*each), *each)
                    for each in zip(weights, moments, grids, strict=True)
                ]
            )
            chosen = block_vectors(grids, values, self.block.tensor_scale_of(amax))
            return replace(plan, weights=chosen), values
        second, values = _best_scales(method, weights, moments, plan.second)
        return replace(plan, second=second, weights=second.codes(values)), values

    def _values(self, plan: Plan | BlockPlan) -> Values:
        """The values (G, K, N) of a plan's weights."""
        assert plan.weights is not None  # layers have constant weights
        if isinstance(plan, BlockPlan):
            assert self.block is not None
            return _values_of_blocks(self.block, plan.weights).swapaxes(-1, -2)
        numbers = hwdse.kernels.decode(plan.second.number_format, plan.weights)
        found: Values = numbers.astype(np.float64) * plan.second.scale
        return found


def _stored(method: StorageMethod, layer: SeenLayer) -> Observation:
    """The operands of a layer, with the weights that a method gives back."""
    matrices = method.stored(layer).astype(np.float32)
    largest = float(np.abs(matrices).max(initial=0))
    return replace(layer.observation, matrices=matrices, second_largest=largest)


def _best_scales(
    method: WeightMethod, weights: Values, moments: Values, scaling: Scaling
) -> tuple[Scaling, Values]:
    """Values of weights (G, K, N), with the scale of each column that suits the method best.

    The scales of `scaling` are best for rounding to nearest.
    """
    scale = np.broadcast_to(scaling.scale, (len(weights), 1, weights.shape[2]))
    found, best = np.empty_like(weights), np.full(scale.shape, np.inf)
    chosen = np.ones_like(best)
    for step in _OCTAVES if scaling.octaves_only else _STEPS:
        tried = replace(scaling, scale=scale * step)
        for group, (matrix, of_rows) in enumerate(zip(weights, moments, strict=True)):
            values = method.values(matrix, of_rows, ElementGrid(tried, group))
            errors = matrix - values
            error = np.einsum("kn,kn->n", errors, of_rows @ errors)
            better = error < best[group, 0]
            found[group][:, better] = values[:, better]
            best[group, 0, better] = error[better]
            chosen[group, 0, better] = step
    scaling = replace(scaling, scale=scale * chosen)
    for group, each in enumerate(zip(weights, moments, strict=True)):
        found[group] = method.improved(found[group], *each, ElementGrid(scaling, group))
    return scaling, found


def _size(block: BlockFormat) -> int:
    """Terms of a block of weights.

    Raises:
        SpecError: blocks have rows, too, or are whole tensors.
    """
    if block.block.rows != 1 or block.block.columns is None:
        raise SpecError(f"methods for weights in {block}: blocks along one axis are needed")
    return block.block.columns


def _nearest(number_format: Format, block: BlockFormat | None) -> Rounding:
    """Rounding of weights to nearest: by the rule of blocks, else by the largest of a column."""

    def of_elements(matrices: Real) -> Values:
        return _by_largest(number_format, matrices, axis=1)

    def of_blocks(matrices: Real) -> Values:
        assert block is not None
        return _in_blocks(block, matrices.swapaxes(-1, -2)).swapaxes(-1, -2)

    return of_elements if block is None else of_blocks


def _nearest_rows(number_format: Format, block: BlockFormat | None) -> Rounding:
    """Rounding of activations to nearest: by the rule of blocks, else by the largest of all."""

    def of_elements(rows: Real) -> Values:
        return _by_largest(number_format, rows, axis=None)

    def of_blocks(rows: Real) -> Values:
        assert block is not None
        return _in_blocks(block, rows)

    return of_elements if block is None else of_blocks


def _by_largest(number_format: Format, operand: Real, axis: int | None) -> Values:
    """Values of an element format, scaled so that the largest magnitudes along an axis just fit."""
    largest = np.abs(operand).max(axis=axis, keepdims=True, initial=0).astype(np.float64)
    limit = float(number_format.max)
    scale = np.where(largest > 0, largest, 1.0) / limit
    return Scaling(number_format=number_format, scale=scale, limit=limit).values(operand)


def _in_blocks(block: BlockFormat, vectors: Real) -> Values:
    """Values of vectors (G, n, K) in blocks along K."""
    amax = float(np.abs(vectors).max(initial=0))
    return _values_of_blocks(block, BlockVectors.of(block, np.ascontiguousarray(vectors), amax))


def _values_of_blocks(block: BlockFormat, vectors: BlockVectors) -> Values:
    """The values (G, N, K) of stacks of vectors in blocks."""
    scales = vectors.scales.repeat(_size(block), axis=-1)[..., : vectors.codes.shape[-1]]
    multiplied = block.multiplied_codes(vectors.codes, scales)
    numbers = hwdse.kernels.decode(block.multiplied, multiplied)
    found: Values = numbers * block.scale.decode(scales).astype(np.float64) * vectors.factor
    return found


def _both(first: Correction, second: Correction) -> Correction:
    """Two corrections, each of which has what the other lacks."""
    return Correction(
        offset=second.offset if first.offset is None else first.offset,
        left=second.left if first.left is None else first.left,
        right=second.right if first.right is None else first.right,
    )


class PreparedArithmetic(Arithmetic):
    """Arithmetic around another one: changes activations first, and corrects results last."""

    def __init__(
        self,
        inner: Arithmetic,
        prepared: PreparedLayers,
        corrections: Mapping[str, Correction],
    ) -> None:
        self._inner, self._prepared, self._corrections = inner, prepared, corrections

    def quantises_blocks(self, operator: str) -> bool:
        """As the inner arithmetic."""
        return self._inner.quantises_blocks(operator)

    def first(self, site: Site, x: Real) -> Operand:
        """The changed operand, as the inner arithmetic converts it."""
        transforms = self._prepared.transforms.get(site.name, ())
        groups = len(self._prepared.observations[site.name].matrices) if site.grouped else 1
        return self._inner.first(site, of_activations(transforms, site, groups, x))

    def second(self, site: Site, w: Real) -> Operand:
        """As the inner arithmetic: it has the changed weights."""
        return self._inner.second(site, w)

    def product(self, site: Site, group: int, a: Operand, b: Operand) -> Real:
        """The corrected product."""
        found = self._inner.product(site, group, a, b)
        more = self._corrections.get(site.name, Correction())
        if more.left is not None and more.right is not None:
            found = found + (self._inner.real(site, a) @ more.left[group]) @ more.right[group]
        return found if more.offset is None else found + more.offset[group]

    def products(self, site: Site, a: Operand, b: Operand) -> Real:
        """As the inner arithmetic."""
        return self._inner.products(site, a, b)

    def real(self, site: Site, a: Operand) -> Real:
        """As the inner arithmetic."""
        return self._inner.real(site, a)
