"""Worker tasks that generate verified Verilog of designs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from hwdse import verify
from hwdse.spec import Design
from hwdse.verify.generation import CERTIFICATE


class Generator(Protocol):
    """Writes the verified Verilog of a design into a folder. Must be picklable."""

    def __call__(self, design: Design, folder: Path) -> Mapping[str, Any]:
        """Write the folder. Returns the certificate as a JSON document; the folder has a copy.

        Raises:
            VerificationError: the hardware differs from the golden model.
        """


@dataclass(frozen=True, kw_only=True)
class VerilogGenerator:
    """Calls `hwdse.verify.generate` with a fixed verification level."""

    level: str = "quick"

    def __call__(self, design: Design, folder: Path) -> Mapping[str, Any]:
        """Write the folder. Returns the certificate as a JSON document."""
        return verify.generate(design, folder, level=self.level).to_json()


@dataclass(frozen=True, kw_only=True)
class Verification:
    """A task for a worker: writes the Verilog of a design into the folder `rtl`/slug."""

    generator: Generator
    rtl: Path

    def __call__(self, design: Design) -> Mapping[str, Any]:
        """Generate the Verilog. Returns the certificate."""
        return self.generator(design, self.rtl / design.slug)


def holds(folder: Path, certificate: Mapping[str, Any] | None) -> bool:
    """Whether a folder contains this certificate. An older folder of the same name does not."""
    if certificate is None:
        return False
    try:
        found = json.loads((folder / CERTIFICATE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return bool(found == dict(certificate))
