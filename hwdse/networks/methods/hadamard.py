"""Rotations: blocks of channels are mixed, so that none has much larger values than the others."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import linalg, stats

from hwdse.networks.methods.method import LayerwiseMethod, SeenLayer, Values
from hwdse.networks.methods.transform import Rotated, Transform
from hwdse.networks.number_option import option

_SIZE = 64
_SEED = 17


@dataclass(frozen=True, kw_only=True)
class Hadamard(LayerwiseMethod):
    """A Hadamard rotation of blocks of channels.

    Rotated activations need adders before the layer, if the operator before it cannot take the
    rotation; the cost model has none for them.

    Attributes:
        size: most channels of a block, a power of two. If it does not divide the number of
            channels, the largest smaller power that does is taken.
    """

    keyword: ClassVar[str] = "hadamard"
    source: ClassVar[str] = (
        "Ashkboos et al., QuaRot, NeurIPS 2024; Egiazarian et al., MR-GPTQ, 2025"
    )

    size: int = _SIZE

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Parse the size of a block."""
        size = option(cls, options, _SIZE, low=2, high=4096)
        if size != int(size) or int(size) & (int(size) - 1):
            raise cls.bad_options(options)
        return cls(size=int(size))

    @classmethod
    def syntax(cls) -> str:
        """The form."""
        return f"{cls.keyword}[:{{power of two}}]"

    def __str__(self) -> str:
        return self.keyword if self.size == _SIZE else f"{self.keyword}:{self.size}"

    def transform(self, layer: SeenLayer) -> Transform | None:
        """See `LayerwiseMethod.transform`. None for an odd number of channels."""
        channels = layer.observation.matrices.shape[1] // layer.gram.site.taps
        size = min(self.size, channels & -channels)
        return Rotated(matrix=self.matrix(size)) if size > 1 else None

    def matrix(self, size: int) -> Values:
        """The orthogonal matrix of a block."""
        found: Values = np.asarray(linalg.hadamard(size), np.float64) / np.sqrt(size)
        return found


@dataclass(frozen=True, kw_only=True)
class Rotation(Hadamard):
    """A random rotation of blocks of channels, from a fixed seed."""

    keyword: ClassVar[str] = "rotation"
    source: ClassVar[str] = "Liu et al., SpinQuant, ICLR 2025 (its random start)"

    def matrix(self, size: int) -> Values:
        """The orthogonal matrix of a block."""
        rng = np.random.default_rng(_SEED)
        return np.asarray(stats.ortho_group.rvs(size, random_state=rng), np.float64)
