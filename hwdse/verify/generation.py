"""Writes a self-contained folder of a design: Verilog, bench, vectors, constraints and manifest."""

import json
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hwdse import drivers, hdl
from hwdse import flows as known_flows
from hwdse.errors import OutputError, why
from hwdse.flows import Package
from hwdse.hdl import CELLS, PLAIN, Target, split_modules
from hwdse.resources import resource
from hwdse.spec import Bus, Design
from hwdse.text import printable
from hwdse.verify.bus_bench import BusBench
from hwdse.verify.certificate import Certificate, header, sha256
from hwdse.verify.verification import Evidence, collect_evidence
from hwdse.writing import replaced_folder

#: Name of the file with the certificate in a generated folder.
CERTIFICATE = "certificate.json"
_MANIFEST = "manifest.json"
_FILE_LIST = "filelist.f"
_VECTORS = "vectors.txt"
_CLOCK_PERIOD_NS = 10.0


def generate(
    design: Design,
    folder: str | Path,
    level: str = "quick",
    seed: int = 0,
    *,
    bus: Bus = PLAIN,
    top: str = "",
    flat: bool = False,
    flows: Iterable[str] = (),
    target: Target = CELLS,
) -> Certificate:
    """Write verified Verilog, manifest, vectors, bench and constraints of a design.

    The folder appears complete or not at all. A folder from an earlier call is replaced.

    Args:
        design: the design.
        folder: folder to create.
        level: level of the verification: `quick`, `full` or `exhaustive`.
        seed: seed of the verification.
        bus: bus interface of the top module.
        top: name of the top module. Default: `design.slug`.
        flat: put everything into one module.
        flows: names of flows whose files are also written, such as `fusesoc`.
        target: target of the Verilog.

    Returns:
        The certificate. The folder contains the same certificate.

    Raises:
        SpecError: the level or a flow is unknown, the name `top` is not allowed, or a part of the
            design has no generator or bench.
        OutputError: the folder cannot be written, or contains files but no certificate of hwdse.
        VerificationError: the hardware differs from the golden model. Nothing is written.
        ToolError: Yosys, the simulator or the compiler is missing or fails.
    """
    place, flows = Path(folder), tuple(flows)
    known_flows.check(flows)
    check_place(place)
    evidence = collect_evidence(design, level, seed, bus=bus, top=top, flat=flat, target=target)
    multipliers = hdl.multipliers(design, top=top, flat=flat, bus=bus, target=target)
    try:
        with replaced_folder(place) as complete:
            _fill(
                complete,
                design,
                evidence,
                name=top or design.slug,
                bus=bus,
                flows=flows,
                mapping=target.mapped(multipliers),
            )
    except OSError as error:
        raise _unwritable(place, error) from error
    return evidence.certificate


def manifest(
    design: Design,
    certificate: Certificate,
    files: dict[str, str],
    *,
    bus: Bus = PLAIN,
    top: str = "",
) -> dict[str, Any]:
    """The manifest for build scripts, as plain data for JSON: ports, timing, files and digests.

    Args:
        design: the design.
        certificate: certificate of the verification.
        files: digest of each file, by path in the folder.
        bus: bus interface of the top module.
        top: name of the top module. Default: `design.slug`.
    """
    unit = design.unit
    return {
        "spec": str(design),
        "module": top or design.slug,
        "interface": str(bus),
        "target": certificate.target,
        "latency_cycles": unit.latency,
        "initiation_interval_cycles": unit.initiation_interval,
        "macs_per_cycle": unit.macs_per_cycle,
        "interleaved_sums": design.interface.turns,
        "ports": [asdict(port) for port in bus.interface(design).ports()],
        "files": files,
        "certificate": certificate.to_json(),
    }


def check_place(place: Path) -> None:
    """Check that a folder can be written or replaced.

    Raises:
        OutputError: it cannot be written, or has files but no certificate of hwdse.
    """
    if place.is_dir() and any(place.iterdir()) and not (place / CERTIFICATE).exists():
        raise OutputError(
            f"{printable(str(place))} is not empty and was not written by hwdse: give another -o"
        )
    if place.exists() and not place.is_dir():
        raise OutputError(f"{printable(str(place))} is a file: -o needs a folder")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place.parent):
            pass
    except OSError as error:
        raise _unwritable(place, error) from error


def _unwritable(place: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot write {printable(str(place))}: {why(error)}")


def _fill(
    folder: Path,
    design: Design,
    evidence: Evidence,
    *,
    name: str,
    bus: Bus,
    flows: tuple[str, ...],
    mapping: str,
) -> None:
    interface = bus.interface(design)
    certificate, bench = evidence.certificate, evidence.bench
    modules = {f"{part}.v": text for part, text in split_modules(evidence.verilog).items()}
    files = list(modules)
    modules[files[0]] = header(design, interface, certificate) + modules[files[0]]
    package = Package(
        spec=str(design),
        top=name,
        version=certificate.tools["hwdse"],
        interface=interface,
        verilog=modules,
        period_ns=_CLOCK_PERIOD_NS,
        bench=(bench.module.name, _VECTORS),
        beside=tuple(path.name for path in bench.beside),
        needs=bench.needs,
        target=certificate.target,
        mapping=mapping,
    )
    texts = {
        **modules,
        _FILE_LIST: "".join(f"{file}\n" for file in files),
        package.sdc: package.constraints,
        CERTIFICATE: json.dumps(certificate.to_json(), indent=2) + "\n",
        _VECTORS: bench.text,
        "Makefile": _makefile(name, bench),
        **{p.name: p.read_text(encoding="utf-8") for p in (bench.module, *bench.beside)},
        "run_bench.py": resource("sims", "run_bench.py").read_text(encoding="utf-8"),
        **drivers.files(bus, design, name),
        **known_flows.files(flows, package),
    }
    for file, text in texts.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")
    digests = {file: sha256(text) for file, text in texts.items()}
    document = json.dumps(manifest(design, certificate, digests, bus=bus, top=name), indent=2)
    (folder / _MANIFEST).write_text(document + "\n", encoding="utf-8")
    shutil.copymode(resource("sims", "run_bench.py"), folder / "run_bench.py")


def _makefile(name: str, bench: BusBench) -> str:
    return (
        "# Simulates the design against its vectors: "
        f"pip install {' '.join(bench.needs)}\n"
        "# Logs stay in build/. With SIM=icarus Icarus Verilog simulates.\n"
        "# OBJECT_CACHE=FOLDER keeps Verilator's compiled library: later builds take seconds.\n"
        "PYTHON ?= python3\n"
        "SIM ?= verilator\n\n"
        "test:\n"
        f"\t$(PYTHON) run_bench.py --top {name} --files {_FILE_LIST} --bench {bench.module.name} "
        f"--vectors {_VECTORS} --simulator $(SIM) --build-dir build "
        "$(if $(OBJECT_CACHE),--object-cache $(OBJECT_CACHE))\n\n"
        "clean:\n\trm -rf build\n\n"
        ".PHONY: test clean\n"
    )
