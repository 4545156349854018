"""What the benches feed to a unit: operand codes, sum after sum. One module per kind of unit."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from hwdse.errors import SpecError
from hwdse.formats.unpacked import Array
from hwdse.plugins import load_modules
from hwdse.spec import Design, Unit
from hwdse.verify.trace import Trace, joined

#: How much is tried: seconds; everything a release needs; everything there is.
LEVELS = ("quick", "full", "exhaustive")


@dataclass(frozen=True, kw_only=True)
class Block:
    """Sums of equal length; of length one for a unit without running sum.

    Attributes:
        purpose: what the block is for; counted under this name in the certificate.
        a: codes of the first operand, shape (sums, groups, lanes).
        b: codes of the second operand, same shape.
        c: codes of the addend, same shape, for a unit that has one.
    """

    purpose: str
    a: Array
    b: Array
    c: Array | None = None

    @property
    def steps(self) -> int:
        """Accepted inputs."""
        return int(self.a.shape[0] * self.a.shape[1])

    @property
    def first(self) -> Array:
        """Which steps start a sum, shape (sums, groups, 1)."""
        flags = np.zeros((*self.a.shape[:2], 1), np.int64)
        flags[:, :1] = 1
        return flags


@dataclass(frozen=True, kw_only=True)
class Stimulus:
    """Everything fed to a unit in one run.

    Attributes:
        blocks: the sums, in order.
    """

    blocks: tuple[Block, ...]

    def counts(self) -> dict[str, int]:
        """Accepted inputs for each purpose."""
        counts: dict[str, int] = {}
        for block in self.blocks:
            counts[block.purpose] = counts.get(block.purpose, 0) + block.steps
        return counts

    def steps(self) -> Iterator[tuple[Block, int, int]]:
        """Block, sum and group of every accepted input, in order."""
        for block in self.blocks:
            for index in range(block.steps):
                yield block, index // block.a.shape[1], index % block.a.shape[1]

    def trace(self, design: Design, expected: list[Array]) -> Trace:
        """The transfers of the unit's one input stream and of its one output stream.

        Args:
            design: the design.
            expected: output codes of each block, shape (sums, groups).
        """
        (source,), (sink,) = design.interface.inputs, design.interface.outputs
        columns = {}
        for part in source.fields:
            codes = [getattr(block, part.name) for block in self.blocks]
            words = [joined(c.reshape(-1, c.shape[-1]), part) for c in codes]
            columns[part.name] = np.concatenate(words)
        (total,) = sink.fields
        outputs = np.concatenate([block.ravel() for block in expected])
        return Trace(
            interface=design.interface,
            transfers={source.name: columns, sink.name: {total.name: outputs}},
        )


@singledispatch
def stimulus(unit: Unit, design: Design, level: str, seed: int) -> Stimulus:
    """The stimulus of a unit at a level, the same for the same seed."""
    raise SpecError(f"unit {unit} has no stimulus")


load_modules(__name__, __path__)
