"""Cross-layer equalisation: channels get one range in the layer before and in this layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hwdse.networks.methods.method import OperandMethod, SeenLayer, Values
from hwdse.networks.methods.transform import Scaled, Transform

_SWEEPS = 100
_STILL = 1e-3
_LEAST = 1e-6
"""Channels with a smaller part of the largest range count as unused, and keep their factor."""


@dataclass(frozen=True, kw_only=True)
class Equalise(OperandMethod):
    """A factor for each channel between two layers: sqrt(r1 r2) / r2.

    r1 is the range of the weights that make the channel in the layer before, r2 the range of those
    that take it in this layer. Sweeps over all pairs of layers end when no factor changes. No data
    is needed. The layer before takes the factors into its weights and bias, so they cost nothing
    in hardware.

    Weights have a scale for each output here, which undoes what a factor does to the layer before.
    So this layer gains, and its activations gain or lose: with coarse activations, compare with
    `smoothquant`. Nothing changes where the output of the layer before goes to other operators,
    too, or where anything but ReLU, pools and the addition of a bias is between.
    """

    keyword: ClassVar[str] = "equalise"
    source: ClassVar[str] = "Nagel et al., Data-free quantization, ICCV 2019"

    def transforms(
        self, layers: Mapping[str, SeenLayer], before: Mapping[str, str]
    ) -> dict[str, Transform]:
        """See `OperandMethod.transforms`."""
        ranges = {name: _Ranges(layer) for name, layer in layers.items()}
        pairs = [
            (ranges[before[name]], ranges[name])
            for name in layers
            if before.get(name) in layers and ranges[before[name]].fits(ranges[name])
        ]
        for _ in range(_SWEEPS):
            steps = [_equalised(*pair) for pair in pairs]
            if max(steps, default=0.0) < _STILL:
                break
        taking = [second for _, second in pairs]
        return {
            name: Scaled(factors=each.normal_factors())
            for name, each in ranges.items()
            if each in taking
        }


class _Ranges:
    """The weights' magnitudes of a layer, and the factors of its channels on both sides."""

    def __init__(self, layer: SeenLayer) -> None:
        matrices = np.abs(layer.weights)
        groups, terms, columns = matrices.shape
        taps = layer.gram.site.taps
        self._largest = matrices.reshape(groups, terms // taps, taps, columns).max(axis=2)
        self._plain = layer.gram.site.grouped or groups == 1
        self.taken = np.ones((groups, terms // taps))
        self.made = np.ones((groups, columns))

    def fits(self, after: "_Ranges") -> bool:
        """Whether the channels that this layer makes are those that `after` takes."""
        return self._plain and after._plain and self.made.size == after.taken.size

    def of_made(self) -> Values:
        """Range of the weights for each channel made, in their order."""
        found: Values = self._changed().max(axis=1).reshape(-1)
        return found

    def of_taken(self) -> Values:
        """Range of the weights for each channel taken, in their order."""
        found: Values = self._changed().max(axis=2).reshape(-1)
        return found

    def _changed(self) -> Values:
        found: Values = self._largest * self.taken[:, :, np.newaxis] / self.made[:, np.newaxis]
        return found

    def normal_factors(self) -> Values:
        """Factors (G, C) of the channels taken, with the geometric mean 1.

        One factor for all channels together changes nothing: the scales of tensors do that.
        """
        found: Values = self.taken / np.exp(np.mean(np.log(self.taken)))
        return found


def _equalised(first: _Ranges, second: _Ranges) -> float:
    """Equalise the channels between two layers. Returns the largest change, as a logarithm."""
    made, taken = first.of_made(), second.of_taken()
    used = (made > _LEAST * made.max(initial=0)) & (taken > _LEAST * taken.max(initial=0))
    factors = np.sqrt(np.where(used, made, 1.0) / np.where(used, taken, 1.0))
    second.taken *= factors.reshape(second.taken.shape)
    first.made *= factors.reshape(first.made.shape)
    return float(np.abs(np.log(factors)).max(initial=0.0))
