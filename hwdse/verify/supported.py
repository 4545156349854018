"""The supported designs: their Verilog is checked in under rtl/, with its certificates."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hwdse.errors import OutputError, SpecError
from hwdse.hdl import emit
from hwdse.spec import Design
from hwdse.verify.certificate import header, sha256
from hwdse.verify.verification import collect_evidence

LIST_NAME = "supported.toml"
_FILE_LIST = "filelist.f"
_LEVEL = "full"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A file under rtl/ that is not what its design gives.

    Attributes:
        path: the file, relative to rtl/.
        reason: what is wrong with it.
    """

    path: str
    reason: str


def read_supported(folder: Path) -> list[Design]:
    """Designs of `folder`/supported.toml, in order.

    Raises:
        SpecError: the file is missing or malformed, or lists a bad spec.
    """
    path = folder / LIST_NAME
    try:
        document = tomllib.loads(path.read_text())
    except OSError as error:
        raise SpecError(f"cannot read {path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{path}: {error}") from error
    designs = document.get("designs")
    if set(document) != {"designs"} or not isinstance(designs, list) or not designs:
        raise SpecError(f"{path}: one key `designs` with a list of specs is needed")
    return [Design.parse(str(text)) for text in designs]


def path_of(design: Design) -> str:
    """Where the design's Verilog is, relative to rtl/."""
    return f"{design.unit.family}/{design.slug}.v"


def write_supported(folder: Path, progress: Callable[[Design], None] | None = None) -> list[str]:
    """Verify every supported design at level full and write its Verilog with the certificate.

    Returns:
        The written paths, relative to `folder`.

    Raises:
        VerificationError: a design's hardware differs from the golden model.
        OutputError: a file cannot be written.
    """
    written = []
    for design in read_supported(folder):
        if progress is not None:
            progress(design)
        evidence = collect_evidence(design, _LEVEL)
        text = header(design, evidence.certificate) + evidence.verilog
        _write(folder / path_of(design), text)
        written.append(path_of(design))
    _write(folder / _FILE_LIST, "".join(f"{path}\n" for path in written))
    return [*written, _FILE_LIST]


def check_supported(folder: Path) -> list[Difference]:
    """Regenerate every supported design and compare it with the checked-in file, byte for byte.

    The header is checked for carrying the digest of the module below it; the proof itself is
    repeated by `hwdse verify`.
    """
    differences = []
    paths = set()
    for design in read_supported(folder):
        path = path_of(design)
        paths.add(path)
        reason = _difference(folder / path, emit(design))
        if reason:
            differences.append(Difference(path=path, reason=reason))
    for found in sorted(folder.glob("*/*.v")):
        name = found.relative_to(folder).as_posix()
        if name not in paths:
            differences.append(Difference(path=name, reason=f"not listed in {LIST_NAME}"))
    return differences


def _difference(path: Path, module: str) -> str:
    if not path.exists():
        return "missing"
    text = path.read_text()
    if not text.endswith(module):
        return "the module differs from what its spec generates"
    head = text.removesuffix(module)
    if any(not line.startswith("//") for line in head.splitlines()):
        return "the header holds more than comments"
    if sha256(module) not in head:
        return "the header lacks the digest of the module"
    return ""


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text(text)
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
