"""Worker tasks that generate verified Verilog of designs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from hwdse import verify
from hwdse.errors import OutputError, why
from hwdse.explore.record import Row
from hwdse.spec import Design
from hwdse.temporary import temporary_folder
from hwdse.text import printable
from hwdse.verify.generation import CERTIFICATE, check_place
from hwdse.writing import replaced_folder


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
class Verified:
    """Verified Verilog as a worker returns it, from whatever machine.

    Attributes:
        design: the design.
        certificate: the certificate as a JSON document.
        files: contents of the files of the folder, by path in it.
    """

    design: Design
    certificate: Mapping[str, Any]
    files: Mapping[str, bytes]

    def write(self, folder: Path) -> None:
        """Write the files as `folder`, at once. A folder of an earlier sweep is replaced.

        Raises:
            OutputError: the folder cannot be written, or is of other origin.
        """
        check_place(folder)
        try:
            with replaced_folder(folder) as complete:
                for name, content in self.files.items():
                    (complete / name).parent.mkdir(parents=True, exist_ok=True)
                    (complete / name).write_bytes(content)
        except OSError as error:
            raise OutputError(
                f"{printable(str(folder))} cannot be written: {why(error)}"
            ) from error


@dataclass(frozen=True, kw_only=True)
class Verification:
    """A task for a worker: makes the verified Verilog of a design."""

    generator: Generator

    def __call__(self, design: Design) -> Verified:
        """Generate the Verilog in a temporary folder, and return it."""
        with temporary_folder("verilog") as work:
            folder = work / design.slug
            certificate = self.generator(design, folder)
            files = {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            }
            return Verified(design=design, certificate=certificate, files=files)


def proofs_of(row: Row) -> dict[str, Mapping[str, Any]]:
    """Certificates of a row by name of the folder that has the Verilog; empty without any.

    The row of an assignment has those of its designs, whose folders other rows may share.
    """
    if row.certificate is None:
        return {}
    if row.layers is None:
        return {row.slug: row.certificate}
    return {one["slug"]: one["certificate"] for one in row.certificate["designs"]}


def folders_of(row: Row, rtl: Path) -> list[Path]:
    """The folders in `rtl` that have the verified Verilog of a row; empty if one of them lacks."""
    proofs = proofs_of(row)
    found = [rtl / slug for slug, proof in proofs.items() if holds(rtl / slug, proof)]
    return found if len(found) == len(proofs) else []


def holds(folder: Path, certificate: Mapping[str, Any] | None) -> bool:
    """Whether a folder contains this certificate. An older folder of the same name does not."""
    if certificate is None:
        return False
    try:
        found = json.loads((folder / CERTIFICATE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return bool(found == dict(certificate))
