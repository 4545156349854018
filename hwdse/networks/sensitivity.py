"""What each layer loses when it alone runs in a design."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hwdse.networks.accuracy import Accuracy
from hwdse.networks.layer_scores import LayerScores
from hwdse.spec import Design


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerLoss:
    """A layer in a design, all others in float32.

    Attributes:
        site: name of the layer.
        design: the design.
        macs_share: part of the network's multiply-accumulates.
        accuracy: the score of the network.
    """

    site: str
    design: Design
    macs_share: float
    accuracy: Accuracy

    def to_json(self) -> dict[str, Any]:
        """All attributes as JSON values."""
        return {
            "layer": self.site,
            "spec": str(self.design),
            "macs_share": self.macs_share,
            **self.accuracy.to_json(),
        }


def layer_losses(
    scores: LayerScores,
    designs: Sequence[Design],
    progress: Callable[[str], None] | None = None,
) -> list[LayerLoss]:
    """The loss of each layer alone, for each design.

    Args:
        scores: scores of the designs' layers.
        designs: the designs.
        progress: function to call with a layer's name after each score.
    """
    total = sum(scores.macs.values())
    found = []
    for design in designs:
        for site in scores.sites:
            layers = {**dict.fromkeys(scores.sites), site: design}
            found.append(
                LayerLoss(
                    site=site,
                    design=design,
                    macs_share=scores.macs[site] / total,
                    accuracy=scores.of(layers),
                )
            )
            if progress is not None:
                progress(site)
    return found
