"""Verified Verilog of designs, made by worker processes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from hwdse import verify
from hwdse.spec import Design
from hwdse.verify.generation import CERTIFICATE


class Generator(Protocol):
    """Writes the verified Verilog of a design into a folder; picklable."""

    def __call__(self, design: Design, folder: Path) -> Mapping[str, Any]:
        """Write, and give the certificate as a JSON document, which is in the folder too.

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
class Verification:
    """A task for a worker: one design's Verilog, into `rtl`/slug."""

    generator: Generator
    rtl: Path

    def __call__(self, design: Design) -> Mapping[str, Any]:
        """Generate, and give the certificate."""
        return self.generator(design, self.rtl / design.slug)


def holds(folder: Path, certificate: Mapping[str, Any] | None) -> bool:
    """Whether a folder is what this certificate was given for, not an earlier one of its name."""
    if certificate is None:
        return False
    try:
        found = json.loads((folder / CERTIFICATE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return bool(found == dict(certificate))
