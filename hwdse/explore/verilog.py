"""Verified Verilog of designs, made by worker processes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from hwdse import verify
from hwdse.errors import VerificationError
from hwdse.spec import Design


class Generator(Protocol):
    """Writes the verified Verilog of a design into a folder; picklable."""

    def __call__(self, design: Design, folder: Path) -> Mapping[str, Any]:
        """Write, and give the certificate as a JSON document.

        Raises:
            VerificationError: the hardware differs from the golden model.
        """


@dataclass(frozen=True, kw_only=True)
class VerilogGenerator:
    """`hwdse.verify.generate` at one level."""

    level: str = "quick"

    def __call__(self, design: Design, folder: Path) -> Mapping[str, Any]:
        """Write the folder, and give the certificate as a JSON document."""
        return verify.generate(design, folder, level=self.level).to_json()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A certificate, or why there is none."""

    certificate: Mapping[str, Any] | None = None
    failure: str = ""


@dataclass(frozen=True, kw_only=True)
class Verification:
    """A task for a worker: one design's Verilog, a failed proof being a result like another."""

    generator: Generator
    rtl: Path

    def __call__(self, design: Design) -> Outcome:
        """Generate into `rtl`/slug."""
        try:
            return Outcome(certificate=self.generator(design, self.rtl / design.slug))
        except VerificationError as error:
            return Outcome(failure=str(error))
