"""The supported designs. The folder rtl/ contains their Verilog with certificates."""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from hwdse.errors import SpecError, VerificationError
from hwdse.hdl import emit, split_modules
from hwdse.reading import MAX_TOML, MEBIBYTE, parse_toml, read_text
from hwdse.spec import Design
from hwdse.verify.certificate import Certificate, header, sha256
from hwdse.verify.verification import collect_evidence
from hwdse.writing import writable_folder, write_file

LIST_NAME = "supported.toml"
_FILE_LIST = "filelist.f"
_LEVEL = "full"
_MAX_VERILOG = 256 * MEBIBYTE
_NO_DIGEST = "the header lacks the digest of the modules"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A file under rtl/ that differs from the generated Verilog of the design.

    Attributes:
        path: path of the file, relative to rtl/.
        reason: the difference in words.
    """

    path: str
    reason: str


def read_supported(folder: Path) -> list[Design]:
    """Read the designs of `folder`/supported.toml, in order.

    Raises:
        SpecError: the file is missing or malformed, or lists an invalid spec.
    """
    path = folder / LIST_NAME
    text = read_text(path, "list of designs", SpecError, most=MAX_TOML)
    try:
        document = parse_toml(text)
    except ValueError as error:
        raise SpecError(f"{path}: {error}") from error
    designs = document.get("designs")
    if set(document) != {"designs"} or not isinstance(designs, list) or not designs:
        raise SpecError(f"{path}: one key `designs` with a list of specs is needed")
    return [Design.parse(str(text)) for text in designs]


def path_of(design: Design) -> str:
    """Return the folder of a design's Verilog, relative to rtl/."""
    return f"{design.unit.family}/{design.slug}"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of the verification of one design.

    Attributes:
        spec: canonical spec of the design.
        verilog: the simulated Verilog text, without header.
        certificate: the certificate. None if the verification failed.
        failure: description of the failure. Empty if the verification passed.
        seconds: duration of the verification.
    """

    spec: str
    verilog: str
    certificate: Certificate | None
    failure: str
    seconds: float


#: Function that is called with the outcome of each design when it is finished.
Progress = Callable[[Outcome], None]


def verify_supported(
    folder: Path,
    *,
    level: str = _LEVEL,
    seed: int = 0,
    jobs: int = 1,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Simulate the checked-in Verilog of every supported design against the golden model.

    The simulated text joins the files of a design in the order of filelist.f, without the header of
    the first file. The header must contain the digest of this text.

    Returns:
        The outcome of each design, including failures, in the order of the list.

    Raises:
        VerificationError: a file is missing, or the digest in the header does not match.
        ToolError: the simulator or the compiler is missing or fails.
    """
    designs = read_supported(folder)
    texts = [_checked_in(folder, design) for design in designs]
    return _verify(designs, texts, level=level, seed=seed, jobs=jobs, progress=progress)


def write_supported(folder: Path, *, jobs: int = 1, progress: Progress | None = None) -> list[str]:
    """Verify every supported design at level full and write its Verilog with the certificate.

    Returns:
        The paths of the written files, relative to `folder`.

    Raises:
        VerificationError: the hardware of a design differs from the golden model. The files of the
            other designs are written, but not filelist.f.
        OutputError: a file cannot be written.
    """
    designs = read_supported(folder)
    texts = [emit(design) for design in designs]
    outcomes = _verify(designs, texts, level=_LEVEL, seed=0, jobs=jobs, progress=progress)
    written = []
    for design, outcome in zip(designs, outcomes, strict=True):
        if outcome.certificate is not None:
            parts = _files(design, outcome.verilog)
            top = next(iter(parts))
            parts[top] = header(design, design.interface, outcome.certificate) + parts[top]
            for path, text in parts.items():
                writable_folder((folder / path).parent)
                write_file(folder / path, text)
            written += list(parts)
    raise_failures(outcomes)
    write_file(folder / _FILE_LIST, "".join(f"{path}\n" for path in written))
    return [*written, _FILE_LIST]


