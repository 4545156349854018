"""Channel reordering: channels of like magnitude share blocks."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hwdse.networks.methods.method import LayerwiseMethod, SeenLayer
from hwdse.networks.methods.transform import Reordered, Transform


@dataclass(frozen=True, kw_only=True)
class Reorder(LayerwiseMethod):
    """Sorts the channels of a layer by their largest magnitude, activations times weights.

    Nothing changes where weights have no blocks. The layer before writes its channels in the new
    order, so it costs nothing in hardware.
    """

    keyword: ClassVar[str] = "reorder"
    source: ClassVar[str] = "Yuan et al., RPTQ, 2023; Lin et al., Duquant, NeurIPS 2024"

    def transform(self, layer: SeenLayer) -> Transform | None:
        """See `LayerwiseMethod.transform`. None without blocks."""
        if not layer.block:
            return None
        x = layer.by_channel(layer.gram.largest, np.maximum)
        w = layer.by_channel(np.abs(layer.weights).max(axis=-1), np.maximum)
        return Reordered(order=np.argsort(-(x * w), axis=-1, kind="stable"))
