"""Stimulus: the operand codes that the benches feed to a unit, sum by sum.

Every kind of unit has one module with a stimulus.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any, Self

import numpy as np

from hwdse.errors import SpecError
from hwdse.formats.unpacked import Array
from hwdse.plugins import load_modules
from hwdse.spec import Design, Unit
from hwdse.verify.trace import Trace, joined

#: Levels of effort: `quick` takes seconds, `full` is enough for a release, `exhaustive` tries all
#: inputs.
LEVELS = ("quick", "full", "exhaustive")


@dataclass(frozen=True, kw_only=True)
class Block:
    """Sums of equal length. For a unit without a running sum, the length is one group.

    A group is the set of operands that the unit accepts in one step, one operand pair per lane.

    Attributes:
        purpose: purpose of the block. The certificate counts inputs by this name.
        a: codes of the first operand, shape (sums, groups, lanes).
        b: codes of the second operand, same shape.
        c: codes of the addend, same shape, or None for a unit without an addend.
    """

    purpose: str
    a: Array
    b: Array
    c: Array | None = None

    @property
    def steps(self) -> int:
        """Number of inputs that the unit accepts."""
        return int(self.a.shape[0] * self.a.shape[1])

    @property
    def first(self) -> Array:
        """Flags that are 1 for steps that start a sum, shape (sums, groups, 1)."""
        flags = np.zeros((*self.a.shape[:2], 1), np.int64)
        flags[:, :1] = 1
        return flags

    def arrays(self) -> dict[str, Array]:
        """Return all codes by the name of their attribute."""
        return {name: held for name, held in vars(self).items() if isinstance(held, np.ndarray)}

    def part(self, index: Any) -> Self:
        """Return the same block with only some sums and groups: NumPy indexing of each array."""
        return replace(self, **{name: array[index] for name, array in self.arrays().items()})

    @classmethod
    def joined(cls, blocks: "Sequence[Self]") -> Self:
        """Return all sums of blocks of one kind, with sums of equal length, as one block."""
        arrays = [block.arrays() for block in blocks]
        together = {name: np.concatenate([one[name] for one in arrays]) for name in arrays[0]}
        return replace(blocks[0], purpose="", **together)


@dataclass(frozen=True, kw_only=True)
class Stimulus:
    """All inputs of a unit in one run.

    Attributes:
        blocks: blocks of sums, in order.
    """

    blocks: tuple[Block, ...]

    def counts(self) -> dict[str, int]:
        """Return the number of accepted inputs for each purpose."""
        counts: dict[str, int] = {}
        for block in self.blocks:
            counts[block.purpose] = counts.get(block.purpose, 0) + block.steps
        return counts

    def steps(self) -> Iterator[tuple[Block, int, int]]:
        """Yield the block, the sum index and the group index of every accepted input, in order."""
        for block in self.blocks:
            for index in range(block.steps):
                yield block, index // block.a.shape[1], index % block.a.shape[1]

    def trace(self, design: Design, expected: list[Array]) -> Trace:
        """Return the transfers of the input stream and of the output stream of the unit.

        The unit must have exactly one input stream and one output stream.

        Args:
            design: the design.
            expected: expected output codes of each block, shape (sums, groups).
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
    """Return the stimulus of a unit at a level. The same seed gives the same stimulus."""
    raise SpecError(f"unit {unit} has no stimulus")


load_modules(__name__, __path__)
