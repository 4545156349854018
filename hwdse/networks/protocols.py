"""What a network and data are to an evaluation: two small protocols. `metrics` has the third.

An ONNX file (`hwdse.networks.load`) is such a network, and files of users and registered datasets
are such data (`hwdse.networks.data`). Any object with the same attributes does as well.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hwdse.errors import DatasetError
from hwdse.networks.arithmetic import Arithmetic, Real

Array = npt.NDArray[Any]
Batch = Mapping[str, Array]
"""Values of all inputs by name, each of shape (samples, *sample shape)."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input of a network.

    Attributes:
        name: its name.
        dtype: type of its values.
        shape: shape of one sample, without the batch dimension.
    """

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name!r} ({self.dtype} of shape {self.shape})"

    def of(self, value: Any, where: str) -> Array:
        """The value of one sample, in the type of the input.

        Args:
            value: array of the sample.
            where: which sample of what, for errors.

        Raises:
            DatasetError: the shape is another one, or the type does not hold the values.
        """
        found = np.asarray(value)
        if found.shape != self.shape:
            raise DatasetError(
                f"{where}: input {self} does not take values of shape {found.shape}; --shape "
                "fixes the free dimensions of a network"
            )
        if found.dtype == self.dtype:
            return found
        if not np.can_cast(found.dtype, self.dtype, "same_kind"):
            raise DatasetError(f"{where}: input {self} does not take {found.dtype}")
        if found.dtype.kind in "iu" and self.dtype.kind in "iu":
            limits = np.iinfo(self.dtype)
            if found.size and not limits.min <= found.min() <= found.max() <= limits.max:
                raise DatasetError(
                    f"{where}: input {self} does not take values from {found.min()} to "
                    f"{found.max()}"
                )
        return found.astype(self.dtype)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """One sample.

    Attributes:
        inputs: value of each input by name, of the input's sample shape.
        target: what the output should be, as the metric takes it: a class, tokens, a text, an
            array. None: unknown.
    """

    inputs: Mapping[str, Array]
    target: Any = None


class Computation(Protocol):
    """A network: what runs.

    The same object must always compute the same: results that do not depend on a design are kept.
    So it must be hashable, as objects of plain classes are. Samples of a batch must not affect each
    other.
    """

    @property
    def name(self) -> str:
        """Name for readers."""

    @property
    def inputs(self) -> Sequence[Input]:
        """The inputs."""

    @property
    def fixed_batch(self) -> int | None:
        """Number of samples that run at a time. None: any number."""

    def __hash__(self) -> int:
        """The hash of the object, as every object of a plain class has it."""

    def outputs(self, batch: Batch, arithmetic: Arithmetic) -> Real:
        """The output, float32 of shape (samples, ...), with products in an arithmetic.

        `hwdse.networks.arithmetic.multiply` multiplies activations with weights.
        """

    def float_outputs(self, batch: Batch) -> Real:
        """The same in float32, from which the errors of designs are counted."""


class Data(Protocol):
    """Samples for calibration and for scoring. No sample may be in both parts.

    The same object must always give the same samples, in the same order. It must be hashable, as
    objects of plain classes are.
    """

    @property
    def name(self) -> str:
        """Name for readers."""

    @property
    def test_size(self) -> int:
        """Number of samples for scoring."""

    def __hash__(self) -> int:
        """The hash of the object, as every object of a plain class has it."""

    def calibration(self) -> Iterable[Sample]:
        """The samples for choosing scales; no target is needed."""

    def test(self, limit: int | None = None) -> Iterable[Sample]:
        """The samples for scoring, or the first `limit` of them."""