def raise_failures(outcomes: Sequence[Outcome]) -> None:
    """Raise one error that lists all failed designs.

    Raises:
        VerificationError: at least one design failed.
    """
    failures = [outcome.failure for outcome in outcomes if outcome.failure]
    if failures:
        count = f"{len(failures)} of {len(outcomes)} designs failed"
        raise VerificationError("\n".join([count, *failures]))


def _verify(
    designs: Sequence[Design],
    texts: Sequence[str],
    *,
    level: str,
    seed: int,
    jobs: int,
    progress: Progress | None,
) -> list[Outcome]:
    """Verify the Verilog text of each design, in parallel processes."""
    outcomes: dict[int, Outcome] = {}
    # `spawn` starts new interpreters. Simulators and compiled kernels use threads, and a fork would
    # not copy threads.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        running = {
            pool.submit(_outcome, str(design), text, level, seed): number
            for number, (design, text) in enumerate(zip(designs, texts, strict=True))
        }
        try:
            for done in as_completed(running):
                outcomes[running[done]] = outcome = done.result()
                if progress is not None:
                    progress(outcome)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [outcomes[number] for number in range(len(designs))]


def _outcome(spec: str, text: str, level: str, seed: int) -> Outcome:
    start = time.monotonic()
    certificate, failure = None, ""
    try:
        certificate = collect_evidence(Design.parse(spec), level, seed, text).certificate
    except VerificationError as error:
        failure = str(error)
    seconds = time.monotonic() - start
    return Outcome(
        spec=spec, verilog=text, certificate=certificate, failure=failure, seconds=seconds
    )


def check_supported(folder: Path) -> list[Difference]:
    """Regenerate every supported design and compare it with the checked-in files, byte for byte.

    The header of a design must contain the digest of the design's modules. This function does not
    repeat the proof; `hwdse verify` does.
    """
    differences = []
    known = set()
    for design in read_supported(folder):
        text = emit(design)
        for number, (path, part) in enumerate(_files(design, text).items()):
            known.add(path)
            reason = _difference(folder / path, part, "" if number else sha256(text))
            if reason:
                differences.append(Difference(path=path, reason=reason))
    for found in sorted(folder.glob("*/**/*.v")):
        name = found.relative_to(folder).as_posix()
        if name not in known:
            differences.append(Difference(path=name, reason=f"no part of what {LIST_NAME} lists"))
    return differences


def _files(design: Design, text: str) -> dict[str, str]:
    """Return the text of each module of a design by path relative to rtl/, top module first."""
    return {f"{path_of(design)}/{name}.v": part for name, part in split_modules(text).items()}


def _checked_in(folder: Path, design: Design) -> str:
    """Read the modules of a checked-in design, without the header."""
    listed = read_text(folder / _FILE_LIST, "list of files", VerificationError, most=MAX_TOML)
    paths = [path for path in listed.splitlines() if path.startswith(f"{path_of(design)}/")]
    if not paths:
        raise VerificationError(f"{folder / _FILE_LIST} lists no file of {path_of(design)}")
    texts = [read_text(folder / p, "Verilog", VerificationError, most=_MAX_VERILOG) for p in paths]
    head, top = _without_header(texts[0])
    verilog = "".join([top, *texts[1:]])
    if sha256(verilog) not in head:
        raise VerificationError(f"{folder / paths[0]}: {_NO_DIGEST}")
    return verilog


def _without_header(text: str) -> tuple[str, str]:
    """Split a text into the comment lines at its start and the rest."""
    lines = text.splitlines(keepends=True)
    count = next((k for k, line in enumerate(lines) if not line.startswith("//")), len(lines))
    return "".join(lines[:count]), "".join(lines[count:])


def _difference(path: Path, module: str, digest: str) -> str:
    """Return the difference between a file and a generated module, or an empty text.

    The first file of a design has a header with the digest of all modules. For further files,
    `digest` is empty.
    """
    if not os.path.exists(path):
        return "missing"
    text = read_text(path, "Verilog", VerificationError, most=_MAX_VERILOG)
    if not text.endswith(module):
        return "the module differs from what its spec generates"
    head = text.removesuffix(module)
    if any(not line.startswith("//") for line in head.splitlines()) or (head and not digest):
        return "the header holds more than comments" if digest else "more than its module"
    if digest not in head:
        return _NO_DIGEST
    return ""
