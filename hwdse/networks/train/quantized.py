"""Layers whose weights and activations are rounded to formats while they train.

The forward pass rounds as `hwdse.formats` does. Gradients go straight through the rounding (Bengio
et al., 2013) and stop where values saturate. Scales are learned with the weights (Esser et al.,
"Learned step size quantization", ICLR 2020): one for each output of weights, one for activations.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from hwdse.formats import Format

Values = np.ndarray[Any, np.dtype[np.float64]]

_CALIBRATING = 32  # scales that are tried when a scale is first chosen
_OCTAVES = 3.0
_VALUES = 1 << 16  # values of a channel that choose its first scale


class Levels(nn.Module):
    """The finite values of a format, with rounding to nearest as the format has it."""

    def __init__(self, number_format: Format) -> None:
        """The values of a format of at most 16 bits."""
        super().__init__()
        codes = np.arange(1 << number_format.bits)
        values = np.asarray(number_format.decode(codes), np.float64)
        values = np.unique(values[np.isfinite(values)] + 0.0)
        self.format = number_format
        self.values: torch.Tensor
        self.bounds: torch.Tensor
        self.register_buffer("values", torch.from_numpy(values.astype(np.float32)))
        self.register_buffer("bounds", torch.from_numpy(_bounds(number_format, values)))
        self.low, self.high = float(values[0]), float(values[-1])

    def forward(self, y: torch.Tensor) -> torch.Tensor:
        """The nearest values; the gradient is 1 inside the range, 0 outside."""
        inside = y.clamp(self.low, self.high)
        nearest = self.values[torch.bucketize(inside.detach(), self.bounds)]
        return inside + (nearest - inside).detach()


def _bounds(number_format: Format, values: Values) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The greatest float32 that each value but the last is taken for, by bisection.

    Posits, logarithms and ties are the reason: the bound need not be in the middle.
    """
    lower, upper = values[:-1].astype(np.float32), values[1:].astype(np.float32)
    lowest = values[:-1]
    while True:
        # Half-way in the order of float32, not in value: 32 steps are enough.
        a, b = _ordered(lower), _ordered(upper)
        middle = _unordered((a + b) // 2)
        if (b - a <= 1).all():
            return lower
        taken = np.asarray(number_format.quantize(middle.astype(np.float64)), np.float64)
        below = taken <= lowest
        lower, upper = np.where(below, middle, lower), np.where(below, upper, middle)


def _ordered(x: np.ndarray[Any, np.dtype[np.float32]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Whole numbers in the order of float32 numbers."""
    bits = x.view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def _unordered(n: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The float32 numbers of `_ordered`."""
    bits = np.where(n < 0, -n | 0x80000000, n).astype(np.uint32)
    return bits.view(np.float32)


class FormatRounding(nn.Module):
    """Rounds to one of several formats with a learned scale.

    With several formats, their roundings are mixed by learned weights until `decide` takes the one
    with the largest: a learned width of the exponent (Kuzmin et al., "FP8 quantization: the power
    of the exponent", NeurIPS 2022).
    """

    def __init__(self, formats: Sequence[Format], channels: int | None) -> None:
        """A quantizer.

        Args:
            formats: the formats.
            channels: number of scales, along the first axis; None: one for the whole tensor.
        """
        super().__init__()
        self.levels = nn.ModuleList(Levels(each) for each in formats)
        shape = (len(formats), 1 if channels is None else channels)
        self.log_scales = nn.Parameter(torch.zeros(shape))
        self.preference = nn.Parameter(torch.zeros(len(formats)))
        self.channels = channels
        self.started = False
        self.decided: int | None = 0 if len(formats) == 1 else None

    def decide(self) -> None:
        """Take the preferred format, for good."""
        if self.decided is None:
            self.decided = int(self.preference.argmax())

    @property
    def format(self) -> Format:
        """The format that was taken."""
        found: Any = self.levels[self.decided or 0]
        chosen: Format = found.format
        return chosen

    def scale(self, place: int, dimensions: int) -> torch.Tensor:
        """Scales of a format, of a shape that broadcasts along the first axis."""
        return self.log_scales[place].exp().view(-1, *[1] * (dimensions - 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The rounded values."""
        if not self.started:
            with torch.no_grad():
                self._start(x.detach())
        if self.decided is not None:
            return self._rounded(self.decided, x)
        weights = self.preference.softmax(0)
        return sum(
            (w * self._rounded(place, x) for place, w in enumerate(weights)),
            start=torch.zeros_like(x),
        )

    def _rounded(self, place: int, x: torch.Tensor) -> torch.Tensor:
        scale = self.scale(place, x.dim())
        found: torch.Tensor = self.levels[place](x / scale) * scale
        return found

    def _start(self, x: torch.Tensor) -> None:
        """Choose the scales with the least squared error on the first values."""
        rows = x.reshape(1 if self.channels is None else self.channels, -1)
        rows = rows[:, :: 1 + rows.shape[1] // _VALUES]
        largest = rows.abs().amax(dim=1, keepdim=True).clamp_min(1e-8)
        for place, levels in enumerate(self.levels):
            top: Any = levels
            best = torch.full_like(largest, math.inf)
            for step in range(_CALIBRATING):
                scale = largest / top.high * 2.0 ** (-_OCTAVES * step / _CALIBRATING)
                error = (levels(rows / scale) * scale - rows).square().sum(1, keepdim=True)
                better = error < best
                best = torch.where(better, error, best)
                self.log_scales[place] = torch.where(
                    better[:, 0], scale[:, 0].log(), self.log_scales[place]
                )
        self.started = True


class QuantizedLayer(nn.Module):
    """A convolution or a linear layer with rounded weights and activations.

    With `reuse`, weights that ternary rounding sets to zero still add their value, times a
    constant, to the output: a bias that does not depend on the input, and through which they keep
    learning (Huang et al., "Tequila: trapping-free ternary quantization", 2025).
    """

    _REUSE = 1e-3

    def __init__(
        self,
        layer: nn.Conv2d | nn.Linear,
        weights: Sequence[Format],
        activations: Sequence[Format],
        *,
        reuse: bool = False,
    ) -> None:
        """Round what a layer multiplies.

        Args:
            layer: the layer.
            weights: formats of weights.
            activations: formats of activations.
            reuse: whether weights that are zero add to the bias.
        """
        super().__init__()
        self.layer = layer
        self.weights = FormatRounding(weights, layer.weight.shape[0])
        self.activations = FormatRounding(activations, None)
        self.reuse = reuse

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The output of the layer."""
        rounded = self.weights(self.layer.weight)
        found = self._applied(self.activations(x), rounded)
        if self.reuse:
            extra = self.extra(rounded)
            found = found + extra.view(1, -1, *[1] * (found.dim() - 2))
        return found

    def extra(self, rounded: torch.Tensor) -> torch.Tensor:
        """What zero weights add to each output."""
        dead = torch.where(rounded.detach() == 0, self.layer.weight, 0.0)
        return self._REUSE * dead.flatten(1).sum(1)

    def _applied(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        layer = self.layer
        if isinstance(layer, nn.Linear):
            return nn.functional.linear(x, weight, layer.bias)
        return nn.functional.conv2d(
            x, weight, layer.bias, stride=layer.stride, padding=layer.padding
        )

    def codes(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Values of the weights' format (outputs, ...), and the scale of each output."""
        place = self.weights.decided or 0
        with torch.no_grad():
            scale = self.weights.scale(place, self.layer.weight.dim())
            values = self.weights.levels[place](self.layer.weight / scale)
        return values.numpy(), scale.flatten().numpy()


def quantizers(network: nn.Module) -> Iterator[FormatRounding]:
    """All quantizers of a network."""
    for module in network.modules():
        if isinstance(module, FormatRounding):
            yield module


def parameter_groups(rate: float) -> Any:
    """A function that gives scales a tenth of the rate, and neither them nor preferences decay."""

    def groups(network: nn.Module) -> list[dict[str, Any]]:
        own = {id(p) for each in quantizers(network) for p in each.parameters(recurse=False)}
        scales = [each.log_scales for each in quantizers(network)]
        preferences = [each.preference for each in quantizers(network)]
        rest = [p for p in network.parameters() if id(p) not in own]
        return [
            {"params": rest, "lr": rate},
            {
                "params": scales,
                "lr": rate / 10,
                "weight_decay": 0.0,
            },
            {"params": preferences, "lr": rate, "weight_decay": 0.0},
        ]

    return groups
