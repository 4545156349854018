"""The range of values, as powers of two."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Extent:
    """A range: every finite value is a multiple of 2^lsb with a magnitude of at most 2^top."""

    lsb: int
    top: int

    @property
    def width(self) -> int:
        """Bits from `lsb` to `top`."""
        return self.top - self.lsb
