"""Checks Verilog of a user against the golden model of a design."""

import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hwdse.errors import SpecError
from hwdse.reading import MEBIBYTE, read_text
from hwdse.spec import Design, Interface
from hwdse.tools.verilator import syntax_tree
from hwdse.verify.certificate import Certificate
from hwdse.verify.verification import Sources, collect_evidence

_TOP = "hwdse_check"
_MAX_VERILOG = 64 * MEBIBYTE
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
_MODULE = re.compile(r"\bmodule\s+(?:automatic\s+)?(\w+)")

#: Direction and width of a port.
PortShape = tuple[str, int]


def check(
    design: Design,
    verilog: str | Path | Sequence[str | Path],
    *,
    top: str = "",
    latency: int | None = None,
    ports: Mapping[str, str] | None = None,
    level: str = "full",
    seed: int = 0,
    coverage: Path | None = None,
) -> Certificate:
    """Prove that a user's Verilog gives the same outputs as a design, for the design's stimulus.

    Args:
        design: the design.
        verilog: one or several Verilog or SystemVerilog files.
        top: name of the module to check. Default: the only module that no other module
            instantiates.
        latency: cycles from an accepted input to its output. Default: the latency of the design.
        ports: mapping from port names of the design to different port names of the module.
        level: `quick`, `full` or `exhaustive`.
        seed: seed of the random operands and of idle cycles.
        coverage: folder for line, toggle and functional coverage. None writes no coverage.

    Returns:
        The certificate of the passed run.

    Raises:
        SpecError: a file, module, port or width does not fit. The message says what is needed.
        VerificationError: an output differs.
        ToolError: the simulator or the compiler is missing or fails.
    """
    given = [verilog] if isinstance(verilog, str | Path) else list(verilog)
    files = tuple(Path(file).resolve() for file in given)
    if not files:
        raise SpecError("no Verilog file: name at least one")
    texts = [read_text(file, "Verilog", SpecError, most=_MAX_VERILOG) for file in files]
    interface = _with_latency(design.interface, latency)
    module = top or _only_top(texts)
    names = {port.name: port.name for port in interface.ports()} | dict(ports or {})
    unknown = sorted(set(names) - {port.name for port in interface.ports()})
    if unknown:
        allowed = ", ".join(port.name for port in interface.ports())
        raise SpecError(f"the design has no port {unknown[0]}: its ports are {allowed}")
    _check_ports(interface, module, names, module_ports(files, module))
    wrapper = _wrapper(interface, module, names)
    sources = Sources(top=_TOP, text=wrapper, files=files, texts=tuple(texts))
    return collect_evidence(
        design, level, seed, sources=sources, interface=interface, coverage=coverage
    ).certificate


def module_ports(files: Sequence[Path], module: str) -> dict[str, PortShape]:
    """Return the direction and width of each port of a module. Verilator parses the files.

    Raises:
        SpecError: the files do not contain the module, or have errors. The message comes from
            Verilator.
        ToolError: Verilator is missing.
    """
    document = syntax_tree(files, module)
    if isinstance(document, str):
        raise SpecError(f"cannot read module {module}: {document}")
    types = {node["addr"]: node for node in _nodes(document, "BASICDTYPE")}
    found = {}
    for node in _nodes(document, "VAR"):
        if node.get("isPrimaryIO") and node.get("direction") in ("INPUT", "OUTPUT"):
            high, _, low = types.get(node["dtypep"], {}).get("range", "0:0").partition(":")
            found[node["name"]] = (node["direction"].lower(), abs(int(high) - int(low)) + 1)
    return found


def _nodes(tree: Any, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    waiting: deque[Any] = deque([tree])
    while waiting:
        node = waiting.popleft()
        if isinstance(node, dict):
            if node.get("type") == kind:
                found.append(node)
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return found


def _only_top(texts: Sequence[str]) -> str:
    """Return the name of the only module that no other module instantiates."""
    plain = "\n".join(_COMMENT.sub(" ", text) for text in texts)
    modules: list[str] = list(dict.fromkeys(_MODULE.findall(plain)))
    if not modules:
        raise SpecError("the Verilog holds no module")
    tops: list[str] = [name for name in modules if len(re.findall(rf"\b{name}\b", plain)) == 1]
    if len(tops) == 1:
        return tops[0]
    raise SpecError(f"which module is the unit? name one with --top: {', '.join(modules)}")


def _with_latency(interface: Interface, latency: int | None) -> Interface:
    if latency is None:
        return interface
    streams = tuple(
        replace(stream, latency=latency) if stream.direction == "output" else stream
        for stream in interface.streams
    )
    return replace(interface, streams=streams, clocked=interface.clocked or latency > 0)


def _check_ports(
    interface: Interface, module: str, names: Mapping[str, str], found: Mapping[str, PortShape]
) -> None:
    for port in interface.ports():
        name = names[port.name]
        if name not in found:
            there = ", ".join(found) or "none"
            raise SpecError(
                f"module {module} has no port {name} ({port.meaning}); its ports are {there}; "
                f"another name is given by --port {port.name}=NAME"
            )
        direction, width = found[name]
        if direction != port.direction:
            raise SpecError(
                f"port {name} of module {module} is an {direction}: an {port.direction} is needed "
                f"({port.meaning})"
            )
        if width != port.width:
            raise SpecError(
                f"port {name} of module {module} has {width} bits: {port.width} are needed "
                f"({port.meaning})"
            )
    known = set(names.values())
    loose = [n for n, (direction, _) in found.items() if direction == "input" and n not in known]
    if loose:
        raise SpecError(
            f"input {loose[0]} of module {module} is no port of the design: wrap the module so "
            "that it has a value"
        )


def _wrapper(interface: Interface, module: str, names: Mapping[str, str]) -> str:
    """Return a wrapper with the design's ports around the user's module."""
    ports = interface.ports()
    declared = ",\n".join(f"  {p.direction} [{p.width - 1}:0] {p.name}" for p in ports)
    joined = ",\n".join(f"    .{names[p.name]}({p.name})" for p in ports)
    return f"module {_TOP}(\n{declared}\n);\n  {module} unit(\n{joined}\n  );\nendmodule\n"
