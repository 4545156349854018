"""SmoothQuant: activations hand over their large channels to the weights."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from hwdse.networks.methods.method import LayerwiseMethod, SeenLayer
from hwdse.networks.methods.transform import Scaled, Transform
from hwdse.networks.number_option import option


@dataclass(frozen=True, kw_only=True)
class SmoothQuant(LayerwiseMethod):
    """A factor for each channel: max|x|^alpha / max|w|^(1 - alpha).

    The operator before the layer can take the factors, so they cost nothing in hardware.

    Attributes:
        alpha: 0: only the weights' ranges count; 1: only those of the activations.
    """

    keyword: ClassVar[str] = "smoothquant"
    source: ClassVar[str] = "Xiao et al., SmoothQuant, ICML 2023"

    alpha: float = 0.5

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Parse alpha."""
        return cls(alpha=option(cls, options, 0.5, low=0.0, high=1.0))

    @classmethod
    def syntax(cls) -> str:
        """The form."""
        return "smoothquant[:{alpha}]"

    def __str__(self) -> str:
        return self.keyword if self.alpha == 0.5 else f"{self.keyword}:{self.alpha:g}"

    def transform(self, layer: SeenLayer) -> Transform | None:
        """See `LayerwiseMethod.transform`."""
        return moved(layer, self.alpha)


def moved(layer: SeenLayer, alpha: float) -> Scaled:
    """The factors max|x|^alpha / max|w|^(1 - alpha) for the channels of a layer."""
    x = layer.by_channel(layer.gram.largest, np.maximum)
    w = layer.by_channel(np.abs(layer.weights).max(axis=-1), np.maximum)
    used = (x > 0) & (w > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        factors = np.where(used, x**alpha / w ** (1 - alpha), 1.0)
    # One factor for all channels together changes nothing: the scales of tensors do that.
    factors /= np.exp(np.mean(np.log(factors)))
    return Scaled(factors=factors)
