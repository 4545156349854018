"""Runs a network's graph: matrix products in a given arithmetic, the rest in the ONNX reference."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

from hwdse.errors import HwdseError, NetworkError
from hwdse.networks import lower
from hwdse.networks.arithmetic import Arithmetic, FloatArithmetic, Operand, Real, Site
from hwdse.networks.network import LOWERED, Network

_BATCH_BYTES = 64 << 20
_MAX_BATCH = 250


class Executor:
    """A network bound to an arithmetic."""

    def __init__(self, network: Network, arithmetic: Arithmetic) -> None:
        self._network = network
        operators = _operators(arithmetic, constant_names(network.model.graph))
        try:
            self._evaluator = ReferenceEvaluator(network.model, new_ops=operators)
        except Exception as error:
            raise _failure(network, error) from error

    def run(self, x: Real) -> dict[str, Any]:
        """Every value of the graph by name, for samples x of shape (n, *sample shape)."""
        # Infinities and NaN are results of the arithmetic like any other.
        with np.errstate(all="ignore"):
            try:
                values: dict[str, Any] = self._evaluator.run(
                    None, {self._network.input_name: x}, intermediate=True
                )
            except HwdseError:
                raise
            # The file is a program, and what its operators raise is of any kind.
            except Exception as error:
                raise _failure(self._network, error) from error
        return values

    def outputs(self, x: Real) -> Real:
        """The network's first output, float32 (n, classes)."""
        result: Real = self.run(x)[self._network.model.graph.output[0].name]
        return result


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What one sample costs.

    Attributes:
        macs: multiply-accumulate operations of all matrix products.
        value_bytes: all intermediate values together.
        classes: outputs of the network.
    """

    macs: int
    value_bytes: int
    classes: int


@lru_cache(maxsize=16)
def profile(network: Network) -> Profile:
    """Runs the network once on zeros, which also shows whether it runs at all.

    Raises:
        NetworkError: it does not run, or its output is not one row of classes a sample.
    """
    batch = network.fixed_batch or 1
    counter = _Counter()
    executor = Executor(network, counter)
    x = np.zeros((batch, *network.sample_shape), np.float32)
    values = executor.run(x)
    result = values[network.model.graph.output[0].name]
    classes = len(network.dataset.classes)
    if not isinstance(result, np.ndarray) or result.dtype.kind != "f":
        raise NetworkError(f"network {network.name} gives no float tensor as its output")
    if result.ndim != 2 or result.shape[0] != batch or result.shape[1] < classes:
        raise NetworkError(
            f"network {network.name} gives an output of shape {result.shape} for {batch} samples: "
            f"({batch}, {classes}) is needed for {network.dataset.name}"
        )
    constants = constant_names(network.model.graph)
    total = sum(
        value.nbytes
        for name, value in values.items()
        if name not in constants and isinstance(value, np.ndarray)
    )
    return Profile(macs=counter.macs // batch, value_bytes=total // batch, classes=result.shape[1])


def batches(network: Network, pixels: npt.NDArray[np.float32]) -> Iterator[Real]:
    """Normalised samples in batches of bounded memory; the last may hold fewer.

    Args:
        network: whose normalisation and input shape hold.
        pixels: (n, *any shape of as many elements), 0..1.

    Raises:
        NetworkError: samples of another size.
    """
    if math.prod(pixels.shape[1:]) != math.prod(network.sample_shape):
        raise NetworkError(
            f"network {network.name} takes samples of shape {network.sample_shape}, those of "
            f"{network.dataset.name} have {pixels.shape[1:]}"
        )
    size = network.fixed_batch or min(
        _MAX_BATCH, max(1, _BATCH_BYTES // max(1, profile(network).value_bytes))
    )
    for start in range(0, len(pixels), size):
        some = pixels[start : start + size].reshape(-1, *network.sample_shape)
        yield (some - np.float32(network.mean)) / np.float32(network.std)


def padded_outputs(executor: Executor, network: Network, x: Real) -> Real:
    """The outputs for one batch, filled up with copies where the file demands its batch size."""
    missing = (network.fixed_batch or len(x)) - len(x)
    if missing:
        filled = np.concatenate([x, np.repeat(x[-1:], missing, axis=0)])
        return executor.outputs(filled)[: len(x)]
    return executor.outputs(x)


def constant_names(graph: onnx.GraphProto) -> frozenset[str]:
    """Values that do not depend on the input: weights, and what is computed from them alone."""
    found = {weight.name for weight in graph.initializer}
    for node in graph.node:  # topologically sorted, says the standard
        if all(name in found for name in node.input if name) and not node.op_type.startswith(
            "Random"
        ):
            found.update(node.output)
    return frozenset(found)


class _Counter(FloatArithmetic):
    macs = 0

    def product(self, site: Site, group: int, a: Operand, b: Operand) -> Real:
        self.macs += a.shape[0] * a.shape[1] * b.shape[1]
        return super().product(site, group, a, b)


def _failure(network: Network, error: Exception) -> NetworkError:
    return NetworkError(f"network {network.name} cannot be evaluated: {_first_line(error)}")


def _first_line(error: BaseException) -> str:
    cause = error.__cause__ or error  # the reference wraps what went wrong
    return (str(cause).strip() or type(cause).__name__).splitlines()[0]


def _operators(arithmetic: Arithmetic, constants: frozenset[str]) -> list[type]:
    """Classes that replace the reference's own; it finds them by their name."""

    def product(node: onnx.NodeProto, a: Real, b: Real) -> Real:
        for operand in (a, b):
            if operand.dtype != np.float32:
                raise NetworkError(
                    f"{node.op_type} {node.output[0]!r} multiplies {operand.dtype}: "
                    "only float32 networks can be evaluated"
                )
        fixed = [name in constants for name in node.input[:2]]
        if fixed[0] and not fixed[1] and a.ndim > 1 and b.ndim > 1:
            # Weights are the design's second operand wherever the graph puts them.
            site = Site(name=node.output[0], constant=True)
            swapped = lower.matmul(arithmetic, site, b.swapaxes(-1, -2), a.swapaxes(-1, -2))
            return np.ascontiguousarray(swapped.swapaxes(-1, -2))
        return lower.matmul(arithmetic, Site(name=node.output[0], constant=fixed[1]), a, b)

    class MatMul(OpRun):  # type: ignore[misc]
        op_domain = ""

        def _run(self, a: Real, b: Real) -> tuple[Real]:
            return (product(self.onnx_node, a, b),)

    class Gemm(OpRun):  # type: ignore[misc]
        op_domain = ""

        def _run(
            self,
            a: Real,
            b: Real,
            c: Real | None = None,
            *,
            alpha: float = 1.0,
            beta: float = 1.0,
            transA: int = 0,
            transB: int = 0,
        ) -> tuple[Real]:
            result = product(self.onnx_node, a.T if transA else a, b.T if transB else b)
            if alpha != 1.0:
                result = result * np.float32(alpha)
            if c is not None:
                result = result + (c if beta == 1.0 else c * np.float32(beta))
            return (result,)

    class Conv(OpRun):  # type: ignore[misc]
        op_domain = ""

        def _run(
            self,
            x: Real,
            w: Real,
            b: Real | None = None,
            *,
            auto_pad: str | None = None,
            dilations: list[int] | None = None,
            group: int | None = None,
            kernel_shape: list[int] | None = None,
            pads: list[int] | None = None,
            strides: list[int] | None = None,
        ) -> tuple[Real]:
            name = self.onnx_node.output[0]
            if self.onnx_node.input[1] not in constants:
                raise NetworkError(f"Conv {name!r} computes its weights: they must be constant")
            if x.dtype != np.float32 or w.dtype != np.float32:
                raise NetworkError(
                    f"Conv {name!r} multiplies {x.dtype}: only float32 networks can be evaluated"
                )
            axes = x.ndim - 2
            steps, gaps = strides or [1] * axes, dilations or [1] * axes
            spans = [(size - 1) * gap + 1 for size, gap in zip(w.shape[2:], gaps, strict=True)]
            result = lower.conv(
                arithmetic,
                Site(name=name, constant=True),
                x,
                w,
                strides=list(steps),
                dilations=list(gaps),
                pads=lower.padding(
                    auto_pad or "NOTSET", pads, list(x.shape[2:]), spans, list(steps)
                ),
                groups=group or 1,
            )
            if b is not None:
                result += b.reshape(-1, *[1] * axes)
            return (result,)

    operators: list[type] = [MatMul, Gemm, Conv]
    assert {operator.__name__ for operator in operators} == LOWERED
    return operators
