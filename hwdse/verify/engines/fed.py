"""Transfers that are fed to an engine, before its golden schedule answers them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from hwdse.formats.unpacked import Array
from hwdse.golden.engines.passage import Passage
from hwdse.spec import Design
from hwdse.verify.coverage import judged
from hwdse.verify.prepare import Prepared
from hwdse.verify.trace import Trace, joined


@dataclass(frozen=True, kw_only=True)
class Fed:
    """Transfers of the input streams, as golden takes them, and their purposes.

    Attributes:
        columns: arrays of codes and flags by the names that golden has for them.
        purposes: for each transfer of `a`, what it is for.
    """

    columns: Mapping[str, Array]
    purposes: Sequence[str]

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The transfers of several parts, one after another."""
        names = parts[0].columns
        return cls(
            columns={n: np.concatenate([part.columns[n] for part in parts]) for n in names},
            purposes=[purpose for part in parts for purpose in part.purposes],
        )


def prepared(
    design: Design, inputs: Mapping[str, Mapping[str, Array]], fed: Fed, passage: Passage
) -> Prepared:
    """The trace of an engine whose output stream `o` answers its input stream `a`.

    Args:
        design: the design.
        inputs: words of each field of the input streams.
        fed: what the inputs were made of.
        passage: what golden answers.
    """
    (results,) = design.interface.stream("o").fields
    trace = Trace(
        interface=design.interface,
        transfers={**inputs, "o": {results.name: joined(passage.results, results)}},
        after={"o": passage.answered},
    )
    reached = judged(design, [passage.results])
    return Prepared(
        trace=trace,
        vectors=Counter(fed.purposes[number] for number in passage.answered),
        outputs=reached.outputs,
        unreached=reached.unreached,
    )
