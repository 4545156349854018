"""Conversion of codes from one format to another."""

from dataclasses import dataclass
from typing import ClassVar

from hwdse.errors import SpecError
from hwdse.spec.unit import MAX_LANES, Bare
from hwdse.spec.workload import Schedule, Workload


@dataclass(frozen=True, kw_only=True)
class Convert(Bare):
    """Converter: the value of each code of `a`, rounded once to `out`.

    A converter stands inside a datapath, between two other units. So it is a bare unit: it takes
    codes in every cycle, is combinational with `stages=0`, and has neither reset nor valid bit.
    (`--interface axis` adds a handshake.)

    Rounding and special values are those of every output format in hwdse. A value beyond the
    largest one becomes infinite if `out` has infinity, as IEEE 754 rounds. Otherwise it becomes
    the largest value. NaN stays NaN; a format without NaN gives zero. An unsigned format gives 0
    for negative values, or NaN if it has no zero or has infinity. Zero keeps its sign if `out` has
    a negative zero.

    The value of a logarithmic code is the float64 nearest to it, as for `Format.decode`.

    Attributes:
        lanes: codes per cycle, 1..1024.
    """

    keyword: ClassVar[str] = "convert"
    family: ClassVar[str] = "convert"
    uses: ClassVar[frozenset[str]] = frozenset()

    lanes: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.lanes <= MAX_LANES:
            raise SpecError(f"lanes={self.lanes}: 1 to {MAX_LANES} are allowed")

    @property
    def group(self) -> int:
        """Equal to `lanes`."""
        return self.lanes

    @property
    def macs_per_cycle(self) -> int:
        """Conversions per cycle, so that the energy of one operation is that of one conversion."""
        return self.lanes

    def schedule(self, workload: Workload) -> Schedule:
        """Refused: a converter multiplies nothing.

        Raises:
            SpecError: always.
        """
        raise SpecError(f"unit {self} has no schedule for matrix products ({workload.site})")
