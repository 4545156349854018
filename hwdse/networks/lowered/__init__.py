"""Operators that run in a design's arithmetic, one module for each kind.

A module registers a function for each operator that it lowers to products of two matrices. Sums run
along K in this order: as stored for matrix products; input channel, then kernel row, then kernel
column for convolutions (im2col).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import helper

from hwdse.errors import NetworkError, first_line
from hwdse.networks.arithmetic import Arithmetic, Real, Site
from hwdse.plugins import load_modules


@dataclass(frozen=True, kw_only=True)
class Call:
    """One operator of a graph, called with values.

    Attributes:
        network: the name of the network, for errors.
        operator: its type, such as Conv.
        name: of its first output, unique in the graph.
        attributes: as in the file, text decoded.
        constant: for each input, whether it is the same for every sample.
    """

    network: str
    operator: str
    name: str
    attributes: dict[str, Any]
    constant: tuple[bool, ...]

    @classmethod
    def of(cls, network: str, node: onnx.NodeProto, constants: frozenset[str]) -> "Call":
        """The call of a node in a network with these constant values."""
        attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
        return cls(
            network=network,
            operator=node.op_type,
            name=next(name for name in node.output if name),
            attributes={
                key: value.decode() if isinstance(value, bytes) else value
                for key, value in attributes.items()
            },
            constant=tuple(name in constants for name in node.input),
        )

    def site(self, part: str = "", *, constant: bool) -> Site:
        """The place where products of this call are computed; `part` tells several apart."""
        return Site(name=f"{self.name}/{part}" if part else self.name, constant=constant)

    def get(self, key: str, default: Any) -> Any:
        """An attribute, or what the standard takes in its place."""
        return self.attributes.get(key, default)

    def refused(self, why: str) -> NetworkError:
        """The error for a form of the operator that cannot be lowered."""
        return NetworkError(
            f"network {self.network} cannot be evaluated: {self.operator} {self.name!r} {why}"
        )

    def check_float32(self, *operands: Real | None) -> None:
        """Refuse operands of another type.

        Raises:
            NetworkError: it multiplies something else.
        """
        for operand in operands:
            if operand is not None and operand.dtype != np.float32:
                raise self.refused(
                    f"multiplies {operand.dtype}: only float32 networks can be evaluated"
                )


#: Outputs of a call, for operands in the order of the node's inputs; None for one left out.
Lowering = Callable[..., tuple[Any, ...]]

_LOWERINGS: dict[str, Lowering] = {}


def lowers(*operators: str) -> Callable[[Lowering], Lowering]:
    """Registers a function `(arithmetic, call, *inputs) -> outputs` for these operators."""

    def register(lowering: Lowering) -> Lowering:
        for operator in operators:
            _LOWERINGS[operator] = lowering
        return lowering

    return register


def names() -> frozenset[str]:
    """The operators that can be lowered."""
    return frozenset(_LOWERINGS)


def run(arithmetic: Arithmetic, call: Call, inputs: list[Any]) -> tuple[Any, ...]:
    """Outputs of an operator, its products in the given arithmetic.

    Raises:
        NetworkError: a form of the operator that cannot be lowered, or inputs that do not fit.
    """
    try:
        return _LOWERINGS[call.operator](arithmetic, call, *inputs)
    except (ValueError, LookupError, TypeError, ArithmeticError, MemoryError) as error:
        raise call.refused(f"does not fit its operands: {first_line(error)}") from error


load_modules(__name__, __path__)
