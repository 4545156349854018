"""Matrix products of a network, and their schedule on a unit."""

from dataclasses import dataclass, replace

from hwdse.errors import SpecError


@dataclass(frozen=True, kw_only=True)
class Workload:
    """The matrix products of one site (place in a network), for one sample.

    Attributes:
        site: name of the site.
        m: rows of each first matrix.
        k: terms per sum: columns of the first matrix and rows of the second matrix.
        n: columns of each second matrix.
        groups: number of matrix products of this shape.
        constant: whether the second matrices are weights, which are the same for every sample.
        inputs: elements of the tensor that the rows of all first matrices are cut from. The rows of
            a convolution overlap, so they have more elements than the tensor. None: no overlap.

    Raises:
        SpecError: a size is below one.
    """

    site: str
    m: int
    k: int
    n: int
    groups: int = 1
    constant: bool = True
    inputs: int | None = None

    def __post_init__(self) -> None:
        sizes = {"m": self.m, "k": self.k, "n": self.n, "groups": self.groups}
        if self.inputs is not None:
            sizes["inputs"] = self.inputs
        for name, size in sizes.items():
            if size < 1:
                raise SpecError(f"workload {self.site}: {name}={size}, at least 1 is needed")

    @property
    def macs(self) -> int:
        """Total number of multiply-accumulates."""
        return self.m * self.k * self.n * self.groups

    @property
    def sums(self) -> int:
        """Total number of sums: elements of all result matrices."""
        return self.m * self.n * self.groups

    @property
    def elements_a(self) -> int:
        """Elements of all first matrices, overlaps counted as often as they occur."""
        return self.m * self.k * self.groups

    @property
    def distinct_a(self) -> int:
        """Elements of all first matrices, without overlaps.

        A tensor may have values that no row holds, so this is at most `elements_a`.
        """
        return min(self.inputs or self.elements_a, self.elements_a)

    def batched(self, samples: int) -> "Workload":
        """The matrix products of several samples.

        Weights serve all samples, so the first matrices of the samples lie below one another.
        Products without weights occur once per sample.

        Raises:
            SpecError: the number of samples is below one.
        """
        if samples < 1:
            raise SpecError(f"workload {self.site}: {samples} samples, at least 1 is needed")
        return replace(
            self,
            m=self.m * samples if self.constant else self.m,
            groups=self.groups if self.constant else self.groups * samples,
            inputs=None if self.inputs is None else self.inputs * samples,
        )


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The cost of running a workload on a unit, in cycles, products, reads and writes.

    Attributes:
        cycles: cycles from the first input to the last output.
        slots: products that the unit could compute in `cycles`.
        macs: products that the workload needs, without products that pad an incomplete group.
        reads_a: elements of first matrices that enter the unit.
        reads_b: elements of second matrices that enter the unit.
        writes: outputs of the unit that are used. Intermediate sums do not count.
    """

    cycles: int
    slots: int
    macs: int
    reads_a: int
    reads_b: int
    writes: int

    @property
    def utilization(self) -> float:
        """Fraction of the unit's product slots that the workload uses."""
        return self.macs / self.slots
