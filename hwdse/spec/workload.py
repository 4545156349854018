"""Matrix products of a network, and what a unit makes of them."""

from dataclasses import dataclass

from hwdse.errors import SpecError


@dataclass(frozen=True, kw_only=True)
class Workload:
    """The matrix products of one place of a network, for one sample.

    Attributes:
        site: name of the place.
        m: rows of each first matrix.
        k: terms of each sum.
        n: columns of each second matrix.
        groups: products of this shape.
        constant: whether the second matrices are the same for every sample (weights).

    Raises:
        SpecError: a size below one.
    """

    site: str
    m: int
    k: int
    n: int
    groups: int = 1
    constant: bool = True

    def __post_init__(self) -> None:
        sizes = {"m": self.m, "k": self.k, "n": self.n, "groups": self.groups}
        for name, size in sizes.items():
            if size < 1:
                raise SpecError(f"workload {self.site}: {name}={size}, at least 1 is needed")

    @property
    def macs(self) -> int:
        """Products in all."""
        return self.m * self.k * self.n * self.groups

    @property
    def sums(self) -> int:
        """Outputs in all."""
        return self.m * self.n * self.groups


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A workload on a unit.

    Attributes:
        cycles: from the first input to the last output.
        slots: products that the unit could have taken in that time.
        macs: products that it takes, those that fill up a group left out.
        reads_a: elements of first matrices that enter the unit.
        reads_b: elements of second matrices.
        writes: outputs that leave it and count.
    """

    cycles: int
    slots: int
    macs: int
    reads_a: int
    reads_b: int
    writes: int

    @property
    def utilization(self) -> float:
        """Share of the unit's products that the workload needs."""
        return self.macs / self.slots
