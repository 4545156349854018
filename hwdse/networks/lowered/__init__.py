"""Operators that run in a design's arithmetic, with one module per kind of operator.

A module lowers operators to products of two matrices, and registers a function per operator. The
order of the terms in a sum (index k) matters for arithmetic that rounds. Matrix products use the
order in which the operands are stored. Convolutions (im2col) use the order input channel, then
kernel row, then kernel column.
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
    """One operator of a graph, ready to be called with values.

    Attributes:
        network: name of the network, for errors.
        operator: operator type, such as Conv.
        name: name of the first output, which is unique in the graph.
        attributes: attributes as in the file, with decoded text.
        constant: for each input, whether the input is the same for every sample.
    """

    network: str
    operator: str
    name: str
    attributes: dict[str, Any]
    constant: tuple[bool, ...]

    @classmethod
    def of(cls, network: str, node: onnx.NodeProto, constants: frozenset[str]) -> "Call":
        """Build the call for a node. `constants` are the names of all constant values."""
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

    def site(self, part: str = "", *, constant: bool, **layout: int) -> Site:
        """The site of this call. `part` distinguishes several sites of the same call.

        `layout` are attributes of `Site` that say where activations have their channels.
        """
        name = f"{self.name}/{part}" if part else self.name
        return Site(name=name, constant=constant, **layout)

    def get(self, key: str, default: Any) -> Any:
        """An attribute, or the default value of the ONNX standard if the attribute is missing."""
        return self.attributes.get(key, default)

    def refused(self, why: str) -> NetworkError:
        """The error for a form of the operator that cannot be lowered."""
        return NetworkError(
            f"network {self.network} cannot be evaluated: {self.operator} {self.name!r} {why}"
        )

    def check_float32(self, *operands: Real | None) -> None:
        """Check that all operands are float32.

        Raises:
            NetworkError: an operand has another type.
        """
        for operand in operands:
            if operand is not None and operand.dtype != np.float32:
                raise self.refused(
                    f"multiplies {operand.dtype}: only float32 networks can be evaluated"
                )


#: A function from an arithmetic, a call and the node's inputs to the outputs. An omitted input is
#: None.
Lowering = Callable[..., tuple[Any, ...]]

_LOWERINGS: dict[str, Lowering] = {}


def lowers(*operators: str) -> Callable[[Lowering], Lowering]:
    """Decorator that registers a `Lowering` `(arithmetic, call, *inputs) -> outputs`.

    Args:
        operators: names of the operators that the function lowers.
    """

    def register(lowering: Lowering) -> Lowering:
        for operator in operators:
            _LOWERINGS[operator] = lowering
        return lowering

    return register


def names() -> frozenset[str]:
    """Names of all operators that can be lowered."""
    return frozenset(_LOWERINGS)


def run(arithmetic: Arithmetic, call: Call, inputs: list[Any]) -> tuple[Any, ...]:
    """Outputs of an operator, with the products computed in the given arithmetic.

    Raises:
        NetworkError: this form of the operator cannot be lowered, or the inputs do not fit.
    """
    try:
        return _LOWERINGS[call.operator](arithmetic, call, *inputs)
    except (ValueError, LookupError, TypeError, ArithmeticError, MemoryError) as error:
        raise call.refused(f"does not fit its operands: {first_line(error)}") from error


load_modules(__name__, __path__)
